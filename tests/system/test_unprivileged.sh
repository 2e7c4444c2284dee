#!/bin/bash
# Everything works for a user who may open /dev/kvm and is nothing else.
. "$(dirname "$0")/lib.sh"
need_kvm
if [ "$(id -u)" -eq 0 ]; then
	# Run again as nobody, in a mount namespace whose /dev/kvm nobody may open, from a
	# copy: this checkout may be in a directory that nobody may enter.
	[ -z "${BULKHEAD_INNER:-}" ] || { echo "not ok 1 - still root"; exit 1; }
	mkdir -p "$work/tree/build" "$work/tree/tests"
	cp -r "$bin" "$work/tree/build/" && cp -r "$system" "$work/tree/tests/"
	chmod -R a+rX "$work/tree"
	# shellcheck disable=SC2016
	unshare -m sh -c '
		mount --make-rprivate / &&
		mknod -m 666 "$0/kvm" c 10 232 && mount --bind "$0/kvm" /dev/kvm && cd / &&
		exec setpriv --reuid 65534 --regid 65534 --clear-groups env BULKHEAD_INNER=1 \
			BULKHEAD_BUILD=build HOME=/nonexistent \
			"$0/tree/tests/system/test_unprivileged.sh"' "$work"
	exit
fi
cp_start
succeeds "a partition starts" v XAUTOLOG T1 SYNCH
succeeds "and answers" con T1 20 '^hello' 'echo hello'
pid=$(pid_of T1)
answer=$(j QUERY SANDBOX T1)
is "no_new_privs" "$(jq -r '.records[0].no_new_privs' <<<"$answer")" true
is "namespaces are its own, the user's too" "$(jq -r '.records[0].namespaces | sort | join(" ")' <<<"$answer")" "ipc mnt net pid user uts"
is "seccomp is in force" "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$pid/status")" 2
like "what is not in force is said" "$(v QUERY ISOLATION)" 'cgroup|not in force'
cp_crash
cp_start
is "it is adopted" "$(pid_of T1)" "$pid"
succeeds "and answers" con T1 20 '^again' 'echo again'
succeeds "FORCE" v FORCE T1
gone() { [ -z "$(state_of T1)" ] && [ ! -d "/proc/$pid" ]; }
waits "ends it" 10 gone

# A guest LAN, with a way out and names, and a trace.
v DEFINE VSWITCH OUT UNRESTRICTED RDEV NAT >/dev/null
like "an interface of the host is not to be had, and why is said" \
	"$(v DEFINE VSWITCH ETH RDEV IF lo 2>&1)" '^CP1555E VSWITCH SYSTEM ETH not defined: .* needs a CP that is root'
for u in T1 T2; do
	v XAUTOLOG $u SYNCH >/dev/null
	v FOR $u CMD DEFINE NIC 600 >/dev/null
	v FOR $u CMD COUPLE 600 TO SYSTEM OUT >/dev/null
	succeeds "$u has an address of the NAT's" con $u 30 '10.0.2.*DHCP' 'ifconfig eth0 dhcp'
done
v TRSOURCE ID T TYPE LAN LANNAME OUT FILTER icmp FILE "$work/trace.pcapng" >/dev/null
gateway() { con T1 20 '0% lost' 'ping 10.0.2.2 count 2 interval 10'; }
succeeds "what leads out answers" gateway
v TRSOURCE DROP ID T >/dev/null
holds "and is traced" "$(stat -c %s "$work/trace.pcapng") > 500"
lan=$(field '.records[0].pid' QUERY VSWITCH OUT)
like "seccomp is in force there, too" "$(cat "/proc/$lan/status")" '^Seccomp:.2'
cp_crash
cp_start
is "the LAN is adopted" "$(field '.records[0].pid' QUERY VSWITCH OUT)" "$lan"
kill -9 "$lan"
waits "killed, it comes back with its way out" 30 gateway
v DETACH VSWITCH OUT >/dev/null
is "nothing is left of it" "$(ls "$BULKHEAD_RUN/lans"; pgrep -f "^$libdir/(lan|uplink)")" ""
finish
