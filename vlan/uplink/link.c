/* The LAN's side of an uplink, and the loop. */
#include "vlan/uplink/uplink.h"

#include "cp/lib/log.h"
#include "cp/lib/vring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE     256
#define BUFFER    2048 /* an ordinary frame takes one, a larger one several */
#define ANSWER_MS 10000

int uplink_fail(char why[UPLINK_WHY], int err, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(why, UPLINK_WHY, fmt, ap);
	va_end(ap);
	err = abs(err);
	if (len >= 0 && len < UPLINK_WHY)
		snprintf(why + len, UPLINK_WHY - (size_t)len, ": %s", strerror(err));
	return -err;
}

uint64_t uplink_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void uplink_send(struct uplink *u, const uint8_t *bytes, size_t len)
{
	const struct iovec iov = { (void *)(uintptr_t)bytes, len };

	if (len > UPLINK_FRAME || vnic_tx(u->nic, NULL, &iov, 1, 0, len))
		u->dropped++;
}

int uplink_poll_add(struct uplink_poll *p, int fd, short events)
{
	if (p->n == p->max) {
		int max = p->max ? 2 * p->max : 16;
		struct pollfd *more = realloc(p->fd, (size_t)max * sizeof(*more));

		if (!more)
			return -1;
		p->fd = more;
		p->max = max;
	}
	p->fd[p->n] = (struct pollfd) { .fd = fd, .events = events };
	return p->n++;
}

short uplink_poll_got(const struct uplink_poll *p, int at)
{
	return at >= 0 && at < p->n ? p->fd[at].revents : 0;
}

int uplink_plug(struct uplink *u, int fd)
{
	const struct vnic_conf conf = {
		.queue_size = QUEUE, .buffer = BUFFER, .answer_ms = ANSWER_MS
	};

	return vnic_create(fd, &conf, &u->nic);
}

/* One burst; what is more is for the next round. */
static int take_frames(struct uplink *u)
{
	struct vnic_frame f[VNIC_BURST];
	int n = vnic_rx(u->nic, f, VNIC_BURST);

	for (int i = 0; i < n; i++) {
		size_t len = f[i].len;

		if (len <= sizeof(u->buf) &&
			iov_read(f[i].seg, f[i].n_seg, 0, u->buf, len) == len)
			u->kind->frame(u, u->buf, len);
	}
	if (n > 0)
		vnic_rx_done(u->nic);
	return n < 0 ? n : 0;
}

static int fill(struct uplink *u, struct uplink_poll *p)
{
	p->n = 0;
	p->timeout_ms = -1;
	if (uplink_poll_add(p, vnic_sock_fd(u->nic), POLLIN) < 0 ||
		uplink_poll_add(p, vnic_rx_fd(u->nic), POLLIN) < 0)
		return -ENOMEM;
	if (u->kind->fill)
		u->kind->fill(u, p);
	if (vnic_rx_wait(u->nic))
		p->timeout_ms = 0;
	return 0;
}

/* The LAN has nothing to say but that it is gone. */
int uplink_run(struct uplink *u)
{
	struct uplink_poll p = { 0 };
	int err = 0;

	while (!err) {
		err = fill(u, &p);
		if (err || (poll(p.fd, (nfds_t)p.n, p.timeout_ms) < 0 && errno != EINTR))
			break;
		if (uplink_poll_got(&p, 0))
			break;
		if (uplink_poll_got(&p, 1))
			vnic_rx_seen(u->nic);
		err = take_frames(u);
		if (!err && u->kind->run)
			err = u->kind->run(u, &p);
		vnic_tx_flush(u->nic);
	}
	if (u->dropped || u->lost)
		log_info(u->kind->name,
			"dropped for want of room: %llu frames to the LAN, %llu from it",
			(unsigned long long)u->dropped, (unsigned long long)u->lost);
	free(p.fd);
	return err;
}
