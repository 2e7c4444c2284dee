#!/bin/bash
# Two Linux guests on a guest LAN: both families, segmentation offload, several queues,
# VLAN interfaces on a trunk; and the LAN's process dies.
. "${0%/*}/../lib.sh"
directory 80%
initrd=/guest/lan.initrd
printf '%s\n' 'DEFINE LAN LABNET' 'DEFINE LAN CAMPUS VLAN AWARE' \
	'MODIFY LAN CAMPUS GRANT L1 PORTTYPE TRUNK VLAN 10,20' \
	'MODIFY LAN CAMPUS GRANT L2 PORTTYPE TRUNK VLAN 10' >>"$work/etc/system.config"
for u in L1 L2; do
	linux $u 128M 2 'NICDEF 0600 LAN SYSTEM LABNET' 'NICDEF 0700 LAN SYSTEM CAMPUS'
done
cp_start
boot L1
boot L2
address() { g "$1" "ip addr add 10.0.0.$2/24 dev eth0; sysctl -qw net.ipv6.conf.eth0.accept_dad=0; ip addr add fd00::$2/64 dev eth0; ip link set eth0 up; ip link set eth1 up"; }
succeeds "L1 has addresses" address L1 1
succeeds "L2 has addresses" address L2 2
reaches() { g L1 "ping -c 1 -W 2 $1"; }
waits "the link is up, and they reach each other" 20 reaches 10.0.0.2
succeeds "by IPv6, too" reaches fd00::2
is "as many queues as processors" "$(g L1 'ls -d /sys/class/net/eth0/queues/rx-* | wc -l')" 2
like "segmentation is left to the NIC" "$(g L1 'ethtool -k eth0')" 'tcp-segmentation-offload: on'
like "and checksums" "$(g L1 'ethtool -k eth0')" 'tx-checksumming: on'

port() { field ".records[0].ports[] | select(.userid == \"$1\") | .$2" QUERY LAN "${3:-LABNET}" DETAILS; }
frames=$(port L2 rx_frames) bytes=$(port L2 rx_bytes)
succeeds "a server listens" g L2 'iperf3 -s -D'
waits "a stream of TCP crosses" 60 g L1 'iperf3 -c 10.0.0.2 -n 32M >/tmp/out' 60
frames=$(($(port L2 rx_frames) - frames)) bytes=$(($(port L2 rx_bytes) - bytes))
holds "in frames larger than the MTU: they crossed in one piece" "$bytes / $frames > 1514"
sums() { field '.records[0] | .received + .copies - .sent - .dropped - .held' QUERY LAN LABNET DETAILS; }
is "the LAN's counters add up" "$(sums)" 0

# vlan HOST VLAN: its interface there.
vlan() {
	g "L$1" "ip link add link eth1 name v$2 type vlan id $2; ip addr add 10.0.$2.$1/24 dev v$2; ip link set v$2 up"
}
for host in 1 2; do
	succeeds "L$host has a VLAN interface" vlan $host 10
	succeeds "and another" vlan $host 20
done
waits "in the VLAN both are members of they reach each other" 20 reaches 10.0.10.2
fails "in the one L2 is no member of they do not" reaches 10.0.20.2
holds "which is counted" "$(port L2 rx_drops.vlan CAMPUS) + $(port L1 tx_drops.vlan CAMPUS) + $(port L2 tx_drops.vlan CAMPUS) > 0"

changes() { g L1 'cat /sys/class/net/eth0/carrier_changes'; }
before=$(changes)
pid=$(field '.records[0].pid' QUERY LAN LABNET)
succeeds "the LAN's process is killed" kill -9 "$pid"
waits "they reach each other again, and have done nothing for it" 20 reaches 10.0.0.2
is "the guest saw no link go" "$(changes)" "$before"
finish
