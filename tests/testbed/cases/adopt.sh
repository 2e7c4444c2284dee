#!/bin/bash
# cpd is killed under a running Linux guest: the next one has it back, with its console.
. "${0%/*}/../lib.sh"
linux L1 128M 2 'MDISK 0200 FILE l1.200 SIZE 1M W'
cp_start
boot L1
pid=$(pid_of L1)
v SEND L1 'i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo count $i; usleep 20000; done; echo counted' >/dev/null
succeeds "the guest counts on its console" sees L1 20 '^count 20'
cp_crash
is "it outlives cpd" "$(kill -0 "$pid" && echo alive)" alive
cp_start
is "it is the same process" "$(pid_of L1)" "$pid"
succeeds "it counts to its end" sees L1 60 '^counted'
is "not a line is missing" "$(shown L1 | grep -c '^count [0-9]')" 400
is "they are in order" "$(shown L1 | sed -n 's/^count //p' | sort -nc && echo sorted)" sorted
is "its shell answers" "$(g L1 'echo $((6 * 7))')" 42
is "its disk is there" "$(g L1 'head -c 512 /dev/vda | wc -c')" 512
is "it may speak to CP" "$(g L1 'vmcp query userid')" "L1       AT TESTBED"
succeeds "it can be ended" v FORCE L1
finish
