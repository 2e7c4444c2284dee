/* The start of CP, and its end. */
#include "cp/start.h"

#include "cp/audit.h"
#include "cp/bringup.h"
#include "cp/configure.h"
#include "cp/directory.h"
#include "cp/host.h"
#include "cp/lan.h"
#include "cp/lib/log.h"
#include "cp/lock.h"
#include "cp/observer.h"
#include "cp/partition.h"
#include "cp/password.h"
#include "cp/server.h"
#include "cp/session.h"
#include "cp/sysconfig.h"
#include "cp/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPLAINT_MAX (MSG_TEXT_MAX + PATH_MAX + 64)

static void raise_limits(void);
static int make_directories(const struct cp *cp);
static int read_files(struct cp *cp);
static int read_directory(
	const struct cp *cp, struct source *src, struct directory **out);
static void show_complaints(const struct source *src);
static void first_error(const struct source *src, char *line, size_t len);
static int claim(struct cp *cp);
static int create_parts(struct cp *cp);
static int start_engine(struct cp *cp);
static int issue_commands(struct cp *cp);
static int listen_for_clients(struct cp *cp);
static int fail(enum msg_number number, ...);
static int fail_message(const struct message *m);

int cp_start(struct cp *cp, const struct options *o)
{
	char list[200];

	*cp = (struct cp) {
		.rundir = o->rundir,
		.statedir = o->statedir,
		.config_path = o->config,
		.direct_path = o->direct,
		.libdir = o->libdir,
		.lock_fd = -1,
		.seccomp_fd = -1,
		.lan_seccomp_fd = -1,
		.uplink_seccomp_fd = -1,
		.privileged = !geteuid(),
		.started = when_now(),
	};
	list_init(&cp->partitions);
	list_init(&cp->lans);
	list_init(&cp->sessions);
	raise_limits();

	if (read_files(cp) || make_directories(cp) || claim(cp) || create_parts(cp) ||
		start_engine(cp) || issue_commands(cp) || listen_for_clients(cp)) {
		cp_stop(cp);
		return -1;
	}
	if (host_lacks_cpus(cp->host, cp->config, list, sizeof(list)))
		operator_say(cp, MSG_CPU_NOT_HERE, list);
	if (cp->config->not_in_force[0])
		operator_say(cp, MSG_CONFIG_NOT_IN_FORCE, cp->config->not_in_force);
	bringup_autolog(cp);
	return 0;
}

void cp_stop(struct cp *cp)
{
	server_destroy(cp->server);
	passwords_destroy(cp->passwords);
	lans_stop(cp);
	partitions_stop(cp);
	audit_close(cp->audit);
	loop_destroy(cp->loop);
	directory_free(cp->directory);
	sysconfig_free(cp->config);
	if (cp->lock_fd >= 0)
		close(cp->lock_fd);
}

void cp_reload(struct cp *cp)
{
	char first[COMPLAINT_MAX] = "it cannot be read";
	struct directory *d;
	struct source src;

	if (!read_directory(cp, &src, &d)) {
		directory_free(cp->directory);
		cp->directory = d;
		operator_say(cp, MSG_DIRECTORY_TAKEN, cp->direct_path, d->n_users);
	} else {
		first_error(&src, first, sizeof(first));
		operator_say(cp, MSG_DIRECTORY_KEPT, cp->direct_path, src.errors, first);
	}
	show_complaints(&src);
	source_close(&src);
}

/* A descriptor for each client, a few for each partition. */
static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static int make_directory(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) && errno != EEXIST)
		return fail(MSG_DIRECTORY_UNUSABLE, path, strerror(errno));
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return fail(MSG_DIRECTORY_UNUSABLE, path, "it is no directory");
	if (st.st_uid != geteuid() || st.st_mode & S_IWOTH)
		return fail(MSG_DIRECTORY_UNUSABLE, path, "others may write it");
	return 0;
}

/* RUNDIR is everybody's to look into: the socket is there. */
static int make_directories(const struct cp *cp)
{
	int err = make_directory(cp->rundir, 0755);

	return err ? err : make_directory(cp->statedir, 0700);
}

static int read_files(struct cp *cp)
{
	struct source config, direct;
	int err;

	if (!source_open(&config, cp->config_path))
		cp->config = sysconfig_parse(&config);
	err = read_directory(cp, &direct, &cp->directory);
	if (cp->config && !err)
		config_check_against(cp->config, cp->directory, &config);
	show_complaints(&config);
	show_complaints(&direct);
	source_close(&config);
	source_close(&direct);
	return cp->config && !err ? 0 : -1;
}

/* The source is open afterwards, also after a failure: its complaints are wanted. */
static int read_directory(const struct cp *cp, struct source *src, struct directory **out)
{
	*out = NULL;
	if (!source_open(src, cp->direct_path))
		*out = directory_parse(src);
	return *out ? 0 : -1;
}

static void show_complaints(const struct source *src)
{
	char line[COMPLAINT_MAX];

	for (int i = 0; i < src->n_complaints; i++)
		fprintf(stderr, "%s\n",
			complaint_line(src, &src->complaints[i], line, sizeof(line)));
}

static void first_error(const struct source *src, char *line, size_t len)
{
	for (int i = 0; i < src->n_complaints; i++) {
		if (src->complaints[i].message.severity == 'E') {
			complaint_line(src, &src->complaints[i], line, len);
			return;
		}
	}
}

static int create_parts(struct cp *cp)
{
	int err;

	err = loop_create(&cp->loop);
	if (!err)
		err = passwords_create(cp->loop, &cp->passwords);
	if (!err)
		err = server_create(cp, &cp->server);
	if (err)
		return fail(MSG_NO_MEMORY, strerror(-err));
	err = audit_open(cp->statedir, &cp->audit);
	if (err)
		return fail(MSG_DIRECTORY_UNUSABLE, cp->statedir, strerror(-err));
	return 0;
}

static int claim(struct cp *cp)
{
	pid_t holder = 0;

	cp->lock_fd = lock_take(cp->rundir, &holder);
	if (cp->lock_fd >= 0)
		return 0;
	if (cp->lock_fd == -EWOULDBLOCK)
		return fail(MSG_ANOTHER_CP, cp->rundir, (int)holder);
	return fail(MSG_DIRECTORY_UNUSABLE, cp->rundir, strerror(-cp->lock_fd));
}

static int start_engine(struct cp *cp)
{
	struct list *pos;
	struct message m;

	if (partitions_start(cp, &m) || lans_start(cp, &m))
		return fail_message(&m);
	partitions_adopt(cp);
	lans_adopt(cp);
	list_for_each (pos, &cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		if (observer_update(p))
			operator_say(cp, MSG_NO_MEMORY, p->userid);
	}
	return 0;
}

/* Before the first client: what it finds is what the configuration says. */
static int issue_commands(struct cp *cp)
{
	struct message m;

	return configure(cp, &m) ? fail_message(&m) : 0;
}

static int listen_for_clients(struct cp *cp)
{
	int err = server_listen(cp->server);

	return err ? fail(MSG_NO_SOCKET, cp->rundir, strerror(-err)) : 0;
}

static int fail(enum msg_number number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, number, ap);
	va_end(ap);
	return fail_message(&m);
}

static int fail_message(const struct message *m)
{
	char line[MSG_TEXT_MAX + 16];

	fprintf(stderr, "%s\n", msg_line(m, line, sizeof(line)));
	return -1;
}
