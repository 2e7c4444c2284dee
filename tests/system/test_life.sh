#!/bin/bash
# The life of a partition by commands: every verb, its answer, the state it leads to.
. "$(dirname "$0")/lib.sh"
need_kvm
cp_start

rc() { "$bin/vmcp" -j "$@" 2>/dev/null | jq .rc; }

is "XAUTOLOG starts a partition" "$(rc XAUTOLOG T1)" 0
waits "and it runs" 20 is_up T1
is "a second XAUTOLOG is refused (54)" "$(rc XAUTOLOG T1)" 54
is "XAUTOLOG of who is not in the directory (53)" "$(rc XAUTOLOG NOBODY)" 53
is "STOP" "$(rc FOR T1 CMD STOP)" 0
is "it is stopped" "$(state_of T1)" stopped
is "BEGIN" "$(rc FOR T1 CMD BEGIN)" 0
waits "it runs again" 20 is_up T1
succeeds "its console answers" con T1 20 '^alive-1' 'echo alive-1'
is "IPL in place" "$(rc FOR T1 CMD IPL CMS PARM '"echo from-parm"')" 0
succeeds "the parameter is run" con T1 20 '^from-parm'
is "SYSTEM RESET" "$(rc FOR T1 CMD SYSTEM RESET)" 0
is "leaves it stopped" "$(state_of T1)" stopped
is "SYSTEM RESTART" "$(rc FOR T1 CMD SYSTEM RESTART)" 0
waits "runs it again" 20 is_up T1
is "SYSTEM CLEAR" "$(rc FOR T1 CMD SYSTEM CLEAR)" 0
is "storage is zeros" "$(field '.records[0].hex // .records[0].data' FOR T1 CMD DISPLAY 100000.10 | tr -d ' 0')" ""
is "IPL after CLEAR" "$(rc FOR T1 CMD IPL CMS)" 0
waits "runs" 20 is_up T1

is "STOP for storage" "$(rc FOR T1 CMD STOP)" 0
is "STORE into storage" "$(rc FOR T1 CMD STORE 300000 DEADBEEF00112233)" 0
like "DISPLAY shows it" "$(v FOR T1 CMD DISPLAY 300000.8)" '[dD][eE][aA][dD][bB][eE][eE][fF]'
like "DISPLAY of registers" "$(v FOR T1 CMD DISPLAY G)" 'RIP|RAX'
is "STORE into a register" "$(rc FOR T1 CMD STORE R15 1234)" 0
like "DISPLAY shows the register" "$(v FOR T1 CMD DISPLAY R15)" '1234'
fails "STORE outside storage is refused" v FOR T1 CMD STORE FFFFFFFF0 00
is "BEGIN after it" "$(rc FOR T1 CMD BEGIN)" 0

is "SIGNAL SHUTDOWN" "$(rc SIGNAL SHUTDOWN T1 WITHIN 20)" 0
t1_gone() { [ -z "$(state_of T1)" ]; }
waits "CMS ends by itself" 20 t1_gone

is "XAUTOLOG with storage and IPL operands" "$(rc XAUTOLOG T2 STORAGE 8M IPL CMS SYNCH)" 0
is "it has that storage" "$(field '.records[]|select(.userid=="T2").storage' QUERY NAMES)" 8388608
is "more than the maximum is refused" "$(rc XAUTOLOG T3 STORAGE 128M | grep -vx 0 | wc -l)" 1
is "an IPL of nothing known is refused" "$(rc FOR T2 CMD IPL NOSUCH | grep -vx 0 | wc -l)" 1
is "FORCE" "$(rc FORCE T2)" 0
t2_gone() { [ -z "$(state_of T2)" ]; }
waits "it is gone" 20 t2_gone
is "FORCE of who is not there (45)" "$(rc FORCE T2)" 45

# A guest's own end.
is "T3 starts" "$(rc XAUTOLOG T3 SYNCH)" 0
con T3 20 Ready 'echo x' >/dev/null
v SEND T3 exercise bad poweroff >/dev/null
waits "power off stops it" 20 is_state T3 stopped
is "it can be IPLed again" "$(rc FOR T3 CMD IPL CMS)" 0
waits "and runs" 20 is_up T3
succeeds "it answers" con T3 20 '^re-ipled' 'echo re-ipled'

is "accounting has a line for each that ended" "$(wc -l <"$state/accounting")" 2
is "with cpu time" "$(jq -s 'map(select(.cpu_ns > 0)) | length' "$state/accounting")" 2

is "SHUTDOWN of another system is refused" "$(rc SHUTDOWN SYSTEM WRONG | grep -vx 0 | wc -l)" 1
is "SHUTDOWN" "$(rc SHUTDOWN SYSTEM TESTSYS WITHIN 20)" 0
cpd_gone() { ! kill -0 "$cpd_pid"; }
waits "cpd ends" 30 cpd_gone
cpd_pid=
is "and no partition is left" "$(pgrep -fc "^$libdir/partition")" 0
finish
