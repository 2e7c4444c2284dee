#!/bin/bash
# Eight Linux guests at once.
# limit: 240
. "${0%/*}/../lib.sh"
directory 90%
users=(L1 L2 L3 L4 L5 L6 L7 L8)
for user in "${users[@]}"; do linux $user 128M; done
cp_start
for user in "${users[@]}"; do succeeds "$user is IPLed" v XAUTOLOG $user SYNCH; done
for user in "${users[@]}"; do succeeds "$user has come to its init" sees $user 150 '^guest ready'; done
for user in "${users[@]}"; do is "$user answers" "$(g $user 'vmcp query userid' | cut -d' ' -f1)" $user; done
is "each in a process of its own" "$(field '[.records[].pid] | unique | length' QUERY NAMES)" 8
is "each under a uid of its own" "$(for u in "${users[@]}"; do field '.records[0].uid' QUERY SANDBOX $u; done | sort -u | wc -l)" 8
kill -9 "$(pid_of L3)"
waits "one is killed" 20 is_gone L3
for user in L1 L2 L4 L8; do is "$user does not notice" "$(g $user 'echo $((6 * 7))')" 42; done
finish
