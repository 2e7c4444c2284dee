/* Which CP a client speaks to. */
#include "console/connect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_RUNDIR "/run/bulkhead"
#define SOCKET_NAME   "cp.sock"

bool connect_path(const char *rundir, char *path, size_t size)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (!rundir)
		rundir = getenv("BULKHEAD_RUN");
	if (rundir && *rundir) {
		snprintf(path, size, "%s/" SOCKET_NAME, rundir);
		return true;
	}
	if (geteuid() && xdg && *xdg) {
		snprintf(path, size, "%s/bulkhead/" SOCKET_NAME, xdg);
		if (!access(path, F_OK))
			return false;
	}
	snprintf(path, size, SYSTEM_RUNDIR "/" SOCKET_NAME);
	return false;
}

int connect_cp(struct caller *c, struct loop *loop, const char *rundir, bool tty,
	const struct caller_ops *ops, void *ctx, char why[CONNECT_WHY])
{
	char path[4096];
	bool named = connect_path(rundir, path, sizeof(path));
	int err = caller_open(c, loop, path, tty, ops, ctx);

	if (err == -ENOENT && !named && !access(PORT_PATH, F_OK)) {
		snprintf(path, sizeof(path), PORT_PATH);
		err = caller_open_port(c, loop, PORT_PATH, ops, ctx);
	}
	if (err)
		snprintf(why, CONNECT_WHY, "there is no CP to talk to at %.160s: %s%s",
			path, strerror(-err),
			err == -EACCES ? " (is this user in the group bulkhead?)" : "");
	return err;
}
