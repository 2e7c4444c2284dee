/* The requests of cpd: one table, one function each. */
#include "vlan/ctl.h"

#include "vlan/port_tap.h"
#include "vlan/port_vhost.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A request being served. */
struct request {
	struct lan_ctl *ctl;
	struct wire_msg *msg;
	char why[CTL_TEXT]; /* for people; "" where errno says it */
};

/* 0: answered by LAN_OK alone; ANSWERED: it has answered, or will; -errno: LAN_FAIL. */
typedef int request_fn(struct request *r);
#define ANSWERED 1

static request_fn hello, set, port_add, port_set, port_del, mirror, stat_ports, fdb,
	vlans, trace_add, trace_set, trace_note, trace_del, trace_stat, replay_start,
	replay_stop, end_process;

static request_fn *const requests[] = {
	[LAN_HELLO] = hello,
	[LAN_SET] = set,
	[LAN_PORT_ADD] = port_add,
	[LAN_PORT_SET] = port_set,
	[LAN_PORT_DEL] = port_del,
	[LAN_MIRROR] = mirror,
	[LAN_STAT] = stat_ports,
	[LAN_FDB] = fdb,
	[LAN_VLANS] = vlans,
	[LAN_TRACE_ADD] = trace_add,
	[LAN_TRACE_SET] = trace_set,
	[LAN_TRACE_NOTE] = trace_note,
	[LAN_TRACE_DEL] = trace_del,
	[LAN_TRACE_STAT] = trace_stat,
	[LAN_REPLAY] = replay_start,
	[LAN_REPLAY_END] = replay_stop,
	[LAN_END] = end_process,
};
#define N_REQUESTS (sizeof(requests) / sizeof(requests[0]))

static int malformed(struct request *r, const char *what)
{
	snprintf(r->why, sizeof(r->why), "%s", what);
	return -EPROTO;
}

void lan_ctl_request(struct lan_ctl *c, struct wire_msg *msg)
{
	struct request r = { .ctl = c, .msg = msg };
	int result;

	if (!c->version && msg->type != LAN_HELLO)
		result = malformed(&r, "no HELLO yet");
	else if (msg->type >= N_REQUESTS || !requests[msg->type])
		result = malformed(&r, "unknown request");
	else
		result = requests[msg->type](&r);
	if (!result)
		lan_ctl_answer(c, LAN_OK, msg->id, NULL, 0);
	else if (result < 0)
		lan_ctl_fail(
			c, msg->id, result, r.why[0] ? r.why : strerrordesc_np(-result));
}

static int answer(const struct request *r, const void *data, size_t len)
{
	lan_ctl_answer(r->ctl, LAN_OK, r->msg->id, data, len);
	return ANSWERED;
}

static uint32_t take_id(const struct request *r)
{
	struct lan_id id;

	wire_head(r->msg, &id, sizeof(id));
	return id.id;
}

static struct lan_switch *switch_of(const struct request *r)
{
	return r->ctl->host.sw;
}

static int hello(struct request *r)
{
	struct lan_hello_answer a = { .features = port_vhost_features() };
	struct lan_hello h;
	struct lan_stat stat;

	wire_head(r->msg, &h, sizeof(h));
	if (!h.version)
		return malformed(r, "a version too old");
	switch_stat(switch_of(r), &stat);
	a.version = r->ctl->version = h.version < LAN_VERSION ? h.version : LAN_VERSION;
	a.n_ports = stat.n_ports;
	lan_ctl_answer(r->ctl, LAN_HELLO_ANSWER, r->msg->id, &a, sizeof(a));
	return ANSWERED;
}

static int set(struct request *r)
{
	struct lan_conf conf;

	wire_head(r->msg, &conf, sizeof(conf));
	conf.name[sizeof(conf.name) - 1] = '\0';
	if (conf.mtu < 576 || conf.mtu > 65535)
		return malformed(r, "an MTU that cannot be");
	switch_set(switch_of(r), &conf);
	return 0;
}

/* ---- Ports ---- */

static bool take_port(const struct request *r, struct lan_port *conf)
{
	wire_head(r->msg, conf, sizeof(*conf));
	conf->name[sizeof(conf->name) - 1] = '\0';
	return conf->id && conf->id < CTL_REPLAY_PORT && conf->native < 4095;
}

typedef int plug_fn(struct lan_host *host, const struct lan_port *conf, int fd,
	struct lan_plug **out);

static int plug_none(
	struct lan_host *host, const struct lan_port *conf, int fd, struct lan_plug **out)
{
	if (fd >= 0)
		close(fd);
	return port_none_create(host, conf, out);
}

static int port_add(struct request *r)
{
	static plug_fn *const kinds[] = {
		[LAN_PORT_VHOST] = port_vhost_create,
		[LAN_PORT_TAP] = port_tap_create,
		[LAN_PORT_DGRAM] = port_dgram_create,
		[LAN_PORT_NONE] = plug_none,
	};
	struct lan_plug *plug;
	struct lan_port conf;
	int fd;

	if (!take_port(r, &conf))
		return malformed(r, "a port that cannot be");
	if (conf.kind >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[conf.kind])
		return malformed(r, "an unknown kind of port");
	if (switch_port_find(switch_of(r), conf.id))
		return -EEXIST;
	fd = wire_take_fd(r->msg, 0);
	if (fd < 0 && conf.kind != LAN_PORT_NONE)
		return malformed(r, "a port without its descriptor");
	return kinds[conf.kind](&r->ctl->host, &conf, fd, &plug);
}

static int port_set(struct request *r)
{
	struct lan_port conf;
	struct port *port;

	if (!take_port(r, &conf))
		return malformed(r, "a port that cannot be");
	port = switch_port_find(switch_of(r), conf.id);
	if (!port)
		return -ENOENT;
	conf.kind = port->conf.kind;
	switch_port_set(switch_of(r), port, &conf);
	return 0;
}

static int port_del(struct request *r)
{
	struct port *port = switch_port_find(switch_of(r), take_id(r));
	struct lan_plug *plug;

	if (!port)
		return -ENOENT;
	lan_ctl_replay_port_gone(r->ctl, port->conf.id);
	plug = plug_of(port);
	plug->ops->destroy(plug);
	return 0;
}

static int mirror(struct request *r)
{
	struct lan_mirror m;
	struct port *from, *to;

	wire_head(r->msg, &m, sizeof(m));
	from = switch_port_find(switch_of(r), m.from);
	to = m.to ? switch_port_find(switch_of(r), m.to) : NULL;
	if (!from || (m.to && !to))
		return -ENOENT;
	return switch_mirror(switch_of(r), from, to);
}

/* ---- Figures ---- */

#define STAT_PORTS \
	((WIRE_MAX_DATA - sizeof(struct lan_stat)) / sizeof(struct lan_stat_port))

static void stat_port(struct port *port, struct lan_stat_port *out)
{
	const struct lan_plug *plug = plug_of(port);

	*out = (struct lan_stat_port) { .id = port->conf.id,
		.state = plug->state,
		.in_frames = port->in.frames,
		.in_bytes = port->in.bytes,
		.out_frames = port->out.frames,
		.out_bytes = port->out.bytes };
	memcpy(out->in_drops, port->in.drops, sizeof(port->in.drops));
	memcpy(out->out_drops, port->out.drops, sizeof(port->out.drops));
	plug->ops->stat(plug, out);
}

/* A record as large as it may be; it is built on the heap. */
static int stat_ports(struct request *r)
{
	struct {
		struct lan_stat all;
		struct lan_stat_port port[];
	} *a = malloc(WIRE_MAX_DATA);
	uint32_t after = take_id(r);
	struct port *port;
	size_t n = 0;

	_Static_assert(LAN_DROPS <= LAN_DROP_ROOM, "every reason has room");
	if (!a)
		return -ENOMEM;
	switch_stat(switch_of(r), &a->all);
	while (n < STAT_PORTS && (port = switch_port_next(switch_of(r), after))) {
		stat_port(port, &a->port[n++]);
		after = port->conf.id;
	}
	answer(r, a, sizeof(a->all) + n * sizeof(a->port[0]));
	free(a);
	return ANSWERED;
}

static int fdb(struct request *r)
{
	enum { MAX = WIRE_MAX_DATA / sizeof(struct lan_fdb_entry) };
	struct lan_fdb_entry *a = calloc(MAX, sizeof(*a));
	struct lan_fdb_from from;
	int n;

	if (!a)
		return -ENOMEM;
	wire_head(r->msg, &from, sizeof(from));
	n = switch_fdb(switch_of(r), from.after, a, MAX, lan_now());
	answer(r, a, (size_t)n * sizeof(*a));
	free(a);
	return ANSWERED;
}

static int vlans(struct request *r)
{
	enum { MAX = 1024 };
	struct lan_stat_vlan a[MAX];
	int n = switch_vlans(switch_of(r), (uint16_t)take_id(r), a, MAX);

	return answer(r, a, (size_t)n * sizeof(a[0]));
}

/* ---- Traces and replays ---- */

static int trace_add(struct request *r)
{
	struct lan_trace t;
	int fds[LAN_MAX_FILES], n = r->msg->n_fds;
	const void *insns;
	size_t len;

	wire_head(r->msg, &t, sizeof(t));
	insns = wire_tail(r->msg, sizeof(t), &len);
	if (n < 1 || n > LAN_MAX_FILES)
		return malformed(r, "a trace without files, or with too many");
	if (len / sizeof(struct sock_filter) < t.n_insns)
		return malformed(r, "a filter that is cut short");
	for (int i = 0; i < n; i++)
		fds[i] = wire_take_fd(r->msg, i);
	return capture_add(r->ctl->captures, &t, insns, fds, n);
}

static int trace_set(struct request *r)
{
	struct lan_trace_set s;

	wire_head(r->msg, &s, sizeof(s));
	return capture_set(r->ctl->captures, &s);
}

static int trace_note(struct request *r)
{
	const char *text;
	size_t len;

	text = wire_tail(r->msg, sizeof(struct lan_id), &len);
	return capture_note(r->ctl->captures, take_id(r), text, len, lan_now());
}

/* Who waits for the end of a trace. */
struct trace_end {
	struct lan_ctl *ctl;
	uint32_t id;         /* of the request... */
	uint32_t generation; /* ...and of the connection it came by */
};

static void trace_ended(void *ctx)
{
	struct trace_end *e = ctx;

	if (e->ctl->generation == e->generation)
		lan_ctl_answer(e->ctl, LAN_OK, e->id, NULL, 0);
	free(e);
}

static int trace_del(struct request *r)
{
	struct trace_end *e = malloc(sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	*e = (struct trace_end) { r->ctl, r->msg->id, r->ctl->generation };
	err = capture_del(r->ctl->captures, take_id(r), trace_ended, e);
	if (err)
		free(e);
	return err ? err : ANSWERED;
}

static int trace_stat(struct request *r)
{
	struct lan_stat_trace a[LAN_MAX_TRACES];
	int n = captures_stat(r->ctl->captures, a, LAN_MAX_TRACES);

	return answer(r, a, (size_t)n * sizeof(a[0]));
}

static int replay_start(struct request *r)
{
	struct lan_replay conf;
	const char *why = "";
	int err, fd;

	wire_head(r->msg, &conf, sizeof(conf));
	if (!conf.id || conf.id >= CTL_REPLAY_PORT)
		return malformed(r, "a replay that cannot be");
	fd = wire_take_fd(r->msg, 0);
	if (fd < 0)
		return malformed(r, "a replay without its file");
	err = lan_ctl_replay_start(r->ctl, &conf, fd, r->msg->id, &why);
	snprintf(r->why, sizeof(r->why), "%s", why);
	return err ? err : ANSWERED;
}

static int replay_stop(struct request *r)
{
	return lan_ctl_replay_end(r->ctl, take_id(r));
}

static int end_process(struct request *r)
{
	(void)r;
	_exit(0);
}
