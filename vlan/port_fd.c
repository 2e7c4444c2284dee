/* Bursts of the kernel's frames.  The slots are ours alone: what was read stays as it is
 * while the switch forwards it. */
#include "vlan/port_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void readable(struct loop_fd *watch, uint32_t events);

static void plug_destroy(struct lan_plug *plug)
{
	struct port_fd *p = container_of(plug, struct port_fd, plug);

	switch_port_remove(plug->host->sw, &plug->port);
	loop_fd_del(&p->watch);
	loop_undefer(&p->ending);
	if (p->fd >= 0)
		close(p->fd);
	free(p->slots);
	p->ops->destroy(p);
}

static void plug_stat(const struct lan_plug *plug, struct lan_stat_port *out)
{
	const struct port_fd *p = container_of(plug, const struct port_fd, plug);

	out->state = plug->state;
	out->kicks = p->wakes;
	out->calls = 0;
}

static const struct lan_plug_ops plug_ops = { plug_destroy, plug_stat };

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

int port_fd_begin(struct port_fd *p, struct lan_host *host, const struct lan_port *conf,
	const struct port_ops *ops, int fd)
{
	int err = set_nonblocking(fd);

	if (err)
		return err;
	p->plug.ops = &plug_ops;
	p->plug.host = host;
	p->plug.state = LAN_PORT_UP;
	p->plug.port.ops = ops;
	p->plug.port.conf = *conf;
	p->slots = malloc((size_t)FRAME_BURST * PORT_FD_SLOT);
	if (!p->slots)
		return -ENOMEM;
	err = switch_port_add(host->sw, &p->plug.port);
	if (!err) {
		err = loop_fd_add(host->loop, &p->watch, fd, EPOLLIN, readable, p);
		if (err)
			switch_port_remove(host->sw, &p->plug.port);
	}
	if (err)
		free(p->slots);
	else
		p->fd = fd;
	return err;
}

static void tell_end(struct loop_call *call)
{
	struct port_fd *p = call->ctx;

	p->plug.host->gone(p->plug.host, &p->plug, p->ops->end);
}

void port_fd_end(struct port_fd *p)
{
	if (p->plug.state == LAN_PORT_GONE)
		return;
	p->plug.state = LAN_PORT_GONE;
	loop_fd_del(&p->watch);
	close(p->fd);
	p->fd = -1;
	loop_defer(p->plug.host->loop, &p->ending, tell_end, p);
}

uint8_t *port_fd_slot(const struct port_fd *p, int i)
{
	return p->slots + (size_t)i * PORT_FD_SLOT;
}

/* The switch gets runs of frames; those that are none it only counts, in their place. */
static void forward(struct port_fd *p, const struct port_fd_slot *slot, int n)
{
	struct lan_switch *sw = p->plug.host->sw;
	struct frame frame[FRAME_BURST];
	struct iovec iov[FRAME_BURST];
	bool aware = switch_conf(sw)->flags & LAN_AWARE;
	uint64_t now = lan_now();
	int run = 0;

	for (int i = 0; i < n; i++) {
		enum lan_drop why;

		iov[run] = (struct iovec) { port_fd_slot(p, i) + PORT_FD_HEAD,
			slot[i].len };
		why = frame_read(&frame[run], &iov[run], 1, 0, slot[i].len,
			&slot[i].offload, aware);
		if (why == DROP_NONE) {
			run++;
			continue;
		}
		if (run)
			switch_input(sw, &p->plug.port, frame, run, now);
		switch_refuse(sw, &p->plug.port, why, now);
		run = 0;
	}
	if (run)
		switch_input(sw, &p->plug.port, frame, run, now);
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	struct port_fd *p = watch->ctx;
	struct port_fd_slot slot[FRAME_BURST];
	int n;

	(void)events;
	p->wakes++;
	n = p->ops->receive(p, slot);
	if (n < 0)
		port_fd_end(p);
	else if (n)
		forward(p, slot, n);
}
