/* A Control Program without processes, for tests of the front end: one loop whose clock
 * stands still, a directory of its own, the engine's twin.  Needs no test library. */
#ifndef TESTS_UNIT_CP_FRONT_CP_H
#define TESTS_UNIT_CP_FRONT_CP_H

#include "tests/unit/cp/engine_twin.h"

#include "cp/audit.h"
#include "cp/cgroup.h"
#include "cp/directory.h"
#include "cp/host.h"
#include "cp/lib/log.h"
#include "cp/password.h"
#include "cp/server.h"
#include "cp/session.h"
#include "cp/sysconfig.h"

#include <unistd.h>

#define FRONT_DIRECTORY                                 \
	"USER MAINT maintpw 16M 64M ABCDEFG\n"          \
	"  IPL CMS\n"                                   \
	"USER ALPHA alphapw 16M 64M G\n"                \
	"  IPL CMS\n"                                   \
	"  SHARE RELATIVE 200\n"                        \
	"USER BETA NOLOG 16M 64M G\n"                   \
	"  AUTOLOG ALPHA\n"                             \
	"  LOGONBY MAINT\n"                             \
	"USER GAMMA gammapw 16M 64M G\n"                \
	"  SHARE ABSOLUTE 25% ABSOLUTE 50% LIMITHARD\n" \
	"  OPTION HOSTUID 4711\n"                       \
	"  COMMAND SET OBSERVER ALPHA\n"                \
	"  COMMAND SET FROB\n"                          \
	"  IPL CMS PARM \"query time\"\n"

struct front {
	struct cp cp;
	char statedir[64];
	struct cgroups *cgroups;
	struct host host;
};

/* Without these there is nothing to test. */
static inline void front_must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "the set-up of the test failed: %s\n", what);
	abort();
}

/* A second passes, and what is due by then is done. */
static inline void front_second(struct front *f)
{
	loop_clock_warp(f->cp.loop, UINT64_C(1000000000));
	while (loop_once(f->cp.loop, 0) > 0)
		;
}

static inline struct directory *front_parse(const char *text)
{
	struct directory *d;
	struct source src;

	front_must(!source_from(&src, "user.direct", text, strlen(text)), "source_from");
	d = directory_parse(&src);
	front_must(d, "the directory has errors");
	source_close(&src);
	return d;
}

static inline int front_setup(void **state)
{
	struct front *f = calloc(1, sizeof(*f));

	front_must(f, "memory");
	twin_reset();
	log_init("test", NULL, LOG_LVL_ERROR);
	snprintf(f->statedir, sizeof(f->statedir), "/tmp/front.XXXXXX");
	front_must(mkdtemp(f->statedir), "mkdtemp");
	list_init(&f->cp.partitions);
	list_init(&f->cp.lans);
	list_init(&f->cp.sessions);
	front_must(!loop_create(&f->cp.loop), "loop_create");
	loop_clock_stop(f->cp.loop);
	f->cp.config = sysconfig_default();
	f->cp.directory = front_parse(FRONT_DIRECTORY);
	f->cp.statedir = f->cp.rundir = f->statedir;
	f->cp.direct_path = f->cp.config_path = "/nowhere";
	f->cp.lock_fd = f->cp.seccomp_fd = -1;
	f->cp.started = UINT64_C(1700000000000000000);
	f->cp.privileged = true;
	f->host = (struct host) { .total = UINT64_C(8) << 30,
		.pool = UINT64_C(4) << 30,
		.reserved = UINT64_C(1) << 30,
		.page_size = 4096,
		.n_cpus = 2,
		.kvm = "KVM of a test",
		.kvm_ok = true };
	f->host.cpu[0] =
		(struct host_cpu) { .present = true, .online = true, .use = CPU_HOST };
	f->host.cpu[1] = (struct host_cpu) { .present = true,
		.online = true,
		.use = CPU_DEDICATED,
		.userid = "ALPHA",
		.vcpu = 1 };
	f->cp.host = &f->host;
	front_must(!cgroups_create("/dev/null", "/dev/null", "test", &f->cp.cgroups),
		"cgroups_create");
	front_must(!passwords_create(f->cp.loop, &f->cp.passwords), "passwords_create");
	front_must(!audit_open(f->statedir, &f->cp.audit), "audit_open");
	front_must(!server_create(&f->cp, &f->cp.server), "server_create");
	*state = f;
	return 0;
}

static inline int front_teardown(void **state)
{
	struct front *f = *state;
	char path[128];

	front_second(f);
	server_destroy(f->cp.server);
	twin_end_all(&f->cp);
	twin_free_lans(&f->cp);
	passwords_destroy(f->cp.passwords);
	audit_close(f->cp.audit);
	cgroups_free(f->cp.cgroups);
	directory_free(f->cp.directory);
	sysconfig_free(f->cp.config);
	loop_destroy(f->cp.loop);
	snprintf(path, sizeof(path), "%s/audit", f->statedir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/cp.sock", f->statedir);
	unlink(path);
	front_must(!rmdir(f->statedir), "rmdir");
	free(f);
	return 0;
}

#endif
