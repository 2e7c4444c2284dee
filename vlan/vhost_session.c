/* The messages of a frontend.  (vhost-user protocol, as published with QEMU)
 *
 * A request is done, refused with nothing changed, or the end: a frontend that asks for
 * what makes no sense is detached.  Rings start with SET_VRING_KICK, as soon as the rest
 * is known, and stop with GET_VRING_BASE. */
#include "vlan/vhost_port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROTOCOL                                                                    \
	(VHOST_BIT(VHU_P_MQ) | VHOST_BIT(VHU_P_RARP) | VHOST_BIT(VHU_P_REPLY_ACK) | \
		VHOST_BIT(VHU_P_NET_MTU) | VHOST_BIT(VHU_P_INFLIGHT_SHMFD) |        \
		VHOST_BIT(VHU_P_RESET_DEVICE) | VHOST_BIT(VHU_P_MEM_SLOTS) |        \
		VHOST_BIT(VHU_P_STATUS))

#define MESSAGES_AT_ONCE 16 /* before the loop looks at others */
#define MTU_MIN          68 /* RFC 791 */
#define INFLIGHT_QUEUE   24 /* bytes of a queue's record, and of each... */
#define INFLIGHT_DESC    16 /* ...descriptor's in it */

/* What a handler says; else -errno. */
enum { DONE, REPLY, REFUSED };

typedef int handler_fn(struct vhost_port *p, struct vhost_user_msg *msg);

static handler_fn get_features, set_features, get_protocol_features,
	set_protocol_features;
static handler_fn nothing, refuse, reset_owner, reset_device, get_queue_num;
static handler_fn set_mem_table, get_max_mem_slots, add_mem_reg, rem_mem_reg;
static handler_fn set_vring_num, set_vring_addr, set_vring_base, get_vring_base;
static handler_fn set_vring_kick, set_vring_call, set_vring_err, set_vring_enable;
static handler_fn send_rarp, net_set_mtu, get_inflight_fd, set_inflight_fd;
static handler_fn set_status, get_status;

static handler_fn *const handlers[] = {
	[VHU_GET_FEATURES] = get_features,
	[VHU_SET_FEATURES] = set_features,
	[VHU_SET_OWNER] = nothing,
	[VHU_RESET_OWNER] = reset_owner,
	[VHU_SET_MEM_TABLE] = set_mem_table,
	[VHU_SET_LOG_BASE] = refuse,
	[VHU_SET_VRING_NUM] = set_vring_num,
	[VHU_SET_VRING_ADDR] = set_vring_addr,
	[VHU_SET_VRING_BASE] = set_vring_base,
	[VHU_GET_VRING_BASE] = get_vring_base,
	[VHU_SET_VRING_KICK] = set_vring_kick,
	[VHU_SET_VRING_CALL] = set_vring_call,
	[VHU_SET_VRING_ERR] = set_vring_err,
	[VHU_GET_PROTOCOL_FEATURES] = get_protocol_features,
	[VHU_SET_PROTOCOL_FEATURES] = set_protocol_features,
	[VHU_GET_QUEUE_NUM] = get_queue_num,
	[VHU_SET_VRING_ENABLE] = set_vring_enable,
	[VHU_SEND_RARP] = send_rarp,
	[VHU_NET_SET_MTU] = net_set_mtu,
	[VHU_GET_INFLIGHT_FD] = get_inflight_fd,
	[VHU_SET_INFLIGHT_FD] = set_inflight_fd,
	[VHU_RESET_DEVICE] = reset_device,
	[VHU_GET_MAX_MEM_SLOTS] = get_max_mem_slots,
	[VHU_ADD_MEM_REG] = add_mem_reg,
	[VHU_REM_MEM_REG] = rem_mem_reg,
	[VHU_SET_STATUS] = set_status,
	[VHU_GET_STATUS] = get_status,
};

#define N_HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

static void handle(struct vhost_port *p, struct vhost_user_msg *msg);
static void answer(struct vhost_port *p, struct vhost_user_msg *msg, int result);

void vhost_session_ready(struct loop_fd *watch, uint32_t events)
{
	struct vhost_port *p = watch->ctx;

	(void)events;
	for (int i = 0; i < MESSAGES_AT_ONCE && !p->why; i++) {
		int n = vhost_user_feed(p->fd, &p->input);

		if (n == 0)
			break;
		if (n < 0) {
			p->input.have = 0;
			vhost_fail(p, n == -EPROTO
					      ? "it sent what is no vhost-user message"
					      : "the other side has gone");
			break;
		}
		p->input.have = 0;
		handle(p, &p->input.msg);
		vhost_user_close_fds(&p->input.msg);
	}
	vhost_check(p);
}

static void handle(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int result = -EPROTO;

	if (!(msg->flags & VHU_REPLY) && msg->request < N_HANDLERS &&
		handlers[msg->request])
		result = handlers[msg->request](p, msg);
	if (result == -EPROTO)
		vhost_fail(p, "it sent a vhost-user message that makes no sense");
	else if (result == -EFAULT)
		vhost_fail(p, "its rings are not in its memory");
	else if (result < 0)
		vhost_fail(p, "its memory or a descriptor cannot be used");
	answer(p, msg, result);
}

/* Failures are told, too, to who asked for it. */
static void answer(struct vhost_port *p, struct vhost_user_msg *msg, int result)
{
	bool ack = (msg->flags & VHU_NEED_REPLY) &&
		   p->protocol & VHOST_BIT(VHU_P_REPLY_ACK);

	if (result != REPLY && !ack)
		return;
	if (result != REPLY) {
		vhost_user_close_fds(msg);
		msg->number = result != DONE;
	}
	msg->flags = VHU_REPLY;
	if (vhost_user_send(p->fd, msg))
		vhost_fail(p, "it does not read its answers");
}

static int reply_number(struct vhost_user_msg *msg, uint64_t number)
{
	vhost_user_close_fds(msg);
	msg->number = number;
	return REPLY;
}

static int nothing(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	(void)msg;
	return DONE;
}

/* What belongs to a feature that was not offered. */
static int refuse(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	(void)msg;
	return REFUSED;
}

/* Starts what can be started, and those that run anew where things are now. */
static int move_queues(struct vhost_port *p)
{
	int err = 0;

	for (int i = 0; i < VHOST_QUEUES; i++) {
		int e = vhost_queue_move(&p->queue[i], &p->memory, p->features);

		if (e)
			err = e;
	}
	vhost_changed(p);
	return err;
}

static int get_features(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	return reply_number(msg, port_vhost_features());
}

/* Who knows nothing of protocol features enables no rings. */
static int set_features(struct vhost_port *p, struct vhost_user_msg *msg)
{
	if (msg->number & ~port_vhost_features())
		return -EPROTO;
	p->features = msg->number;
	if (!(p->features & VHOST_BIT(VHU_F_PROTOCOL_FEATURES)))
		for (int i = 0; i < VHOST_QUEUES; i++)
			p->queue[i].enabled = true;
	return move_queues(p);
}

static int get_protocol_features(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	return reply_number(msg, PROTOCOL);
}

static int set_protocol_features(struct vhost_port *p, struct vhost_user_msg *msg)
{
	if (msg->number & ~PROTOCOL)
		return -EPROTO;
	p->protocol = msg->number;
	return DONE;
}

static int get_queue_num(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	return reply_number(msg, VHOST_PAIRS);
}

static int reset_owner(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)msg;
	for (int i = 0; i < VHOST_QUEUES; i++)
		p->queue[i].enabled = false;
	vhost_changed(p);
	return DONE;
}

static int reset_device(struct vhost_port *p, struct vhost_user_msg *msg)
{
	for (int i = 0; i < VHOST_QUEUES; i++)
		vhost_queue_stop(&p->queue[i]);
	p->features = p->status = 0;
	return reset_owner(p, msg);
}

static int set_mem_table(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int err = vhost_memory_set(
		&p->memory, msg->memory.region, (int)msg->memory.n, msg->fds, msg->n_fds);

	return err ? err : move_queues(p);
}

static int get_max_mem_slots(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	return reply_number(msg, VHOST_MAX_REGIONS);
}

static int add_mem_reg(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int err = -EPROTO;

	if (msg->n_fds == 1)
		err = vhost_memory_add(&p->memory, &msg->slot.region, msg->fds[0]);
	return err ? err : move_queues(p);
}

/* A region may be taken away to come back in another form: a ring in it waits. */
static int rem_mem_reg(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int err;

	vhost_memory_remove(&p->memory, &msg->slot.region);
	err = move_queues(p);
	return err == -EFAULT ? DONE : err;
}

static struct vhost_queue *queue_at(struct vhost_port *p, uint64_t index)
{
	return index < VHOST_QUEUES ? &p->queue[index] : NULL;
}

static int set_vring_num(struct vhost_port *p, struct vhost_user_msg *msg)
{
	struct vhost_queue *q = queue_at(p, msg->state.index);
	uint32_t n = msg->state.num;

	if (!q || q->ring.running || !n || n > VRING_MAX_SIZE || (n & (n - 1)))
		return -EPROTO;
	q->size = (uint16_t)n;
	return DONE;
}

static int set_vring_addr(struct vhost_port *p, struct vhost_user_msg *msg)
{
	struct vhost_queue *q = queue_at(p, msg->addr.index);

	if (!q)
		return -EPROTO;
	q->desc = msg->addr.desc;
	q->avail = msg->addr.avail;
	q->used = msg->addr.used;
	q->placed = true;
	return move_queues(p);
}

static int set_vring_base(struct vhost_port *p, struct vhost_user_msg *msg)
{
	struct vhost_queue *q = queue_at(p, msg->state.index);

	if (!q || q->ring.running || msg->state.num > UINT16_MAX)
		return -EPROTO;
	q->base = (uint16_t)msg->state.num;
	return DONE;
}

static int get_vring_base(struct vhost_port *p, struct vhost_user_msg *msg)
{
	struct vhost_queue *q = queue_at(p, msg->state.index);

	if (!q)
		return -EPROTO;
	vhost_user_close_fds(msg);
	msg->state.num = vhost_queue_stop(q);
	vhost_changed(p);
	return REPLY;
}

/* The queue of a message with a descriptor, which is the caller's from here on; -1: it
 * says that there is none.  NULL: it makes no sense. */
static struct vhost_queue *take_fd(
	struct vhost_port *p, struct vhost_user_msg *msg, int *fd)
{
	bool none = msg->number & VHU_NO_FD;

	if (msg->number & ~UINT64_C(0x1ff) || msg->n_fds != (none ? 0 : 1))
		return NULL;
	*fd = none ? -1 : msg->fds[0];
	if (queue_at(p, msg->number & 0xff))
		msg->n_fds = 0;
	return queue_at(p, msg->number & 0xff);
}

static void kicked(struct loop_fd *watch, uint32_t events)
{
	struct vhost_port *p = watch->ctx;

	(void)events;
	p->kicks++;
	vhost_wake(p);
}

/* What an earlier backend returned it may not have told any more: a call too many does no
 * harm. */
static void remind(struct vhost_port *p, struct vhost_queue *q)
{
	if (q->ring.running)
		vhost_call(p, q);
}

/* We never wait for receive buffers: kicks for these are not even looked at. */
static int set_vring_kick(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int fd, err = 0;
	struct vhost_queue *q = take_fd(p, msg, &fd);

	if (!q)
		return -EPROTO;
	if ((q - p->queue) % 2)
		err = vhost_queue_kick(q, p->plug.host->loop, fd, kicked, p);
	else if (fd >= 0)
		close(fd);
	q->begun = true;
	if (!err && !q->ring.running)
		err = vhost_queue_start(q, &p->memory, p->features);
	vhost_changed(p);
	remind(p, q);
	return err;
}

static int set_vring_call(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int fd;
	struct vhost_queue *q = take_fd(p, msg, &fd);
	int err = q ? vhost_queue_give(&q->call_fd, fd) : -EPROTO;

	if (!err)
		remind(p, q);
	return err;
}

static int set_vring_err(struct vhost_port *p, struct vhost_user_msg *msg)
{
	int fd;
	struct vhost_queue *q = take_fd(p, msg, &fd);

	return q ? vhost_queue_give(&q->err_fd, fd) : -EPROTO;
}

static int set_vring_enable(struct vhost_port *p, struct vhost_user_msg *msg)
{
	struct vhost_queue *q = queue_at(p, msg->state.index);

	if (!q || msg->state.num > 1)
		return -EPROTO;
	q->enabled = msg->state.num;
	vhost_changed(p);
	return DONE;
}

/* A guest that moved here and does not say so itself: one frame from its address, by
 * which the switch learns where it is now.  (RFC 903) */
static int send_rarp(struct vhost_port *p, struct vhost_user_msg *msg)
{
	static const uint8_t fixed[22] = { 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, [12] = 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
	uint8_t bytes[60] = { 0 };
	const struct iovec seg = { bytes, sizeof(bytes) };
	const struct frame_offload none = { 0 };
	struct frame f;

	memcpy(bytes, fixed, sizeof(fixed));
	memcpy(bytes + 6, &msg->number, 6);
	memcpy(bytes + 22, &msg->number, 6);
	memcpy(bytes + 32, &msg->number, 6);
	if (frame_read(&f, &seg, 1, 0, sizeof(bytes), &none, false) == DROP_NONE)
		switch_input(p->plug.host->sw, &p->plug.port, &f, 1, lan_now());
	return DONE;
}

static int net_set_mtu(struct vhost_port *p, struct vhost_user_msg *msg)
{
	if (msg->number < MTU_MIN || msg->number > switch_conf(p->plug.host->sw)->mtu)
		return REFUSED;
	return DONE;
}

/* Frames go back in the order they came: the ring itself says which are under way, and
 * the record stays as it is. */
static int get_inflight_fd(struct vhost_port *p, struct vhost_user_msg *msg)
{
	uint64_t queues = msg->inflight.queues, size = msg->inflight.queue_size;
	int fd;

	(void)p;
	if (!queues || queues > VHOST_QUEUES || !size || size > VRING_MAX_SIZE)
		return -EPROTO;
	vhost_user_close_fds(msg);
	msg->inflight.mmap_size = queues * (INFLIGHT_QUEUE + size * INFLIGHT_DESC);
	msg->inflight.mmap_offset = 0;
	fd = memfd_create("inflight", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	msg->fds[msg->n_fds++] = fd;
	return ftruncate(fd, (off_t)msg->inflight.mmap_size) ? -errno : REPLY;
}

static int set_inflight_fd(struct vhost_port *p, struct vhost_user_msg *msg)
{
	(void)p;
	return msg->n_fds == 1 ? DONE : -EPROTO;
}

static int set_status(struct vhost_port *p, struct vhost_user_msg *msg)
{
	if (!msg->number)
		return reset_device(p, msg);
	p->status = msg->number & 0xff;
	return DONE;
}

static int get_status(struct vhost_port *p, struct vhost_user_msg *msg)
{
	return reply_number(msg, p->status);
}
