#!/bin/bash
# The examples of the manual: each page is held against a sample system of its own, in
# the order a reader meets them.  tests/system/docs.py says how they are written.
. "$(dirname "$0")/lib.sh"
need_kvm
PATH=$bin:$PATH
held=0
for page in README.md docs/*.md; do
	grep -q '^\$ ' "$page" || continue
	rm -rf "${work:?}/etc" "${state:?}"
	mkdir -p "$work/etc" "$state"
	cp docs/sample/system.config docs/sample/user.direct "$work/etc"
	cp_start
	said=$(page=$PWD/$page && cd "$work/etc" && python3 "$system/docs.py" "$page")
	printf '%s\n' "$said"
	held=$((held + $(grep -c '^ok' <<<"$said")))
	bad=$((bad + $(grep -c '^not ok' <<<"$said")))
	cp_kill
	rm -rf "${BULKHEAD_RUN:?}"
done
# The manual's table of drop reasons is that of the switch.
is "lan.md has every reason why a frame is dropped, in its words" \
	"$(sed -nE 's/^DROP\([A-Z_]+, ([a-z_]+), "(.*)"\)$/\1 | \2/p' cp/lan_drops.def)" \
	"$(sed -nE '/^\| key \| words/,/^$/s/^\| `([a-z_]+)` \| ([^|]+) \|.*/\1 | \2/p' docs/lan.md)"
is "there are examples" "$([ $((held + bad)) -gt 0 ] && echo yes)" yes
finish
