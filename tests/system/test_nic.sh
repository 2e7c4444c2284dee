#!/bin/bash
# A NIC comes and goes while the guest runs, and is where it was after a new cpd.
. "$(dirname "$0")/lib.sh"
need_kvm
cp_start
v XAUTOLOG T1 SYNCH >/dev/null
# nic VDEV: what QUERY VIRTUAL has of it.
nic() { field ".records[] | select(.vdev==\"$1\") | \"\(.type) \(.slot) \(.mac) \(.lan)\"" QUERY VIRTUAL ALL USER T1; }
run=(FOR T1 CMD)

like "DEFINE NIC" "$(v "${run[@]}" DEFINE NIC 610)" '^NIC 0610 is created$'
like "QUERY VIRTUAL shows it" "$(v QUERY VIRTUAL ALL USER T1)" '^NIC  0610 MAC 02:00:01:[0-9a-f:]{8}  LAN \* NONE$'
before=$(nic 0610)
like "and as a record" "$before" '^nic 16 02:00:01:[0-9a-f:]{8} $'
like "it is refused twice" "$(v "${run[@]}" DEFINE NIC 610 2>&1)" '^CP0092E T1 '
like "a number that another device has, too" "$(v "${run[@]}" DEFINE NIC 9 2>&1)" '^CP0092E T1 '
is "the guest enters it itself" "$(con T1 20 '^NIC 0620' 'CP DEFINE NIC 620' | grep -c '^NIC 0620 is created')" 1
is "the answer as JSON" "$(field '"\(.rc) \(.records[0].vdev) \(.records[0].mac | length)"' "${run[@]}" DEFINE NIC 630)" "0 0630 17"
succeeds "the guest runs on" con T1 20 '^still-here' 'echo still-here'
succeeds "also loaded anew" v "${run[@]}" IPL CMS
succeeds "it answers" con T1 20 '^loaded-anew' 'echo loaded-anew'

cp_crash
cp_start
is "another cpd finds it as it was" "$(nic 0610)" "$before"
like "DETACH NIC" "$(v "${run[@]}" DETACH NIC 0620)" '^NIC 0620 is destroyed$'
is "QUERY VIRTUAL shows it no more" "$(nic 0620)" ""
like "it is refused twice" "$(v "${run[@]}" DETACH NIC 620 2>&1)" '^CP0040E T1 '
like "what is no NIC is refused" "$(v "${run[@]}" DETACH NIC 9 2>&1)" '^CP1371E T1 0009 is not a NIC but the console'
v "${run[@]}" STOP >/dev/null
like "a stopped partition takes one" "$(v "${run[@]}" DEFINE NIC 0620)" '^NIC 0620 is created$'
like "at a place nobody had" "$(nic 0620)" '^nic 19 '
v "${run[@]}" BEGIN >/dev/null

# cpd dies while a NIC comes or goes: this is the record of that moment.
v "${run[@]}" DEFINE NIC 640 >/dev/null
cp_crash
rec=$BULKHEAD_RUN/partitions/T1.rec
jq '.changing_type = 4 | .changing_vdev = 1600' "$rec" >"$work/rec" && cat "$work/rec" >"$rec"
cp_start
undone() { [ -z "$(nic 0640)" ]; }
waits "a NIC in doubt is taken away" 10 undone
like "and that is said" "$(cat "$work/cpd.log")" 'CP1374W T1: .*0640'
succeeds "its process knows that, too" v "${run[@]}" DEFINE NIC 640
succeeds "the guest never noticed" con T1 20 '^to-the-end' 'echo to-the-end'

v FORCE T1 >/dev/null
v XAUTOLOG T1 SYNCH >/dev/null
is "the next logon has what the directory says" "$(nic 0610)" ""
finish
