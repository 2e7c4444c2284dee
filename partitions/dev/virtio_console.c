/* Console device (virtio 1.2, 5.3): port 0 is the guest's console, port 1 the way to CP.
 *
 * A driver that does not take MULTIPORT has the console only, always open.  What the host
 * sends waits in bounded queues until the driver gives buffers for it. */
#include "partitions/dev/virtio_console.h"

#include "partitions/dev/console_port.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_SIZE    64
#define CONSOLE_KEEP  65536    /* bytes typed that wait for the guest */
#define CP_KEEP       262144   /* bytes of frames that do */
#define CHAIN_MAX     0x100000 /* bytes a guest may write at once */
#define COMMUNICATION 0x078000

static const struct virtio_ops console_ops;

static struct virtio_console *console_of(struct virtio *v)
{
	return (struct virtio_console *)v;
}

bool virtio_console_opened(const struct device *d)
{
	const struct virtio_console *c = (const struct virtio_console *)d;

	if (!(c->v.status & VIRTIO_CONFIG_S_DRIVER_OK) ||
		c->v.status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return false;
	return c->port[PORT_CONSOLE].open ||
	       !virtio_has(&c->v, VIRTIO_CONSOLE_F_MULTIPORT);
}

size_t virtio_console_input(struct device *d, const void *bytes, size_t len)
{
	struct virtio_console *c = (struct virtio_console *)d;
	size_t taken;

	if (!virtio_console_opened(d))
		return 0;
	taken = bytes_put(&c->port[PORT_CONSOLE].out, bytes, len);
	virtio_kick(&c->v, QUEUE_CONSOLE_RX);
	return taken;
}

int virtio_console_cp_send(struct device *d, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len)
{
	struct virtio_console *c = (struct virtio_console *)d;
	struct bytes *out = &c->port[PORT_CP].out;
	const struct cp_frame head = {
		.magic = CP_FRAME_MAGIC,
		.len = (uint32_t)len,
		.id = id,
		.type = type,
		.flags = flags,
	};

	if (!c->port[PORT_CP].open || c->v.status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return -EBUSY;
	if (len > CP_FRAME_MAX || sizeof(head) + len > bytes_room(out))
		return -ENOBUFS;
	bytes_put(out, &head, sizeof(head));
	bytes_put(out, data, len);
	virtio_kick(&c->v, QUEUE_CP_RX);
	return 0;
}

static int virtio_console_create(struct device *d, const struct device_conf *conf)
{
	struct virtio_console *c = (struct virtio_console *)d;
	int err = bytes_init(&c->port[PORT_CONSOLE].out, CONSOLE_KEEP);

	(void)conf;
	if (!err)
		err = bytes_init(&c->port[PORT_CP].out, CP_KEEP);
	if (err)
		return err;
	c->config.max_nr_ports = PORTS;
	return virtio_init(&c->v, &console_ops, UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT,
		&c->config, sizeof(c->config));
}

static void virtio_console_destroy(struct device *d)
{
	struct virtio_console *c = (struct virtio_console *)d;

	virtio_fini(&c->v);
	for (unsigned i = 0; i < PORTS; i++)
		bytes_fini(&c->port[i].out);
}

static int virtio_console_snap(struct device *d, struct snap *s)
{
	struct virtio_console *c = (struct virtio_console *)d;
	char tag[24];

	if (virtio_snap(&c->v, s))
		return s->err;
	snprintf(tag, sizeof(tag), "virtio_console.%04x", d->vdev);
	if (!snap_begin(s, tag, 1))
		return s->err;
	snap_bool(s, "console_open", &c->port[PORT_CONSOLE].open);
	bytes_snap(&c->port[PORT_CONSOLE].out, s, "console_out");
	snap_bool(s, "cp_open", &c->port[PORT_CP].open);
	bytes_snap(&c->port[PORT_CP].out, s, "cp_out");
	snap_bool(s, "cp_enabled", &c->enabled);
	cp_stream_snap(&c->stream, s);
	virtio_console_control_snap(c, s);
	snap_end(s);
	if (s->loading && !s->err)
		d->machine->ops->cp_enable(d->machine, c->enabled);
	return s->err;
}

const struct device_ops virtio_console_ops = {
	.name = "virtio_console",
	.size = sizeof(struct virtio_console),
	.create = virtio_console_create,
	.destroy = virtio_console_destroy,
	.reset = virtio_reset,
	.snap = virtio_console_snap,
	.quiesce = virtio_quiesce,
	.resume = virtio_resume,
	.stat = virtio_stat,
};

/* Whoever opens CP's port finds nothing of those before: no half a command of theirs, no
 * rest of an answer to them. */
static void forget_cp(struct virtio_console *c)
{
	struct machine *m = c->v.dev.machine;

	cp_stream_reset(&c->stream);
	bytes_clear(&c->port[PORT_CP].out);
	if (c->enabled)
		m->ops->cp_enable(m, false);
	c->enabled = false;
	m->ops->cp_reset(m);
}

void virtio_console_set_open(struct virtio_console *c, unsigned port, bool open)
{
	c->port[port].open = open;
	if (port == PORT_CP)
		forget_cp(c);
	else if (!open)
		bytes_clear(&c->port[port].out);
}

static bool discard(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	virtio_push(v, q, chain->head, 0);
	return true;
}

void virtio_console_discard(struct virtio_console *c)
{
	virtio_run(&c->v, QUEUE_CP_TX, discard);
}

static void frame(void *ctx, const struct cp_frame *head, const void *data)
{
	struct virtio_console *c = ctx;
	struct machine *m = c->v.dev.machine;
	const uint32_t too_long = CP_RC_TOO_LONG;

	switch (head->type) {
	case CP_COMMAND:
		if (data)
			m->ops->cp_command(m, head->id, head->flags, data, head->len);
		else
			virtio_console_cp_send(&c->v.dev, CP_DONE, head->id, 0, &too_long,
				sizeof(too_long));
		break;
	case CP_ENABLE:
		c->enabled = true;
		m->ops->cp_enable(m, true);
		break;
	default: break; /* of a guest's newer than us */
	}
}

/* What a guest writes to a port is copied before it is looked at. */
static bool take_output(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct virtio_console *c = console_of(v);
	struct machine *m = v->dev.machine;
	uint8_t piece[1024];
	size_t n;

	if (chain->out_bytes > CHAIN_MAX) {
		virtio_break(v, "more than 1 MiB was written at once");
		return true;
	}
	for (size_t at = 0; at < chain->out_bytes; at += n) {
		n = iov_read(chain->out, chain->n_out, at, piece, sizeof(piece));
		if (q == QUEUE_CONSOLE_TX)
			m->ops->console_out(m, &c->v.dev, piece, n);
		else if (c->port[PORT_CP].open)
			cp_stream_feed(&c->stream, piece, n, frame, c);
	}
	v->stat.out_ops++;
	v->stat.out_bytes += chain->out_bytes;
	virtio_push(v, q, chain->head, 0);
	return true;
}

static struct bytes *input_of(struct virtio_console *c, unsigned q)
{
	return &c->port[q == QUEUE_CP_RX ? PORT_CP : PORT_CONSOLE].out;
}

static bool fill_input(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct bytes *out = input_of(console_of(v), q);
	size_t n;

	if (!out->len)
		return false;
	if (!chain->in_bytes) {
		virtio_break(v, "a receive buffer has no room");
		return true;
	}
	n = iov_write(chain->in, chain->n_in, 0, bytes_front(out), out->len);
	bytes_drop(out, n);
	v->stat.in_ops++;
	v->stat.in_bytes += n;
	virtio_push(v, q, chain->head, (uint32_t)n);
	return true;
}

/* Buffers for the driver to receive into are of no interest until there is something. */
static void send_input(struct virtio_console *c, unsigned q)
{
	if (input_of(c, q)->len)
		virtio_run(&c->v, q, fill_input);
	else
		vring_disable_kicks(&c->v.queue[q].ring);
}

/* What was written to CP's port after it was opened may be seen before the message that
 * says so, which is on another queue: that one is looked at first. */
static void console_kicked(struct virtio *v, unsigned q)
{
	struct virtio_console *c = console_of(v);

	switch (q) {
	case QUEUE_CONSOLE_RX:
	case QUEUE_CP_RX: send_input(c, q); break;
	case QUEUE_CONSOLE_TX: virtio_run(v, q, take_output); break;
	case QUEUE_CONTROL_RX: virtio_console_control_send(c); break;
	case QUEUE_CONTROL_TX: virtio_console_control_receive(c); break;
	case QUEUE_CP_TX:
		virtio_console_control_receive(c);
		virtio_run(v, q, take_output);
		break;
	}
}

static void console_reset(struct virtio *v)
{
	struct virtio_console *c = console_of(v);

	for (unsigned i = 0; i < PORTS; i++) {
		if (c->port[i].open)
			virtio_console_set_open(c, i, false);
		bytes_clear(&c->port[i].out);
	}
	c->n_control = 0;
}

static const struct virtio_ops console_ops = {
	.type = VIRTIO_ID_CONSOLE,
	.class_code = COMMUNICATION,
	.n_queues = CONSOLE_QUEUES,
	.queue_size = QUEUE_SIZE,
	.kicked = console_kicked,
	.reset = console_reset,
};
