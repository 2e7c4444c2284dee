#!/bin/bash
# What one user does is not another's burden: floods, consoles that end, passwords.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
cat >>"$work/etc/user.direct" <<D
USER NOIMG pw 4M 64M G
  IPL KERNEL $work/none
USER OWNER pw 4M 64M G
  OPTION HOSTUID $(id -u)
  CONSOLE 0009
  IPL CMS
D
sed -i '1a PROCESSORS HOST 1023' "$work/etc/system.config"
said=$("$bin/cpd" --check -c "$work/etc/system.config" -d "$work/etc/user.direct" 2>&1)
is "processors of another machine are no error" $? 0
like "but a warning, with their place" "$said" 'system.config:2:17: CP1423W .* 1023:'
cp_start
like "which is said at the start, too" "$(cat "$work/cpd.log")" 'CP1423W .* 1023:'

# Operators at work: one for what OPERATOR is told, one at the console of T1.
operator='' console=''
# attend NAME DESCRIPTOR OPTION...: starts bulkhead, whose standard input stays open; $NAME is
# its process.
attend() {
	local name=$1
	mkfifo "$work/$name.in"
	"$bin/bulkhead" "${@:3}" <"$work/$name.in" >"$work/$name" 2>&1 &
	eval "$name=$!; exec $2>\"$work/$name.in\""
}
attend operator 8
echo "query userid" >&8
waits "the operator is there" 10 grep -q OPERATOR "$work/operator"

# What ended a partition is what is said.
said=$(v XAUTOLOG NOIMG SYNCH 2>&1)
like "XAUTOLOG says why the IPL failed" "$said" "^CP0763E .*$work/none"
waits "the operator is told that and nothing else" 10 \
	grep -E "CP1349I NOIMG logged off: its IPL failed: .*$work/none" "$work/operator"
unlike "not who ended it" "$(cat "$work/operator")" 'NOIMG logged off: forced'
is "so it is accounted" "$(jq -r 'select(.userid == "NOIMG") | .reason' "$state/accounting")" "ipl failed"

# A guest that says too much.  Its operator is no person (no terminal), so CP says each time
# that nobody was told, and still tells: what counts is how much.
v XAUTOLOG T1 SYNCH >/dev/null
# A console takes so much ahead: no more is typed than is answered.
mapfile -t forty < <(for i in {1..40}; do echo "cp msgnoh op flood-$i"; done)
for i in 1 2 3 4 5; do
	succeeds "the guest says forty lines, $i" con T1 30 "^said-$i" "${forty[@]}" "echo said-$i"
done
counts() {
	heard=$(grep -c '^flood-' "$work/operator")
	left=$(sed -nE 's/.*CP1421W T1: ([0-9]+) of its.*/\1/p' "$work/operator" | awk '{ n += $1 } END { print n + 0 }')
}
all_counted() { counts; [ $((heard + left)) -eq 200 ]; }
waits "what was left out is said, and all are counted" 30 all_counted
is "some were heard" "$([ "$heard" -ge 20 ] && echo yes)" yes
is "and not all" "$([ "$left" -gt 0 ] && echo yes)" yes

# A console that ends with its partition.
attend console 9 -C T1
echo "echo i-am-here" >&9
waits "somebody is at the console of T1" 20 grep -q '^i-am-here' "$work/console"
succeeds "FORCE" v FORCE T1
console_gone() { ! kill -0 "$console"; }
waits "bulkhead -C ends with the partition" 10 console_gone
wait "$console"
is "without a failure" $? 0
like "and has said why" "$(cat "$work/console")" 'CP1349I T1 logged off: forced by OPERATOR'
exec 9>&-
rm "$work/console.in"
v XAUTOLOG T1 SYNCH >/dev/null
attend console 9 -C T1
echo "#CP FORCE T1" >&9
waits "it ends also by what is typed there" 10 console_gone
wait "$console"
is "and the command is answered" $? 0

# Of one's own console CP ends the session as well.
for i in 1 2 3; do
	exec 9>&-
	rm "$work/console.in"
	v XAUTOLOG OWNER SYNCH >/dev/null
	attend console 9 -u OWNER -C OWNER
	waits "the owner is at the console" 10 grep -q '^Ready;' "$work/console"
	v FORCE OWNER >/dev/null
	waits "it ends with the partition, $i" 10 console_gone
	wait "$console"
	is "without a failure" $? 0
	like "and has said why" "$(cat "$work/console")" 'CP1349I OWNER logged off: forced by'
done

# There is nothing to begin where nothing is.
v XAUTOLOG T1 NOIPL >/dev/null
like "BEGIN before any IPL" "$(v FOR T1 CMD BEGIN 2>&1)" '^CP1301E T1 has nothing loaded: IPL first'
v FOR T1 CMD IPL CMS >/dev/null
waits "after it" 20 is_up T1
succeeds "STOP and BEGIN" v 'FOR T1 CMD STOP#FOR T1 CMD BEGIN'
for how in RESET CLEAR; do
	v "FOR T1 CMD SYSTEM $how" >/dev/null
	like "BEGIN after SYSTEM $how" "$(v FOR T1 CMD BEGIN 2>&1)" '^CP1301E '
	is "the partition is stopped, not broken" "$(state_of T1)" stopped
done
cp_crash
cp_start
like "another cpd knows it, too" "$(v FOR T1 CMD BEGIN 2>&1)" '^CP1301E '
v FOR T1 CMD STORE RIP 1000 >/dev/null
succeeds "what was stored by hand is begun" v FOR T1 CMD BEGIN

# A password where it does not belong.
v FOR T1 CMD LOGON T2 verysecret >/dev/null 2>&1
like "the audit log has who asked for what" "$(cat "$state/audit")" 'FOR T1 CMD LOGON T2: accepted'
is "and no password is written anywhere" "$(grep -rl verysecret "$state" "$BULKHEAD_RUN" "$work/cpd.log")" ""

exec 8>&-
wait "$operator"
finish
