/* The process of an uplink: uplink KIND UID GID (cp/uplink_proto.h).  It opens what it
 * needs, gives up the rest, plugs into the LAN and says that frames flow. */
#include "cp/lib/log.h"
#include "cp/lib/sandbox.h"
#include "vlan/uplink/landlock.h"
#include "vlan/uplink/uplink.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FDS   1024 /* of nat: one for each connection of a guest */
#define MAX_TASKS 16

static const struct uplink_kind *const kinds[] = { &uplink_nat, &uplink_if, &uplink_vde,
	&uplink_names };

/* Tells cpd and ends its waiting. */
static void say_ready(const char *text, size_t len)
{
	if (write(UPLINK_FD_READY, text, len) < 0)
		log_warn("main", "nobody hears that we are ready");
	close(UPLINK_FD_READY);
}

static void die(const char *why)
{
	log_error("main", "%s", why);
	say_ready(why, strlen(why));
	_exit(1);
}

static const struct uplink_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	}
	die("no such kind of uplink");
	return NULL;
}

static uint32_t number(const char *text)
{
	uint32_t n = 0;

	if (conf_number(text, 0, UINT32_MAX - 1, &n))
		die("a uid or gid is none");
	return n;
}

static void open_all(struct uplink *u, struct uplink_conf *conf)
{
	char why[UPLINK_WHY];
	int err = conf_read(conf, UPLINK_FD_CONF);

	close(UPLINK_FD_CONF);
	if (err) {
		uplink_fail(why, err, "its configuration cannot be read");
		die(why);
	}
	u->conf = conf;
	if (u->kind->open(u, why))
		die(why);
}

static void load_filters(struct sandbox *s)
{
	char why[SANDBOX_WHY];

	if (sandbox_load(s, UPLINK_FD_SECCOMP, UPLINK_ROLES, why))
		die(why);
	close(UPLINK_FD_SECCOMP);
}

/* Before anything of the LAN or of the other side is read. */
static void confine(struct uplink *u, struct sandbox *s, uint32_t uid, uint32_t gid)
{
	const struct sandbox_rest rest = { .uid = uid,
		.gid = gid,
		.keeps_files = u->kind->keeps_files,
		.first_free = INT_MAX, /* the rest is what was opened */
		.max_fds = MAX_FDS,
		.max_tasks = MAX_TASKS };
	char why[SANDBOX_WHY];

	if (sandbox_enter(s, &rest, why))
		die(why);
	if (u->kind->keeps_files && landlock_enter(why))
		die(why);
	if (s->missing[0])
		log_warn("main", "not in force: %s", s->missing);
}

int main(int argc, char **argv)
{
	static struct uplink_conf conf;
	static struct uplink uplink;
	static struct sandbox sandbox;
	char ready[1 + sizeof(sandbox.missing)] = "", why[UPLINK_WHY];
	int err;

	log_init("uplink", argc > 1 ? argv[1] : NULL, LOG_LVL_INFO);
	if (argc != 4) {
		log_error("main", "usage: uplink KIND UID GID (cpd starts it)");
		return 1;
	}
	close_range(UPLINK_FD_FIRST_FREE, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 1);
	uplink.kind = find_kind(argv[1]);
	load_filters(&sandbox);
	open_all(&uplink, &conf);
	confine(&uplink, &sandbox, number(argv[2]), number(argv[3]));
	err = uplink_plug(&uplink, UPLINK_FD_SOCK);
	if (err) {
		uplink_fail(why, err, "the LAN does not take it");
		die(why);
	}
	err = sandbox_close(&sandbox, (int)uplink.kind->role);
	if (err) {
		uplink_fail(why, err, "the filter of system calls");
		die(why);
	}
	memcpy(ready + 1, sandbox.missing, strlen(sandbox.missing));
	say_ready(ready, 1 + strlen(sandbox.missing));
	err = uplink_run(&uplink);
	if (err)
		log_error("main", "its end: %s", strerror(-err));
	_exit(err ? 1 : 0);
}
