#!/bin/bash
# One layout for all C: clang-format changes nothing.  The tables (.def) are laid out by hand.
. "$(dirname "$0")/tap.inc"
for f in $(find cp partitions vlan cms console tests -name '*.[ch]' | sort); do
	check "$f is formatted" clang-format --dry-run -Werror "$f"
done
