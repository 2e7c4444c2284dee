/* The allowlists of cp/part_syscalls.def and its like as programs for the processes that
 * cpd starts, which load them without knowing how they are made. */
#ifndef CP_SECCOMP_H
#define CP_SECCOMP_H

enum seccomp_list {
	SECCOMP_PARTITION, /* cp/part_syscalls.def */
	SECCOMP_LAN,       /* cp/lan_syscalls.def */
	SECCOMP_UPLINK,    /* cp/uplink_syscalls.def */
	SECCOMP_LISTS
};

/* A sealed memfd in the form of struct part_seccomp (cp/part_proto.h), with as many roles
 * as there are: a call that is not listed for the role of its thread kills the process.
 * The descriptor, the caller's, or -errno. */
int seccomp_programs(enum seccomp_list which);

#endif
