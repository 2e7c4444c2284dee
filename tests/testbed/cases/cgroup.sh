#!/bin/bash
# Control groups of version 2: each partition is in its own, with its limits.
. "${0%/*}/../lib.sh"
cp_start
v XAUTOLOG T1 SYNCH >/dev/null
v XAUTOLOG T2 SYNCH >/dev/null
like "CP uses version 2" "$(v QUERY HOST)" 'cgroup v2: memory, pids'
is "and says that it is in force" "$(field '.records[] | select(.what == "cgroup") | .in_force' QUERY ISOLATION)" true
group_of() { sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup"; }
for user in T1 T2; do
	group=/sys/fs/cgroup$(group_of $user)
	like "$user is in a group of its own name" "$group" "/bulkhead/.*/$user\$"
	for task in /proc/"$(pid_of $user)"/task/*; do
		is "$user: so is its thread $(cat "$task/comm")" "$(cat "$task/cgroup")" "0::$(group_of $user)"
	done
	max=$(cat "$group/memory.max")
	holds "$user: its memory is limited to its storage and what the process needs" \
		"$max > 4 << 20 && $max <= 4 + 128 << 20"
	holds "$user: its storage is charged there" "$(cat "$group/memory.current") >= 4 << 20"
	like "$user: its tasks are limited" "$(cat "$group/pids.max")" '^[0-9]+$'
	is "$user: QUERY LIMITS has the same" "$(field '.records[] | select(.name == "memory") | .limit' QUERY LIMITS USER $user)" "$max"
done
group=/sys/fs/cgroup$(group_of T1)
succeeds "FORCE" v FORCE T1
is "takes its group away" "$([ -e "$group" ] || echo gone)" gone
is "and not its neighbour's" "$([ -e "/sys/fs/cgroup$(group_of T2)" ] && echo there)" there
before=$(cat "/sys/fs/cgroup$(group_of T2)/memory.max")
cp_crash
cp_start
is "an adopted partition is still limited" "$(cat "/sys/fs/cgroup$(group_of T2)/memory.max")" "$before"
is "the groups are where they are looked for" "$(groups | grep -c '/T2$')" 1
succeeds "it can be ended" v FORCE T2
is "no group of a partition is left" "$(groups | grep '/T[12]$')" ""
finish
