/* The table of who joined what, and who asks. */
#include "vlan/snoop.h"

#include "vlan/fdb.h"
#include "vlan/hash.h"
#include "vlan/snoop_parse.h"
#include "vlan/vlan_rules.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS     1024
#define SWEEP       128 /* buckets at a time */
#define SWEEP_NS    UINT64_C(10000000000)
#define LIVE_NS     UINT64_C(260000000000) /* of a membership, by default (RFC 3376, 8.4) */
#define MESSAGE_MAX 2048                   /* bytes of one that is looked into */
#define ETHER       14
#define ANSWER_NS   UINT64_C(1000000000)    /* the least time hosts have to answer */
#define LIVE_MAX_NS UINT64_C(3600000000000) /* even if asked for less often */

struct member {
	struct member *next;
	uint64_t key; /* VLAN and address of the group, or of all routers */
	uint64_t until;
	uint16_t port;
};

/* Who asks in a VLAN. */
struct querier {
	uint64_t from;  /* there was time to answer */
	uint64_t until; /* it has not been heard */
	uint64_t live;  /* ns, of memberships */
};

struct snoop {
	struct hash hash;
	uint32_t n;
	uint32_t sweep; /* next bucket to be looked through... */
	uint64_t sweep_at;
	uint16_t joined[LAN_MAX_PORTS];
	struct member *bucket[BUCKETS];
	struct querier querier[2][VLAN_COUNT]; /* of IPv4, IPv6 */
};

static bool read_message(const struct frame *f, struct snoop_message *m);
static void heard(struct snoop *s, const struct frame *f, uint16_t port,
	const struct snoop_message *m, uint64_t now);
static bool heard_by_all(const struct frame *f);
static void reported(struct snoop *s, const struct frame *f, uint16_t port,
	const struct snoop_message *m, uint64_t now);
static void join(struct snoop *s, uint64_t key, uint16_t port, uint64_t until);
static bool for_all(const uint8_t *mac);
static int list_ports(
	const struct snoop *s, uint64_t key, uint64_t now, uint16_t *ports, int n);
static struct member **find(struct snoop *s, uint64_t key, uint16_t port);
static void forget_if(struct snoop *s, uint32_t bucket, uint16_t port, uint64_t until);

int snoop_create(struct snoop **out)
{
	struct snoop *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	hash_init(&s->hash);
	*out = s;
	return 0;
}

void snoop_destroy(struct snoop *s)
{
	if (!s)
		return;
	snoop_forget_all(s);
	free(s);
}

static uint64_t key_of(uint16_t vlan, uint64_t mac)
{
	return mac | (uint64_t)vlan << 48;
}

/* Routers are members of a group nobody else can join. */
static uint64_t routers_of(const struct frame *f)
{
	static const uint8_t mac[2][6] = { { 1, 0, 0x5e }, { 0x33, 0x33 } };

	return key_of(f->vlan, fdb_mac(mac[f->head[0] != 1]));
}

static struct querier *querier_of(struct snoop *s, const struct frame *f)
{
	return &s->querier[f->head[0] != 1][f->vlan];
}

enum snoop_way snoop_frame(
	struct snoop *s, const struct frame *f, uint16_t port, bool router, uint64_t now)
{
	const struct querier *q = querier_of(s, f);
	bool ip4 = f->head[0] == 1 && !f->head[1] && f->head[2] == 0x5e;
	bool ip6 = f->head[0] == 0x33 && f->head[1] == 0x33;
	bool known = now >= q->from && now < q->until;
	struct snoop_message m;

	if (!ip4 && !ip6)
		return SNOOP_ALL;
	if (!read_message(f, &m))
		return known && !for_all(f->head) ? SNOOP_LISTENERS : SNOOP_ALL;
	if (m.kind == SNOOP_REPORT) {
		reported(s, f, port, &m, now);
		return known ? SNOOP_ROUTERS : SNOOP_ALL;
	}
	if (router && m.live_ns && heard_by_all(f))
		heard(s, f, port, &m, now);
	return SNOOP_ALL;
}

int snoop_ports(const struct snoop *s, const struct frame *f, enum snoop_way way,
	uint64_t now, uint16_t ports[SNOOP_PORTS])
{
	int n = list_ports(s, routers_of(f), now, ports, 0);

	if (way == SNOOP_LISTENERS)
		n = list_ports(s, key_of(f->vlan, fdb_mac(f->head)), now, ports, n);
	return n;
}

void snoop_forget(struct snoop *s, uint16_t port)
{
	for (uint32_t i = 0; s->joined[port] && i < BUCKETS; i++)
		forget_if(s, i, port, 0);
}

void snoop_forget_all(struct snoop *s)
{
	for (uint32_t i = 0; i < BUCKETS; i++)
		forget_if(s, i, FDB_NONE, UINT64_MAX);
	memset(s->querier, 0, sizeof(s->querier));
}

uint64_t snoop_next(const struct snoop *s)
{
	return s->n ? s->sweep_at : UINT64_MAX;
}

void snoop_tick(struct snoop *s, uint64_t now)
{
	if (now < snoop_next(s))
		return;
	for (int i = 0; i < SWEEP; i++, s->sweep = (s->sweep + 1) % BUCKETS)
		forget_if(s, s->sweep, FDB_NONE, now);
	s->sweep_at = now + SWEEP_NS;
}

uint32_t snoop_count(const struct snoop *s)
{
	return s->n;
}

/* One that goes on beyond what is looked at goes its way like other frames. */
static bool read_message(const struct frame *f, struct snoop_message *m)
{
	const struct egress e = { .frame = f };
	bool summed = !(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	bool ip4 = f->head[12] == 0x08 && !f->head[13] && f->head[23] == 2;
	bool ip6 = f->head[12] == 0x86 && f->head[13] == 0xdd && !f->head[20];
	uint8_t bytes[MESSAGE_MAX];
	size_t len = f->len - ETHER;

	if (f->len < ETHER + 20 || !(ip4 || ip6))
		return false;
	len = len < MESSAGE_MAX ? len : MESSAGE_MAX;
	egress_copy(&e, ETHER, bytes, len);
	if (ip4)
		snoop_parse_ip4(m, bytes, len, summed);
	else
		snoop_parse_ip6(m, bytes, len, summed);
	return m->kind != SNOOP_NOTHING;
}

/* General queries go to all hosts (RFC 3376, 6.1; 3810, 5.1.15).  One that goes elsewhere
 * nobody would answer, and after it no group would reach anybody. */
static bool heard_by_all(const struct frame *f)
{
	static const uint8_t all[2][6] = { { 1, 0, 0x5e, 0, 0, 1 },
		{ 0x33, 0x33, 0, 0, 0, 1 } };

	return !memcmp(f->head, all[f->head[0] != 1], 6);
}

/* A general query.  The first one gives hosts time to answer before it changes where
 * frames go, also where it would have them answer at once. */
static void heard(struct snoop *s, const struct frame *f, uint16_t port,
	const struct snoop_message *m, uint64_t now)
{
	struct querier *q = querier_of(s, f);

	if (now >= q->until)
		q->from = now + (m->response_ns > ANSWER_NS ? m->response_ns : ANSWER_NS);
	q->live = m->live_ns < LIVE_MAX_NS ? m->live_ns : LIVE_MAX_NS;
	q->until = now + q->live;
	join(s, routers_of(f), port, q->until);
	s->sweep_at = s->sweep_at ? s->sweep_at : now + SWEEP_NS;
}

static void reported(struct snoop *s, const struct frame *f, uint16_t port,
	const struct snoop_message *m, uint64_t now)
{
	const struct querier *q = querier_of(s, f);
	uint64_t live = now < q->until ? q->live : LIVE_NS;

	for (int i = 0; i < m->n; i++) {
		uint64_t key = key_of(f->vlan, fdb_mac(m->change[i].mac));
		struct member *old = *find(s, key, port);

		if (for_all(m->change[i].mac))
			continue;
		if (m->change[i].join)
			join(s, key, port, now + live);
		else if (old && old->until > now + SNOOP_LEAVE_NS)
			old->until = now + SNOOP_LEAVE_NS;
	}
	s->sweep_at = s->sweep_at ? s->sweep_at : now + SWEEP_NS;
}

/* Without room or memory the port is no member: nobody else pays for it. */
static void join(struct snoop *s, uint64_t key, uint16_t port, uint64_t until)
{
	struct member **at = find(s, key, port), *m = *at;

	if (m) {
		m->until = until;
		return;
	}
	m = s->joined[port] < SNOOP_PORT_MAX ? malloc(sizeof(*m)) : NULL;
	if (!m)
		return;
	*m = (struct member) { .key = key, .port = port, .until = until };
	*at = m;
	s->joined[port]++;
	s->n++;
}

/* Groups that all get: their members do not tell, or neighbours would not be found by
 * hosts that do not.  (RFC 4541, 2.1.2 and 3) */
static bool for_all(const uint8_t *mac)
{
	static const uint8_t control4[5] = { 1, 0, 0x5e }, nodes6[5] = { 0x33, 0x33 };

	if (!memcmp(mac, control4, 5))
		return true;
	return mac[0] == 0x33 &&
	       (mac[2] == 0xff || (!memcmp(mac, nodes6, 5) && mac[5] <= 1));
}

static int list_ports(
	const struct snoop *s, uint64_t key, uint64_t now, uint16_t *ports, int n)
{
	const struct member *m = s->bucket[hash_of(&s->hash, key) % BUCKETS];

	for (; m; m = m->next) {
		if (m->key == key && now < m->until)
			ports[n++] = m->port;
	}
	return n;
}

/* Where this member is, or a NULL at its bucket's end. */
static struct member **find(struct snoop *s, uint64_t key, uint16_t port)
{
	struct member **at = &s->bucket[hash_of(&s->hash, key) % BUCKETS];

	while (*at && ((*at)->key != key || (*at)->port != port))
		at = &(*at)->next;
	return at;
}

/* Forgets members that are this port, or good until then at most. */
static void forget_if(struct snoop *s, uint32_t bucket, uint16_t port, uint64_t until)
{
	struct member **at = &s->bucket[bucket], *m;

	while ((m = *at)) {
		if (m->port != port && m->until > until) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		s->joined[m->port]--;
		s->n--;
		free(m);
	}
}
