#!/bin/bash
# Every header compiles alone.
. "$(dirname "$0")/tap.inc"
for h in cp/*.h cp/lib/*.h partitions/*.h partitions/dev/*.h vlan/*.h vlan/uplink/*.h console/*.h; do
	[ -e "$h" ] || continue
	check "$h compiles alone" gcc -std=gnu17 -D_GNU_SOURCE -I. -Wall -Wextra -fsyntax-only -x c "$h"
done
for h in cms/*.h; do
	check "$h compiles alone" gcc -std=gnu17 -I. -ffreestanding -Wall -Wextra -fsyntax-only -x c "$h"
done
