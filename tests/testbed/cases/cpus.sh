#!/bin/bash
# Guests with 2 and 4 vCPUs: all of them are there and work.
. "${0%/*}/../lib.sh"
for cpus in 2 4; do linux "L$cpus" 128M $cpus; done
cp_start
for cpus in 2 4; do
	user=L$cpus
	boot $user
	is "$user counts $cpus processors" "$(g $user 'grep -c ^processor /proc/cpuinfo')" $cpus
	is "$user can run on each" "$(g $user "for c in \$(seq 0 $((cpus - 1))); do taskset -c \$c awk '/Cpus_allowed_list/ {print \$2}' /proc/self/status; done" | tr '\n' ' ')" "$(seq -s ' ' 0 $((cpus - 1))) "
	is "CP says that it has them" "$(field ".records[]|select(.userid==\"$user\").vcpus" QUERY NAMES)" $cpus
	is "each has used its processor" "$(field '[.records[0].vcpus[] | select(.cpu_ns > 0)] | length' INDICATE USER $user)" $cpus
	v FORCE $user >/dev/null
done
finish
