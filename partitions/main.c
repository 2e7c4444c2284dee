/* The process of one partition: partition USERID UID GID, started by cpd with the
 * descriptors of enum part_fd. */
#include "cp/lib/child.h"
#include "cp/lib/log.h"
#include "partitions/ctl.h"

#include <string.h>
#include <unistd.h>

#define MAX_FDS   1024 /* of a full machine: vCPUs, disks, rings, eventfds */
#define MAX_TASKS 256  /* with the threads the kernel makes for KVM and for io_uring */

static struct loop *make_loop(const struct child *c)
{
	struct loop *loop = NULL;
	struct ctl *ctl;
	int err = loop_create(&loop);

	if (!err)
		err = ctl_create(loop, PART_FD_LISTEN, PART_FD_KVM, &c->sandbox, &ctl);
	if (err)
		child_die(c, "it cannot begin: %s", strerrorname_np(-err));
	return loop;
}

/* The end comes at once, by PART_END or because the loop cannot go on: what this process
 * holds is the kernel's to release. */
int main(int argc, char **argv)
{
	static struct child child = { .program = "partition",
		.usage = "USERID UID GID",
		.seccomp_fd = PART_FD_SECCOMP,
		.ready_fd = PART_FD_READY,
		.n_roles = PART_ROLES,
		.first_free = PART_FD_FIRST_FREE,
		.max_fds = MAX_FDS,
		.max_tasks = MAX_TASKS };
	struct loop *loop;
	int err;

	child_begin(&child, argc, argv);
	loop = make_loop(&child);
	child_listen(&child, PART_FD_LISTEN);
	child_ready(&child);
	err = loop_run(loop);
	if (err)
		log_error("main", "the loop failed: %s", strerrorname_np(-err));
	_exit(err ? 1 : 0);
}
