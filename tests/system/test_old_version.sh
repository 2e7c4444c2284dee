#!/bin/bash
# A partition process that speaks the oldest protocol is adopted and administered.
. "$(dirname "$0")/lib.sh"
need_kvm
old=$PWD/build/old/bin
make --no-print-directory B=build/old CFLAGS='-O2 -g -DPART_VERSION=1' build/old/bin/partition >"$work/make" 2>&1 ||
	{ not_ok "an old partition program builds" "$(cat "$work/make")"; finish; }
cp "$bin/cms" "$old/cms"
libdir=$old
default_config
sed -i '/^USER T1 /a\  NICDEF 0600' "$work/etc/user.direct"
cp_start
v XAUTOLOG T1 SYNCH >/dev/null
pid=$(pid_of T1)
is "it is the old program" "$(readlink "/proc/$pid/exe")" "$old/partition"
cp_crash
libdir=$work/lib
cp_start
is "a newer cpd adopts it" "$(pid_of T1)" "$pid"
succeeds "its console answers" con T1 20 '^old-but-well' 'echo old-but-well'
succeeds "STOP" v FOR T1 CMD STOP
succeeds "DISPLAY" v FOR T1 CMD DISPLAY G
succeeds "BEGIN" v FOR T1 CMD BEGIN
like "DEFINE NIC is refused" "$(v FOR T1 CMD DEFINE NIC 610 2>&1)" '^CP1372E T1: .* DEFINE NIC'
like "DETACH NIC as well" "$(v FOR T1 CMD DETACH NIC 610 2>&1)" '^CP1372E T1: .* DETACH NIC'
v DEFINE LAN LABNET >/dev/null
like "COUPLE, too: it knows no LANs" "$(v FOR T1 CMD COUPLE 600 TO SYSTEM LABNET 2>&1)" '^CP1372E T1: .* COUPLE'
like "and the NIC is in none" "$(v QUERY NIC USER T1)" '^NIC 0600 .*LAN \* NONE'
is "nor is it in the LAN" "$(field '.records[0].connected' QUERY LAN LABNET)" 0
succeeds "its LAN is detached" v DETACH LAN LABNET
is "INDICATE USER answers" "$(field '.records[0].userid' INDICATE USER T1)" T1
succeeds "SIGNAL SHUTDOWN" v SIGNAL SHUTDOWN T1 WITHIN 20
gone() { [ -z "$(state_of T1)" ]; }
waits "ends it" 20 gone
finish
