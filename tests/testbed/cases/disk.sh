#!/bin/bash
# Disks keep what a guest has synced when its partition is killed; each has its name.
. "${0%/*}/../lib.sh"
disks=(0200 0201 0202 0203 0204 0205 0206 0207)
statements=()
for vdev in "${disks[@]}"; do statements+=("MDISK $vdev FILE l1.$vdev SIZE 8M W"); done
linux L1 128M 1 "${statements[@]}"
cp_start
boot L1
is "eight disks, each with its number as serial" "$(g L1 'for s in /sys/block/vd*/serial; do cat $s; echo; done' | sort | tr '\n' ' ')" "${disks[*]} "
is "each has its size" "$(g L1 'cat /sys/block/vd*/size | sort -u')" 16384

device() { g L1 "for s in /sys/block/vd*/serial; do grep -q $1 \$s && echo \$s; done" | cut -d/ -f4; }
first=$(device 0200) last=$(device 0207)
written=$(g L1 "head -c 4194304 /dev/urandom >/tmp/data; cp /tmp/data /dev/$first && sync && md5sum </tmp/data")
succeeds "another is written as well" g L1 "yes 0207 | head -c 65536 >/dev/$last && sync"
pid=$(pid_of L1)
succeeds "the partition is killed" v FORCE L1
gone() { ! kill -0 "$pid"; }
waits "it is gone" 20 gone
is "the host's file has what was written" "$(head -c 4194304 "$state/l1.0200" | md5sum)" "$written"
boot L1
is "after IPL the guest reads what it wrote" "$(g L1 "head -c 4194304 /dev/$(device 0200) | md5sum")" "$written"
is "and on the other disk" "$(g L1 "head -c 65536 /dev/$(device 0207) | md5sum")" "$(yes 0207 | head -c 65536 | md5sum)"
finish
