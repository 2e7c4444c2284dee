/* NAT: a network of its own behind libslirp, which speaks for guests by sockets of the
 * host's.  A forward begins when the NIC it is for has an address. */
#include "vlan/uplink/nat.h"

#include "cp/lib/log.h"
#include "vlan/uplink/uplink.h"

#include <errno.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMERS   4  /* libslirp has one, for router advertisements */
#define FIRST    15 /* address that is given out */
#define IPV6_LEN 64

struct forward {
	bool udp;
	uint16_t host_port, port;
	uint8_t mac[6];
	uint32_t ip; /* it leads to; 0: nobody there yet */
};

struct nat_timer {
	SlirpTimerCb fn;
	void *ctx;
	uint64_t due; /* ms; UINT64_MAX: not set */
};

struct nat {
	struct uplink *uplink;
	Slirp *slirp;
	uint32_t net, mask;
	struct in_addr listen;
	struct forward forward[UPLINK_MAX_FORWARDS];
	int n_forwards;
	struct nat_timer timer[TIMERS];
	int first_fd, last_fd; /* of those that are polled, last not included */
	struct uplink_poll *poll;
};

/* ---- What libslirp asks of us ------------------------------------------------------ */

/* Another address than before, or the first: the forward moves. */
static void lead(struct nat *n, struct forward *f, uint32_t ip)
{
	static struct log_limit limit = LOG_LIMIT(5, 10000); /* a guest may ask often */
	struct in_addr to = { htonl(ip) };

	if (f->ip == ip)
		return;
	if (f->ip)
		slirp_remove_hostfwd(n->slirp, f->udp, n->listen, f->host_port);
	f->ip = ip;
	if (!slirp_add_hostfwd(n->slirp, f->udp, n->listen, f->host_port, to, f->port))
		return;
	log_limited(&limit, LOG_LVL_WARN, "nat",
		"port %u of the host cannot be forwarded: %s", f->host_port,
		strerror(errno));
	f->ip = 0;
}

static void learn(struct nat *n, const struct nat_seen *seen)
{
	if ((seen->ip & n->mask) != n->net)
		return;
	for (int i = 0; i < n->n_forwards; i++) {
		if (!memcmp(n->forward[i].mac, seen->mac, 6))
			lead(n, &n->forward[i], seen->ip);
	}
}

static ssize_t send_packet(const void *bytes, size_t len, void *ctx)
{
	struct nat *n = ctx;
	struct nat_seen seen;

	uplink_send(n->uplink, bytes, len);
	if (nat_sees_lease(bytes, len, &seen))
		learn(n, &seen);
	return (ssize_t)len;
}

static void guest_error(const char *text, void *ctx)
{
	static struct log_limit limit = LOG_LIMIT(5, 10000);

	(void)ctx;
	log_limited(&limit, LOG_LVL_INFO, "nat", "%s", text);
}

static int64_t clock_ns(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *timer_new(SlirpTimerCb fn, void *fn_ctx, void *ctx)
{
	struct nat *n = ctx;

	for (int i = 0; i < TIMERS; i++) {
		struct nat_timer *t = &n->timer[i];

		if (!t->fn) {
			*t = (struct nat_timer) { fn, fn_ctx, UINT64_MAX };
			return t;
		}
	}
	return NULL;
}

static void timer_free(void *timer, void *ctx)
{
	struct nat_timer *t = timer;

	(void)ctx;
	if (t)
		*t = (struct nat_timer) { 0 };
}

static void timer_mod(void *timer, int64_t due_ms, void *ctx)
{
	struct nat_timer *t = timer;

	(void)ctx;
	if (t)
		t->due = (uint64_t)due_ms;
}

static void ignore_fd(int fd, void *ctx)
{
	(void)fd;
	(void)ctx;
}

static void ignore(void *ctx)
{
	(void)ctx;
}

static const SlirpCb callbacks = { .send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = ignore_fd,
	.unregister_poll_fd = ignore_fd,
	.notify = ignore };

/* ---- Beginning --------------------------------------------------------------------- */

/* "tcp:8022:02:00:00:0a:0b:0c:22" */
static int read_forward(const char *text, struct forward *f)
{
	char mac[18], host_port[6];
	uint32_t from, to;
	int at = 0;

	f->udp = !strncmp(text, "udp:", 4);
	if (!f->udp && strncmp(text, "tcp:", 4))
		return -EINVAL;
	if (sscanf(text + 4, "%5[0-9]:%17[0-9a-f:]:%n", host_port, mac, &at) != 2 || !at)
		return -EINVAL;
	if (conf_number(host_port, 1, 65535, &from) || conf_mac(mac, f->mac) ||
		conf_number(text + 4 + at, 1, 65535, &to))
		return -EINVAL;
	f->host_port = (uint16_t)from;
	f->port = (uint16_t)to;
	return 0;
}

static int read_forwards(struct nat *n, const struct uplink_conf *c, char why[UPLINK_WHY])
{
	const char *text, *listen = conf_get(c, "listen");
	size_t at = 0;

	if (inet_pton(AF_INET, listen ? listen : "127.0.0.1", &n->listen) != 1)
		return uplink_fail(why, EINVAL, "\"%s\" is no address", listen);
	while ((text = conf_next(c, "forward", &at))) {
		if (n->n_forwards == UPLINK_MAX_FORWARDS)
			return uplink_fail(why, E2BIG, "too many forwards");
		if (read_forward(text, &n->forward[n->n_forwards++]))
			return uplink_fail(why, EINVAL, "\"%s\" is no forward", text);
	}
	return 0;
}

/* A port that another has is said now and not when a guest comes.  libslirp takes it
 * later: until then somebody else may. */
static int try_forwards(const struct nat *n, char why[UPLINK_WHY])
{
	for (int i = 0; i < n->n_forwards; i++) {
		const struct forward *f = &n->forward[i];
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = htons(f->host_port),
			.sin_addr = n->listen };
		int fd = socket(
			AF_INET, (f->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
		int one = 1, err = 0;

		if (fd < 0)
			return uplink_fail(why, errno, "a socket");
		if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
			bind(fd, (struct sockaddr *)&at, sizeof(at)))
			err = uplink_fail(
				why, errno, "port %u of the host", f->host_port);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int read_net6(const char *text, struct in6_addr *net)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');

	if (!slash || strcmp(slash, "/64") || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	return inet_pton(AF_INET6, address, net) == 1 ? 0 : -EINVAL;
}

static int set_ipv6(SlirpConfig *c, const char *text)
{
	if (!text)
		return 0;
	if (read_net6(text, &c->vprefix_addr6))
		return -EINVAL;
	c->in6_enabled = true;
	c->vprefix_len = IPV6_LEN;
	c->vhost6 = c->vnameserver6 = c->vprefix_addr6;
	c->vhost6.s6_addr[15] |= 2;
	c->vnameserver6.s6_addr[15] |= 3;
	return 0;
}

static int begin_slirp(struct nat *n, const struct uplink_conf *c, char why[UPLINK_WHY])
{
	const char *net = conf_get(c, "net"), *mtu = conf_get(c, "mtu");
	/* What listens on the host's loopback is for the host: its sockets are its own.
	 */
	SlirpConfig conf = { .version = 1,
		.in_enabled = true,
		.disable_host_loopback = true,
		.vhostname = "nat" };
	uint32_t bytes = 1500;

	if (conf_net(net ? net : "10.0.2.0/24", &n->net, &n->mask) ||
		~n->mask < 2 * FIRST)
		return uplink_fail(why, EINVAL, "\"%s\" is no network for NAT", net);
	if (mtu && conf_number(mtu, 576, 65521, &bytes))
		return uplink_fail(why, EINVAL, "\"%s\" is no MTU", mtu);
	if (set_ipv6(&conf, conf_get(c, "net6")))
		return uplink_fail(why, EINVAL, "net6 is no /64");
	conf.vnetwork.s_addr = htonl(n->net);
	conf.vnetmask.s_addr = htonl(n->mask);
	conf.vhost.s_addr = htonl(n->net + 2);
	conf.vnameserver.s_addr = htonl(n->net + 3);
	conf.vdhcp_start.s_addr = htonl(n->net + FIRST);
	conf.if_mtu = conf.if_mru = bytes;
	n->slirp = slirp_new(&conf, &callbacks, n);
	return n->slirp ? 0 : uplink_fail(why, EINVAL, "libslirp does not begin");
}

static int nat_open(struct uplink *u, char why[UPLINK_WHY])
{
	struct nat *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return uplink_fail(why, ENOMEM, "NAT");
	n->uplink = u;
	err = read_forwards(n, u->conf, why);
	if (!err)
		err = try_forwards(n, why);
	if (!err)
		err = begin_slirp(n, u->conf, why);
	if (err)
		free(n);
	else
		u->own = n;
	return err;
}

/* ---- Running ------------------------------------------------------------------------
 */

/* libslirp 4.7 can be made to use memory that it has given back by how fragments of IPv4
 * follow each other: a guest's do not reach it.  Of IPv6 it takes none. */
static bool is_fragment(const uint8_t *frame, size_t len)
{
	return len >= 22 && frame[12] == 8 && !frame[13] &&
	       (frame[20] & 0x3f || frame[21]);
}

static void nat_frame(struct uplink *u, const uint8_t *bytes, size_t len)
{
	struct nat *n = u->own;
	struct nat_seen seen;

	if (is_fragment(bytes, len)) {
		u->lost++;
		return;
	}
	if (nat_sees_arp(bytes, len, &seen))
		learn(n, &seen);
	if (nat_may_pass(bytes, len))
		slirp_input(n->slirp, bytes, (int)len);
}

static int add_poll(int fd, int events, void *ctx)
{
	struct nat *n = ctx;
	short wanted = 0;

	if (events & SLIRP_POLL_IN)
		wanted |= POLLIN;
	if (events & SLIRP_POLL_OUT)
		wanted |= POLLOUT;
	if (events & SLIRP_POLL_PRI)
		wanted |= POLLPRI;
	return uplink_poll_add(n->poll, fd, wanted);
}

static int get_revents(int at, void *ctx)
{
	const struct nat *n = ctx;
	short got = uplink_poll_got(n->poll, at);

	return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (got & POLLPRI ? SLIRP_POLL_PRI : 0) |
	       (got & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static void wait_for_timers(const struct nat *n, uint32_t *timeout)
{
	uint64_t now = uplink_now_ms();

	for (int i = 0; i < TIMERS; i++) {
		const struct nat_timer *t = &n->timer[i];
		uint64_t left;

		if (!t->fn || t->due == UINT64_MAX)
			continue;
		left = t->due > now ? t->due - now : 0;
		if (left < *timeout)
			*timeout = (uint32_t)left;
	}
}

static void nat_fill(struct uplink *u, struct uplink_poll *p)
{
	struct nat *n = u->own;
	uint32_t timeout = INT32_MAX;

	n->poll = p;
	slirp_pollfds_fill(n->slirp, &timeout, add_poll, n);
	wait_for_timers(n, &timeout);
	p->timeout_ms = timeout == INT32_MAX ? -1 : (int)timeout;
}

static int nat_run(struct uplink *u, const struct uplink_poll *p)
{
	struct nat *n = u->own;
	uint64_t now = uplink_now_ms();

	(void)p;
	slirp_pollfds_poll(n->slirp, 0, get_revents, n);
	for (int i = 0; i < TIMERS; i++) {
		struct nat_timer *t = &n->timer[i];

		if (t->fn && t->due <= now) {
			t->due = UINT64_MAX;
			t->fn(t->ctx);
		}
	}
	return 0;
}

const struct uplink_kind uplink_nat = { .name = "nat",
	.role = UPLINK_ROLE_NAT,
	.keeps_files = true,
	.open = nat_open,
	.frame = nat_frame,
	.fill = nat_fill,
	.run = nat_run };
