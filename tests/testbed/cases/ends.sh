#!/bin/bash
# How a guest ends: poweroff, reboot, panic, halt, a hang; and what CP makes of it.
. "${0%/*}/../lib.sh"
linux L1
parm='console=ttyS0 console=hvc0 panic=0 quiet' linux L2
cp_start
boot L1
pid=$(pid_of L1)
again() { [ "$(shown L1 | grep -c '^guest ready')" -gt "$1" ]; }

v SEND L1 'reboot -f' >/dev/null
waits "reboot: the guest comes up again" 60 again 1
is "in the same process" "$(pid_of L1)" "$pid"
v SEND L1 'echo c >/proc/sysrq-trigger' >/dev/null
waits "panic: the guest comes up again" 60 again 2
like "after it has said why" "$(shown L1)" 'Kernel panic'
is "in the same process" "$(pid_of L1)" "$pid"
v SEND L1 'poweroff -f' >/dev/null
waits "poweroff stops the partition" 20 is_state L1 stopped
succeeds "it can be IPLed again" v FOR L1 CMD IPL KERNEL "$kernel" INITRD "$initrd"
waits "and runs" 20 is_up L1
succeeds "FORCE of a guest in its boot" v FORCE L1

boot L2
v SEND L2 'halt -f' >/dev/null
waits "halt, with interrupts off: CP sees a disabled wait" 20 is_state L2 disabled_wait
succeeds "FORCE" v FORCE L2
boot L2
v SEND L2 'echo c >/proc/sysrq-trigger' >/dev/null
succeeds "a panic without reboot: the guest spins" sees L2 20 'end Kernel panic'
is "CP takes it for running" "$(state_of L2)" running
pid=$(pid_of L2)
succeeds "FORCE ends it" v FORCE L2
is "its process is gone" "$(kill -0 "$pid" 2>/dev/null || echo gone)" gone
finish
