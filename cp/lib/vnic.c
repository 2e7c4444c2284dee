/* A vnic's memory, and how it is plugged in. */
#include "cp/lib/vnic_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

#define LINE         64u /* of the cache: rings and frames begin at one */
#define MAX_BUFFER   (1u << 20)
#define MEMORY_FLAGS (MFD_CLOEXEC | MFD_ALLOW_SEALING)
#define SEALS        (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

#define FIRST_BASE UINT64_C(0x100000)
#define NEXT_BASE  UINT64_C(0x100000000) /* above all that there can be */

/* VIRTIO_RING_F_EVENT_IDX; its Linux header would bring another struct vring. */
#define RING_EVENT_IDX 29

#define NEEDED (BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF))

static bool conf_ok(const struct vnic_conf *conf);
static int allocate(struct vnic *v, uint16_t n);
static void forget(struct vnic *v);
static int make_memory(struct vnic *v, const struct vnic_conf *conf);
static int make_eventfds(struct vnic *v);
static int agree(struct vnic *v, const struct vnic_conf *conf);
static int start_rings(struct vnic *v);
static void drain(int fd);

int vnic_create(int fd, const struct vnic_conf *conf, struct vnic **out)
{
	struct vnic *v;
	int err = vnic_open(fd, conf->answer_ms, &v);

	if (err)
		return err;
	err = vnic_start(v, conf);
	if (err)
		vnic_destroy(v);
	else
		*out = v;
	return err;
}

int vnic_open(int fd, int answer_ms, struct vnic **out)
{
	struct vnic *v = calloc(1, sizeof(*v));
	int err;

	if (!v) {
		close(fd);
		return -ENOMEM;
	}
	v->memory_fd = -1;
	v->base = FIRST_BASE;
	for (int i = 0; i < VNIC_RINGS; i++)
		v->ring[i].kick = v->ring[i].call = -1;
	err = vhost_front_greet(&v->front, fd, answer_ms);
	if (err)
		vnic_destroy(v);
	else
		*out = v;
	return err;
}

int vnic_start(struct vnic *v, const struct vnic_conf *conf)
{
	int err = conf_ok(conf) ? agree(v, conf) : -EINVAL;

	if (!err)
		err = allocate(v, conf->queue_size);
	if (!err)
		err = make_memory(v, conf);
	if (!err)
		err = make_eventfds(v);
	return err ? err : start_rings(v);
}

int vnic_stop(struct vnic *v)
{
	uint16_t base;
	int err = 0;

	for (uint32_t i = 0; i < VNIC_RINGS && !err; i++)
		err = vhost_front_ring_stop(&v->front, i, &base);
	forget(v);
	return err;
}

void vnic_destroy(struct vnic *v)
{
	if (!v)
		return;
	forget(v);
	close(v->front.fd);
	free(v);
}

int vnic_rx_fd(const struct vnic *v)
{
	return v->ring[VNIC_RX].call;
}

int vnic_tx_fd(const struct vnic *v)
{
	return v->ring[VNIC_TX].call;
}

int vnic_sock_fd(const struct vnic *v)
{
	return v->front.fd;
}

bool vnic_gone(const struct vnic *v)
{
	return vhost_front_gone(&v->front);
}

void vnic_rx_seen(struct vnic *v)
{
	drain(v->ring[VNIC_RX].call);
}

void vnic_tx_seen(struct vnic *v)
{
	drain(v->ring[VNIC_TX].call);
	vnic_tx_quiet(v);
}

uint64_t vnic_offers(const struct vnic *v)
{
	return v->front.features;
}

uint64_t vnic_features(const struct vnic *v)
{
	return v->features;
}

static bool conf_ok(const struct vnic_conf *conf)
{
	unsigned n = conf->queue_size;

	return n && n <= VNIC_MAX_QUEUE && !(n & (n - 1)) && conf->buffer &&
	       conf->buffer <= MAX_BUFFER && conf->buffer % LINE == 0;
}

static int allocate(struct vnic *v, uint16_t n)
{
	v->sent = calloc(n, sizeof(*v->sent));
	v->posted = calloc(n, sizeof(*v->posted));
	v->held = calloc(n, sizeof(*v->held));
	v->seg = calloc(n, sizeof(*v->seg));
	return v->sent && v->posted && v->held && v->seg ? 0 : -ENOMEM;
}

static void forget(struct vnic *v)
{
	for (int i = 0; i < VNIC_RINGS; i++) {
		if (v->ring[i].kick >= 0)
			close(v->ring[i].kick);
		if (v->ring[i].call >= 0)
			close(v->ring[i].call);
	}
	if (v->memory)
		munmap(v->memory, v->memory_size);
	if (v->memory_fd >= 0)
		close(v->memory_fd);
	free(v->sent);
	free(v->posted);
	free(v->held);
	free(v->seg);
	*v = (struct vnic) {
		.front = v->front, .base = v->base ^ NEXT_BASE, .memory_fd = -1
	};
	for (int i = 0; i < VNIC_RINGS; i++)
		v->ring[i].kick = v->ring[i].call = -1;
}

/* What the caller needs is either there or the LAN is none for it. */
static int agree(struct vnic *v, const struct vnic_conf *conf)
{
	uint64_t needed = conf->features | NEEDED;

	if (needed & ~v->front.features)
		return -EOPNOTSUPP;
	v->features = needed | (v->front.features & BIT(RING_EVENT_IDX));
	return 0;
}

/* A part of the memory, which begins at a line; *size grows by it. */
static size_t place(size_t *size, size_t bytes)
{
	size_t at = *size;

	*size = (at + bytes + LINE - 1) / LINE * LINE;
	return at;
}

/* The ring's places; with `base` NULL only their size counts. */
static void place_ring(struct vnic_ring *r, char *base, size_t *size)
{
	size_t n = r->size;
	size_t desc = place(size, n * sizeof(*r->desc));
	size_t avail = place(size, sizeof(*r->avail) + n * sizeof(uint16_t) + 2);
	size_t used = place(size, sizeof(*r->used) + n * sizeof(r->used->ring[0]) + 2);

	if (!base)
		return;
	r->desc = (struct vnic_desc *)(base + desc);
	r->avail = (struct vnic_avail *)(base + avail);
	r->used = (struct vnic_used *)(base + used);
}

static size_t place_all(struct vnic *v, char *base)
{
	size_t size = 0;
	size_t data = (size_t)v->ring[VNIC_RX].size * v->buffer;

	for (int i = 0; i < VNIC_RINGS; i++)
		place_ring(&v->ring[i], base, &size);
	if (base) {
		v->rx_data = base + size;
		v->tx_data = base + size + data;
	}
	return size + 2 * data;
}

/* Sealed: the LAN, which has the descriptor, cannot take the memory away. */
static int make_memory(struct vnic *v, const struct vnic_conf *conf)
{
	void *at;

	v->buffer = conf->buffer;
	v->tx_size = (size_t)conf->queue_size * conf->buffer;
	for (int i = 0; i < VNIC_RINGS; i++) {
		v->ring[i].size = conf->queue_size;
		v->ring[i].mask = (uint16_t)(conf->queue_size - 1);
		v->ring[i].event_idx = v->features & BIT(RING_EVENT_IDX);
	}
	v->memory_size = place_all(v, NULL);
	v->memory_fd = memfd_create("vnic", MEMORY_FLAGS);
	if (v->memory_fd < 0 || ftruncate(v->memory_fd, (off_t)v->memory_size) ||
		fcntl(v->memory_fd, F_ADD_SEALS, SEALS))
		return -errno;
	at = mmap(NULL, v->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->memory_fd,
		0);
	if (at == MAP_FAILED)
		return -errno;
	v->memory = at;
	place_all(v, at);
	return 0;
}

/* A backend may wait for the first kick before it looks at a ring. */
static int make_eventfds(struct vnic *v)
{
	for (int i = 0; i < VNIC_RINGS; i++) {
		v->ring[i].kick = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
		v->ring[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (v->ring[i].kick < 0 || v->ring[i].call < 0)
			return -errno;
	}
	return 0;
}

static uint64_t backend_addr(const struct vnic *v, const void *at)
{
	return v->base + (uint64_t)((const char *)at - v->memory);
}

static int start_rings(struct vnic *v)
{
	const struct vhost_user_region region = {
		.gpa = v->base,
		.size = v->memory_size,
		.user_addr = v->base,
	};
	int err;

	vnic_ring_fill(v);
	err = vhost_front_begin(&v->front, v->features, &region, &v->memory_fd, 1);
	for (uint32_t i = 0; i < VNIC_RINGS && !err; i++) {
		const struct vnic_ring *r = &v->ring[i];

		err = vhost_front_ring_start(
			&v->front, &(struct vhost_front_ring) {
					   .index = i,
					   .size = r->size,
					   .desc = backend_addr(v, r->desc),
					   .avail = backend_addr(v, r->avail),
					   .used = backend_addr(v, r->used),
					   .kick_fd = r->kick,
					   .call_fd = r->call,
				   });
	}
	return err;
}

static void drain(int fd)
{
	eventfd_t count;

	eventfd_read(fd, &count);
}
