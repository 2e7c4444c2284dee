#!/bin/bash
# No unfinished marks, no waiting by sleeping in the product, no file that asks to be two.
. "$(dirname "$0")/tap.inc"
product=$(ls -d cp partitions vlan cms console 2>/dev/null)
unfinished() { grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -r $product tests --include='*.[chS]' || true; }
sleeps() { grep -nE '\b(usleep|sleep|nanosleep)\(' -r $product --include='*.[ch]' || true; }
long() { find $product tests -name '*.[chS]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 { print }'; }
check "no unfinished marks" unfinished
check "no sleep in place of a condition" sleeps
check "no file over 600 lines" long
