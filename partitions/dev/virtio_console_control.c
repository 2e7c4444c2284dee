/* The control queues of the console device (virtio 1.2, 5.3.6.2). */
#include "partitions/dev/virtio_console.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 32

static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain);
static bool fill(struct virtio *v, unsigned q, const struct vring_chain *chain);
static void handle(struct virtio_console *c, const struct virtio_console_control *msg);

void virtio_console_control_send(struct virtio_console *c)
{
	if (c->n_control)
		virtio_run(&c->v, QUEUE_CONTROL_RX, fill);
	else
		vring_disable_kicks(&c->v.queue[QUEUE_CONTROL_RX].ring);
}

void virtio_console_control_receive(struct virtio_console *c)
{
	virtio_run(&c->v, QUEUE_CONTROL_TX, take);
}

void virtio_console_control_snap(struct virtio_console *c, struct snap *s)
{
	size_t len = c->n_control * sizeof(c->control[0]);

	snap_blob(s, "control", c->control, &len, sizeof(c->control));
	snap_check(s, "control", len % sizeof(c->control[0]) == 0);
	if (!s->err)
		c->n_control = (unsigned)(len / sizeof(c->control[0]));
}

/* The message is returned first: what it leads to may look at other queues. */
static bool take(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct virtio_console_control msg;
	size_t n = iov_read(chain->out, chain->n_out, 0, &msg, sizeof(msg));

	if (n < sizeof(msg)) {
		virtio_break(v, "a control message is too short");
		return true;
	}
	virtio_push(v, q, chain->head, 0);
	handle((struct virtio_console *)v, &msg);
	return true;
}

static const char *port_name(const struct virtio_console *c, unsigned port, char *buf)
{
	if (port == PORT_CP)
		return CP_PORT_NAME;
	snprintf(buf, NAME_MAX_LEN, "%04x", c->v.dev.vdev);
	return buf;
}

static bool fill(struct virtio *v, unsigned q, const struct vring_chain *chain)
{
	struct virtio_console *c = (struct virtio_console *)v;
	const struct virtio_console_control *msg = &c->control[0];
	char buf[NAME_MAX_LEN];
	size_t n = sizeof(*msg);

	if (!c->n_control)
		return false;
	if (chain->in_bytes < sizeof(*msg) + NAME_MAX_LEN) {
		virtio_break(v, "a control buffer is too small");
		return true;
	}
	iov_write(chain->in, chain->n_in, 0, msg, sizeof(*msg));
	if (msg->event == VIRTIO_CONSOLE_PORT_NAME) {
		const char *name = port_name(c, msg->id, buf);

		n += iov_write(chain->in, chain->n_in, n, name, strlen(name));
	}
	memmove(&c->control[0], &c->control[1], --c->n_control * sizeof(*msg));
	virtio_push(v, q, chain->head, (uint32_t)n);
	return true;
}

static void say(struct virtio_console *c, unsigned port, uint16_t event)
{
	if (c->n_control == CONTROL_MAX) {
		virtio_break(&c->v, "control messages are not taken");
		return;
	}
	c->control[c->n_control++] = (struct virtio_console_control) {
		.id = port,
		.event = event,
		.value = 1,
	};
	virtio_kick(&c->v, QUEUE_CONTROL_RX);
}

static void port_ready(struct virtio_console *c, unsigned port)
{
	if (port == PORT_CONSOLE)
		say(c, port, VIRTIO_CONSOLE_CONSOLE_PORT);
	say(c, port, VIRTIO_CONSOLE_PORT_NAME);
	say(c, port, VIRTIO_CONSOLE_PORT_OPEN);
}

/* What was written to CP's port before it was closed is not for who opens it next. */
static void port_open(struct virtio_console *c, unsigned port, bool open)
{
	if (port == PORT_CP && !open)
		virtio_console_discard(c);
	virtio_console_set_open(c, port, open);
}

static void handle(struct virtio_console *c, const struct virtio_console_control *msg)
{
	if (msg->event == VIRTIO_CONSOLE_DEVICE_READY) {
		for (unsigned i = 0; i < PORTS && msg->value; i++)
			say(c, i, VIRTIO_CONSOLE_PORT_ADD);
		return;
	}
	if (msg->id >= PORTS)
		return;
	if (msg->event == VIRTIO_CONSOLE_PORT_READY && msg->value)
		port_ready(c, msg->id);
	else if (msg->event == VIRTIO_CONSOLE_PORT_OPEN)
		port_open(c, msg->id, msg->value);
}
