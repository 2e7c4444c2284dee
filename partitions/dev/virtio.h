/* What all virtio devices share (virtio 1.2): status, features, queues, configuration.
 *
 * A device embeds struct virtio at its head and gives it a const struct virtio_ops.  The
 * driver reaches it through virtio_pci.c.  Kicks and work a device gives itself come to
 * kicked() from the loop, one queue at a time, so that no handler of a device is ever
 * entered from another.
 *
 * A driver that breaks a rule gets DEVICE_NEEDS_RESET: the owner is told, and the device
 * does nothing until the driver resets it. */
#ifndef PARTITIONS_DEV_VIRTIO_H
#define PARTITIONS_DEV_VIRTIO_H

#include "cp/lib/log.h"
#include "cp/lib/vring.h"
#include "partitions/dev/device.h"
#include "partitions/dev/virtio_pci.h"

#include <linux/virtio_config.h>

#define VIRTIO_MAX_CHAINS 256 /* entries of a queue, at most */

/* Section 6; their Linux header would bring another struct vring. */
#define VIRTIO_RING_INDIRECT_DESC 28
#define VIRTIO_RING_EVENT_IDX     29

struct virtio_ops {
	uint16_t type;       /* device id (5) */
	uint32_t class_code; /* for PCI */
	unsigned n_queues;   /* at most */
	uint16_t queue_size; /* entries offered, at most VIRTIO_MAX_CHAINS */

	/* Queue `q` was kicked: by the driver, by virtio_kick(), or because the driver or
	 * the guest has started.  Only while virtio_live() and the queue is enabled. */
	void (*kicked)(struct virtio *v, unsigned q);

	/* The driver has set DRIVER_OK, or the guest goes on with it set; kicked()
	 * comes next for each queue.  May be NULL. */
	void (*started)(struct virtio *v);

	/* The interrupt of queue `q` was masked, unmasked or given another message.  May
	 * be NULL. */
	void (*vector_changed)(struct virtio *v, unsigned q);

	/* Waits until no buffer of the guest is in use.  May be NULL. */
	void (*drain)(struct virtio *v);

	/* Forgets what the driver set up, when it is no longer live.  May be NULL. */
	void (*reset)(struct virtio *v);
};

struct virtio_queue {
	struct virtio *v;
	struct vring ring; /* running: the driver has enabled the queue */
	uint16_t size;     /* as the driver wrote them; for virtio_queue_enable() */
	gpa_t desc, avail, used;
	int kick_fd;
	int given_fd; /* -1, or another's that has the kicks */
	struct loop_fd watch;
};

struct virtio {
	struct device dev;
	const struct virtio_ops *ops;
	unsigned n_queues;
	uint64_t offered, accepted; /* feature bits */
	uint8_t status;             /* VIRTIO_CONFIG_S_* */
	uint8_t generation;         /* of the configuration (2.5.1) */
	bool quiet;                 /* between quiesce() and resume() */
	const void *config;         /* the device's configuration fields */
	size_t config_len;
	struct virtio_queue queue[VIRTIO_MAX_QUEUES];
	struct virtio_pci pci;
	struct device_stat stat;
	struct log_limit limit;
	struct vring_chain chain; /* the one virtio_run() is at */
};

/* Makes the common part, after the device's own.  Of ops->n_queues a device may have
 * fewer: then v->n_queues is set before.  `features` are the device's own bits; `config`
 * lives as long as the device.  0 or -errno: virtio_fini() takes the rest. */
int virtio_init(struct virtio *v, const struct virtio_ops *ops, uint64_t features,
	const void *config, size_t config_len);
void virtio_fini(struct virtio *v); /* accepts a zeroed one */

/* For device_ops, as they are. */
void virtio_reset(struct device *d);
void virtio_quiesce(struct device *d);
void virtio_resume(struct device *d);
void virtio_stat(const struct device *d, struct device_stat *out);

/* Saves or loads the common part, in sections of its own.  A loaded device is quiet. */
int virtio_snap(struct virtio *v, struct snap *s);

/* May the device touch the guest's buffers? */
bool virtio_live(const struct virtio *v);
bool virtio_has(const struct virtio *v, unsigned feature); /* was it negotiated? */

/* Has kicked() called from the loop, or who has the kicks told. */
void virtio_kick(struct virtio *v, unsigned q);

/* Gives the kicks of a queue to `fd`, an eventfd of the caller's that lives until they
 * are taken back (-1), for another process to read. */
void virtio_give_kicks(struct virtio *v, unsigned q, int fd);
int virtio_kick_fd(const struct virtio *v, unsigned q); /* who has them now */

/* Calls `take` for each chain of a queue until there is none, and interrupts the driver
 * for what was pushed.  `take` returns false to leave the chain where it is: it will be
 * seen again by the next virtio_run(), for which the device kicks itself. */
void virtio_run(struct virtio *v, unsigned q,
	bool (*take)(struct virtio *v, unsigned q, const struct vring_chain *chain));

/* Returns a chain, `written` bytes of it filled; virtio_call() after the last of several
 * interrupts the driver if it wants that.  Nothing happens unless virtio_live(). */
void virtio_push(struct virtio *v, unsigned q, uint16_t head, uint32_t written);
void virtio_call(struct virtio *v, unsigned q);

/* The device changed its configuration fields. */
void virtio_config_changed(struct virtio *v);

/* The driver broke a rule: `why` is for its owner. */
void virtio_break(struct virtio *v, const char *why);

/* ---- For the transport ---- */

/* The driver writes device_status (2.1, 3.1.1); feature word `word`; enables a queue. */
void virtio_set_status(struct virtio *v, uint8_t value);
void virtio_set_features(struct virtio *v, uint32_t word, uint32_t bits);
void virtio_queue_enable(struct virtio *v, unsigned q);

#endif
