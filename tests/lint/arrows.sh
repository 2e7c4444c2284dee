#!/bin/bash
# Which folder may include whose headers: no arrow points back, no program uses another's.
. "$(dirname "$0")/tap.inc"

# arrows FOLDER REGEX: says each quoted include in FOLDER that is not of REGEX.
arrows() {
	grep -nE '^[[:space:]]*#[[:space:]]*include "' "$1"/*.[chS] /dev/null 2>/dev/null |
		grep -vE "include \"($2)\"" || true
}

check "cp/lib includes only cp/lib and the frame" arrows cp/lib 'cp/lib/[a-z_]+\.h|cp/guest_abi\.h'
check "cp includes only cp" arrows cp 'cp/(lib/)?[a-z_]+\.(h|def)'
check "partitions/dev sees no machine but device.h's" arrows partitions/dev \
	'partitions/dev/[a-z_]+\.(h|def)|cp/lib/[a-z_]+\.h|cp/guest_abi\.h'
check "partitions includes of cp only protocols" arrows partitions \
	'partitions/(dev/)?[a-z_]+\.(h|def)|cp/lib/[a-z_]+\.h|cp/(guest_abi|part_proto)\.h|cp/part_syscalls\.def'
check "vlan includes of cp only protocols" arrows vlan \
	'vlan/[a-z_]+\.(h|def)|cp/lib/[a-z_]+\.h|cp/lan_(proto\.h|drops\.def)'
check "an uplink knows nothing of the switch" arrows vlan/uplink \
	'vlan/uplink/[a-z_]+\.(h|def)|cp/lib/[a-z_]+\.h|cp/uplink_proto\.h'
check "console includes of cp only the socket's protocol" arrows console \
	'console/[a-z_]+\.(h|def)|cp/lib/[a-z_]+\.h|cp/(guest_abi|cp_socket)\.h'
check "cms includes of the host only the guest ABI" arrows cms 'cms/[a-z_]+\.(h|def)|cp/guest_abi\.h'
