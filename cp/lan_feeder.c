/* Processes that join a LAN to something else, or serve it (cp/uplink_proto.h).  They are
 * drivers of a port each; one that ends, or whose configuration changes, is started anew
 * with a new cable. */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"
#include "cp/uplink_proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEEDER_MEMORY (UINT64_C(128) << 20)
#define FEEDER_TASKS  32
#define STABLE_NS     (10 * NS_PER_S)
#define FIRST_NS      (NS_PER_S / 20) /* before the second try, doubled each time... */
#define LAST_NS       (30 * NS_PER_S) /* ...up to this */
#define FAILED_AT     5               /* tries, after which the operator is told */
#define SETTLE_NS     (NS_PER_S / 10) /* changes that come together are one */

static void on_ready(void *ctx);
static void on_ended(void *ctx, const char *why);
static void on_timer(struct loop_timer *timer);

static const struct service_ops ops = { on_ready, on_ended };

/* The kind of process that is wanted in this place, or NULL. */
static const char *wanted(const struct lan_def *def, enum lan_feeder_place place)
{
	if (place == FEEDER_NAMES)
		return def->dhcp && def->uplink.kind != UPLINK_NAT ? "names" : NULL;
	switch (def->uplink.kind) {
	case UPLINK_NAT: return "nat";
	case UPLINK_IF: return "if";
	case UPLINK_VDE: return "vde";
	default: return NULL;
	}
}

static const char *member_name(enum lan_feeder_place place)
{
	return place == FEEDER_NAMES ? "NAMES" : "UPLINK";
}

/* From which one on the host's ports are for everybody. */
static unsigned first_port(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned first = 1024;

	if (!f)
		return first;
	if (fscanf(f, "%u", &first) != 1)
		first = 1024;
	fclose(f);
	return first;
}

/* Ports are taken when guests come, by a process without any privilege. */
static int check_forwards(const struct lan_def *def, struct message *err)
{
	const struct lan_uplink *up = &def->uplink;
	unsigned first = up->n_forwards ? first_port() : 0;
	char why[80];

	for (int i = 0; i < up->n_forwards; i++) {
		if (up->forward[i].host_port >= first)
			continue;
		snprintf(why, sizeof(why),
			"port %u of the host is root's, as all below %u",
			up->forward[i].host_port, first);
		return msg_set(err, MSG_UPLINK_REFUSED, lan_word(def), def->owner,
			def->name, why);
	}
	return 0;
}

int lan_feeder_check(struct cp *cp, const struct lan_def *def, struct message *err)
{
	if (def->uplink.kind == UPLINK_NAT)
		return check_forwards(def, err);
	if (def->uplink.kind == UPLINK_IF && !cp->privileged)
		return msg_set(err, MSG_UPLINK_REFUSED, lan_word(def), def->owner,
			def->name, "an interface of the host needs a CP that is root");
	return 0;
}

static struct lan_member *member_of(const struct lan_feeder *f)
{
	struct list *pos;

	list_for_each (pos, &f->lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (!m->userid[0] && !strcmp(m->name, member_name(f->place)))
			return m;
	}
	return NULL;
}

static const char *pid_path(
	const struct lan *lan, enum lan_feeder_place place, char *buf, size_t len)
{
	snprintf(buf, len, "%s/lans/%s.%s.pid", lan->cp->rundir, lan->link->id,
		member_name(place));
	return buf;
}

static struct lan_feeder *feeder_new(struct lan *lan, enum lan_feeder_place place)
{
	struct lan_feeder *f = calloc(1, sizeof(*f));
	char name[40];

	if (!f)
		return NULL;
	f->lan = lan;
	f->place = place;
	snprintf(name, sizeof(name), "LAN.%s.%s", lan->link->id, member_name(place));
	service_init(&f->service, lan->cp, name, &ops, f);
	lan->link->feeder[place] = f;
	return f;
}

/* ---- Starting --------------------------------------------------------------------- */

static int conf_fd(const char *text)
{
	size_t len = strlen(text);
	int fd = memfd_create("uplink", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -EIO;
}

static void add_port(struct lan_feeder *f, struct lan_member *m, int fd)
{
	struct lan_port port;

	lan_member_port(f->lan, m, &port);
	m->plugged = true;
	lan_tell_process(f->lan, &(struct link_ask) { .type = LAN_PORT_ADD,
					 .verb = "UPLINK",
					 .head = &port,
					 .head_len = sizeof(port),
					 .fds = &fd,
					 .n_fds = 1 });
}

static int start(struct lan_feeder *f, const char *kind, int cable)
{
	static const struct cgroup_limits limits = { FEEDER_MEMORY, FEEDER_TASKS };
	char pid_file[4096];
	struct spawn what = { .program = "uplink",
		.name = kind,
		.pid_file = pid_path(f->lan, f->place, pid_file, sizeof(pid_file)),
		.host_net = f->place == FEEDER_UPLINK && strcmp(kind, "vde") != 0,
		.fd = { cable, conf_fd(f->conf), SPAWN_READY,
			spawn_seccomp(f->lan->cp->uplink_seccomp_fd) },
		.n_fds = UPLINK_FD_FIRST_FREE - UPLINK_FD_SOCK };
	const int conf = what.fd[1], seccomp = what.fd[3];
	int err = conf < 0 ? conf : seccomp < 0 ? seccomp : 0;

	if (!err)
		err = service_start(&f->service, &what, &limits);
	if (conf >= 0)
		close(conf);
	if (seccomp >= 0)
		close(seccomp);
	return err;
}

/* Its port is a new one each time. */
static struct lan_member *fresh_member(struct lan_feeder *f)
{
	struct lan_member *m = member_of(f);
	const struct message none = { 0 };

	if (m)
		lan_member_drop(m, &none);
	return lan_member_add_named(f->lan, member_name(f->place));
}

static void launch(struct lan_feeder *f)
{
	const char *kind = wanted(&f->lan->def, f->place);
	struct lan_member *m;
	int cable[2], err;

	if (!kind || f->lan->state != LS_ACTIVE || f->service.id.pid || f->clearing)
		return;
	m = fresh_member(f);
	free(f->conf);
	f->conf = lan_feeder_conf(f->lan, kind);
	if (!m || !f->conf || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, cable)) {
		on_ended(f, "no memory or descriptors");
		return;
	}
	add_port(f, m, cable[0]);
	err = start(f, kind, cable[1]);
	close(cable[0]);
	close(cable[1]);
	if (err)
		on_ended(f, strerror(-err));
}

/* Its pid file is there from before its start until nothing is left of it. */
static bool is_left_over(const struct lan *lan, enum lan_feeder_place place)
{
	char path[4096];

	return !access(pid_path(lan, place, path, sizeof(path)), F_OK);
}

/* The first of this cpd: there may be one of an earlier one, which goes first. */
static void clear_new(struct lan *lan, enum lan_feeder_place place)
{
	struct lan_feeder *f = feeder_new(lan, place);
	char path[4096];

	if (!f) {
		operator_say(lan->cp, MSG_NO_MEMORY, lan->link->shown);
		return;
	}
	cgroup_name(lan->cp->cgroups, f->service.name, &f->service.group);
	f->clearing = true;
	service_clear(&f->service, pid_path(lan, place, path, sizeof(path)), NULL,
		"it is of an earlier CP");
}

void lan_feeder_start(struct lan *lan)
{
	for (enum lan_feeder_place i = 0; i < FEEDERS; i++) {
		if (lan->link->feeder[i])
			launch(lan->link->feeder[i]);
		else if (wanted(&lan->def, i) || is_left_over(lan, i))
			clear_new(lan, i);
	}
}

static void on_ready(void *ctx)
{
	struct lan_feeder *f = ctx;

	f->since = loop_now(f->lan->cp->loop);
}

/* ---- Its end ---------------------------------------------------------------------- */

static void start_later(struct lan_feeder *f, uint64_t ns)
{
	struct loop *loop = f->lan->cp->loop;

	if (loop_timer_set(loop, &f->timer, loop_now(loop) + ns, on_timer, f))
		operator_say(f->lan->cp, MSG_NO_MEMORY, f->service.name);
}

static uint64_t delay_of(unsigned failures)
{
	uint64_t ns = FIRST_NS;

	for (unsigned i = 2; i < failures && ns < LAST_NS; i++)
		ns *= 2;
	return failures < 2 ? 0 : ns < LAST_NS ? ns : LAST_NS;
}

static void on_ended(void *ctx, const char *why)
{
	struct lan_feeder *f = ctx;
	struct lan *lan = f->lan;
	struct lan_member *m = member_of(f);
	const struct message none = { 0 };
	bool meant = f->clearing;
	char path[4096];

	unlink(pid_path(lan, f->place, path, sizeof(path)));
	f->clearing = false;
	if (m)
		lan_member_drop(m, &none);
	if (lan->state == LS_ENDING) { /* f goes with it, maybe here */
		lan_process_gone(lan);
		return;
	}
	if (!wanted(&lan->def, f->place) || lan->state != LS_ACTIVE)
		return;
	if (meant) {
		launch(f);
		return;
	}
	if (f->since && loop_now(lan->cp->loop) - f->since >= STABLE_NS)
		f->failures = 0;
	f->since = 0;
	if (++f->failures == FAILED_AT)
		operator_say(lan->cp, MSG_UPLINK_LOST, lan_word(&lan->def),
			lan->def.owner, lan->def.name, why);
	else
		log_warn("lan", "%s: %s", f->service.name, why);
	start_later(f, delay_of(f->failures));
}

/* It is time to start it, or to look whether it is configured as it should be. */
static void on_timer(struct loop_timer *timer)
{
	struct lan_feeder *f = timer->ctx;
	const char *kind = wanted(&f->lan->def, f->place);
	char *conf;

	if (!f->service.id.pid) {
		launch(f);
		return;
	}
	conf = kind ? lan_feeder_conf(f->lan, kind) : NULL;
	if (!conf || !f->conf || strcmp(conf, f->conf) != 0) {
		f->clearing = true;
		service_end(&f->service, "its configuration changes");
	}
	free(conf);
}

void lan_feeder_changed(struct lan *lan)
{
	if (lan->state != LS_ACTIVE)
		return;
	lan_feeder_start(lan);
	for (int i = 0; i < FEEDERS; i++) {
		struct lan_feeder *f = lan->link->feeder[i];

		if (f && !f->clearing && !f->timer.loop)
			start_later(f, SETTLE_NS);
	}
}

void lan_feeder_stop(struct lan *lan)
{
	for (int i = 0; i < FEEDERS; i++) {
		struct lan_feeder *f = lan->link->feeder[i];

		if (!f)
			continue;
		loop_timer_cancel(&f->timer);
		if (f->service.id.pid && !f->clearing) {
			f->clearing = true;
			service_end(&f->service, "its LAN has gone");
		}
	}
}

bool lan_feeder_gone(struct lan_member *m, const char *why)
{
	for (int i = 0; i < FEEDERS; i++) {
		struct lan_feeder *f = m->lan->link->feeder[i];

		if (!f || member_of(f) != m)
			continue;
		if (f->service.id.pid)
			service_end(&f->service, why);
		return true;
	}
	return false;
}

bool lan_feeder_end(struct lan *lan)
{
	bool any = false;

	lan_feeder_stop(lan);
	for (enum lan_feeder_place i = 0; i < FEEDERS; i++) {
		if (!lan->link->feeder[i] && is_left_over(lan, i))
			clear_new(lan, i);
		any |= lan->link->feeder[i] && lan->link->feeder[i]->clearing;
	}
	return !any;
}

void lan_feeder_free(struct lan *lan)
{
	for (int i = 0; i < FEEDERS; i++) {
		struct lan_feeder *f = lan->link->feeder[i];

		if (!f)
			continue;
		loop_timer_cancel(&f->timer);
		service_fini(&f->service);
		free(f->conf);
		free(f);
		lan->link->feeder[i] = NULL;
	}
}
