#!/bin/bash
# vmcp and bulkhead as programs: options, exit status, where their output goes.
. "$(dirname "$0")/lib.sh"
need_kvm

status() { "$@" >"$work/out" 2>"$work/err" </dev/null; echo $?; }
is "without CP: 3" "$(status v QUERY NAMES)" 3
like "and says so" "$(cat "$work/err")" 'no|cannot'
is "a bad option: 4" "$(status v --no-such QUERY NAMES)" 4
is "no command: 4" "$(status v)" 4
cp_start
is "done: 0" "$(status v QUERY CPLEVEL)" 0
is "nothing on standard error" "$(cat "$work/err")" ""
is "refused: 1" "$(status v FORCE T1)" 1
like "the message is on standard error" "$(cat "$work/err")" '^CP0045E T1'
is "nothing on standard output" "$(cat "$work/out")" ""
is "unknown: 1" "$(status v FROBNICATE)" 1
like "as CP0001E" "$(cat "$work/err")" '^CP0001E '
is "several commands, one refused: 1" "$(status v 'QUERY TIME#FORCE T1#QUERY TIME')" 1
is "the others are done" "$(grep -ci 'time' "$work/out")" 2
is "-j of a refused one: 1" "$(status v -j FORCE T1)" 1
like "HELP of a message" "$(v HELP CP0045E)" 'not logged on'
like "HELP of a command" "$(v HELP XAUTOLOG)" 'XAUTOLO'
is "a broken pipe harms nobody" "$(v QUERY COMMANDS | head -1 | wc -l)" 1

is "bulkhead reads commands from a pipe" "$(printf 'query time\nquery cplevel\n' | "$bin/bulkhead" >"$work/out" 2>&1; echo $?)" 0
like "and prints the answers" "$(cat "$work/out")" 'Bulkhead'
is "the first that failed gives the status" "$(printf 'query time\nforce t1\nquery time\n' | "$bin/bulkhead" >/dev/null 2>&1; echo $?)" 1
is "a long line is refused, not cut" "$(status v "MESSAGE T1 $(head -c 5000 /dev/zero | tr '\0' x)")" 1
finish
