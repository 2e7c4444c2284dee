#!/bin/bash
# The same kernel as an ELF file, started by PVH.
. "${0%/*}/../lib.sh"
kernel=/guest/vmlinux
linux L1 192M 2
cp_start
boot L1
is "it has its processors" "$(g L1 'grep -c ^processor /proc/cpuinfo')" 2
like "its command line arrived" "$(g L1 'cat /proc/cmdline')" 'console=hvc0'
like "it may speak to CP" "$(g L1 'vmcp query userid')" '^L1 +AT TESTBED'
finish
