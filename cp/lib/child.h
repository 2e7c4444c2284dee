/* The start of a process that cpd starts: PROGRAM NAME UID GID, with its descriptors in
 * their places.  It confines itself, listens, and says on a pipe how that went: one byte
 * 0, then what of its sandbox could not be had, if anything; or, where it cannot go on,
 * why. */
#ifndef CP_LIB_CHILD_H
#define CP_LIB_CHILD_H

#include "cp/lib/sandbox.h"

/* What a kind of process has, and what becomes of it. */
struct child {
	const char *program;
	const char *usage;      /* its operands, for who starts it by hand */
	int seccomp_fd;         /* the filters of `n_roles` roles; closed when read */
	int ready_fd;           /* the pipe */
	int n_roles;            /* of threads */
	int first_free;         /* what is open from here on is closed */
	unsigned max_fds;       /* as in struct sandbox_rest */
	unsigned max_tasks;     /* likewise */
	struct sandbox sandbox; /* after child_begin() */
};

/* Begins with the arguments of main(): log, signals, malloc, the sandbox before anything
 * hostile is read.  Ends the process where that is not to be had. */
void child_begin(struct child *c, int argc, char **argv);

/* Listens: here and not in cpd, as a client learns from the kernel who it was that
 * listened.  Ends the process where it cannot. */
void child_listen(const struct child *c, int fd);

/* Says that it can be asked. */
void child_ready(const struct child *c);

/* Says why it cannot go on, and ends the process. */
void child_die(const struct child *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif
