#!/bin/bash
# A partition that is larger than the machine is refused, and harms nothing.
. "${0%/*}/../lib.sh"
directory 80%
linux L1
linux BIG 5G
cp_start
boot L1
said=$(v XAUTOLOG BIG 2>&1)
is "5 GiB on a machine that has less: refused" $? 1
like "with the reason" "$said" '^CP1330E BIG'
is "there is no such partition" "$(state_of BIG)" ""
is "and its storage is not reserved" "$(field '.records[0].reserved' QUERY STORAGE)" 134217728
is "L1 does not notice" "$(g L1 'echo $((6 * 7))')" 42
cp_crash
sed -i 's/^STORAGE POOL .*/STORAGE POOL 8G/' "$work/etc/system.config"
cp_start
like "nor may a pool larger than the machine promise it" "$(v XAUTOLOG BIG SYNCH 2>&1)" '^CP1330E BIG'
is "L1 still does not notice" "$(g L1 'echo $((6 * 7))')" 42
finish
