#!/bin/bash
# A machine of four processors on two nodes: CP has them all, a guest runs on all.  (Cores
# with threads cannot be had: QEMU's own AMD processors are without the leaf for them.)
. "${0%/*}/../lib.sh"
linux L1 128M 4
cp_start
is "the machine is what this test is about" "$(cat /sys/devices/system/node/online /sys/devices/system/node/node1/cpulist | tr '\n' ' ')" "0-1 2-3 "
is "CP has all its processors" "$(field '[.records[] | select(.state == "online") | .cpu] | join(",")' QUERY PROCESSORS)" 0,1,2,3
boot L1
is "a guest with four processors runs on it" "$(g L1 'grep -c ^processor /proc/cpuinfo')" 4
is "each works" "$(g L1 'for c in 0 1 2 3; do taskset -c $c md5sum </bin/busybox & done; wait' | sort | uniq -c | tr -s ' ')" " 4 $(md5sum </bin/busybox)"
is "and has used its own" "$(field '[.records[0].vcpus[] | select(.cpu_ns > 0)] | length' INDICATE USER L1)" 4
like "its storage has a home" "$(grep -hE 'N[01]=' "/proc/$(pid_of L1)/numa_maps" | grep -c memfd)" '^[1-9]'
finish
