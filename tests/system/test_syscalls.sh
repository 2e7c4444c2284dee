#!/bin/bash
# The allowlists are what the code calls: nothing seen under trace is missing (or it would
# have been killed), and every row was seen or is listed here with the reason it is rare.
. "$(dirname "$0")/lib.sh"
need_kvm
need_root
default_config
cat >>"$work/etc/user.direct" <<'D'
USER TRACED pw 8M 64M G
  MACHINE KVM 2
  MDISK 0191 FILE traced.191 SIZE 1M MR
D
cp_start
strace -f -qq -e signal=none -o "$work/trace" -p "$cpd_pid" & tracer=$!
until_true 10 grep -q "TracerPid:[[:space:]]$tracer" "/proc/$cpd_pid/status"
v XAUTOLOG TRACED IPL CMS SYNCH >/dev/null
con TRACED 60 '^traced-1' 'exercise disk 191 4' 'query disk' 'echo traced-1' >/dev/null
v 'FOR TRACED CMD STOP#FOR TRACED CMD DISPLAY 0.10#FOR TRACED CMD DISPLAY G#FOR TRACED CMD STORE 300000 00' >/dev/null
v 'FOR TRACED CMD BEGIN#INDICATE USER TRACED#FOR TRACED CMD IPL CMS' >/dev/null
v 'FOR TRACED CMD DEFINE NIC 0610#FOR TRACED CMD DETACH NIC 0610' >"$work/nic"
is "a NIC comes and goes" "$(tr '\n' ' ' <"$work/nic")" "NIC 0610 is created NIC 0610 is destroyed "
con TRACED 60 '^traced-2' 'echo traced-2' >/dev/null
v SIGNAL SHUTDOWN TRACED WITHIN 20 >/dev/null
gone() { [ -z "$(state_of TRACED)" ]; }
waits "a traced partition lives its whole life" 60 gone
kill "$tracer"; wait "$tracer" 2>/dev/null
is "no thread was killed by its filter" "$(grep -c SIGSYS "$work/trace")" 0

# What each thread called after its own filter was in force.
awk '{ pid = $1 }
	/seccomp\(SECCOMP_SET_MODE_FILTER|prctl\(PR_SET_SECCOMP/ { closed[pid] = 1; next }
	closed[pid] && match($0, /^[0-9]+ +[a-z0-9_]+\(/) {
		call = $0; sub(/^[0-9]+ +/, "", call); sub(/\(.*/, "", call); print call }' \
	"$work/trace" | sort -u >"$work/seen"
sed -nE 's/^SYSCALL\([A-Z]+, *([a-z0-9_]+)[,)].*/\1/p' cp/part_syscalls.def | sort -u >"$work/listed"
is "something was seen" "$([ "$(wc -l <"$work/seen")" -gt 5 ] && echo yes)" yes
is "what a NIC that comes asks for was seen" "$(grep -cx eventfd2 "$work/seen")" 1
is "all that was seen is listed" "$(comm -23 "$work/seen" "$work/listed" | grep -vxE 'ioctl|fcntl' | tr '\n' ' ')" ""
finish
