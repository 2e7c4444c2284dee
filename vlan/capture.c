/* Traces: what the switch's thread does for them. */
#include "vlan/capture.h"

#include "vlan/capture_filter.h"
#include "vlan/capture_writer.h"

#include "cp/lib/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NOTES     8
#define NOTE_MAX  256
#define NOTE_TIME 64 /* bytes of text before one */
#define SLOTS     1024
#define BLOCKS    1024 /* of a packet: bytes beside the frame and notes; of an interface */
#define NS_PER_S  UINT64_C(1000000000)

struct note {
	uint64_t at;
	char text[NOTE_MAX];
};

struct trace {
	struct list node;
	struct captures *c;
	struct lan_trace conf;
	struct capture_filter filter;
	struct capture_writer *writer;
	uint64_t kept, lost;
	struct note note[NOTES]; /* that wait for the next frame */
	int n_notes;
	bool broken, ending;
	int err;
	void (*done)(void *ctx);
	void *done_ctx;

	/* Interfaces of the file: the names of ports, in the order they came. */
	uint32_t n_interfaces;
	struct slot { /* where a port's was found last, by its id */
		uint32_t port, interface;
	} slot[SLOTS];
	char name[CAPTURE_INTERFACES][LAN_NAME];
	struct capture_count count[CAPTURE_INTERFACES];
};

struct captures {
	struct lan_switch *sw;
	const struct captures_ops *ops;
	void *ctx;
	struct list traces;
	int n_traces;
	int news;                       /* eventfd, of the writers */
	uint8_t scratch[FRAME_MAX + 4]; /* of a filter */
};

static void retap(struct captures *c);
static void on_event(void *ctx, const struct switch_event *ev);
static bool selected(const struct trace *t, const struct switch_event *ev);
static void keep(struct trace *t, const struct switch_event *ev);
static struct trace *find(const struct captures *c, uint32_t id);
static void end(struct trace *t);
static void destroy(struct trace *t);
static bool look(struct trace *t);
static int start_writer(struct trace *t, const int *fds, int n_fds);

int captures_create(struct lan_switch *sw, const struct captures_ops *ops, void *ctx,
	struct captures **out)
{
	struct captures *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->news < 0) {
		free(c);
		return -errno;
	}
	c->sw = sw;
	c->ops = ops;
	c->ctx = ctx;
	list_init(&c->traces);
	*out = c;
	return 0;
}

void captures_destroy(struct captures *c)
{
	struct list *pos, *tmp;

	if (!c)
		return;
	switch_tap(c->sw, NULL, NULL);
	list_for_each (pos, &c->traces) /* all at once, then wait for each */
		end(container_of(pos, struct trace, node));
	list_for_each_safe (pos, tmp, &c->traces)
		destroy(container_of(pos, struct trace, node));
	close(c->news);
	free(c);
}

static void close_all(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

int capture_add(struct captures *c, const struct lan_trace *conf,
	const struct sock_filter *insn, const int *fds, int n_fds)
{
	struct trace *t = NULL;
	int err = 0;

	if (n_fds < 1 || n_fds > LAN_MAX_FILES)
		err = -EINVAL;
	else if (find(c, conf->id))
		err = -EEXIST;
	else if (c->n_traces == LAN_MAX_TRACES)
		err = -ENOSPC;
	else if (!(t = calloc(1, sizeof(*t))))
		err = -ENOMEM;
	else
		err = capture_filter_set(&t->filter, insn, conf->n_insns);
	if (err) {
		close_all(fds, n_fds);
		free(t);
		return err;
	}
	t->c = c;
	t->conf = *conf;
	err = start_writer(t, fds, n_fds);
	if (err)
		return err;
	list_append(&c->traces, &t->node);
	c->n_traces++;
	retap(c);
	return 0;
}

int capture_set(struct captures *c, const struct lan_trace_set *set)
{
	struct trace *t = find(c, set->id);

	if (!t)
		return -ENOENT;
	t->conf.flags &= ~LAN_TRACE_OFF;
	t->conf.flags |= set->flags & LAN_TRACE_OFF;
	retap(c);
	return 0;
}

int capture_note(
	struct captures *c, uint32_t id, const char *text, size_t len, uint64_t now)
{
	struct trace *t = find(c, id);
	struct note *n;

	if (!t)
		return -ENOENT;
	if (t->n_notes == NOTES)
		return -ENOSPC;
	n = &t->note[t->n_notes++];
	n->at = now;
	snprintf(n->text, sizeof(n->text), "%.*s", (int)len, text);
	return 0;
}

int capture_del(struct captures *c, uint32_t id, void (*done)(void *ctx), void *ctx)
{
	struct trace *t = find(c, id);

	if (!t)
		return -ENOENT;
	t->done = done;
	t->done_ctx = ctx;
	end(t);
	retap(c);
	look(t);
	return 0;
}

int captures_fd(const struct captures *c)
{
	return c->news;
}

/* What is told may add and end traces: then the list is another. */
static bool look_at_all(struct captures *c)
{
	struct list *pos;

	list_for_each (pos, &c->traces) {
		if (look(container_of(pos, struct trace, node)))
			return true;
	}
	return false;
}

void captures_poll(struct captures *c)
{
	bool more = true;

	eventfd_read(c->news, &(eventfd_t) { 0 });
	while (more)
		more = look_at_all(c);
}

static enum lan_trace_state state(const struct trace *t)
{
	if (t->broken)
		return LAN_TRACE_BROKEN;
	return t->conf.flags & LAN_TRACE_OFF ? LAN_TRACE_DISABLED : LAN_TRACE_ACTIVE;
}

int captures_stat(const struct captures *c, struct lan_stat_trace *out, int max)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &c->traces) {
		const struct trace *t = container_of(pos, struct trace, node);

		if (t->ending || n == max)
			continue;
		out[n++] = (struct lan_stat_trace) {
			.id = t->conf.id,
			.state = state(t),
			.frames = t->kept,
			.bytes = capture_writer_bytes(t->writer),
			.dropped = t->lost,
			.err = -t->err,
			.file = (uint32_t)capture_writer_file(t->writer),
		};
	}
	return n;
}

static int start_writer(struct trace *t, const int *fds, int n_fds)
{
	struct captures *c = t->c;
	const struct capture_writer_conf conf = { .fds = fds,
		.n_fds = n_fds,
		.size = t->conf.size,
		.count = t->count,
		.news = c->news,
		.started = c->ops->thread_started,
		.ctx = c->ctx };
	int err = capture_writer_create(&conf, &t->writer);

	if (err) {
		capture_filter_free(&t->filter);
		free(t);
	}
	return err;
}

static struct trace *find(const struct captures *c, uint32_t id)
{
	struct list *pos;

	list_for_each (pos, &c->traces) {
		struct trace *t = container_of(pos, struct trace, node);

		if (t->conf.id == id && !t->ending)
			return t;
	}
	return NULL;
}

static bool takes(const struct trace *t)
{
	return !t->broken && !t->ending && !(t->conf.flags & LAN_TRACE_OFF);
}

/* The switch is not slowed down by traces that take nothing. */
static void retap(struct captures *c)
{
	const struct list *pos;
	bool any = false;

	list_for_each (pos, &c->traces)
		any |= takes(container_of(pos, const struct trace, node));
	switch_tap(c->sw, any ? on_event : NULL, any ? c : NULL);
}

static void destroy(struct trace *t)
{
	list_remove(&t->node);
	t->c->n_traces--;
	capture_writer_destroy(t->writer);
	capture_filter_free(&t->filter);
	free(t);
}

/* Tells what has become of a trace; it may be no more then.  True: something was told. */
static bool look(struct trace *t)
{
	struct captures *c = t->c;
	void (*done)(void *ctx) = t->done;
	void *ctx = t->done_ctx;
	int err = 0;

	if (!capture_writer_over(t->writer, &err))
		return false;
	if (t->ending) {
		destroy(t);
		done(ctx);
		return true;
	}
	if (t->broken)
		return false;
	t->broken = true;
	t->err = err;
	retap(c);
	c->ops->broken(c->ctx, t->conf.id,
		err == -EPIPE ? "nobody reads it any more" : strerrordesc_np(-err));
	return true;
}

/* What waits to be noted, as one text; "" and nothing is forgotten where there is none.
 * `now` 0: without how long ago that was. */
static void notes_text(const struct trace *t, uint64_t now, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < t->n_notes; i++) {
		const struct note *n = &t->note[i];
		uint64_t ago = now > n->at ? now - n->at : 0;
		char when[NOTE_TIME] = "";

		if (now)
			snprintf(when, sizeof(when), " %llu.%09llu s before",
				(unsigned long long)(ago / NS_PER_S),
				(unsigned long long)(ago % NS_PER_S));
		len += (size_t)snprintf(buf + len, size - len, "%snote%s: %s",
			i ? "\n" : "", when, n->text);
	}
}

static void end(struct trace *t)
{
	char notes[NOTES * (NOTE_MAX + NOTE_TIME)];

	if (t->ending)
		return;
	t->ending = true;
	notes_text(t, 0, notes, sizeof(notes));
	capture_writer_end(t->writer, notes);
}

static void on_event(void *ctx, const struct switch_event *ev)
{
	struct captures *c = ctx;
	struct list *pos;

	list_for_each (pos, &c->traces) {
		struct trace *t = container_of(pos, struct trace, node);

		if (takes(t) && selected(t, ev))
			keep(t, ev);
	}
}

static bool selected(const struct trace *t, const struct switch_event *ev)
{
	const struct lan_trace *conf = &t->conf;

	if (conf->flags & LAN_TRACE_DROPPED && ev->drop == DROP_NONE)
		return false;
	if (conf->flags & LAN_TRACE_TRUNK && !(ev->port->conf.flags & LAN_PORT_UPLINK))
		return false;
	if (conf->port && conf->port != ev->port->conf.id)
		return false;
	if (conf->name[0] && strncmp(conf->name, ev->port->conf.name, LAN_NAME) != 0)
		return false;
	return !conf->vlan || (ev->frame && conf->vlan == ev->frame->vlan);
}

/* The interface of this port, a new one where it has not been seen yet; a NIC that comes
 * again has the one it had.  CAPTURE_INTERFACES: there are too many. */
static uint32_t interface_of(struct trace *t, const struct lan_port *port)
{
	struct slot *slot = &t->slot[port->id % SLOTS];

	if (slot->port == port->id && slot->interface < t->n_interfaces &&
		!strcmp(t->name[slot->interface], port->name))
		return slot->interface;
	slot->port = port->id;
	for (slot->interface = 0; slot->interface < t->n_interfaces; slot->interface++) {
		if (!strcmp(t->name[slot->interface], port->name))
			return slot->interface;
	}
	return slot->interface;
}

/* Describes the interface in the file, if it is not there yet. */
static void describe(
	struct trace *t, uint32_t interface, const char *name, struct pcapng *p)
{
	if (interface < t->n_interfaces)
		return;
	pcapng_interface(p, name, t->conf.length);
	memcpy(t->name[interface], name, LAN_NAME);
	t->n_interfaces++;
}

/* Of what the port sent or got, with a tag where the wire would have one. */
static struct egress as_on_wire(const struct switch_event *ev)
{
	static const struct frame none;

	if (ev->egress)
		return *ev->egress;
	if (!ev->frame)
		return (struct egress) { .frame = &none };
	return (struct egress) {
		.frame = ev->frame, .tagged = ev->frame->tagged, .tci = ev->frame->tci
	};
}

/* What is said of a frame beside its bytes. */
static const char *drop_text(enum lan_drop drop)
{
	static const char *const text[LAN_DROPS + 1] = {
#define DROP(NAME, key, what) "dropped: " what,
#include "cp/lan_drops.def"
#undef DROP
	};

	return text[drop];
}

static void record(struct trace *t, const struct switch_event *ev, const struct egress *e,
	uint32_t caplen, uint32_t interface)
{
	char vlan[16], notes[NOTES * (NOTE_MAX + NOTE_TIME)];
	struct pcapng_packet packet = { .interface = interface,
		.time = ev->now,
		.caplen = caplen,
		.len = egress_len(e),
		.flags = ev->egress ? PCAPNG_INBOUND : PCAPNG_OUTBOUND,
		.comment = { drop_text(ev->drop) } };
	size_t need = BLOCKS + caplen + (t->n_notes ? sizeof(notes) : 0);
	struct pcapng p = { .buf = capture_writer_room(t->writer, need), .max = need };

	if (!p.buf) {
		t->lost++;
		if (interface < t->n_interfaces)
			t->count[interface].lost++;
		return;
	}
	if (e->frame->vlan) {
		snprintf(vlan, sizeof(vlan), "VLAN %u", e->frame->vlan);
		packet.comment[1] = vlan;
	}
	notes_text(t, ev->now, notes, sizeof(notes));
	packet.comment[2] = t->n_notes ? notes : NULL;
	describe(t, interface, ev->port->conf.name, &p);
	egress_copy(e, 0, pcapng_packet(&p, &packet), caplen);
	capture_writer_push(t->writer, p.len);
	t->n_notes = 0;
	t->kept++;
	t->count[interface].kept++;
}

static void keep(struct trace *t, const struct switch_event *ev)
{
	const struct egress e = as_on_wire(ev);
	uint32_t len = egress_len(&e);
	uint32_t caplen = capture_filter_run(&t->filter, &e, t->c->scratch);
	uint32_t interface;

	if (!caplen && t->filter.insn)
		return;
	caplen = caplen < len ? caplen : len;
	if (t->conf.length && caplen > t->conf.length)
		caplen = t->conf.length;
	interface = interface_of(t, &ev->port->conf);
	if (interface < CAPTURE_INTERFACES)
		record(t, ev, &e, caplen, interface);
	else
		t->lost++;
}
