/* The allowlists of cp/part_syscalls.def as programs for the partition process, which
 * loads them without knowing how they are made. */
#ifndef CP_SECCOMP_H
#define CP_SECCOMP_H

/* A sealed memfd in the form of struct part_seccomp (cp/part_proto.h): a call that is not
 * listed for the role of its thread kills the process.  The descriptor, the caller's, or
 * -errno. */
int seccomp_programs(void);

#endif
