/* Putting datagrams together.  Pieces that overlap are an attack or a mistake, and spoil
 * the whole (RFC 5722, for both families). */
#include "cms/reassembly.h"

#include "cms/iface.h"
#include "cms/string.h"
#include "cms/timer.h"

#define PATIENCE (30 * NS_PER_S)
#define UNIT     8u

static struct reassembly *place(
	struct inet *n, const struct packet *p, const struct fragment *f);
static bool belongs(
	const struct reassembly *r, const struct packet *p, const struct fragment *f);
static struct reassembly *oldest_reassembly(struct inet *n);
static bool fits(
	const struct reassembly *r, const struct packet *p, const struct fragment *f);
static bool mark(struct reassembly *r, size_t from, size_t to);
static bool is_whole(const struct reassembly *r);
static void end(struct inet *n, struct reassembly *r);

bool reassembly_add(struct inet *n, struct packet *p, const struct fragment *f)
{
	struct reassembly *r = place(n, p, f);
	size_t to = f->offset + p->len;

	if (!r) {
		iface_drop(p->in, DROP_NO_BUFFER);
		return false;
	}
	if (r->spoilt || !fits(r, p, f) || !mark(r, f->offset, to)) {
		r->spoilt = true;
		iface_drop(p->in, DROP_FRAGMENT);
		return false;
	}
	memcpy(r->buf->space + f->offset, p->data, p->len);
	if (!f->more)
		r->len = to;
	if (!is_whole(r))
		return false;
	p->data = r->buf->space;
	p->len = r->len;
	p->whole = NULL;
	r->until = 0;
	return true;
}

/* Places are looked at again whenever one is needed: nobody need wake up for this. */
void reassembly_tick(struct inet *n)
{
	for (struct reassembly *r = n->reassembly; r < n->reassembly + REASSEMBLIES;
		r++) {
		if (r->buf && r->until <= n->now)
			end(n, r);
	}
}

/* The datagram a fragment belongs to; that nobody heard of before takes the oldest's
 * place. */
static struct reassembly *place(
	struct inet *n, const struct packet *p, const struct fragment *f)
{
	struct reassembly *r;

	for (r = n->reassembly; r < n->reassembly + REASSEMBLIES; r++) {
		if (r->buf && r->until > n->now && belongs(r, p, f))
			return r;
	}
	r = oldest_reassembly(n);
	if (r->buf)
		end(n, r);
	memset(r, 0, sizeof(*r));
	r->buf = buf_get(n, 0);
	r->from = p->from;
	r->to = p->to;
	r->id = f->id;
	r->protocol = p->protocol;
	r->until = n->now + PATIENCE;
	return r->buf ? r : NULL;
}

static bool belongs(
	const struct reassembly *r, const struct packet *p, const struct fragment *f)
{
	return r->id == f->id && r->protocol == p->protocol &&
	       addr_same(&r->from, &p->from) && addr_same(&r->to, &p->to);
}

static struct reassembly *oldest_reassembly(struct inet *n)
{
	struct reassembly *best = n->reassembly;

	for (struct reassembly *r = n->reassembly; r < n->reassembly + REASSEMBLIES;
		r++) {
		if (!r->buf)
			return r;
		if (r->until < best->until)
			best = r;
	}
	return best;
}

/* All but the last are of whole units, and nothing lies behind the last. */
static bool fits(
	const struct reassembly *r, const struct packet *p, const struct fragment *f)
{
	size_t to = f->offset + p->len;

	if (!p->len || to > DATAGRAM_MAX || (f->more && p->len % UNIT))
		return false;
	return !r->len || (f->more && to <= r->len);
}

/* False: a piece of it was there already. */
static bool mark(struct reassembly *r, size_t from, size_t to)
{
	bool fresh = true;

	for (size_t unit = from / UNIT; unit < (to + UNIT - 1) / UNIT; unit++) {
		uint8_t bit = (uint8_t)(1u << unit % 8);

		fresh &= !(r->have[unit / 8] & bit);
		r->have[unit / 8] |= bit;
	}
	return fresh;
}

/* A unit behind the last can only be there if it came before the last did: then it stays
 * incomplete until its time is over. */
static bool is_whole(const struct reassembly *r)
{
	size_t units = (r->len + UNIT - 1) / UNIT;

	for (size_t unit = 0; unit < DATAGRAM_MAX / UNIT; unit++) {
		bool have = r->have[unit / 8] & 1u << unit % 8;

		if (have != (unit < units))
			return false;
	}
	return r->len;
}

static void end(struct inet *n, struct reassembly *r)
{
	buf_free(n, r->buf);
	r->buf = NULL;
}
