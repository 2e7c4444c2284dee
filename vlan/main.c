/* The process of one guest LAN: lan OWNER.NAME UID GID, started by cpd with the
 * descriptors of enum lan_fd. */
#include "cp/lib/child.h"
#include "cp/lib/log.h"
#include "vlan/ctl.h"
#include "vlan/vhost_port.h"

#include <string.h>
#include <unistd.h>

/* A full LAN: of each port the socket, and all that a frontend may have us keep: of each
 * pair of rings one descriptor for kicks, two for calls, two for errors.  So none takes
 * those of others. */
#define MAX_FDS   (LAN_MAX_PORTS * (1 + VHOST_PAIRS * 5) + 1024)
#define MAX_TASKS (LAN_MAX_TRACES * 4)

static int close_writer(void *ctx)
{
	const struct child *c = ctx;

	return sandbox_close(&c->sandbox, LAN_ROLE_WRITER);
}

/* The end comes at once, by LAN_END or because the loop cannot go on: what this process
 * holds is the kernel's to release. */
int main(int argc, char **argv)
{
	static struct child child = { .program = "lan",
		.usage = "OWNER.NAME UID GID",
		.seccomp_fd = LAN_FD_SECCOMP,
		.ready_fd = LAN_FD_READY,
		.n_roles = LAN_ROLES,
		.first_free = LAN_FD_FIRST_FREE,
		.max_fds = MAX_FDS,
		.max_tasks = MAX_TASKS };
	static const struct lan_ctl_ops ops = { .thread_started = close_writer,
		.ctx = &child };
	struct loop *loop = NULL;
	struct lan_ctl *ctl;
	int err;

	child_begin(&child, argc, argv);
	err = loop_create(&loop);
	if (!err)
		err = lan_ctl_create(loop, LAN_FD_LISTEN, &ops, &ctl);
	if (err)
		child_die(&child, "it cannot begin: %s", strerrorname_np(-err));
	child_listen(&child, LAN_FD_LISTEN);
	err = sandbox_close(&child.sandbox, LAN_ROLE_LOOP);
	if (err)
		child_die(&child, "the filter of the loop: %s", strerrorname_np(-err));
	child_ready(&child);
	err = lan_ctl_run(ctl);
	log_error("main", "the loop failed: %s", strerrorname_np(-err));
	_exit(1);
}
