#!/bin/bash
# A LAN joined to what others made: QEMU's networks by a tunnel and by a VDE switch, the
# host by NAT and by a TAP device.
#
# QEMU runs without a machine: its own router, which gives addresses and answers pings,
# is plugged into the network under test by a hub.
. "$(dirname "$0")/lib.sh"
need_kvm
need_root
# A network of our own: its ports and devices are nobody else's, and end with it.
[ "${1:-}" = --inside ] || { rm -rf "$work"; exec unshare -n "$0" --inside; }
ip link set lo up
default_config
cat >>"$work/etc/system.config" <<C
DEFINE VSWITCH TUNNEL RDEV UDP 127.0.0.1:4001 127.0.0.1:4002 UNRESTRICTED
DEFINE VSWITCH OUT RDEV NAT UNRESTRICTED
DEFINE VSWITCH HOST RDEV TAP bulkhead0 UNRESTRICTED
C
# host USERID VSWITCH ADDRESS
host() {
	printf 'USER %s pw 8M 64M G\n  IPL CMS PARM "IFCONFIG ETH0 %s"\n  NICDEF 0600 LAN SYSTEM %s\n' \
		"$1" "$3" "$2" >>"$work/etc/user.direct"
}
host TUNNELED TUNNEL DHCP
host SWITCHED VDE DHCP
host NATTED OUT DHCP
host TAPPED HOST 10.8.0.2/24
children=()
start() { "$@" <"$work/silence" >"$work/${1##*/}.log" 2>&1 & children+=($!); }
mkfifo "$work/silence" && exec 9<>"$work/silence"
ended() { kill "${children[@]}" 2>/dev/null; wait "${children[@]}" 2>/dev/null; cleanup; }
trap ended EXIT
# router NETDEV ID: QEMU's router, 10.7.ID.2, on a network.
router() {
	start qemu-system-x86_64 -machine none -nodefaults -display none \
		-netdev "$1,id=lan" -netdev hubport,id=a,hubid=0,netdev=lan \
		-netdev "user,id=out,net=10.7.$2.0/24,host=10.7.$2.2" \
		-netdev hubport,id=b,hubid=0,netdev=out
}
# said USERID LINE: types it, and what comes until it is done.
said() {
	local mark=${EPOCHREALTIME/./}
	con "$1" 30 "^end-$mark" "echo begin-$mark" "$2" "echo end-$mark" 2>&1 |
		sed -n "/^begin-$mark/,\$p"
}
reaches() { said "$1" "PING $2 COUNT 2 INTERVAL 50 TIMEOUT 500" | grep -q ' 0% lost'; }
has_address() { said "$1" 'IFCONFIG ETH0' | grep -q "  $2"; }
missing() { ok "$1 # SKIP $2 is missing (make deps)"; }

cp_start
for u in TUNNELED NATTED TAPPED; do v XAUTOLOG $u SYNCH >/dev/null; done

if command -v qemu-system-x86_64 >/dev/null; then
	router dgram,local.type=inet,local.host=127.0.0.1,local.port=4002,remote.type=inet,remote.host=127.0.0.1,remote.port=4001 1
	waits "QEMU at the other end of a tunnel gives an address" 20 has_address TUNNELED 10.7.1.15/24
	succeeds "and is reached" reaches TUNNELED 10.7.1.2
else
	missing "QEMU's -netdev dgram" qemu-system-x86_64
fi

if command -v vde_switch >/dev/null; then
	start vde_switch -s "$work/vde"
	waits "a VDE switch is there" 10 test -S "$work/vde/ctl"
	like "a VSWITCH joins it" "$(v DEFINE VSWITCH VDE RDEV VDE "$work/vde" UNRESTRICTED)" 'VDE is created'
	v XAUTOLOG SWITCHED SYNCH >/dev/null
	router "vde,sock=$work/vde" 2
	waits "another of its ports gives an address" 20 has_address SWITCHED 10.7.2.15/24
	succeeds "and is reached" reaches SWITCHED 10.7.2.2
else
	missing "a VDE switch" vde_switch
fi

waits "NAT gives an address" 20 has_address NATTED 10.0.2.15/24
# A server of the host, at an address of its own (its loopback is not for guests): ends
# after ten datagrams.
ip addr add 192.0.2.9/32 dev lo
cat >"$work/server.py" <<'P'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.9", 4004))
print("ready", flush=True)
for _ in range(10):
    s.recv(2048)
print("ten", flush=True)
P
start python3 "$work/server.py"
waits "a server on the host" 10 grep -q ready "$work/python3.log"
like "datagrams are sent to it" "$(said NATTED 'UDPSEND 192.0.2.9 4004 COUNT 10 SIZE 1000')" '10 (sent|datagrams)'
waits "and come" 10 grep -q ten "$work/python3.log"

succeeds "the host has an address on a TAP device" ip addr add 10.8.0.1/24 dev bulkhead0
succeeds "which is up" ip link set bulkhead0 up
waits "the host is reached" 20 reaches TAPPED 10.8.0.1
said TAPPED 'UDPRECV 4005 SECONDS 20 COUNT 3' >"$work/received" & receiver=$!
# The receiver may not have begun: then there is one more.
tells() { echo a datagram of sixty-four bytes, more or less >/dev/udp/10.8.0.2/4005; ! kill -0 $receiver; }
waits "and reaches the guest" 20 tells
like "which counts" "$(cat "$work/received")" '3 (received|datagrams)'
finish
