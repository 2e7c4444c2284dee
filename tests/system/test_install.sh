#!/bin/bash
# What `make install` puts where, that it is in order, and that `make uninstall` takes it
# back but for the configuration.
. "$(dirname "$0")/lib.sh"
root=$work/root
prefix=/usr/local
dist=console/dist
m() {
	env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory B="${BULKHEAD_BUILD:-build}" "$1" \
		DESTDIR="$root" PREFIX=$prefix
}

succeeds "make install" m install
for f in bin/bulkhead bin/vmcp sbin/cpd lib/bulkhead/partition lib/bulkhead/stop; do
	is "$f is a program" "$([ -x "$root$prefix/$f" ] && echo yes)" yes
done
for f in lib/bulkhead/cms lib/systemd/system/bulkhead.service share/man/man8/cpd.8 \
	share/doc/bulkhead/guide.md share/doc/bulkhead/lan.md share/doc/bulkhead/labs/README.md \
	share/doc/bulkhead/labs/vlans/user.direct share/bash-completion/completions/vmcp; do
	is "$f is there" "$([ -r "$root$prefix/$f" ] && echo yes)" yes
done
is "the directory is not everybody's to read" "$(stat -c %a "$root/etc/bulkhead/user.direct")" 640
is "no unit has an unfilled place" "$(grep -rlE '@[A-Z]+@' "$root$prefix/lib" --include='*.service' --include='*.conf' --include='*.rules')" ""
succeeds "the example configuration is without error" "$root$prefix/sbin/cpd" --check \
	-c "$root/etc/bulkhead/system.config" -d "$root/etc/bulkhead/user.direct"

# Where the installed programs are, they find each other.
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
	bin=$root$prefix/bin libdir=$root$prefix/lib/bulkhead
	"$root$prefix/sbin/cpd" -f -c "$root/etc/bulkhead/system.config" \
		-d "$root/etc/bulkhead/user.direct" -r "$BULKHEAD_RUN" -s "$state" >"$work/cpd.log" 2>&1 &
	cpd_pid=$!
	succeeds "the installed vmcp waits for the installed cpd" v -w 20 QUERY CPLEVEL
	succeeds "which finds partition and CMS" v XAUTOLOG ALPHA SYNCH
	like "completion knows the commands CP does" "$(bash -c ". $dist/bulkhead.bash
		PATH=$bin:\$PATH COMP_WORDS=(vmcp xautol) COMP_CWORD=1; _bulkhead; echo \${COMPREPLY[*]}")" '^XAUTOLOG$'
	like "and the partitions there are" "$(bash -c ". $dist/bulkhead.bash
		PATH=$bin:\$PATH COMP_WORDS=(vmcp FORCE al) COMP_CWORD=2; _bulkhead; echo \${COMPREPLY[*]}")" '^ALPHA$'
	partition=$(pid_of ALPHA)
	succeeds "what the stop unit runs" "$root$prefix/lib/bulkhead/stop" 10
	is "has ended the partition when it ends" "$(kill -0 "$partition" 2>/dev/null || echo gone)" gone
	wait "$cpd_pid"
	is "and CP, as it should" $? 0
	succeeds "without CP it has nothing to do" "$root$prefix/lib/bulkhead/stop" 10
	cpd_pid=
	like "a lab runs with the installed programs" "$(PATH=$root$prefix/bin:$root$prefix/sbin:$PATH \
		BULKHEAD_BUILD='' "$root$prefix/share/doc/bulkhead/labs/first-ping/run" </dev/null 2>&1)" 'The tour is over'
fi

echo "* mine" >"$root/etc/bulkhead/user.direct"
succeeds "make install again" m install
is "leaves the configuration alone" "$(cat "$root/etc/bulkhead/user.direct")" "* mine"
succeeds "make uninstall" m uninstall
is "leaves the configuration" "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" "./etc/bulkhead/system.config ./etc/bulkhead/user.direct "
is "and no directory of ours" "$(find "$root$prefix" -name '*bulkhead*')" ""
succeeds "make uninstall of nothing" m uninstall

# The files themselves.
for page in "$dist"/*.[1-8]; do
	succeeds "${page##*/} is a manual page" mandoc -Tlint -W warning "$page"
done
succeeds "bulkhead.bash is in order" shellcheck "$dist/bulkhead.bash"
is "no option is without its place in the manual" "$(
	for p in bulkhead vmcp cpd; do
		"$build/bin/$p" --help | grep -oE '^ +-[A-Za-z]' | tr -d ' -' | while read -r o; do
			grep -qE "^\.It Fl $o( |\$)" "$dist/$p".[18] || echo "$p -$o"
		done
	done)" ""
if command -v systemd-analyze >/dev/null; then
	m install >/dev/null
	for unit in bulkhead bulkhead-stop; do
		sed -E "s|/usr/local|$root/usr/local|; s|^Also=.*||" "$dist/$unit.service" |
			sed "s|@PREFIX@|$root$prefix|g" >"$work/$unit.service"
	done
	# It also speaks of units of this machine: only what names ours counts.
	is "systemd takes the units" "$(systemd-analyze verify --man=no "$work/bulkhead.service" \
		"$work/bulkhead-stop.service" 2>&1 | grep -i bulkhead)" ""
else
	n=$((n + 1))
	echo "ok $n - systemd takes the units # SKIP systemd-analyze is not here"
fi
finish
