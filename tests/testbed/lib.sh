# shellcheck shell=bash
# What the cases share, inside the emulated machine: the assertions and the cpd of
# tests/system/lib.sh, and Linux guests.
# shellcheck source=tests/system/lib.sh
. "${BASH_SOURCE[0]%/*}/../system/lib.sh"
need_kvm
parm='console=ttyS0 console=hvc0 panic=-1 quiet'

# directory POOL: begins a system configuration and a directory.
directory() {
	mkdir -p "$work/etc" "$state"
	printf 'SYSTEM_IDENTIFIER TESTBED\nSTORAGE POOL %s\n' "$1" >"$work/etc/system.config"
	: >"$work/etc/user.direct"
}
# linux USERID [STORAGE [CPUS [STATEMENT]...]]: an entry for a Linux guest, with the kernel
# $kernel, its $initrd and the command line $parm.
kernel=/guest/cloud initrd=/guest/cloud.initrd
linux() {
	[ -e "$work/etc/user.direct" ] || directory 80%
	{
		echo "USER $1 AUTOONLY ${2:-128M} ${2:-128M} G"
		echo "  MACHINE KVM ${3:-1}"
		echo "  CONSOLE 0009"
		echo "  IPL KERNEL $kernel INITRD $initrd PARM \"$parm\""
		[ $# -le 3 ] || printf '  %s\n' "${@:4}"
	} >>"$work/etc/user.direct"
}
# shown USERID: what a console has shown until now.
shown() { "$bin/bulkhead" -C "$1" </dev/null 2>/dev/null | tr -d '\r'; }
# watch USERID SECONDS READER...: gives a console, the old and what comes, to a program until
# that ends, and ends with its status.  Nobody asks again and again: the processor is an
# emulated one.
watch() {
	local keys=$work/keys.$BASHPID screen=$work/screen.$BASHPID fd viewer status
	mkfifo "$keys" "$screen"
	exec {fd}<>"$keys"
	"$bin/bulkhead" -C "$1" <"$keys" >"$screen" 2>/dev/null {fd}>&- & viewer=$!
	timeout "$2" "${@:3}" <"$screen"
	status=$?
	exec {fd}>&-
	wait $viewer
	rm "$keys" "$screen"
	return $status
}
# sees USERID SECONDS REGEX: waits for a line on a console, be it an old one.
sees() { watch "$1" "$2" grep -qE -- "$3"; }
# boot USERID [SECONDS]: starts a partition and waits for the guest's shell, without which the rest of
# a case is no use.
boot() {
	local had=$bad
	succeeds "$1 is IPLed" v XAUTOLOG "$1" SYNCH
	[ "$bad" -ne "$had" ] || succeeds "$1 has come to its init" sees "$1" "${2:-60}" '^guest ready'
	[ "$bad" -eq "$had" ] || finish
}

# g USERID COMMAND [SECONDS]: has a guest's shell run a command, prints what it says and
# ends with its status; 99 if there was no answer.
g() {
	local mark=@${EPOCHREALTIME//[!0-9]/} said
	v SEND "$1" "echo $mark; $2; echo $mark \$?" >/dev/null || return 99
	said=$(watch "$1" "${3:-30}" awk -v m="$mark" '
		{ sub(/\r$/, ""); end = index($0, m " ") }
		end > 1 { print substr($0, 1, end - 1) }
		end { print substr($0, end + length(m) + 1); found = 1; exit }
		on { print }
		$0 == m { on = 1 }
		END { exit !found }') || return 99
	printf '%s' "${said%"${said##*$'\n'}"}"
	return "${said##*$'\n'}"
}

# Is a partition gone, and CP there to say so?
is_gone() { v QUERY NAMES >/dev/null 2>&1 && [ -z "$(state_of "$1")" ]; }
# right_time USER: a guest's clock, between two looks at the host's.
right_time() {
	local before now
	before=$(date +%s)
	now=$(g "$1" 'date +%s')
	holds "the clock of $1 is the host's" "$((before - 1)) <= ${now:-0} && ${now:-0} <= $(date +%s) + 1"
}

# What a failure is understood by: the consoles, and what cpd has said.
explain() {
	local user
	for user in $(field '.records[].userid' QUERY NAMES); do
		echo "# console of $user ($(state_of "$user")):"
		shown "$user" | tail -n 30 | sed 's/^/#   /'
	done
	echo "# cpd:"
	grep -v 'cpd audit' "$work/cpd.log" | tail -n 15 | sed 's/^/#   /'
}
trap '[ "$bad" -eq 0 ] || explain; cleanup' EXIT
# A case that takes too long is ended by TERM: that is a failure to be explained.
trap 'bad=$((bad + 1)); exit 1' INT TERM
