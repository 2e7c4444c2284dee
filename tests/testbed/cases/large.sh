#!/bin/bash
# A guest with 5 GiB of storage, part of it above the hole below 4 GiB.
# limit: 300
. "${0%/*}/../lib.sh"
directory 85%
linux L1 5G 2
cp_start
boot L1 120
kib=$(g L1 "sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo")
holds "it has its storage" "4900000 < ${kib:-0} && ${kib:-0} <= 5242880"
like "some of it above 4 GiB" "$(g L1 'cat /proc/iomem')" '^1[0-9a-f]{8}-1[0-9a-f]{8} : System RAM'
succeeds "4 GiB of it can be written" g L1 'mount -t tmpfs -o size=4500M t /tmp && dd if=/dev/zero of=/tmp/f bs=1M count=4096' 120
is "and hold what was written" "$(g L1 'for n in 0 1 2 3; do echo GiB $n | dd of=/tmp/f bs=1M seek=$((n * 1024 + 512)) conv=notrunc; done 2>/dev/null; for n in 0 1 2 3; do dd if=/tmp/f bs=1M skip=$((n * 1024 + 512)) count=1 | head -n 1; done 2>/dev/null')" "$(printf 'GiB %d\n' 0 1 2 3)"
finish
