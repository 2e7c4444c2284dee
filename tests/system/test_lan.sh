#!/bin/bash
# A guest LAN from its definition to its end: NICs are connected, frames flow, and go on
# when the process of the LAN or cpd is killed.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
lan_of=([1]=LABNET [2]=LABNET [3]=NOWHERE [4]=CLOSED)
for u in N1 N2 N3 N4; do
	printf 'USER %s pw 8M 64M G\n  IPL CMS PARM "IFCONFIG ETH0 10.9.0.%s/24"\n  NICDEF 0600 LAN SYSTEM %s\n' \
		$u ${u#N} "${lan_of[${u#N}]}" >>"$work/etc/user.direct"
done
printf 'DEFINE LAN LABNET\nDEFINE LAN CLOSED RESTRICTED\n' >>"$work/etc/system.config"
cp_start
lan() { field ".records[0] | $1" QUERY LAN LABNET; }
lan_is() { [ "$(lan .state)" = "$1" ]; }
another_lan() { lan_is active && [ "$(lan .pid)" != "$1" ]; }
said() { grep -cE "$1" "$work/cpd.log"; }
# pings USER HOST: what PING says this time.
pings() {
	local mark=${EPOCHREALTIME/./}
	con "$1" 30 "^end-$mark" "echo begin-$mark" "PING 10.9.0.$2 COUNT 2 INTERVAL 50 TIMEOUT 500" \
		"echo end-$mark" 2>&1 | sed -n "/^begin-$mark/,\$p"
}
reaches() { pings N1 2 | grep -q ' 0% lost'; }
connected() { v QUERY NIC USER "$1" | grep -qE "^NIC 0600 .*LAN $2"; }

like "a LAN of the configuration is there" "$(v QUERY LAN LABNET)" '^LAN +SYSTEM +LABNET .*State: active'
for u in N1 N2 N3 N4; do v XAUTOLOG $u SYNCH >/dev/null; done
like "NICDEF LAN connects" "$(v QUERY NIC USER N1)" '^NIC 0600 .*LAN SYSTEM LABNET +LINK UP'
is "where there is none, the operator is told" "$(said 'CP1554W N3 0600 is not connected: LAN SYSTEM NOWHERE does')" 1
is "and where one needs a grant" "$(said 'CP1554W N4 0600 is not connected: You are not authorized to COUPLE to SYSTEM CLOSED')" 1
waits "frames flow" 20 reaches

pid=$(lan .pid)
kill -9 "$pid"
waits "the process of the LAN is killed: there is another" 10 another_lan "$pid"
waits "frames flow without the guest's doing" 20 reaches
is "and the operator was told" "$(said 'CP1543W LAN SYSTEM LABNET is started anew: .*signal 9')" 1

pid=$(lan .pid)
cp_crash
is "cpd is killed: the LAN is not" "$(ps -o comm= -p "$pid")" lan
cp_start
is "another cpd has it, and does not start it anew" "$(lan '"\(.state) \(.pid)"')" "active $pid"
succeeds "its NICs are connected" connected N1 'SYSTEM LABNET'
waits "frames flow" 20 reaches
is "the configuration's DEFINE was no error" "$(said CP1424W)" 0

cp_crash
kill -9 "$pid"
cp_start
waits "both are killed: cpd starts the LAN anew" 10 another_lan "$pid"
waits "frames flow" 20 reaches

like "UNCOUPLE" "$(v FOR N2 CMD UNCOUPLE 600)" '^NIC 0600 is disconnected from LAN SYSTEM LABNET'
like "nobody answers" "$(pings N1 2)" ' 0 received, 100% lost'
like "UNCOUPLE twice" "$(v FOR N2 CMD UNCOUPLE 600 2>&1)" '^CP1535E N2 0600 is not connected'
like "COUPLE" "$(v FOR N2 CMD COUPLE 600 TO SYSTEM LABNET)" '^NIC 0600 is connected to LAN SYSTEM LABNET'
waits "frames flow" 20 reaches
like "COUPLE twice" "$(v FOR N2 CMD COUPLE 600 TO SYSTEM LABNET 2>&1)" '^CP1534E N2 0600 is connected to LAN SYSTEM LABNET already'

fails "a RESTRICTED LAN refuses who has no grant" v FOR N3 CMD COUPLE 600 TO SYSTEM CLOSED
v SET LAN CLOSED GRANT N3 >/dev/null
like "and takes who has one" "$(v FOR N3 CMD COUPLE 600 TO SYSTEM CLOSED)" '^NIC 0600 is connected to LAN SYSTEM CLOSED'
like "its memory is its own" "$(v QUERY NIC USER N3)" '^NIC 0600 .*LAN SYSTEM CLOSED .*BOUNCE'
v SET LAN CLOSED REVOKE N3 >/dev/null
like "REVOKE disconnects at once" "$(v QUERY NIC USER N3)" '^NIC 0600 .*LAN \* NONE'
is "and says so" "$(said 'CP1551W N3 0600 was disconnected from LAN SYSTEM CLOSED')" 1
v SET LAN CLOSED GRANT N3 >/dev/null
v SET LAN CLOSED GRANT N2 >/dev/null
v FOR N2 CMD UNCOUPLE 600 >/dev/null
v FOR N2 CMD COUPLE 600 TO SYSTEM CLOSED >/dev/null
v FOR N3 CMD COUPLE 600 TO SYSTEM CLOSED >/dev/null
like "frames flow by BOUNCE" "$(pings N3 2)" ' sent, [^0]'
like "DETACH LAN disconnects all" "$(v DETACH LAN CLOSED; v QUERY NIC USER N3)" 'LAN \* NONE'

# What serves a LAN ends with it, also when cpd was another at its start.
uplinks() { pgrep -fc "^$libdir/uplink"; }
are_uplinks() { [ "$(uplinks)" = "$1" ]; }
children() { ps -o pid= --ppid "$cpd_pid" | wc -l; }
before=$(children; groups | sort)
for how in "" restart; do
	v DEFINE VSWITCH OUT RDEV NAT >/dev/null
	v DEFINE LAN NAMED >/dev/null
	v SET LAN NAMED DHCP 10.1.2.0/24 >/dev/null
	waits "a way out and a server of names are there" 10 are_uplinks 2
	if [ -n "$how" ]; then
		cp_crash
		cp_start
		waits "and there again" 10 are_uplinks 2
	fi
	v DETACH VSWITCH OUT >/dev/null
	v DETACH LAN NAMED >/dev/null
	is "DETACH ends them" "$(uplinks)" 0
	is "and leaves no file" "$(find "$BULKHEAD_RUN/lans" -name '*OUT*' -o -name '*NAMED*')" ""
	[ -n "$how" ] || is "no process and no group" "$(children; groups | sort)" "$before"
done

# NAT leads to the host's network, not to what the host keeps on its loopback.
host=$(ip -4 -o addr show scope global 2>/dev/null | sed -n 's/.* inet \([0-9.]*\).*/\1/p;q')
if [ -n "$host" ]; then
	python3 - "$host" >"$work/heard" <<'P' &
import selectors
import socket
import sys

ears = selectors.DefaultSelector()
for address in "127.0.0.1", sys.argv[1]:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind((address, 0 if address == "127.0.0.1" else port))
    port = ear.getsockname()[1]
    ears.register(ear, selectors.EVENT_READ, address)
print(port, flush=True)
while True:
    for key, _ in ears.select():
        key.fileobj.recv(2000)
        print(key.data, flush=True)
P
	ear=$!
	heard() { grep -qFx "$1" "$work/heard"; }
	waits "somebody listens" 10 [ -s "$work/heard" ]
	port=$(head -1 "$work/heard")
	v DEFINE VSWITCH OUT UNRESTRICTED RDEV NAT >/dev/null
	v FOR N3 CMD COUPLE 600 TO SYSTEM OUT >/dev/null
	con N3 30 '10.0.2.*DHCP' 'ifconfig eth0 dhcp' >/dev/null
	con N3 30 '^sent' "udpsend 10.0.2.2 $port count 3" "udpsend $host $port count 3" 'echo sent' >/dev/null
	waits "a guest reaches the host's address" 10 heard "$host"
	fails "but not its loopback" heard 127.0.0.1
	kill "$ear"
	v DETACH VSWITCH OUT >/dev/null
else
	ok "this machine has no address # SKIP"
fi

v FORCE N2 >/dev/null
waits "who is logged off has left" 10 [ "$(lan '.connected // 0')" -le 1 ]

# A LAN whose program does not run any more is no obstacle.
mv "$libdir/lan" "$work/lan"
cp /bin/false "$libdir/lan"
kill -9 "$(lan .pid)"
waits "a LAN that cannot be started again has failed" 20 lan_is failed
is "and the operator was told" "$(said 'CP1544S LAN SYSTEM LABNET has failed: .*status 1')" 1
fails "another cannot be defined" v DEFINE LAN OTHER
is "and is not there" "$(field '.records[] | select(.name == "OTHER") | .name' QUERY LAN)" ""
v SHUTDOWN SYSTEM TESTSYS WITHIN 0 >/dev/null
gone() { ! pgrep -f "^$libdir/(lan|partition)"; }
waits "SHUTDOWN ends partitions and LANs" 20 gone
wait "$cpd_pid"; cpd_pid=
is "and leaves nothing" "$(find "$BULKHEAD_RUN/lans" "$BULKHEAD_RUN/partitions" -mindepth 1; groups)" ""
finish
