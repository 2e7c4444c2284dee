/* A vhost-user backend that does what it is told. */
#include "tests/fake/vhost_backend.h"

#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))

#define RING_INDIRECT_DESC 28
#define RING_EVENT_IDX     29

#define PARTS 64 /* buffers of a frame */

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void answer(struct vhost_backend *b, uint32_t request, uint64_t number)
{
	struct vhost_user_msg msg = { .request = request, .flags = VHU_REPLY };

	msg.number = number;
	must(!vhost_user_send(b->fd, &msg));
}

int backend_create(
	struct vhost_backend *b, uint64_t features, uint64_t protocol, uint64_t pairs)
{
	int sv[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
	*b = (struct vhost_backend) { .fd = sv[0] };
	for (int i = 0; i < BACKEND_RINGS; i++)
		b->ring[i].kick = b->ring[i].call = -1;
	answer(b, VHU_GET_FEATURES, features);
	if (features & BIT(VHU_F_PROTOCOL_FEATURES)) {
		answer(b, VHU_GET_PROTOCOL_FEATURES, protocol);
		if (protocol & BIT(VHU_P_MQ))
			answer(b, VHU_GET_QUEUE_NUM, pairs);
		if (protocol & BIT(VHU_P_REPLY_ACK))
			answer(b, VHU_SET_MEM_TABLE, 0);
	}
	return sv[1];
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void forget_memory(struct vhost_backend *b)
{
	for (int i = 0; i < b->memory.n; i++)
		munmap(b->memory.region[i].host, b->memory.region[i].size);
	b->memory = (struct gmem) { 0 };
}

void backend_destroy(struct vhost_backend *b)
{
	close_one(&b->fd);
	for (int i = 0; i < BACKEND_RINGS; i++) {
		close_one(&b->ring[i].kick);
		close_one(&b->ring[i].call);
	}
	forget_memory(b);
}

static void map_memory(struct vhost_backend *b, const struct vhost_user_msg *msg)
{
	forget_memory(b);
	for (uint32_t i = 0; i < msg->memory.n; i++) {
		const struct vhost_user_region *r = &msg->memory.region[i];
		void *at = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			msg->fds[i], (off_t)r->mmap_offset);

		must(at != MAP_FAILED && r->gpa == r->user_addr);
		must(!gmem_add(&b->memory, r->gpa, r->size, at));
	}
}

static void enable(struct vhost_backend *b, unsigned q)
{
	struct vring *r = &b->ring[q].vring;

	r->gmem = &b->memory;
	r->event_idx = b->features & BIT(RING_EVENT_IDX);
	r->indirect = b->features & BIT(RING_INDIRECT_DESC);
	r->next_avail = r->next_used = r->called_used = (uint16_t)b->ring[q].base;
	must(!vring_start(r));
	b->ring[q].enabled = true;
}

static void take_fd(int *to, struct vhost_user_msg *msg)
{
	close_one(to);
	*to = msg->fds[0];
	msg->n_fds = 0;
}

static void handle(struct vhost_backend *b, struct vhost_user_msg *msg)
{
	unsigned q = msg->state.index % BACKEND_RINGS;
	bool protocol = b->features & BIT(VHU_F_PROTOCOL_FEATURES);

	switch (msg->request) {
	case VHU_SET_FEATURES: b->features = msg->number; break;
	case VHU_SET_PROTOCOL_FEATURES: b->protocol = msg->number; break;
	case VHU_SET_MEM_TABLE: map_memory(b, msg); break;
	case VHU_SET_VRING_NUM: b->ring[q].vring.size = (uint16_t)msg->state.num; break;
	case VHU_SET_VRING_BASE: b->ring[q].base = msg->state.num; break;
	case VHU_SET_VRING_ADDR:
		b->ring[q].vring.desc = msg->addr.desc;
		b->ring[q].vring.avail = msg->addr.avail;
		b->ring[q].vring.used = msg->addr.used;
		break;
	case VHU_SET_VRING_CALL: take_fd(&b->ring[q].call, msg); break;
	case VHU_SET_VRING_KICK:
		take_fd(&b->ring[q].kick, msg);
		if (!protocol)
			enable(b, q);
		break;
	case VHU_SET_VRING_ENABLE: enable(b, q); break;
	default: break;
	}
	vhost_user_close_fds(msg);
}

void backend_settle(struct vhost_backend *b)
{
	struct vhost_user_msg msg;

	while (!vhost_user_recv(b->fd, &msg, 0))
		handle(b, &msg);
}

int backend_take(struct vhost_backend *b, unsigned ring, void *frame, size_t room)
{
	static struct vring_chain chain;
	struct vring *r = &b->ring[ring].vring;
	int len;

	if (vring_pop(r, &chain) != 1)
		return -1;
	len = (int)chain.out_bytes;
	iov_read(chain.out, chain.n_out, 0, frame, room);
	vring_push(r, chain.head, 0);
	return len;
}

/* Which chains the frame will take: none is returned before all are there. */
static int gather(struct vring *r, size_t len, struct vring_chain *chain, uint16_t *head,
	size_t *part)
{
	int n = 0;

	for (; len && n < PARTS; n++) {
		if (vring_pop(r, &chain[n]) != 1)
			break;
		head[n] = chain[n].head;
		part[n] = len < chain[n].in_bytes ? len : chain[n].in_bytes;
		len -= part[n];
	}
	if (!len)
		return n;
	r->next_avail = (uint16_t)(r->next_avail - n);
	return 0;
}

bool backend_put(struct vhost_backend *b, unsigned ring, const void *frame, size_t len)
{
	static struct vring_chain chain[PARTS];
	struct vring *r = &b->ring[ring].vring;
	struct virtio_net_hdr_v1 hdr;
	uint16_t head[PARTS];
	size_t part[PARTS];
	int n = gather(r, len, chain, head, part);

	if (!n)
		return false;
	memcpy(&hdr, frame, sizeof(hdr));
	hdr.num_buffers = (uint16_t)n;
	for (int i = 0; i < n; i++) {
		iov_write(chain[i].in, chain[i].n_in, 0, frame, part[i]);
		frame = (const char *)frame + part[i];
	}
	iov_write(chain[0].in, chain[0].n_in, 0, &hdr, sizeof(hdr));
	for (int i = 0; i < n; i++)
		vring_push(r, head[i], (uint32_t)part[i]);
	return true;
}

bool backend_kicked(struct vhost_backend *b, unsigned ring)
{
	eventfd_t count;

	return !eventfd_read(b->ring[ring].kick, &count);
}

void backend_call(struct vhost_backend *b, unsigned ring)
{
	if (vring_should_call(&b->ring[ring].vring))
		eventfd_write(b->ring[ring].call, 1);
}
