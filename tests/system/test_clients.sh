#!/bin/bash
# A thousand clients at once; one that stops reading, one that sends garbage.
. "$(dirname "$0")/lib.sh"
need_kvm
cp_start
v XAUTOLOG T1 SYNCH >/dev/null
# A thousand, or as many as this host lets a process have descriptors.
many=1000 hard=$(ulimit -Hn)
if [ "$hard" = unlimited ] || [ "$hard" -ge 4096 ]; then
	ulimit -n 4096
else
	ulimit -n "$hard"
	[ "$hard" -ge $((many + 100)) ] || many=$((hard - 100))
fi
python3 "$system/clients.py" "$BULKHEAD_RUN/cp.sock" "$many" >"$work/out" 2>"$work/err"
is "$many clients are answered at once" "$(cat "$work/out")" "$many answered"
[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err"
is "cpd answers afterwards" "$(v QUERY USERID >/dev/null && echo yes)" yes

python3 "$system/clients.py" "$BULKHEAD_RUN/cp.sock" deaf T1 >"$work/deaf" & deaf=$!
until_true 10 grep -q attached "$work/deaf"
v SEND T1 'exercise bad console 2000' >/dev/null
succeeds "one that stops reading delays nobody" con T1 30 '^not-delayed' 'echo not-delayed'
is "commands are answered" "$(v QUERY USERID >/dev/null && echo yes)" yes
kill $deaf; wait $deaf 2>/dev/null

python3 "$system/clients.py" "$BULKHEAD_RUN/cp.sock" garbage >"$work/out" 2>&1
is "garbage closes the connection that sent it" "$(cat "$work/out")" "closed"
is "and no other" "$(v QUERY USERID >/dev/null && echo yes)" yes
is "no descriptor is left of all that" "$([ "$(ls "/proc/$cpd_pid/fd" | wc -l)" -lt 40 ] && echo few)" few
finish
