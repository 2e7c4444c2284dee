#!/bin/bash
# Crash-only: a partition killed, cpd killed, at rest and in the middle of commands.
. "$(dirname "$0")/lib.sh"
need_kvm
cp_start

# The last number a ticking guest has printed.
ticks() { con "$1" 10 'tick [0-9]+' '' 2>/dev/null | grep -oE 'tick [0-9]+' | tail -1 | cut -d' ' -f2; }
# start U: a partition that counts on its console, every 20 ms, for a long time.
ticking() {
	v XAUTOLOG "$1" SYNCH >/dev/null
	v SEND "$1" exercise tick 100000 20 >/dev/null
	until_true 20 con "$1" 5 'tick 3'
}
for u in T1 T2 T3; do ticking $u || not_ok "$u ticks"; done

# A partition dies.
pid1=$(pid_of T1) pid2=$(pid_of T2)
before=$(ticks T1)
mkfifo "$work/op"
"$bin/bulkhead" <"$work/op" >"$work/operator" 2>&1 & op=$!
exec 9>"$work/op"
echo "query userid" >&9
until_true 10 grep -q OPERATOR "$work/operator" || not_ok "the operator is there"
kill -9 "$pid2"
t2_gone() { [ -z "$(state_of T2)" ]; }
waits "a killed partition is gone from QUERY NAMES" 10 t2_gone
waits "the operator gets a message that names it" 10 grep -E 'CP[0-9]{4}S .*T2' "$work/operator"
exec 9>&-
wait $op
is "the others have their processes" "$(pid_of T1)" "$pid1"
until_true 10 con T1 5 "tick $((before + 100))" || true
gaps=$(con T1 5 'tick' '' | grep -oE 'tick [0-9]+' | cut -d' ' -f2 | awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 } END { print n + 0 }')
is "and did not miss a tick" "$gaps" 0

# cpd dies at rest.
names=$(field '[.records[] | {userid, pid, vcpus, storage}] | sort_by(.userid) | tostring' QUERY NAMES)
reserved=$(field '.records[0].reserved' QUERY STORAGE)
t1_before=$(ticks T1)
cp_crash
is "the partitions outlive cpd" "$(kill -0 "$pid1" && echo alive)" alive
cp_start
is "QUERY NAMES is as it was" "$(field '[.records[] | {userid, pid, vcpus, storage}] | sort_by(.userid) | tostring' QUERY NAMES)" "$names"
is "so is the ledger" "$(field '.records[0].reserved' QUERY STORAGE)" "$reserved"
t1_after=$(ticks T1)
is "the guest kept running" "$([ "$t1_after" -gt "$t1_before" ] && echo yes)" yes
gaps=$(con T1 5 'tick' '' | grep -oE 'tick [0-9]+' | cut -d' ' -f2 | awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 } END { print n + 0 }')
is "its console has no gap" "$gaps" 0
succeeds "an adopted partition obeys" v FOR T1 CMD STOP
is "and is stopped" "$(state_of T1)" stopped
v FOR T1 CMD BEGIN >/dev/null
v FORCE T3 >/dev/null
t3_gone() { [ -z "$(state_of T3)" ]; }
waits "an adopted partition can be forced" 10 t3_gone
is "and is accounted" "$(jq -s 'map(select(.userid == "T3")) | length' "$state/accounting")" 1

# cpd dies in the middle of commands, at twelve different moments of each.
consistent() {
	# Every partition shown has a live process, every process of ours is shown.
	local shown live
	shown=$(field '.records[].pid' QUERY NAMES | sort -n)
	live=$(pgrep -f "^$libdir/partition" | sort -n)
	[ "$shown" = "$live" ]
}
for delay in 0 0.001 0.002 0.004 0.006 0.01 0.015 0.02 0.03 0.05 0.08 0.12; do
	v XAUTOLOG T4 >/dev/null 2>&1 & c=$!
	read -rt $delay <> <(:)
	cp_crash; wait $c
	cp_start
	waits "killed ${delay}s into XAUTOLOG: shown is what lives" 10 consistent
	v FORCE T4 >/dev/null 2>&1
	t4_gone() { [ -z "$(state_of T4)" ]; }
	waits "killed ${delay}s into XAUTOLOG: T4 can be ended" 10 t4_gone
done
v XAUTOLOG T4 SYNCH >/dev/null
for delay in 0 0.002 0.005 0.01 0.02; do
	v FOR T4 CMD IPL CMS >/dev/null 2>&1 & c=$!
	read -rt $delay <> <(:)
	cp_crash; wait $c
	cp_start
	waits "killed ${delay}s into IPL: shown is what lives" 10 consistent
	succeeds "killed ${delay}s into IPL: T4 can be IPLed" v FOR T4 CMD IPL CMS
done
for delay in 0 0.001 0.003 0.01; do
	v XAUTOLOG T4 SYNCH >/dev/null 2>&1
	v FORCE T4 >/dev/null 2>&1 & c=$!
	read -rt $delay <> <(:)
	cp_crash; wait $c
	cp_start
	waits "killed ${delay}s into FORCE: shown is what lives" 10 consistent
done

# cpd dies between the activation and the IPL: this is the record of that moment.
# interrupted TODO KIND: 1 an IPL is to be done, 2 other things too; IPL 1 is of CMS.
interrupted() {
	v FORCE T4 >/dev/null 2>&1
	v XAUTOLOG T4 NOIPL >/dev/null
	cp_crash
	local rec=$BULKHEAD_RUN/partitions/T4.rec
	jq ".todo = $1 | .ipl.kind = $2" "$rec" >"$work/rec" && cat "$work/rec" >"$rec"
	cp_start
}
interrupted 1 1
waits "an interrupted start is finished" 20 is_up T4
like "and it is said" "$(cat "$work/cpd.log")" 'CP1362I T4: '
succeeds "its guest answers" con T4 20 '^made-up-for' 'echo made-up-for'
interrupted 1 4
waits "one that cannot be is ended" 20 t4_gone
like "for its reason" "$(cat "$work/cpd.log")" 'CP1349I T4 logged off: its IPL failed: '
interrupted 2 1
waits "one whose COMMANDs were under way is undone" 20 t4_gone
like "and that is said" "$(cat "$work/cpd.log")" 'CP1357W T4: '
waits "nothing of it runs" 10 consistent

# An IPL that no record can hold is done all the same, and then over.
v XAUTOLOG T4 SYNCH IPL CMS PARM $'echo x\xe4y' >/dev/null
pid4=$(pid_of T4)
cp_crash
cp_start
waits "a guest IPLed with odd bytes is adopted" 20 is_up T4
is "as it was" "$(pid_of T4)" "$pid4"
v FORCE T4 >/dev/null

is "T1 ran through all of it" "$(pid_of T1)" "$pid1"
is "and ticked on" "$([ "$(ticks T1)" -gt "$t1_after" ] && echo yes)" yes

# Records that lie.
v FORCE T4 >/dev/null 2>&1
cp_crash
printf '{"garbage' >"$BULKHEAD_RUN/partitions/T2.rec"
jq -c '.userid = "T3" | .pid = 1' "$BULKHEAD_RUN/partitions/T1.rec" >"$BULKHEAD_RUN/partitions/T3.rec"
cp_start
is "false records are not adopted" "$(field '[.records[].userid] | sort | join(" ")' QUERY NAMES)" T1
is "init was not touched" "$(kill -0 1 && echo alive)" alive
finish
