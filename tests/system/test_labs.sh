#!/bin/bash
# Every lab is as its pages say, ends with status 0, and leaves nothing running.
. "$(dirname "$0")/lib.sh"
need_kvm
for lab in docs/labs/*/run; do
	name=$(basename "$(dirname "$lab")")
	said=$("$lab" </dev/null 2>&1)
	status=$?
	is "$name ends with status 0" "$status" 0
	like "$name: every step did what it says" "$said" 'The tour is over: [0-9]+ steps'
	[ "$status" -eq 0 ] || printf '%s\n' "$said" | sed 's/^/# /'
	like "$name is in the list of labs" "$(cat docs/labs/README.md)" "\`$name\`"
done
is "nothing is left running" "$(pgrep -fc "^$bin/(cpd|partition|lan|uplink)")" 0
finish
