#!/bin/bash
# What can be wrong: each a numbered message that names the thing, and nothing left behind.
. "$(dirname "$0")/lib.sh"
need_kvm
default_config
cat >>"$work/etc/user.direct" <<D
USER BIG bigpw 3G 8G G
USER NOIMG pw 4M 64M G
  IPL KERNEL $work/none
USER TRUNC pw 4M 64M G
  IPL KERNEL $work/trunc
USER TEXT pw 4M 64M G
  IPL KERNEL $work/text
USER NODISK pw 4M 64M G
  MDISK 0191 FILE $work/nodisk RR
USER FULL pw 4M 64M G
  MDISK 0191 FILE $work/small/full.191 SIZE 64M MR
D
head -c 3000 "$bin/cms" >"$work/trunc"
echo "this is no kernel" >"$work/text"
mkdir "$work/small"
cp_start
clean=$(leftovers)

# refused WHAT REGEX COMMAND...: a numbered error that matches, and nothing left.
refused() {
	local what=$1 regex=$2 said
	shift 2
	said=$(v "$@" 2>&1 >/dev/null)
	like "$what: a message that names it" "$said" "^CP[0-9]{4}[ES] .*$regex"
	is_clean() { [ "$(leftovers)" = "$clean" ]; }
	waits "$what: nothing is left behind" 10 is_clean
}
refused "a missing image" "$work/none" XAUTOLOG NOIMG SYNCH
refused "a truncated image" "TRUNC" XAUTOLOG TRUNC SYNCH
refused "an image that is text" "$work/text" XAUTOLOG TEXT SYNCH
refused "a missing disk" "nodisk" XAUTOLOG NODISK SYNCH
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=1M none "$work/small" 2>/dev/null; then
	refused "a full file system" "full.191" XAUTOLOG FULL SYNCH
	umount "$work/small"
fi
v XAUTOLOG BIG NOIPL >/dev/null 2>&1 || v XAUTOLOG BIG >/dev/null 2>&1
said=$(v XAUTOLOG T1 STORAGE 2G 2>&1)
like "more than its maximum" "$said" '^CP[0-9]{4}E '
v FORCE BIG >/dev/null 2>&1
is_clean() { [ "$(leftovers)" = "$clean" ]; }
waits "BIG is gone" 20 is_clean
cp_crash

# A pool too small.
sed -i 's/POOL 4G/POOL 6M/' "$work/etc/system.config"
cp_start
clean=$(leftovers)
succeeds "the pool holds one" v XAUTOLOG T1 SYNCH
said=$(v XAUTOLOG T2 SYNCH 2>&1)
like "and refuses the second, with the shortage" "$said" '^CP[0-9]{4}E .*(T2|pool|storage)'
succeeds "the first is untouched" con T1 20 '^still' 'echo still'
v FORCE T1 >/dev/null
waits "nothing is left" 10 is_clean
cp_crash
sed -i 's/POOL 6M/POOL 4G/' "$work/etc/system.config"
cp_start
clean=$(leftovers)

# Guests that misbehave: the partition ends in a state, with a message that says what and where.
ends() { # WHAT KIND STATE REGEX
	v XAUTOLOG T1 SYNCH >/dev/null
	con T1 20 Ready 'echo x' >/dev/null
	v SEND T1 "exercise bad $2" >/dev/null
	waits "$1: it is $3" 20 is_state T1 "$3"
	like "$1: the message" "$(v QUERY T1 2>&1; grep -E 'CP[0-9]{4}' "$work/cpd.log" | tail -3)" "$4"
	v FORCE T1 >/dev/null
	t1_gone() { [ -z "$(state_of T1)" ]; }
	waits "$1: FORCE ends it" 10 t1_gone
}
ends "triple fault" triple checkstopped 'T1.*[tT]riple fault.*[0-9a-fA-F]{4,}'
ends "halt" halt disabled_wait 'T1.*disabled wait.*[0-9a-fA-F]{4,}'
if ! grep -qE '\b(vmx|svm)\b' /proc/cpuinfo; then
	ends "an instruction KVM here cannot do" emulation checkstopped 'T1.*instruction'
fi
v XAUTOLOG T1 SYNCH >/dev/null
for kind in pagefault divide ud; do
	succeeds "program check $kind ends the command, not CMS" con T1 20 "after-$kind" "exercise bad $kind" "echo after-$kind"
done
for kind in pci ring msix ports; do
	v XAUTOLOG T1 SYNCH >/dev/null 2>&1
	v XAUTOLOG T2 SYNCH >/dev/null 2>&1
	v SEND T1 "exercise bad $kind" >/dev/null
	succeeds "$kind: the neighbour answers" con T2 20 "untouched-$kind" "echo untouched-$kind"
	is "$kind: cpd answers" "$(v QUERY USERID >/dev/null && echo yes)" yes
	is "$kind: its process lives, or its end is known" "$(kill -0 "$(pid_of T1)" 2>/dev/null && echo yes)" yes
	v FORCE T1 >/dev/null
	t1_gone() { [ -z "$(state_of T1)" ]; }
	waits "$kind: FORCE ends it" 10 t1_gone
done
v FORCE T2 >/dev/null
waits "nothing is left of any of them" 10 is_clean
cp_crash

# A host whose /dev/kvm is none.
if [ "$(id -u)" -eq 0 ]; then
	unshare -m sh -c 'mount --bind /dev/null /dev/kvm && exec "$0" "$@"' "$bin/cpd" -f \
		-c "$work/etc/system.config" -d "$work/etc/user.direct" -r "$BULKHEAD_RUN" -s "$state" \
		-L "$libdir" >>"$work/cpd.log" 2>&1 &
	cpd_pid=$!
	waits "without KVM cpd starts" 20 v QUERY CPLEVEL
	clean=$(leftovers)
	refused "without KVM" "/dev/kvm" XAUTOLOG T1 SYNCH
	cp_crash
fi

# Configuration: every error in one run, with its place.
printf 'USER A1 pw 4M 2M G\nFROB\nUSER A1 pw 4M 8M Z\n' >"$work/bad.direct"
said=$("$bin/cpd" --check -c "$work/etc/system.config" -d "$work/bad.direct" 2>&1)
is "--check ends with 1" $? 1
is "each line has its complaint" "$(grep -cE 'bad\.direct:[123]:[0-9]+: CP[0-9]{4}E ' <<<"$said" | awk '{ print ($1 >= 3) }')" 1
"$bin/cpd" -f -c "$work/etc/system.config" -d "$work/nowhere" -r "$work/r2" -s "$work/s2" >"$work/out" 2>&1
is "a missing directory ends cpd" $? 1
like "with its name" "$(cat "$work/out")" "CP[0-9]{4}[ES] .*$work/nowhere"
finish
