/* The frontend's side of the vhost-user protocol. */
#include "cp/lib/vhost_front.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/socket.h>

#define BIT(n) (UINT64_C(1) << (n))

#define WANTED (BIT(VHU_P_MQ) | BIT(VHU_P_REPLY_ACK))

static int ask_number(struct vhost_front *f, uint32_t request, uint64_t *number);
static int send_number(struct vhost_front *f, uint32_t request, uint64_t number);
static int send_state(
	struct vhost_front *f, uint32_t request, uint32_t index, uint32_t num);
static int send_fd(struct vhost_front *f, uint32_t request, uint32_t index, int fd);
static int send_addresses(struct vhost_front *f, const struct vhost_front_ring *r);
static int send_acked(struct vhost_front *f, struct vhost_user_msg *msg);
static int greet_protocol(struct vhost_front *f);

int vhost_front_greet(struct vhost_front *f, int fd, int answer_ms)
{
	int err;

	*f = (struct vhost_front) { .fd = fd, .answer_ms = answer_ms, .max_pairs = 1 };
	err = ask_number(f, VHU_GET_FEATURES, &f->features);
	if (err)
		return err;
	if (!(f->features & BIT(VIRTIO_F_VERSION_1)))
		return -EOPNOTSUPP;
	f->enables = f->features & BIT(VHU_F_PROTOCOL_FEATURES);
	f->features &= ~BIT(VHU_F_PROTOCOL_FEATURES);
	if (f->enables)
		err = greet_protocol(f);
	return err ? err : send_number(f, VHU_SET_OWNER, 0);
}

int vhost_front_begin(struct vhost_front *f, uint64_t features,
	const struct vhost_user_region *region, const int *fds, int n)
{
	struct vhost_user_msg msg = { .request = VHU_SET_MEM_TABLE };
	int err;

	if (n < 1 || n > VHU_MAX_REGIONS)
		return -EINVAL;
	if (f->enables)
		features |= BIT(VHU_F_PROTOCOL_FEATURES);
	err = send_number(f, VHU_SET_FEATURES, features);
	if (err)
		return err;
	msg.memory.n = (uint32_t)n;
	msg.n_fds = n;
	memcpy(msg.memory.region, region, (size_t)n * sizeof(*region));
	memcpy(msg.fds, fds, (size_t)n * sizeof(*fds));
	return send_acked(f, &msg);
}

int vhost_front_ring_start(struct vhost_front *f, const struct vhost_front_ring *r)
{
	int err = send_state(f, VHU_SET_VRING_NUM, r->index, r->size);

	if (!err)
		err = send_state(f, VHU_SET_VRING_BASE, r->index, r->base);
	if (!err)
		err = send_addresses(f, r);
	if (!err)
		err = send_fd(f, VHU_SET_VRING_CALL, r->index, r->call_fd);
	if (!err)
		err = send_fd(f, VHU_SET_VRING_KICK, r->index, r->kick_fd);
	if (!err && f->enables)
		err = vhost_front_ring_enable(f, r->index, !r->disabled);
	return err;
}

int vhost_front_ring_enable(struct vhost_front *f, uint32_t index, bool enabled)
{
	return send_state(f, VHU_SET_VRING_ENABLE, index, enabled);
}

int vhost_front_ring_stop(struct vhost_front *f, uint32_t index, uint16_t *base)
{
	struct vhost_user_msg msg = { .request = VHU_GET_VRING_BASE,
		.state = { index, 0 } };
	int err = vhost_user_ask(f->fd, &msg, f->answer_ms);

	if (err)
		return err;
	vhost_user_close_fds(&msg);
	*base = (uint16_t)msg.state.num;
	return 0;
}

bool vhost_front_gone(const struct vhost_front *f)
{
	char byte;

	return recv(f->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static int ask_number(struct vhost_front *f, uint32_t request, uint64_t *number)
{
	struct vhost_user_msg msg = { .request = request };
	int err = vhost_user_ask(f->fd, &msg, f->answer_ms);

	if (err)
		return err;
	*number = msg.number;
	vhost_user_close_fds(&msg);
	return 0;
}

static int send_number(struct vhost_front *f, uint32_t request, uint64_t number)
{
	struct vhost_user_msg msg = { .request = request, .number = number };

	return vhost_user_send(f->fd, &msg);
}

static int send_state(
	struct vhost_front *f, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhost_user_msg msg = { .request = request, .state = { index, num } };

	return vhost_user_send(f->fd, &msg);
}

static int send_fd(struct vhost_front *f, uint32_t request, uint32_t index, int fd)
{
	struct vhost_user_msg msg = { .request = request, .number = index, .n_fds = 1 };

	msg.fds[0] = fd;
	return vhost_user_send(f->fd, &msg);
}

static int send_addresses(struct vhost_front *f, const struct vhost_front_ring *r)
{
	struct vhost_user_msg msg = { .request = VHU_SET_VRING_ADDR };

	msg.addr.index = r->index;
	msg.addr.desc = r->desc;
	msg.addr.avail = r->avail;
	msg.addr.used = r->used;
	return vhost_user_send(f->fd, &msg);
}

/* Where the backend can say how it went, it does. */
static int send_acked(struct vhost_front *f, struct vhost_user_msg *msg)
{
	int err;

	if (!(f->protocol & BIT(VHU_P_REPLY_ACK)))
		return vhost_user_send(f->fd, msg);
	msg->flags |= VHU_NEED_REPLY;
	err = vhost_user_ask(f->fd, msg, f->answer_ms);
	if (err)
		return err;
	vhost_user_close_fds(msg);
	return msg->number ? -EREMOTEIO : 0;
}

static int greet_protocol(struct vhost_front *f)
{
	uint64_t theirs, pairs;
	int err = ask_number(f, VHU_GET_PROTOCOL_FEATURES, &theirs);

	if (err)
		return err;
	f->protocol = theirs & WANTED;
	err = send_number(f, VHU_SET_PROTOCOL_FEATURES, f->protocol);
	if (err || !(f->protocol & BIT(VHU_P_MQ)))
		return err;
	err = ask_number(f, VHU_GET_QUEUE_NUM, &pairs);
	if (!err && !pairs)
		err = -EPROTO;
	if (!err)
		f->max_pairs = pairs < UINT32_MAX ? (uint32_t)pairs : UINT32_MAX;
	return err;
}
