#!/bin/bash
# A LAN's way out by NAT: addresses from its server, and another process when it, the LAN's
# process or cpd is killed.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
cat >>"$work/etc/user.direct" <<'D'
USER N1 pw 8M 64M G
  IPL CMS PARM "IFCONFIG ETH0 DHCP"
  NICDEF 0600 LAN SYSTEM OUT
D
printf 'DEFINE VSWITCH OUT RDEV NAT\nMODIFY VSWITCH OUT GRANT N1\n' >>"$work/etc/system.config"
cp_start
field_of() { field ".records[0] | $1" QUERY VSWITCH OUT; }
uplink() { pgrep -f "^$libdir/uplink nat"; }
another_uplink() { local pid; pid=$(uplink) && [ "$pid" != "$1" ]; }
said() { grep -cE "$1" "$work/cpd.log"; }
# gateway: does it answer now?
gateway() {
	local mark=${EPOCHREALTIME/./}
	con N1 30 "^end-$mark" "echo begin-$mark" 'PING 10.0.2.2 COUNT 2 INTERVAL 50 TIMEOUT 500' \
		"echo end-$mark" 2>&1 | sed -n "/^begin-$mark/,\$p" | grep -q ' 0% lost'
}

waits "the uplink is a process" 10 uplink
is "of another uid than the LAN's" "$([ "$(id -u)" -ne 0 ] || ps -o uid= -p "$(uplink),$(field_of .pid)" | sort -u | wc -l)" \
	"$([ "$(id -u)" -ne 0 ] || echo 2)"
v XAUTOLOG N1 SYNCH >/dev/null
waits "the guest gets an address, and reaches the gateway" 20 gateway

pid=$(uplink)
kill -9 "$pid"
waits "killed, it is started anew" 10 another_uplink "$pid"
waits "and the guest goes on" 20 gateway
pid=$(uplink)
kill -9 "$(field_of .pid)"
waits "the LAN's process is killed: the uplink is another" 10 another_uplink "$pid"
waits "and the guest goes on" 20 gateway
pid=$(uplink)
cp_crash
cp_start
waits "after another cpd there is one" 10 another_uplink "$pid"
is "only one" "$(uplink | wc -l)" 1
waits "and the guest goes on" 20 gateway
like "DETACH" "$(v DETACH VSWITCH OUT)" 'destroyed|detached'
gone() { ! pgrep -f "^$libdir/(lan|uplink)"; }
waits "ends both" 10 gone
is "and leaves nothing" "$(find "$BULKHEAD_RUN/lans" -mindepth 1; groups | grep LAN)" ""
finish
