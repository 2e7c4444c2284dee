#!/bin/bash
# The console both ways, by virtio (1 MiB of output) and by the serial port (64 KiB): nothing
# is lost.
. "${0%/*}/../lib.sh"
linux HVC
parm='console=ttyS0 panic=-1 quiet tty=ttyS0' linux TTY
cp_start

# flood USER BYTES: the guest writes many numbers; what a console that is watched has shown
# of it must be all.
flood() {
	local user=$1 bytes=$2 lines end="end-$1"
	mkfifo "$work/in.$user"
	"$bin/bulkhead" -C "$user" <"$work/in.$user" >"$work/out.$user" 2>&1 & local pid=$!
	exec 6>"$work/in.$user"
	# In large pieces: a shell's tool writes to a terminal line by line.
	echo "seq 100000 999999 | head -c $bytes >/tmp/flood; echo typed-\$((40 + 2)); cat /tmp/flood; echo $end" >&6
	waits "$user: the flood ends" 100 grep -q "^$end" "$work/out.$user"
	exec 6>&-
	wait $pid
	tr -d '\r' <"$work/out.$user" >"$work/text.$user"
	is "$user: what was typed arrived" "$(grep -c '^typed-42$' "$work/text.$user")" 1
	lines=$(sed -n "/^typed-42\$/,/^$end\$/p" "$work/text.$user" | sed '1d;$d' | md5sum)
	is "$user: $bytes bytes arrived complete" "$lines" "$(seq 100000 999999 | head -c "$bytes" | md5sum)"
}
boot HVC
like "SEND types a line" "$(g HVC 'echo $((6 * 7))')" '^42$'
flood HVC 1048572
v FORCE HVC >/dev/null
boot TTY
is "SEND types a line on the serial port" "$(g TTY 'tty; echo $((6 * 7))')" $'/dev/ttyS0\n42'
flood TTY 65534
finish
