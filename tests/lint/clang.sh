#!/bin/bash
# The other compiler finds nothing either.  (The build itself is the proof for the first.)
. "$(dirname "$0")/tap.inc"
flags="-std=gnu17 -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes
	-Wvla -Wwrite-strings -Werror -I. -fsyntax-only"
for f in $(find cp partitions vlan console tests -name '*.c' | sort); do
	# shellcheck disable=SC2086
	check "clang: $f" clang $flags -D_GNU_SOURCE -DBULKHEAD_VERSION='"0"' "$f"
done
for f in cms/*.c; do
	# shellcheck disable=SC2086
	check "clang: $f" clang $flags -ffreestanding -mgeneral-regs-only "$f"
done
