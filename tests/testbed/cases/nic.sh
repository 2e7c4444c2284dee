#!/bin/bash
# A NIC that comes and goes while Linux runs, and stays over a reboot.
. "${0%/*}/../lib.sh"
linux L1
cp_start
boot L1
nics() { g L1 'ls /sys/class/net | grep -c ^eth'; }
has_nics() { [ "$(nics)" = "$1" ]; }
is "none at first" "$(nics)" 0
succeeds "DEFINE NIC" v FOR L1 CMD DEFINE NIC 0610
waits "the guest has it" 20 has_nics 1
mac=$(field '.records[] | select(.vdev == "0610") | .mac' QUERY VIRTUAL ALL USER L1)
is "with its address" "$(g L1 'cat /sys/class/net/eth0/address')" "$mac"
is "and no link" "$(g L1 'ip link set eth0 up; cat /sys/class/net/eth0/carrier')" 0
again() { [ "$(shown L1 | grep -c '^guest ready')" -gt 1 ]; }
v SEND L1 'reboot -f' >/dev/null
waits "reboot: the guest comes up again" 60 again
is "with the NIC" "$(nics)" 1
succeeds "DETACH NIC" v FOR L1 CMD DETACH NIC 0610
waits "the guest has lost it" 20 has_nics 0
is "also as a PCI device" "$(g L1 'ls /sys/bus/pci/devices | wc -l')" 3
succeeds "another takes its place" v FOR L1 CMD DEFINE NIC 0620
waits "and is there" 20 has_nics 1
finish
