#!/bin/bash
# A guest of QEMU's on a guest LAN, by vhost-user: Debian's kernel and its driver, on this
# machine and emulated, pings a partition, also after the LAN's process was killed.
. "${0%/*}/../system/lib.sh"
need_kvm
cannot() {
	[ -z "${CI:-}" ] || { echo "not ok 1 - $0: $1"; exit 1; }
	echo "ok 1 - $0 # SKIP $1"
	exit 0
}
command -v qemu-system-x86_64 >/dev/null || cannot "qemu-system-x86_64 is missing (make deps)"
made=$(tests/testbed/build 2>&1) || cannot "a kernel cannot be had: ${made//$'\n'/ }"
(cd "$work" && cpio -id --quiet 'guest/*') <"$build/testbed/guest-cloud.cpio" || exit 1
default_config
cat >>"$work/etc/user.direct" <<D
USER HOSTA pw 8M 64M G
  IPL CMS PARM "IFCONFIG ETH0 10.9.0.1/24; IFCONFIG ETH0 fd00::1/64"
  NICDEF 0600 LAN SYSTEM LABNET
D
printf '%s\n' 'DEFINE LAN LABNET' 'DEFINE PORT QEMU TO SYSTEM LABNET' >>"$work/etc/system.config"
qemu_pid=''
ended() {
	[ -z "$qemu_pid" ] || { kill "$qemu_pid" && wait "$qemu_pid"; } 2>/dev/null
	cleanup
}
trap ended EXIT

mkfifo "$work/keys" && exec 9<>"$work/keys"
: >"$work/screen"
# Without message interrupts: QEMU 7.2 needs KVM for them where a LAN has the rings, and
# crashes where it is not used.
boot() {
	qemu-system-x86_64 -accel tcg -cpu max -m 160 -nodefaults -display none -no-reboot \
		-object memory-backend-memfd,id=memory,size=160M,share=on -machine pc,memory-backend=memory \
		-chardev "socket,id=lan,path=$BULKHEAD_RUN/ports/SYSTEM.LABNET.QEMU,reconnect=1" \
		-netdev vhost-user,id=net,chardev=lan -device virtio-net-pci,netdev=net,mac=02:00:00:00:00:0a,vectors=0 \
		-serial stdio -kernel "$work/guest/cloud" -initrd "$work/guest/cloud.initrd" \
		-append "console=ttyS0 tty=ttyS0 panic=-1 quiet mitigations=off" \
		<"$work/keys" >"$work/screen" 2>&1 &
	qemu_pid=$!
}
# g COMMAND [SECONDS]: has the guest's shell run a command, and ends with its status.
g() {
	local mark=@${EPOCHREALTIME//[!0-9]/}
	printf '%s; echo %s $?\n' "$1" "$mark" >&9
	until_true "${2:-20}" grep -q "^$mark [0-9]" "$work/screen" || return 99
	return "$(tr -d '\r' <"$work/screen" | sed -n "s/^$mark //p")"
}
pings() { g "ping -c 1 -W 1 $1"; }

cp_start
v XAUTOLOG HOSTA SYNCH >/dev/null
boot
waits "a guest of QEMU's boots" 100 grep -q '^guest ready' "$work/screen"
succeeds "it has addresses" g 'sysctl -qw net.ipv6.conf.eth0.accept_dad=0; ip addr add 10.9.0.7/24 dev eth0; ip addr add fd00::7/64 dev eth0; ip link set eth0 up'
waits "it reaches a partition" 30 pings 10.9.0.1
succeeds "by IPv6, too" pings fd00::1
like "and is a port of the LAN" "$(v QUERY LAN LABNET DETAILS)" 'Port: .*QEMU +State: connected'
pid=$(field '.records[0].pid' QUERY LAN LABNET)
succeeds "the LAN's process is killed" kill -9 "$pid"
waits "QEMU connects again, and the guest goes on" 30 pings 10.9.0.1
[ "$bad" -eq 0 ] || tail -n 40 "$work/screen" | sed 's/^/# /'
finish
