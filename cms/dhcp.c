/* The states of a lease. */
#include "cms/dhcp.h"

#include "cms/dhcp_message.h"
#include "cms/iface.h"
#include "cms/string.h"
#include "cms/timer.h"
#include "cms/udp.h"

#define SERVER_PORT 67
#define TRIES       4 /* of a request, before it begins anew */
#define SHIFT_MAX   5 /* 32 seconds between repetitions */
#define RETRY_LEAST (10 * NS_PER_S)

static void begin(struct inet *n, struct iface *i);
static void begin_later(struct inet *n, struct iface *i);
static void take_offer(struct inet *n, struct iface *i, const struct dhcp_reply *r);
static void take_lease(struct inet *n, struct iface *i, const struct dhcp_reply *r);
static void lose(struct inet *n, struct iface *i);
static void set_lease(struct inet *n, struct iface *i);
static void repeat(struct inet *n, struct iface *i);
static void prolong(struct inet *n, struct iface *i);
static void dhcp_send(struct inet *n, struct iface *i, enum dhcp_type type);
static bool from_server(const struct dhcp *d, const struct dhcp_reply *r);

void dhcp_start(struct inet *n, struct iface *i)
{
	dhcp_stop(n, i);
	begin(n, i);
}

void dhcp_stop(struct inet *n, struct iface *i)
{
	enum dhcp_state state = i->dhcp.state;

	if (state == DHCP_BOUND || state == DHCP_RENEWING)
		dhcp_send(n, i, DHCP_RELEASE);
	lose(n, i);
	memset(&i->dhcp, 0, sizeof(i->dhcp));
}

void dhcp_input(struct inet *n, const struct packet *p)
{
	struct iface *i = p->in;
	struct dhcp *d = &i->dhcp;
	struct dhcp_reply r;

	if (!dhcp_read(&r, p->data, p->len) || r.xid != d->xid ||
		memcmp(r.mac, i->mac, MAC_SIZE) != 0)
		return;
	if (d->state == DHCP_SELECTING && r.type == DHCP_OFFER) {
		take_offer(n, i, &r);
	} else if (d->state == DHCP_REQUESTING || d->state == DHCP_RENEWING) {
		if (r.type == DHCP_ACK && from_server(d, &r))
			take_lease(n, i, &r);
		if (r.type == DHCP_NAK && from_server(d, &r))
			begin_later(n, i);
	}
}

void dhcp_tick(struct inet *n, struct iface *i)
{
	struct dhcp *d = &i->dhcp;

	if (d->state == DHCP_OFF || d->next > n->now)
		return;
	if (d->state == DHCP_BOUND || d->state == DHCP_RENEWING)
		prolong(n, i);
	else if (d->state == DHCP_REQUESTING && d->tries == TRIES)
		begin(n, i);
	else
		repeat(n, i);
}

uint64_t dhcp_next(const struct dhcp *d)
{
	return d->state == DHCP_OFF ? FOR_EVER : d->next;
}

static void begin(struct inet *n, struct iface *i)
{
	i->dhcp = (struct dhcp) { .state = DHCP_SELECTING, .xid = inet_random(n) };
	repeat(n, i);
}

/* A server that refuses may go on to do so: it is not to be asked without a pause. */
static void begin_later(struct inet *n, struct iface *i)
{
	lose(n, i);
	i->dhcp = (struct dhcp) {
		.state = DHCP_SELECTING, .xid = inet_random(n), .next = n->now + NS_PER_S
	};
}

static void take_offer(struct inet *n, struct iface *i, const struct dhcp_reply *r)
{
	struct dhcp *d = &i->dhcp;

	if (!addr_is_host(&r->addr) || !r->server.family)
		return;
	d->addr = r->addr;
	d->server = r->server;
	d->state = DHCP_REQUESTING;
	d->tries = 0;
	repeat(n, i);
}

static void take_lease(struct inet *n, struct iface *i, const struct dhcp_reply *r)
{
	struct dhcp *d = &i->dhcp;
	uint64_t lease = r->lease * NS_PER_S;
	bool for_ever = r->lease == UINT32_MAX;

	if (!addr_is_host(&r->addr) || !r->lease)
		return;
	if (!addr_same(&d->addr, &r->addr))
		lose(n, i);
	d->addr = r->addr;
	d->len = r->len;
	d->router = r->router;
	d->dns = r->dns;
	if (r->server.family)
		d->server = r->server;
	d->renew = for_ever ? FOR_EVER
			    : d->asked + (r->t1 ? r->t1 * NS_PER_S : lease / 2);
	d->rebind = d->asked + (r->t2 ? r->t2 * NS_PER_S : lease / 8 * 7);
	d->until = for_ever ? FOR_EVER : d->asked + lease;
	d->next = d->renew < d->until ? d->renew : d->until;
	d->state = DHCP_BOUND;
	set_lease(n, i);
}

/* The address and what it brought are gone. */
static void lose(struct inet *n, struct iface *i)
{
	iface_delete_origin(n, i, BY_DHCP);
	route_delete_origin(n, i, BY_DHCP);
}

static void set_lease(struct inet *n, struct iface *i)
{
	const struct dhcp *d = &i->dhcp;
	const struct iface_addr a = { d->addr, (uint8_t)d->len, BY_DHCP, d->until };
	const struct route r = { addr_any(IPV4), 0, BY_DHCP, d->router, i, d->until };

	iface_add(n, i, &a);
	route_delete_origin(n, i, BY_DHCP);
	if (d->router.family)
		route_add(n, &r);
}

/* Discovers or requests once more, later each time. */
static void repeat(struct inet *n, struct iface *i)
{
	struct dhcp *d = &i->dhcp;
	unsigned shift = d->tries < SHIFT_MAX ? d->tries : SHIFT_MAX;

	d->tries++;
	d->next = n->now + (NS_PER_S << shift) + inet_random(n) % (NS_PER_S / 4);
	d->asked = n->now;
	dhcp_send(n, i, d->state == DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST);
}

/* Half of the time that is left between tries (RFC 2131, 4.4.5). */
static void prolong(struct inet *n, struct iface *i)
{
	struct dhcp *d = &i->dhcp;
	uint64_t end = n->now < d->rebind ? d->rebind : d->until, wait;

	if (n->now >= d->until) {
		lose(n, i);
		begin(n, i);
		return;
	}
	if (d->state == DHCP_BOUND)
		d->xid = inet_random(n);
	wait = end == FOR_EVER ? FOR_EVER / 4 : (end - n->now) / 2;
	wait = wait > RETRY_LEAST ? wait : RETRY_LEAST;
	d->next = wait < d->until - n->now ? n->now + wait : d->until;
	d->state = DHCP_RENEWING;
	d->asked = n->now;
	dhcp_send(n, i, DHCP_REQUEST);
}

/* To the server alone where we have an address and know whose it is. */
static void dhcp_send(struct inet *n, struct iface *i, enum dhcp_type type)
{
	const struct dhcp *d = &i->dhcp;
	bool have = d->state == DHCP_BOUND || d->state == DHCP_RENEWING;
	bool direct = type == DHCP_RELEASE || (have && n->now < d->rebind);
	struct ip_head head = { .from = have ? d->addr : addr_any(IPV4),
		.to = direct ? d->server : addr_broadcast(),
		.iface = i };
	struct buf *b = buf_get(n, DHCP_SIZE);

	if (!b)
		return;
	dhcp_write(b->at, d, i->mac, type, have);
	udp_send(n, b, &head, DHCP_CLIENT_PORT, SERVER_PORT);
}

/* When any server may answer, the one that does is taken. */
static bool from_server(const struct dhcp *d, const struct dhcp_reply *r)
{
	return d->state == DHCP_RENEWING || !r->server.family ||
	       addr_same(&r->server, &d->server);
}
