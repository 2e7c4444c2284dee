# shellcheck shell=bash
# What the sample's tour and the labs share: a system of their own, and steps that show what
# an operator would type and see, and check it.
#
# A script sources this and says `tour_of NAME [DIRECTORY]`: what the system is called in its
# two configuration files, and where they are if not beside the script.  The programs are
# those of build/bin, or else the installed ones.  Everything that is made lives in a
# directory under /tmp and is gone at the end.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
build=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/${BULKHEAD_BUILD:-build} || exit 2
PATH=$build/bin:$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin
cpd=$(command -v cpd) || { echo "There is no cpd: make builds it." >&2; exit 2; }
work=$(mktemp -d /tmp/bulkhead.XXXXXX) || exit 2
chmod 755 "$work"
export BULKHEAD_RUN=$work/run
config='' name='' cpd_pid='' steps=0

tour_of() {
	name=$1 config=${2:-$here}
	start_cpd
}

start_cpd() {
	"$cpd" -f -c "$config/system.config" -d "$config/user.direct" -r "$BULKHEAD_RUN" \
		-s "$work/state" 2>>"$work/cpd.log" &
	cpd_pid=$!
	wait_for 20 vmcp QUERY CPLEVEL || { cat "$work/cpd.log" >&2; exit 1; }
}

stop_all() {
	[ -z "$cpd_pid" ] || vmcp SHUTDOWN SYSTEM "$name" WITHIN 5 >/dev/null 2>&1
	[ -z "$cpd_pid" ] || wait "$cpd_pid" 2>/dev/null
	rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

# wait_for SECONDS command...: until it succeeds.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -rt 0.02 <> <(:) || true
	done
}

if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
	echo "This machine has no /dev/kvm that $(id -un) may use: no partition can run." >&2
	exit 1
fi

not_expected() {
	echo "This is not what was expected: /$1/" >&2
	exit 1
}
# say WHAT COMMAND: the beginning of a step.
say() {
	steps=$((steps + 1))
	printf '\n-- %s\n> %s\n' "$1" "$2"
}
# step WHAT REGEX command...: prints what an operator would see, and checks it.  A command is
# refused only where the message of a refusal is what is expected.
step() {
	local what=$1 regex=$2 said status=0
	shift 2
	say "$what" "$*"
	said=$(vmcp "$@" 2>&1) || status=$?
	[ -z "$said" ] || printf '%s\n' "$said"
	[[ $status = 0 || $regex =~ ^CP[0-9]+E ]] || not_expected "$regex"
	grep -qE -- "$regex" <<<"$said" || not_expected "$regex"
}
# What a console has said since the present step, but for the echo that marks it.
said_since() { sed -n "/^step $steps\$/,\$p" "$work/screen" | tail -n +3; }
has_said() { said_since | grep -qE -- "$1"; }
# console WHAT USERID LINE REGEX: types a line on a partition's console, shows the answer.
console() {
	say "$1" "($2) $3"
	: >"$work/screen"
	{ printf 'echo step %d\n%s\n' "$steps" "$3"; wait_for "${SECONDS_MAX:-20}" has_said "$4"; } |
		bulkhead -C "$2" >"$work/screen" 2>&1
	said_since
	has_said "$4" || not_expected "$4"
}
is_state() { vmcp -j QUERY NAMES | grep -qE "\"userid\": ?\"$1\"[^}]*\"state\": ?\"($2)\""; }
becomes() {
	wait_for 20 is_state "$1" "$2" && return
	echo "$1 did not become $2" >&2
	vmcp QUERY NAMES >&2
	exit 1
}

# reads WHAT FILE [FRAMES]: a capture, by programs of others' making, where they are here;
# and has it so many frames?
reads() {
	say "$1" "capinfos, tshark -r ${2##*/}"
	if ! command -v tshark >/dev/null; then
		echo "(Debian's package tshark is not here: that others read it is not shown.)"
		return
	fi
	capinfos -Ic "$2" | grep -E 'Number of packets:|Number of interf|Name =' || not_expected capinfos
	tshark -r "$2" -T fields -e frame.interface_name -e frame.packet_flags_direction \
		-e _ws.col.Protocol -e _ws.col.Info -e frame.comment 2>/dev/null | tee "$work/read"
	[ -s "$work/read" ] || not_expected "frames"
	[ "$(wc -l <"$work/read")" = "${3:-$(wc -l <"$work/read")}" ] || not_expected "$3 frames"
}

# The end of a tour: everything is ended in order, and that is its last step.
tour_ends() {
	step "SHUTDOWN ends the rest in order." '' SHUTDOWN SYSTEM "$name" WITHIN 10
	wait "$cpd_pid"
	local status=$?
	cpd_pid=''
	printf '\nThe tour is over: %d steps, each as expected.\n' "$steps"
	exit $status
}
