/* The console device from the inside.  Only for virtio_console.c and
 * virtio_console_control.c. */
#ifndef PARTITIONS_DEV_VIRTIO_CONSOLE_H
#define PARTITIONS_DEV_VIRTIO_CONSOLE_H

#include "partitions/dev/bytes.h"
#include "partitions/dev/cp_stream.h"
#include "partitions/dev/virtio.h"

#include <linux/virtio_console.h>

enum { PORT_CONSOLE, PORT_CP, PORTS };

/* 5.3.2: "receive" is what the driver receives. */
enum {
	QUEUE_CONSOLE_RX,
	QUEUE_CONSOLE_TX,
	QUEUE_CONTROL_RX,
	QUEUE_CONTROL_TX,
	QUEUE_CP_RX,
	QUEUE_CP_TX,
	CONSOLE_QUEUES
};

#define CONTROL_MAX 32 /* control messages the driver has not taken */

struct virtio_console {
	struct virtio v;
	struct virtio_console_config config;
	struct {
		bool open;        /* the driver says so (PORT_OPEN) */
		struct bytes out; /* what the driver has not taken */
	} port[PORTS];
	struct virtio_console_control control[CONTROL_MAX]; /* for the driver */
	unsigned n_control;
	struct cp_stream stream;
	bool enabled; /* the guest understands CP_SIGNAL */
};

/* virtio_console.c: a port was opened or closed; the chains of CP's port are dropped. */
void virtio_console_set_open(struct virtio_console *c, unsigned port, bool open);
void virtio_console_discard(struct virtio_console *c);

/* virtio_console_control.c: the control queues. */
void virtio_console_control_send(struct virtio_console *c);
void virtio_console_control_receive(struct virtio_console *c);
void virtio_console_control_snap(struct virtio_console *c, struct snap *s);

#endif
