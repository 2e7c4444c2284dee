#!/bin/bash
# The README's first command, not on a terminal: the tour of the sample system.
. "$(dirname "$0")/lib.sh"
need_kvm
said=$(docs/sample/run </dev/null 2>&1)
status=$?
is "the tour ends with status 0" "$status" 0
like "every step did what it says" "$said" 'The tour is over: [0-9]+ steps'
[ "$status" -eq 0 ] || printf '%s\n' "$said" | sed 's/^/# /'
is "nothing is left running" "$(pgrep -fc "^$bin/(cpd|partition|lan|uplink)")" 0
finish
