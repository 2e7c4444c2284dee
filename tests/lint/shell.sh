#!/bin/bash
# ShellCheck finds nothing in our scripts.
. "$(dirname "$0")/tap.inc"
for f in $(grep -lE '^#!/bin/(ba)?sh' -r .ci tests docs console cms 2>/dev/null | sort); do
	check "shellcheck: $f" shellcheck -S warning -x -P SCRIPTDIR -e SC1091,SC2046 "$f"
done
