#!/bin/bash
# A Linux guest behind NAT: it reaches a server of the host's, and the host reaches one of
# the guest's.
. "${0%/*}/../lib.sh"
directory 80%
initrd=/guest/lan.initrd
printf '%s\n' 'DEFINE VSWITCH OUT RDEV NAT FORWARD 8022:L1:22 UNRESTRICTED' >>"$work/etc/system.config"
linux L1 128M 1 'NICDEF 0600 LAN SYSTEM OUT'
ip link set lo up
ip addr add 192.0.2.9/32 dev lo # the host's loopback is not for guests
cp_start
boot L1
succeeds "the guest's link is up" g L1 'ip link set eth0 up'
# CP takes # for the end of a line, so the script's is made by the guest.
lease='case $1 in bound) ip addr add $ip/24 dev eth0; ip route add default via $router ;; esac'
succeeds "it takes a lease" g L1 "printf '\\043!/bin/sh\\n%s\\n' '$lease' >/tmp/lease; chmod +x /tmp/lease; udhcpc -q -n -i eth0 -s /tmp/lease" 60
like "an address of the network behind NAT" "$(g L1 'ip addr show eth0')" 'inet 10\.0\.2\.15/24'

echo "from the host" | nc -l -p 8001 >"$work/heard" &
server=$!
is "it reaches a server of the host's" "$(g L1 'echo from the guest | nc -w 5 192.0.2.9 8001')" "from the host"
wait $server
is "which hears it" "$(cat "$work/heard")" "from the guest"

succeeds "the guest has a server" g L1 'echo served >/tmp/serve; setsid nc -l -p 22 </tmp/serve >/tmp/heard 2>/dev/null & true'
reached() { [ "$(echo asked | nc -w 5 127.0.0.1 8022)" = served ]; }
waits "the host reaches it by a forwarded port" 30 reached
is "and is heard" "$(g L1 'cat /tmp/heard')" asked
finish
