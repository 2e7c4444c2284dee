#!/bin/bash
# Programs of the host plug into a LAN: DPDK's driver for virtio, which answers pings and
# passes frames on.
. "$(dirname "$0")/lib.sh"
need_kvm
command -v dpdk-testpmd >/dev/null || { echo "ok 1 - $0 # SKIP dpdk-testpmd is missing (make deps)"; exit 0; }
default_config
cat >>"$work/etc/user.direct" <<D
USER HOSTA pw 8M 64M G
  IPL CMS PARM "IFCONFIG ETH0 10.9.0.1/24"
  NICDEF 0600 LAN SYSTEM LABNET
D
cat >>"$work/etc/system.config" <<C
DEFINE LAN LABNET
DEFINE PORT ONE TO SYSTEM LABNET
DEFINE PORT TWO TO SYSTEM LABNET SOCKET $work/two
C
pmd_pid='' ma=02:00:00:00:00:0a mb=02:00:00:00:00:0b
# pmd PORTS FORWARDING...: testpmd on the first so many sockets, without huge pages; `tell`
# says something to it.
sockets=("$BULKHEAD_RUN/ports/SYSTEM.LABNET.ONE" "$work/two") macs=("$ma" "$mb")
mkfifo "$work/to_pmd" && exec 9<>"$work/to_pmd"
pmd() {
	local i devices=()
	for ((i = 0; i < $1; i++)); do
		devices+=(--vdev "net_virtio_user$i,path=${sockets[i]},mac=${macs[i]}")
	done
	dpdk-testpmd -l 0,1 --no-huge -m 64 --no-pci --no-telemetry --no-shconf \
		--file-prefix="bulkhead$$" "${devices[@]}" -- -i --total-num-mbufs=4096 \
		--no-mlockall "${@:2}" <"$work/to_pmd" >"$work/pmd" 2>&1 &
	pmd_pid=$!
	waits "testpmd has $1 of our ports" 20 grep -q 'testpmd>' "$work/pmd"
}
tell() { printf '%s\n' "$@" >&9; }
pmd_ends() {
	tell quit
	wait "$pmd_pid"
	pmd_pid=
}
ended() {
	[ -z "$pmd_pid" ] || { kill -9 "$pmd_pid" && wait "$pmd_pid"; } 2>/dev/null
	cleanup
}
trap ended EXIT
# pings HOST: what PING says this time.
pings() {
	local mark=${EPOCHREALTIME/./}
	con HOSTA 30 "^end-$mark" "echo begin-$mark" "PING $1 COUNT 2 INTERVAL 50 TIMEOUT 500" \
		"echo end-$mark" 2>&1 | sed -n "/^begin-$mark/,\$p"
}
reaches() { pings "$1" | grep -q ' 0% lost'; }
# counted PORT: frames that testpmd has received there, by its own count.
counted() {
	tell 'clear log' "show port stats $1"
	awk -v port="$1" '/NIC statistics/ { at = $6 } at == port && /RX-packets/ { n = $2 } END { print n + 0 }' \
		"$work/pmd"
}
many() { [ "$(counted 0)" -gt 10000 ] && [ "$(counted 1)" -gt 10000 ]; }

cp_start
v XAUTOLOG HOSTA SYNCH >/dev/null
pmd 1 --forward-mode=icmpecho --auto-start
waits "a guest reaches DPDK, which answers ARP and pings" 20 reaches 10.9.0.77
like "who is plugged in is a port of the LAN" "$(v QUERY LAN LABNET DETAILS)" 'ONE'
pid=$(field '.records[0].pid' QUERY LAN LABNET)
pmd_ends
nobody() { pings 10.9.0.77 | grep -q ' 0 received'; }
waits "when it has gone nobody answers" 20 nobody

pmd 2 --forward-mode=mac --eth-peer="0,$mb" --eth-peer="1,$ma"
tell 'start tx_first 2'
waits "frames go round between two of DPDK's ports" 20 many
frames=$(field ".records[0].ports[] | select(.socket == \"$work/two\") | .rx_frames" QUERY LAN LABNET DETAILS)
holds "the LAN has counted them, too" "${frames:-0} > 10000"
tell stop
adds_up() { [ "$(field '.records[0] | .received + .copies - .sent - .dropped - .held' QUERY LAN LABNET DETAILS)" = 0 ]; }
waits "and its counters add up" 5 adds_up
pmd_ends
is "the process of the LAN is the same" "$(field '.records[0].pid' QUERY LAN LABNET)" "$pid"
finish
