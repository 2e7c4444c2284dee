/* A LAN's process, as a thread. */
#include "tests/fake/lan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Cannot go on: a test without its surroundings tells nothing. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

static void reply(struct fake_lan *l, const struct vhost_user_msg *msg, uint64_t number)
{
	struct vhost_user_msg out = { .request = msg->request, .flags = VHU_REPLY };

	out.number = number;
	if (!l->mute)
		vhost_user_send(l->fd, &out);
}

static void take_fd(int *to, const struct vhost_user_msg *msg)
{
	if (*to >= 0)
		close(*to);
	*to = msg->fds[0];
}

static void handle(struct fake_lan *l, struct vhost_user_msg *msg)
{
	unsigned q = msg->state.index % LAN_RINGS;

	l->messages++;
	switch (msg->request) {
	case VHU_GET_FEATURES: reply(l, msg, l->offers); break;
	case VHU_SET_FEATURES: l->features = msg->number; break;
	case VHU_GET_PROTOCOL_FEATURES: reply(l, msg, l->protocol_offers); break;
	case VHU_SET_PROTOCOL_FEATURES: l->protocol = msg->number; break;
	case VHU_GET_QUEUE_NUM: reply(l, msg, l->pairs); break;
	case VHU_SET_OWNER: l->owners++; break;
	case VHU_SET_MEM_TABLE:
		vhost_user_close_fds(&l->memory);
		l->memory = *msg;
		if (msg->flags & VHU_NEED_REPLY)
			reply(l, msg, l->refuses);
		break;
	case VHU_SET_VRING_NUM: l->ring[q].num = msg->state.num; break;
	case VHU_SET_VRING_BASE: l->ring[q].base = msg->state.num; break;
	case VHU_SET_VRING_ADDR:
		l->ring[q].desc = msg->addr.desc;
		l->ring[q].avail = msg->addr.avail;
		l->ring[q].used = msg->addr.used;
		break;
	case VHU_SET_VRING_KICK: take_fd(&l->ring[q].kick, msg); break;
	case VHU_SET_VRING_CALL: take_fd(&l->ring[q].call, msg); break;
	case VHU_SET_VRING_ENABLE:
		l->ring[q].enabled = msg->state.num;
		l->ring[q].enables++;
		break;
	case VHU_GET_VRING_BASE:
		l->ring[q].stops++;
		reply(l, msg, q | (uint64_t)l->ring[q].base << 32);
		break;
	default: break;
	}
}

static void *lan_main(void *arg)
{
	struct fake_lan *l = arg;
	struct vhost_user_msg msg;

	while (!vhost_user_recv(l->fd, &msg, -1)) {
		pthread_mutex_lock(&l->lock);
		handle(l, &msg);
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
	}
	return NULL;
}

int fake_lan_start(struct fake_lan *l, uint64_t offers)
{
	int sv[2];

	*l = (struct fake_lan) { .offers = offers, .pairs = 2 };
	l->protocol_offers = 1u << VHU_P_MQ | 1u << VHU_P_REPLY_ACK | 1u << 9;
	for (unsigned q = 0; q < LAN_RINGS; q++)
		l->ring[q].kick = l->ring[q].call = -1;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
	l->fd = sv[0];
	must(!pthread_create(&l->thread, NULL, lan_main, l));
	return sv[1];
}

void fake_lan_stop(struct fake_lan *l)
{
	if (!l->thread)
		return;
	shutdown(l->fd, SHUT_RDWR);
	pthread_join(l->thread, NULL);
	l->thread = 0;
	close(l->fd);
	vhost_user_close_fds(&l->memory);
	for (unsigned q = 0; q < LAN_RINGS; q++) {
		if (l->ring[q].kick >= 0)
			close(l->ring[q].kick);
		if (l->ring[q].call >= 0)
			close(l->ring[q].call);
	}
}

void fake_lan_wait(struct fake_lan *l, bool (*done)(const struct fake_lan *l))
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	pthread_mutex_lock(&l->lock);
	while (!done(l))
		must(!pthread_cond_timedwait(&l->changed, &l->lock, &end));
	pthread_mutex_unlock(&l->lock);
}

void fake_lan_mute(struct fake_lan *l)
{
	pthread_mutex_lock(&l->lock);
	l->mute = true;
	pthread_mutex_unlock(&l->lock);
}

struct vring fake_lan_ring(struct fake_lan *l, unsigned q, struct gmem *g)
{
	const struct vhost_user_region *r = &l->memory.memory.region[0];
	struct vring ring = { .gmem = g, .size = (uint16_t)l->ring[q].num };
	void *host = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		l->memory.fds[0], (off_t)r->mmap_offset);

	must(host != MAP_FAILED);
	*g = (struct gmem) { 0 };
	must(!gmem_add(g, r->user_addr, r->size, host));
	ring.desc = l->ring[q].desc;
	ring.avail = l->ring[q].avail;
	ring.used = l->ring[q].used;
	ring.next_avail = ring.next_used = (uint16_t)l->ring[q].base;
	must(!vring_start(&ring));
	return ring;
}

void fake_lan_unmap(struct gmem *g)
{
	munmap(g->region[0].host, g->region[0].size);
}

int fake_lan_take(struct fake_lan *l, unsigned q, void *frame, size_t room)
{
	static struct vring_chain chain;
	struct gmem g;
	struct vring ring = fake_lan_ring(l, q, &g);
	int len = -1;

	if (vring_pop(&ring, &chain) == 1) {
		len = (int)chain.out_bytes;
		iov_read(chain.out, chain.n_out, 0, frame, room);
		vring_push(&ring, chain.head, 0);
		l->ring[q].base = ring.next_avail;
		eventfd_write(l->ring[q].call, 1);
	}
	fake_lan_unmap(&g);
	return len;
}

bool fake_lan_kicked(struct fake_lan *l, unsigned q)
{
	eventfd_t count;
	int fd = l->ring[q].kick;

	return fd >= 0 && !eventfd_read(fd, &count);
}
