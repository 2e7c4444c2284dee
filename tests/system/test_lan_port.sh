#!/bin/bash
# Programs of the host plug into a guest LAN: frames flow between them, one is plugged in
# at a port at a time, and it goes on when the process of the LAN or cpd is killed.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
b_sock=$work/b.sock
printf 'DEFINE LAN LABNET\nDEFINE PORT A TO SYSTEM LABNET\nDEFINE PORT B TO SYSTEM LABNET SOCKET %s MAC 02:00:00:00:00:0b\n' \
	"$b_sock" >>"$work/etc/system.config"
cp_start
ports=$BULKHEAD_RUN/ports
a_sock=$ports/SYSTEM.LABNET.A

# An end is a program of its own; what it hears is in a file.
declare -A end_pid end_in
# end_start NAME SOCKET MAC
end_start() {
	local in
	mkfifo "$work/$1.in"
	exec {in}<>"$work/$1.in"
	"$build/tests/system/vhost_end" "$2" "$3" <"$work/$1.in" >"$work/$1.out" 2>"$work/$1.err" &
	end_pid[$1]=$! end_in[$1]=$in
}
end_stop() { kill "${end_pid[$1]}" 2>/dev/null; wait "${end_pid[$1]}" 2>/dev/null; }
hears() { grep -qx -- "$2" "$work/$1.out"; }
# says NAME MAC TEXT
says() { echo "to $2 $3" >&"${end_in[$1]}"; }
# passes WHAT FROM TO TEXT: a frame from one end is heard by the other.
passes() {
	says "$2" "02:00:00:00:00:0${3:0:1}" "$4"
	waits "$1" 20 hears "$3" "from 02:00:00:00:00:0${2:0:1} $4"
}
port() { field ".records[0].ports[] | select(.name==\"*.$1\") | $2" QUERY LAN LABNET DETAILS; }
port_is() { [ "$(port "$1" .socket_state)" = "$2" ]; }
isolated() { [ "$(port A .tx_drops.isolated)" = 1 ]; }
lan_pid() { field .records[0].pid QUERY LAN LABNET; }
another_lan() { [ "$(field .records[0].state QUERY LAN LABNET)" = active ] && [ "$(lan_pid)" != "$1" ]; }
said() { grep -cE "$1" "$work/cpd.log"; }

is "a port of the configuration is there" "$(port A '"\(.socket_state) \(.socket) \(.userid)"')" "waiting $a_sock "
is "its socket is its owner's" "$(stat -c '%F %a %u' "$a_sock")" "socket 600 $(id -u)"
is "its directory is to be looked into" "$(stat -c %a "$ports")" 755
is "the configuration says where a socket is" "$(port B '"\(.socket_state) \(.socket) \(.mac)"')" "waiting $b_sock 02:00:00:00:00:0b"

end_start a "$a_sock" 02:00:00:00:00:0a
end_start b "$b_sock" 02:00:00:00:00:0b
waits "an end is plugged in" 20 hears a "plugged in"
waits "and another" 20 hears b "plugged in"
passes "a frame" a b one
passes "and one back" b a two
is "both are connected" "$(port A .socket_state) $(port B .socket_state)" "connected connected"
is "they count" "$(field .records[0].connected QUERY LAN LABNET)" 2
like "the LAN knows who is where" "$(v QUERY LAN LABNET FDB)" 'MAC: 02:00:00:00:00:0a .*Port: \*\.A '
like "DETAILS shows it" "$(v QUERY LAN LABNET DETAILS)" "Port: \*\.B  State: connected  MAC: 02:00:00:00:00:0b  Socket: $b_sock"

v SET LAN LABNET ISOLATION ON >/dev/null
v QUERY LAN LABNET DETAILS >/dev/null # the LAN has heard of it
says a 02:00:00:00:00:0b unheard
waits "ISOLATION concerns them" 20 isolated
v SET LAN LABNET ISOLATION OFF >/dev/null
v QUERY LAN LABNET DETAILS >/dev/null
passes "until it is OFF" a b three
fails "what was isolated was not heard" hears b "from 02:00:00:00:00:0a unheard"

end_start c "$a_sock" 02:00:00:00:00:0c
passes "a port is one's" a b four
fails "the next waits" hears c "plugged in"
end_stop a
waits "until the first has gone" 20 hears c "plugged in"
passes "frames flow from the next" c b five
is "the operator was told" "$(said 'CP1585I Port A of LAN SYSTEM LABNET is free: the other side has gone')" 1

chmod 666 "$a_sock"
pid=$(lan_pid)
cp_crash
passes "cpd is killed: frames flow without it" c b six
cp_start
is "another cpd has the LAN" "$(lan_pid)" "$pid"
is "the ends are plugged in" "$(port A .socket_state) $(port B .socket_state)" "connected connected"
passes "frames flow" b c seven
is "who may connect still may" "$(stat -c %a "$a_sock")" 666
end_stop c
waits "that one has gone is heard" 20 port_is A waiting
end_start a2 "$a_sock" 02:00:00:00:00:0a
waits "another is plugged in" 20 hears a2 "plugged in"
passes "frames flow" a2 b eight

pid=$(lan_pid)
kill -9 "$pid"
waits "the process of the LAN is killed: its ends are cut off" 20 hears a2 gone
waits "each of them" 20 hears b gone
end_start a3 "$a_sock" 02:00:00:00:00:0a
end_start b2 "$b_sock" 02:00:00:00:00:0b
waits "there is another process" 20 another_lan "$pid"
waits "who comes again is plugged in" 20 hears a3 "plugged in"
waits "each of them" 20 hears b2 "plugged in"
passes "frames flow" a3 b2 nine

pid=$(lan_pid)
cp_crash
kill -9 "$pid"
waits "both are killed" 20 hears a3 gone
cp_start
waits "there is another process" 20 another_lan "$pid"
end_start a4 "$a_sock" 02:00:00:00:00:0a
end_start b3 "$b_sock" 02:00:00:00:00:0b
waits "who comes again is plugged in" 20 hears a4 "plugged in"
passes "frames flow" b3 a4 ten

like "DETACH PORT" "$(v DETACH PORT B FROM SYSTEM LABNET)" '^Port B of LAN SYSTEM LABNET is destroyed'
waits "its end is cut off" 20 hears b3 gone
fails "its socket is gone" test -e "$b_sock"
like "DETACH PORT twice" "$(v DETACH PORT B FROM SYSTEM LABNET 2>&1)" '^CP1581E LAN SYSTEM LABNET has no port B'
echo precious >"$b_sock"
like "a file is not replaced" "$(v DEFINE PORT B TO SYSTEM LABNET SOCKET "$b_sock" 2>&1)" '^CP1582E Port B not defined: its socket .*File exists'
is "and stays" "$(cat "$b_sock")" precious
like "a socket is one port's" "$(v DEFINE PORT B TO SYSTEM LABNET SOCKET "$a_sock" 2>&1)" '^CP1582E .*in use'
like "a name is one port's" "$(v DEFINE PORT A TO SYSTEM LABNET 2>&1)" '^CP1580E LAN SYSTEM LABNET has a port A already'
succeeds "DEFINE PORT by command" v DEFINE PORT B TO SYSTEM LABNET
end_start b4 "$ports/SYSTEM.LABNET.B" 02:00:00:00:00:0b
waits "is plugged into" 20 hears b4 "plugged in"
passes "frames flow" b4 a4 eleven
v DETACH LAN LABNET >/dev/null
waits "DETACH LAN cuts all off" 20 hears a4 gone
is "and removes their sockets" "$(find "$ports" -mindepth 1)" ""

v DEFINE LAN OTHER >/dev/null
v DEFINE PORT A TO SYSTEM OTHER >/dev/null
v SHUTDOWN SYSTEM TESTSYS WITHIN 0 >/dev/null
wait "$cpd_pid"; cpd_pid=
is "SHUTDOWN leaves no socket" "$(find "$ports" -mindepth 1)" ""
for e in "${!end_pid[@]}"; do end_stop "$e"; done
finish
