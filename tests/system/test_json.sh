#!/bin/bash
# The stable keys of the JSON answers, and the form of every answer.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
cat >>"$work/etc/user.direct" <<'D'
USER FULL fullpw 8M 64M G
  MACHINE KVM 2
  IPL CMS
  MDISK 0191 FILE full.191 SIZE 1M MR
  NICDEF 0600
D
cp_start
v XAUTOLOG FULL SYNCH >/dev/null

# keys WHAT COMMAND KEY...: the first record has every key.
keys() {
	local what=$1 command=$2 answer missing
	shift 2
	answer=$(j "$command")
	missing=$(for k in "$@"; do jq -e ".records[0] | has(\"$k\")" <<<"$answer" >/dev/null 2>&1 || echo "$k"; done)
	is "$what has its keys" "$missing" ""
	[ -z "$missing" ] || echo "# $answer"
}
keys "QUERY NAMES" "QUERY NAMES" userid state engine pid vcpus storage console
keys "QUERY PROCESSORS" "QUERY PROCESSORS" cpu state use userid vcpu
keys "QUERY STORAGE" "QUERY STORAGE" total pool reserved free page_size
keys "QUERY SHARE" "QUERY SHARE FULL" userid relative absolute max_share max_type cap pool entitlement enforced_by
keys "QUERY VIRTUAL" "QUERY VIRTUAL ALL USER FULL" vdev type
keys "QUERY LIMITS" "QUERY LIMITS USER FULL" userid name held max_held limit failures
keys "INDICATE USER" "INDICATE USER FULL" userid cpu_ns vcpus storage resident exits user_exits io
keys "INDICATE LOAD" "INDICATE LOAD" cpu_percent partitions running storage_reserved_percent
keys "QUERY CPLEVEL" "QUERY CPLEVEL" name version start_time host_kvm
keys "QUERY SANDBOX" "QUERY SANDBOX FULL" userid pid uid namespaces capabilities no_new_privs seccomp root

is "a vCPU has its keys" "$(j INDICATE USER FULL | jq -c '.records[0].vcpus | map(keys_unsorted | map(select(. == "vcpu" or . == "cpu_ns" or . == "wait_ns" or . == "state")) | length)')" "[4,4]"
is "states are of the list" "$(field '.records[].state' QUERY NAMES | grep -cvE '^(running|idle|stopped|disabled_wait|checkstopped)$')" 0
is "engine is named" "$(field '.records[0].engine' QUERY NAMES)" KVM
is "pid is a process" "$(test -d "/proc/$(pid_of FULL)" && echo yes)" yes
is "devices have their types" "$(field '[.records[].type] | map(select(. == "cons" or . == "dasd" or . == "nic" or . == "rng" or . == "cpu" or . == "storage")) | unique | join(" ")' QUERY VIRTUAL ALL USER FULL)" "cons cpu dasd nic rng storage"
is "storage adds up" "$(field '.records[0] | .pool - .reserved - .free' QUERY STORAGE)" 0
like "points in time have a zone" "$(field '.records[0].start_time' QUERY CPLEVEL)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+([+-][0-9]{2}:[0-9]{2}|Z)$'

is "an error has its number" "$(j FORCE NOBODY1 2>/dev/null | jq -r '"\(.rc) \(.messages[0].id) \(.records|length)"')" "45 CP0045E 0"
is "one object a line for each command" "$(j 'QUERY NAMES#QUERY TIME#QUERY USERID' | jq -rs 'map(.command) | join(",")')" "QUERY NAMES,QUERY TIME,QUERY USERID"
is "an abbreviation is expanded" "$(j Q NAM | jq -r .command)" "QUERY NAMES"
is "always arrays" "$(j QUERY TIME | jq -r '[(.messages|type), (.records|type)] | join(" ")')" "array array"
finish
