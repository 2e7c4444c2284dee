/* The control protocol of a virtio console (5.3.6.2). */
#include "cms/vcon.h"

#include "cms/string.h"
#include "cp/guest_abi.h"

#define MULTIPORT (1u << 1)

enum event {
	DEVICE_READY,
	DEVICE_ADD,
	DEVICE_REMOVE,
	PORT_READY,
	CONSOLE_PORT,
	RESIZE,
	PORT_OPEN,
	PORT_NAME,
};

struct control {
	uint32_t port;
	uint16_t event, value;
};

/* Port 0 is the console.  We serve one more: CP's port, whatever comes as number 1. */
#define CONSOLE 0u
#define CP      1u
enum { CONSOLE_RX, CONSOLE_TX, CONTROL_RX, CONTROL_TX, CP_RX, CP_TX, QUEUES };

static const struct pipe_shape console_shape = { 2, 4, 1024 };
static const struct pipe_shape control_shape = { 8, 8, 64 };
static const struct pipe_shape cp_shape = { 2, 4, 1024 };

static void handle(struct vcon *v, const struct control *c, const char *name);
static void say(struct vcon *v, uint32_t port, enum event event, uint16_t value);

bool vcon_start(struct vcon *v, struct mem *mem, const struct timer *timer)
{
	struct virtq *q = v->queue;

	if (!pci_find(&v->virtio.pci, VIRTIO_CONSOLE, 0) ||
		!virtio_start(&v->virtio, mem, MULTIPORT, q, QUEUES))
		return false;
	if (v->virtio.n_queues < QUEUES || !(v->virtio.features & MULTIPORT))
		return false;
	if (!pipe_start(&v->control, mem, timer, &q[CONTROL_RX], &q[CONTROL_TX],
		    &control_shape) ||
		!pipe_start(&v->console, mem, timer, &q[CONSOLE_RX], &q[CONSOLE_TX],
			&console_shape) ||
		!pipe_start(&v->cp, mem, timer, &q[CP_RX], &q[CP_TX], &cp_shape))
		return false;
	say(v, 0, DEVICE_READY, 1);
	return true;
}

void vcon_poll(struct vcon *v)
{
	char message[64 + 1];
	struct control c;
	size_t len;

	while ((len = pipe_read(&v->control, message, sizeof(message) - 1)) > 0) {
		if (len < sizeof(c))
			continue;
		message[len] = '\0';
		memcpy(&c, message, sizeof(c));
		handle(v, &c, message + sizeof(c));
	}
}

static void handle(struct vcon *v, const struct control *c, const char *name)
{
	switch (c->event) {
	case DEVICE_ADD:
		say(v, c->port, PORT_READY, c->port <= CP);
		if (c->port == CONSOLE) {
			say(v, CONSOLE, PORT_OPEN, 1);
			v->console_open = true;
		}
		break;
	case PORT_NAME:
		if (c->port == CP && text_same(name, CP_PORT_NAME)) {
			say(v, CP, PORT_OPEN, 1);
			v->cp_open = true;
		}
		break;
	case DEVICE_REMOVE:
		if (c->port == CP)
			v->cp_open = false;
		break;
	default: break;
	}
}

static void say(struct vcon *v, uint32_t port, enum event event, uint16_t value)
{
	struct control c = { port, (uint16_t)event, value };

	pipe_write(&v->control, &c, sizeof(c));
}
