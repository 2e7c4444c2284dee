#!/bin/bash
# A guest and its host: the clock; vmcp from inside, with the guest's own classes; the power button.
. "${0%/*}/../lib.sh"
linux L1
linux L2
cp_start
boot L1
right_time L1
is "QUERY USERID" "$(g L1 'vmcp query userid')" "L1       AT TESTBED"
like "QUERY NAMES" "$(g L1 'vmcp q names')" '^L1 '
is "in JSON" "$(g L1 'vmcp -j query names' | jq -r '.records[].userid')" L1
for command in 'FORCE L2' 'XAUTOLOG L2' 'SHUTDOWN SYSTEM TESTBED' 'FOR L1 CMD STOP' 'QUERY HOST'; do
	said=$(g L1 "vmcp $command" 2>&1)
	is "$command is refused, with status" $? 1
	like "$command is refused, as unknown" "$said" 'CP0001E|CP0003E'
done
is "DISPLAY of its own is allowed" "$(g L1 'vmcp display 0.8 >/dev/null && echo shown')" shown
is "many commands, one after the other" "$(g L1 'for i in $(seq 20); do vmcp query userid; done | sort | uniq -c | tr -s " "')" " 20 L1 AT TESTBED"
is "two at once do not get each other's answers" "$(g L1 'vmcp query userid >/tmp/a & vmcp query cplevel >/tmp/b; wait; cat /tmp/a; grep -c Bulkhead /tmp/b')" $'L1       AT TESTBED\n1'
is "the guest is heard of" "$(field '.records[] | .userid' QUERY SIGNALS)" L1

mkfifo "$work/keys"
exec 6<>"$work/keys"
"$bin/bulkhead" -C L1 <"$work/keys" >"$work/seen" 2>/dev/null 6>&- & viewer=$!
waits "somebody watches" 20 grep -q '^guest ready' "$work/seen"
is "SIGNAL SHUTDOWN is taken" "$(v -j SIGNAL SHUTDOWN L1 WITHIN 30 | jq .rc)" 0
waits "the guest sees its power button" 40 grep -q '^power button pressed' "$work/seen"
waits "and ends by itself" 20 is_gone L1
exec 6>&-
wait $viewer
like "so CP says" "$(cat "$work/cpd.log")" 'CP1349I L1 logged off: the guest shut down'
finish
