#!/bin/bash
# The sandbox of a partition process, as CP says it is and as the kernel says.
. "$(dirname "$0")/lib.sh"
need_kvm
need_root
cp_start
v XAUTOLOG T1 SYNCH >/dev/null
v XAUTOLOG T2 SYNCH >/dev/null
pid=$(pid_of T1)
answer=$(j QUERY SANDBOX T1)
of() { jq -r ".records[0] | $1" <<<"$answer"; }
proc() { awk -v k="$1:" '$1 == k { print $2 }' "/proc/$pid/status"; }

is "CP names the process" "$(of .pid)" "$pid"
is "its uid is the kernel's" "$(of .uid)" "$(proc Uid)"
is "which is not root" "$([ "$(proc Uid)" -gt 0 ] && echo yes)" yes
is "and not its neighbour's" "$([ "$(proc Uid)" != "$(awk '$1 == "Uid:" { print $2 }' "/proc/$(pid_of T2)/status")" ] && echo differs)" differs
is "no capabilities" "$(proc CapEff)$(proc CapPrm)$(proc CapBnd)$(proc CapInh)$(proc CapAmb)" "$(printf '0%.0s' {1..80})"
is "no_new_privs" "$(proc NoNewPrivs)" 1
for t in /proc/"$pid"/task/*; do
	is "seccomp on $(cat "$t/comm")" "$(awk '$1 == "Seccomp:" { print $2 }' "$t/status")" 2
done
for ns in mnt pid net ipc uts; do
	is "own $ns namespace" "$([ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink /proc/self/ns/$ns)" ] && echo own)" own
	is "CP says so" "$(of ".namespaces | index(\"$ns\") != null")" true
done
is "its root is empty" "$(ls -A "/proc/$pid/root/")" ""
is "it has no mount but that" "$(wc -l <"/proc/$pid/mounts")" 1
is "its only network device is a loopback" "$(awk 'NR > 2 { print $1 }' "/proc/$pid/net/dev")" lo:
is "no descriptor leads to a file of the host but the image to IPL again" "$(ls -l "/proc/$pid/fd" | awk '{ print $NF }' |
	grep '^/' | grep -vE '^/(dev/(kvm|urandom|null)|memfd:)' | tr '\n' ' ')" "$libdir/cms "

# Read back, not remembered: a process that is no partition's is seen as what it is.
fails "of nobody: refused" v QUERY SANDBOX T3
finish
