#!/bin/bash
# The kernel for real PCs, with all that a PC may have.
# limit: 240
. "${0%/*}/../lib.sh"
kernel=/guest/generic initrd=/guest/generic.initrd
linux L1 256M 2 'MDISK 0200 FILE l1.200 SIZE 1M W'
cp_start
boot L1 120
is "it has its processors" "$(g L1 'grep -c ^processor /proc/cpuinfo')" 2
is "it has its disk" "$(g L1 'cat /sys/block/vda/serial')" 0200
like "it may speak to CP" "$(g L1 'vmcp query userid')" '^L1 +AT TESTBED'
log=$(g L1 dmesg)
like "its kernel's messages are there" "$log" 'Linux version'
unlike "the kernel finds no fault" "$log" 'BUG|WARNING:|Call Trace|ACPI.*Error|ACPI Exception|Firmware Bug|soft lockup|nobody cared'
is "the driver of the generation id has its device" "$(g L1 'ls /sys/bus/acpi/drivers/vmgenid | grep -c :')" 1
finish
