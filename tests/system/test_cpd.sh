#!/bin/bash
# cpd as a program: options, daemon, one at a time, signals, who may do what.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
args=(-c "$work/etc/system.config" -d "$work/etc/user.direct" -r "$BULKHEAD_RUN" -s "$state" -L "$libdir")

like "--version" "$("$bin/cpd" --version)" '^cpd [0-9]'
like "--help names the options" "$("$bin/cpd" --help)" '--foreground'
fails "an unknown option" "$bin/cpd" --frob
succeeds "--check of good files" "$bin/cpd" --check -c "$work/etc/system.config" -d "$work/etc/user.direct"
hash=$(echo secretpw | "$bin/cpd" --hash)
like "--hash prints a hash, not the password" "$hash" '^\$[a-z0-9]'
for part in messages commands directory; do
	like "--document $part" "$("$bin/cpd" --document $part | head -3)" '^# '
done
fails "--document of anything else" "$bin/cpd" --document frob

# As a daemon: it is there when the command returns.
succeeds "the daemon starts" "$bin/cpd" "${args[@]}"
cpd_pid=$(cat "$BULKHEAD_RUN/cpd.lock")
is "and answers at once" "$(v QUERY USERID)" "OPERATOR AT TESTSYS"
said=$("$bin/cpd" -f "${args[@]}" 2>&1)
is "a second one is refused" $? 1
like "with the first one's number" "$said" "^CP1415E .*process $cpd_pid\$"
is "which was not disturbed" "$(v QUERY USERID)" "OPERATOR AT TESTSYS"

# Closed standard descriptors are not taken for sockets.
v QUERY USERID >&- 2>"$work/err"
is "vmcp without standard output says so by its status" $? 2
is "and sends nothing to CP" "$(v QUERY USERID)" "OPERATOR AT TESTSYS"
is "without standard input it works" "$("$bin/vmcp" QUERY USERID <&-)" "OPERATOR AT TESTSYS"
is "so does bulkhead" "$("$bin/bulkhead" <&- 2>&1; echo $?)" 0

# SIGHUP: a good directory is taken, a bad one is not.
echo "USER NEW $hash 4M 64M G" >>"$work/etc/user.direct"
fails "a new user is not known before" v QUERY SHARE NEW
kill -HUP "$cpd_pid"
waits "and is after SIGHUP" 10 v QUERY SHARE NEW
echo "FROB" >>"$work/etc/user.direct"
kill -HUP "$cpd_pid"
waits "a directory with errors is reported" 10 grep -q CP1413E "$state/log"
succeeds "and the old one stays" v QUERY SHARE NEW

# SIGTERM: the partitions run on, and are adopted.
succeeds "a partition" v XAUTOLOG T1 SYNCH
pid=$(pid_of T1)
kill -TERM "$cpd_pid"
cpd_gone() { ! kill -0 "$cpd_pid"; }
waits "SIGTERM ends cpd" 10 cpd_gone
like "which says what runs on" "$(cat "$state/log")" 'CP1417I .*: 1$'
succeeds "the partition runs on" kill -0 "$pid"
sed -i '/^FROB/d' "$work/etc/user.direct"
cp_start
is "and is adopted" "$(pid_of T1)" "$pid"

# Started by who ignores signals and has closed everything, it still knows how a process ended.
cp_crash
(
	trap '' CHLD TERM HUP PIPE
	exec "$bin/cpd" -f "${args[@]}" <&- >&- 2>&-
) &
cpd_pid=$!
waits "cpd starts without standard descriptors" 20 v QUERY CPLEVEL
v XAUTOLOG T2 SYNCH >/dev/null
mkfifo "$work/op"
"$bin/bulkhead" <"$work/op" >"$work/operator" 2>&1 & op=$!
exec 9>"$work/op"
echo "query userid" >&9
waits "somebody is there" 10 grep -q OPERATOR "$work/operator"
kill -9 "$(pid_of T2)"
waits "and knows by which signal one was ended" 10 grep -E 'CP1348S T2 lost: .* signal 9' "$work/operator"
exec 9>&-
wait $op
echo "USER NEWER pw 4M 64M G" >>"$work/etc/user.direct"
kill -HUP "$cpd_pid"
waits "SIGHUP is not ignored" 10 v QUERY SHARE NEWER
pid=$(pid_of T1)

# Another user of the host is nobody before LOGON.
if [ "$(id -u)" -eq 0 ]; then
	as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$bin/vmcp" "$@"; }
	succeeds "everybody may ask the level" as_nobody QUERY CPLEVEL
	is "nobody is nobody" "$(as_nobody QUERY USERID)" "nobody   AT TESTSYS"
	like "and may nothing else" "$(as_nobody QUERY NAMES 2>&1)" '^CP0015E'
	like "not what is an operator's either" "$(as_nobody FORCE T1 2>&1)" '^CP0001E'
	like "nor be somebody without password" "$(as_nobody -u MAINT QUERY NAMES 2>&1)" '^CP0050E'
	is "the partition is still there" "$(pid_of T1)" "$pid"

	# A person at a terminal, who knows the password whose hash is in the directory.
	succeeds "LOGON by password" python3 - "$bin/vmcp" <<'P'
import os
import pty
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execvp("setpriv", ["setpriv", "--reuid", "65534", "--regid", "65534",
                          "--clear-groups", sys.argv[1], "-u", "NEW", "QUERY USERID"])
seen = b""
typed = False
try:
    while True:
        seen += os.read(fd, 1000)
        if b"Password of NEW" in seen and not typed:
            os.write(fd, b"secretpw\n")
            typed = True
except OSError:
    pass  # it has ended
print(seen.decode(errors="replace"))
sys.exit(0 if b"NEW      AT TESTSYS" in seen and b"secretpw" not in seen else 1)
P
	unlike "the password is nowhere in the audit log" "$(cat "$state/audit")" 'secretpw'
	like "who has logged on is" "$(cat "$state/audit")" 'LOGON NEW: accepted'
	like "and who could not" "$(cat "$state/audit")" 'LOGON MAINT: refused'
fi
finish
