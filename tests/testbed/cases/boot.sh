#!/bin/bash
# A Linux guest comes up on the least of machines, and finds what it is promised.
. "${0%/*}/../lib.sh"
parm='console=ttyS0 console=hvc0 panic=-1'
linux L1 128M
cp_start
boot L1
is "it has one processor" "$(g L1 'grep -c ^processor /proc/cpuinfo')" 1
kib=$(g L1 "sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo")
holds "its storage is what 128M leave beside the kernel" "65536 < ${kib:-0} && ${kib:-0} < 131072"
like "the serial console has the kernel's first line" "$(shown L1)" 'Linux version [0-9]'
like "hvc0 is a console" "$(g L1 'cat /proc/consoles')" '^hvc0'
is "time is kvm-clock's" "$(g L1 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource')" kvm-clock
is "the entropy device is in use" "$(g L1 'cat /sys/class/misc/hw_random/rng_current')" virtio_rng.0
is "/dev/hwrng gives" "$(g L1 'head -c 64 /dev/hwrng | wc -c')" 64
log=$(g L1 dmesg)
is "random numbers are ready before init" "$(grep -nE 'crng init done|Run /init' <<<"$log" | head -n 1 | grep -c crng)" 1
unlike "the kernel finds no fault" "$log" 'BUG|WARNING:|Call Trace|ACPI.*Error|ACPI Exception|Firmware Bug|soft lockup|nobody cared'
like "it knows the power button" "$log" 'Power Button'
is "the cp port has its name" "$(g L1 'ls /dev/virtio-ports | grep -c bulkhead.cp')" 1
like "FORCE of another is not its own to say" "$(g L1 'vmcp force l2' 2>&1)" 'CP0001E'
finish
