#!/bin/bash
# 200 partitions of 4 MiB at once: each answers, and idle they cost next to nothing.
# Time limits here are the promise of the manual with room for a slow machine; `make bench`
# measures.
. "$(dirname "$0")/lib.sh"
need_kvm
count=200
mkdir -p "$work/etc" "$state"
printf 'SYSTEM_IDENTIFIER TESTSYS\nSTORAGE POOL 4G\n' >"$work/etc/system.config"
for i in $(seq 1 $count); do printf 'USER LAB%03d pw 4M 4M G\n  IPL CMS\n' "$i"; done >"$work/etc/user.direct"
cp_start
ulimit -n 4096
for i in $(seq 1 $count); do printf 'XAUTOLOG LAB%03d\n' "$i"; done >"$work/commands"
is "all are accepted" "$("$bin/bulkhead" <"$work/commands" 2>&1 | grep -cE '^CP[0-9]{4}[EWS]')" 0
is "all are there" "$(field '.records | length' QUERY NAMES)" $count
up() { [ "$(field '[.records[] | select(.state == "running" or .state == "idle")] | length' QUERY NAMES)" -eq $count ]; }
waits "all run" 60 up
silent=0
for i in $(seq 1 $count); do
	u=$(printf 'LAB%03d' "$i")
	con "$u" 20 "^here-$i\$" "echo here-$i" >/dev/null 2>&1 || silent=$((silent + 1))
done
is "each answers a command" $silent 0
idle() { [ "$(field '[.records[] | select(.state == "idle")] | length' QUERY NAMES)" -ge $((count - 1)) ]; }
waits "then all are idle" 20 idle
before=$(leftovers | head -1)
is "one process each" "$before" $count
for i in $(seq 1 $count); do printf 'FORCE LAB%03d\n' "$i"; done | "$bin/bulkhead" >/dev/null 2>&1
none() { [ "$(field '.records | length' QUERY NAMES)" -eq 0 ]; }
waits "FORCE ends them all" 60 none
clean() { [ "$(leftovers | sed -n '1,3p;5p' | tr '\n' ' ')" = '0 0 0 0 ' ]; }
waits "and nothing is left" 20 clean
finish
