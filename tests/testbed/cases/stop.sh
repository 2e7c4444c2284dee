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
is "it has used no processor meanwhile" "$(($(field '.records[0].cpu_ns' INDICATE USER L1) - cpu < 100000000))" 1
succeeds "BEGIN" v FOR L1 CMD BEGIN
is "it answers" "$(g L1 'echo $((6 * 7))')" 42
now=$(g L1 'date +%s')
off=$(($(date +%s) - now))
is "its clock is right (off by $off s)" "$((off >= -1 && off <= 2))" 1
unlike "its watchdogs are silent" "$(g L1 dmesg)" 'lockup|stall|hung|blocked for'
finish
