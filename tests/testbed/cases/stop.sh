#!/bin/bash
# A guest that was stopped for half a minute finds the time right, and nothing amiss.
. "${0%/*}/../lib.sh"
linux L1 128M 2
cp_start
boot L1
succeeds "STOP" v FOR L1 CMD STOP
is "it is stopped" "$(state_of L1)" stopped
cpu=$(field '.records[0].cpu_ns' INDICATE USER L1)
read -rt 30 <> <(:) # what is tested is that time passes
like "its processor time is known" "$cpu" '^[0-9]+$'
holds "it has used none meanwhile" "$(field '.records[0].cpu_ns' INDICATE USER L1) - $cpu < 100000000"
succeeds "BEGIN" v FOR L1 CMD BEGIN
is "it answers" "$(g L1 'echo $((6 * 7))')" 42
right_time L1
log=$(g L1 dmesg)
like "its kernel's messages are there" "$log" 'Linux version'
unlike "its watchdogs are silent" "$log" 'lockup|stall|hung|blocked for'
finish
