#!/bin/bash
# bulkhead at a terminal: line mode, consoles, raw mode, CP going away and coming back.
. "$(dirname "$0")/lib.sh"
need_kvm
command -v expect >/dev/null || { echo "ok 1 - $0 # SKIP expect is not installed"; exit 0; }
cp_start
export HOME=$work/home LC_ALL=C.UTF-8 TERM=xterm
unset XDG_STATE_HOME
mkdir "$HOME"
restart="exec '$bin/cpd' -f -c '$work/etc/system.config' -d '$work/etc/user.direct' \
	-r '$BULKHEAD_RUN' -s '$state' -L '$libdir' >>'$work/cpd.log' 2>&1"
said=$(expect -f "$system/terminal.exp" "$bin" "$system/con.py" "$restart" "$cpd_pid")
printf '%s\n' "$said" | grep -v '^1\.\.'
n=$(grep -cE '^(not )?ok' <<<"$said") bad=$(grep -c '^not ok' <<<"$said")
wait "$cpd_pid" 2>/dev/null
cpd_pid=$(v -j QUERY CPLEVEL >/dev/null && cat "$BULKHEAD_RUN/cpd.lock")

history=$HOME/.local/state/bulkhead/history
is "the history is its owner's alone" "$(stat -c %a "$history")" 600
is "it has the commands" "$(grep -c '^query userid$' "$history")" 2
is "and no password" "$(grep -c secret "$history")" 0
is "nor what was typed to a guest" "$(grep -c typed-here "$history")" 0
finish
