#!/bin/bash
# Capture from the switch to the console: files, live pipes, Wireshark's own programs, what
# goes and comes back meanwhile, and replay.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
cat >>"$work/etc/user.direct" <<'D'
USER HOSTA pw 8M 64M G
  IPL CMS PARM "ifconfig eth0 10.0.0.1/24"
  NICDEF 0600 LAN SYSTEM LABNET
USER HOSTB pw 8M 64M G
  IPL CMS PARM "ifconfig eth0 10.0.0.2/24"
  NICDEF 0600 LAN SYSTEM LABNET
D
echo 'DEFINE LAN LABNET' >>"$work/etc/system.config"
cp_start
v XAUTOLOG HOSTA SYNCH >/dev/null
v XAUTOLOG HOSTB SYNCH >/dev/null

# pings N: HOSTA sends so many, and all come back.
pings() { con HOSTA 30 "^$1 sent, $1 received" "ping 10.0.0.2 count $1 interval 10" >/dev/null; }
# trace OPERAND...: what TRSOURCE says.
trace() { v TRSOURCE ID T TYPE LAN LANNAME LABNET "$@" 2>&1; }
traces() { field '.records | length' QUERY TRSOURCE; }
no_traces() { [ "$(traces)" = 0 ]; }
has_frames() { [ "$(field '.records[0].frames' QUERY TRSOURCE)" -ge "$1" ]; }
written() { [ "$(field '.records[0].bytes' QUERY TRSOURCE)" -gt "$1" ]; }
packets() { tshark -r "$@" 2>/dev/null | wc -l; }

waits "two hosts reach each other" 20 pings 1

f=$work/one.pcapng
is "a trace of pings is set" "$(trace FILTER icmp FILE "$f")" "Trace T is set"
pings 3
succeeds "a note is taken" v TRSOURCE NOTE ID T 'half of it'
pings 2
waits "frames are counted" 5 has_frames 20
is "it is dropped" "$(v TRSOURCE DROP ID T)" "Trace T is dropped"
is "each ping is there at both NICs, both ways" "$(packets "$f")" 20
is "a NIC's own are outbound" "$(packets "$f" -Y 'frame.packet_flags_direction == 2 &&
	frame.interface_name == "HOSTA.0600" && icmp.type == 8')" 5
is "the note is with the next frame" "$(tshark -r "$f" -Y frame.comment -T fields -e frame.number \
	-e frame.comment 2>/dev/null | sed 's/note [0-9.]* s/note/')" $'13\tnote before: half of it'

is "what is dropped is a trace of its own" "$(trace DROPPED FILE "$work/drops.pcapng")" "Trace T is set"
v SET LAN LABNET MACPROTECT ON >/dev/null
con HOSTA 20 '^1 sent, 0 received' 'ping 10.0.0.99 count 1' >/dev/null
v SET NIC 0600 USER HOSTB IMPAIR LINK DOWN >/dev/null
con HOSTA 20 '^1 sent, 0 received' 'ping 10.0.0.2 count 1' >/dev/null
v SET NIC 0600 USER HOSTB IMPAIR LINK UP >/dev/null
v TRSOURCE DROP ID T >/dev/null
like "with the reason" "$(tshark -r "$work/drops.pcapng" -T fields -e frame.comment 2>/dev/null)" \
	'^dropped: the link is down'

trace FILE "$work/ring.pcapng" SIZE 64K FILES 2 >/dev/null
con HOSTA 60 '^200 sent, 200 received' 'ping 10.0.0.2 count 200 size 1000 interval 1' >/dev/null
v TRSOURCE DROP ID T >/dev/null
holds "a ring of files is as large as was said" \
	"$(stat -c %s "$work"/ring-{1,2}.pcapng | sort -n | tail -1) <= 65536"
succeeds "each of them complete" capinfos -c "$work/ring-1.pcapng" "$work/ring-2.pcapng"

trace FILE "$work/kept.pcapng" FILTER icmp >/dev/null
pings 2
waits "a trace is written" 5 written 1000
lan=$(field '.records[0].pid' QUERY LAN LABNET)
kill -9 "$lan"
waits "after the death of the LAN frames flow again" 10 pings 1
v UNCOUPLE 0600 >/dev/null 2>&1
v TRSOURCE DROP ID T >/dev/null
holds "the trace has what was before and after" "$(packets "$work/kept.pcapng") >= 12"

v TRSOURCE ID L TYPE LAN LANNAME LABNET FILTER icmp FILE - | tshark -l -c 4 -r - >"$work/live" 2>/dev/null &
live=$!
waits "a live trace is there" 10 has_frames 0
pings 1
wait "$live"
is "what is live is seen at once" "$(grep -c 'Echo (ping)' "$work/live")" 4
waits "and is no more when its reader has gone" 5 no_traces
"$bin/vmcp" TRSOURCE ID L TYPE LAN LANNAME LABNET FILE - >/dev/null &
live=$!
waits "another one" 10 has_frames 0
kill "$live"
waits "ends with who asked for it" 5 no_traces

# Wireshark looks for programs of its kind in one directory, which is another one for it alone.
extcap=$(tshark -G folders 2>/dev/null | sed -n 's/^Extcap path:[[:space:]]*//p')
mkdir "$work/extcap" && cp "$bin/bulkhead-extcap" "$work/extcap"
shark() { unshare -m bash -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$work/extcap" "$extcap" "$@"; }
like "Wireshark lists the LAN" "$(shark tshark -D 2>/dev/null)" 'bulkhead-SYSTEM.LABNET \(LAN SYSTEM LABNET\)'
shark timeout 60 tshark -i bulkhead-SYSTEM.LABNET -f icmp -c 4 >"$work/seen" 2>"$work/seen.err" &
shark=$!
waits "captures from it" 20 has_frames 0
pings 1
wait "$shark"
is "and sees what goes through it" "$(grep -c 'Echo (ping)' "$work/seen")" 4
waits "without leaving a trace behind" 10 no_traces

# A trace is of the cpd that began it: the next one ends what the LAN's process still has.
trace FILE "$work/left.pcapng" >/dev/null
lan=$(field '.records[0].pid' QUERY LAN LABNET)
writes() { find "/proc/$lan/fd" -lname "$work/left.pcapng" | grep -q .; }
closed() { ! writes; }
waits "the LAN has the file" 5 writes
cp_crash
cp_start
waits "a trace of an earlier cpd ends" 10 closed
succeeds "and its file is complete" capinfos -c "$work/left.pcapng"
is "nobody has it" "$(traces)" 0
waits "frames flow as before" 10 pings 1

like "a file is sent again" "$(v REPLAY FILE "$f" TO LAN LABNET SPEED MAX)" 'frames sent 10$'
like "what is no capture is not" "$(v REPLAY FILE /etc/passwd TO LAN LABNET 2>&1)" 'neither pcap nor pcapng'
finish
