# shellcheck shell=bash
# What the system tests share: a Control Program of its own per test, TAP, waiting.
#
# A test sources this, says need_kvm, cp_start, and uses `v` as its vmcp.  Everything runs
# in a directory of its own under /tmp and is gone at the end, whatever happened.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
build=$PWD/${BULKHEAD_BUILD:-build}
bin=$build/bin
system=$PWD/tests/system
work=$(mktemp -d /tmp/bulkhead-test.XXXXXX) || exit 2
chmod 755 "$work"
export BULKHEAD_RUN=$work/run
state=$work/state
# A copy of what partitions run: so their processes can be told from every other system's.
libdir=$work/lib
mkdir "$libdir" && cp "$bin/partition" "$bin/lan" "$bin/uplink" "$bin/cms" "$libdir" || exit 2
n=0 bad=0
# Leaks are looked for by the unit tests: a sandboxed process cannot look for its own.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1

cleanup() {
	cp_kill
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() {
	n=$((n + 1)) bad=$((bad + 1))
	echo "not ok $n - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
}
# is WHAT GOT EXPECTED; holds WHAT EXPRESSION; like WHAT GOT REGEX; unlike; succeeds/fails WHAT command...
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:      $2" "expected: $3"; fi; }
# holds WHAT EXPRESSION: of numbers; one that makes no sense does not hold.
holds() { if [ -n "$2" ] && (($2)) 2>/dev/null; then ok "$1"; else not_ok "$1" "does not hold: $2"; fi; }
like() { if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1" "got:      $2" "expected: /$3/"; fi; }
unlike() { if grep -qE -- "$3" <<<"$2"; then not_ok "$1" "got:      $2" "expected none of: /$3/"; else ok "$1"; fi; }
succeeds() { local w=$1 o; shift; if o=$("$@" 2>&1); then ok "$w"; else not_ok "$w" "$* ended with $?" "$o"; fi; }
fails() { local w=$1 o; shift; if o=$("$@" 2>&1); then not_ok "$w" "$* succeeded" "$o"; else ok "$w"; fi; }
finish() {
	echo "1..$n"
	[ "$bad" -eq 0 ]
	exit
}

# Without KVM there is nothing to test: a failure where tests are made to run, else a skip.
need_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] && return
	[ -z "${CI:-}" ] || { echo "not ok 1 - /dev/kvm is missing"; exit 1; }
	echo "ok 1 - $0 # SKIP this machine has no /dev/kvm that $(id -un) may use"
	exit 0
}
need_root() {
	[ "$(id -u)" -eq 0 ] && return
	[ -z "${CI:-}" ] || { echo "not ok 1 - root is needed"; exit 1; }
	echo "ok 1 - $0 # SKIP this test must start as root"
	exit 0
}

# until_true SECONDS command...: waits for a condition, looked at every 20 ms (POLL).
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -rt "${POLL:-0.02}" <> <(:) || true
	done
}
waits() { local w=$1; shift; if until_true "$@"; then ok "$w"; else not_ok "$w" "not within $1 s: ${*:2}"; fi; }

v() { "$bin/vmcp" "$@"; }
j() { "$bin/vmcp" -j "$@"; }
# field FILTER COMMAND...: what jq finds in the answer.
field() { local f=$1; shift; "$bin/vmcp" -j "$@" 2>/dev/null | jq -r "$f"; }
state_of() { field ".records[] | select(.userid==\"$1\") | .state" QUERY NAMES; }
pid_of() { field ".records[] | select(.userid==\"$1\") | .pid" QUERY NAMES; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
is_up() { case $(state_of "$1") in running | idle) ;; *) false ;; esac }

# The default system: users T1 to T4, class G; MAINT with every class.
default_config() {
	mkdir -p "$work/etc" "$state"
	printf 'SYSTEM_IDENTIFIER TESTSYS\nSTORAGE POOL 4G\n' >"$work/etc/system.config"
	{
		echo "USER MAINT maintpw 16M 64M ABCDEFG"
		echo "  IPL CMS"
		for u in T1 T2 T3 T4; do
			echo "USER $u ${u,,}pw 4M 64M G"
			echo "  CONSOLE 0009"
			echo "  IPL CMS"
		done
	} >"$work/etc/user.direct"
}

cpd_pid=
# Starts cpd and waits until it answers; more options may be given.
cp_start() {
	[ -e "$work/etc/system.config" ] || default_config
	"$bin/cpd" -f -c "$work/etc/system.config" -d "$work/etc/user.direct" -r "$BULKHEAD_RUN" \
		-s "$state" -L "$libdir" "$@" >>"$work/cpd.log" 2>&1 &
	cpd_pid=$!
	if ! until_true 20 v QUERY CPLEVEL; then
		echo "not ok $((n + 1)) - cpd does not answer"
		sed 's/^/# /' "$work/cpd.log"
		exit 1
	fi
}
# Kills cpd as a crash would.
cp_crash() {
	kill -9 "$cpd_pid" 2>/dev/null
	wait "$cpd_pid" 2>/dev/null
	cpd_pid=
}
# Ends cpd and every partition, by SHUTDOWN if it answers, by force if not.
cp_kill() {
	[ -z "$cpd_pid" ] || cp_crash
	local rec pid
	for rec in "$BULKHEAD_RUN"/{partitions,lans}/*.rec; do
		[ -e "$rec" ] || continue
		pid=$(jq -r '.pid // .process.pid // 0' "$rec" 2>/dev/null)
		[ "${pid:-0}" -le 1 ] || kill -9 "$pid" 2>/dev/null
	done
	until_true 5 groups_gone || true
}
# The control groups of this cpd: it names them after its run-time directory.
groups() {
	local instance
	instance=$(stat -c '%D %i' "$BULKHEAD_RUN" 2>/dev/null) || return 0
	find /sys/fs/cgroup -depth -type d \
		-path "*/bulkhead/$(printf '%s-%x' ${instance})*" 2>/dev/null
}
groups_gone() {
	groups | xargs -r rmdir 2>/dev/null
	[ -z "$(groups)" ]
}

# con USERID SECONDS REGEX [LINE]...: types lines on a console and prints its output until
# the pattern is seen after them; fails when it is not.  Where there is no Python another
# program does it (CON).
con() {
	if [ -n "${CON:-}" ]; then "$CON" "$@"; else python3 "$system/con.py" "$BULKHEAD_RUN/cp.sock" "$@"; fi
}

# What is left of partitions on this machine: processes, groups, sockets, records, memory.
leftovers() {
	pgrep -fc "^$libdir/(partition|lan|uplink)"
	groups | grep -c '/bulkhead/[^/]*/.'
	find "$BULKHEAD_RUN/partitions" "$BULKHEAD_RUN/lans" -mindepth 1 2>/dev/null | wc -l
	ls "/proc/$cpd_pid/fd" | wc -l
	v -j QUERY STORAGE | jq -r '.records[0].reserved'
}
