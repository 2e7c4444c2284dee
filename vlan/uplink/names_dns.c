/* DNS: a server that knows the LAN's own names, and that there are no others. */
#include "vlan/uplink/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADER      12
#define MESSAGE_MAX 512
#define NAME_BYTES  255
#define LABELS      6 /* d.c.b.a.in-addr.arpa; more is nobody here */
#define TTL_S       60
#define ANSWERS     16

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_ANY = 255, CLASS_IN = 1, CLASS_ANY = 255 };
enum { NOERROR = 0, FORMERR = 1, NXDOMAIN = 3, NOTIMP = 4 };

#define RESPONSE      0x8000u
#define AUTHORITATIVE 0x0400u
#define OPCODE        0x7800u
#define RECURSION     0x0100u /* desired: given back */

struct query {
	char label[LABELS][64];
	int n; /* labels; more than LABELS: only counted */
	uint16_t type, class;
	size_t end; /* of the question */
};

/* No compression: a question is the first name of its message. */
static bool read_name(struct query *q, const uint8_t *in, size_t len)
{
	size_t at = HEADER;

	for (q->n = 0; at < len && in[at]; q->n++) {
		uint8_t bytes = in[at++];

		if (bytes > 63 || len - at < bytes || at + bytes > HEADER + NAME_BYTES ||
			memchr(in + at, 0, bytes))
			return false;
		if (q->n < LABELS) {
			memcpy(q->label[q->n], in + at, bytes);
			q->label[q->n][bytes] = 0;
		}
		at += bytes;
	}
	if (at >= len || len - at < 5)
		return false;
	q->type = names_get16(in + at + 1);
	q->class = names_get16(in + at + 3);
	q->end = at + 5;
	return true;
}

static bool is_userid(const struct query *q, const char *userid)
{
	if (q->n < 1 || q->n > 2 || (q->n == 2 && strcasecmp(q->label[1], NAMES_DOMAIN)))
		return false;
	return !strcasecmp(q->label[0], userid);
}

static bool is_reverse(const struct query *q, uint32_t ip)
{
	char text[4];

	if (q->n != 6 || strcasecmp(q->label[4], "in-addr") ||
		strcasecmp(q->label[5], "arpa"))
		return false;
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "%u", (ip >> (8 * i)) & 255);
		if (strcmp(q->label[i], text))
			return false;
	}
	return true;
}

/* ---- The answer ---- */

/* A record about the name of the question. */
static void put_record(
	struct names_datagram *out, uint16_t type, const uint8_t *data, size_t len)
{
	uint8_t *p = out->bytes + out->len;

	names_put16(p, 0xc000 | HEADER);
	names_put16(p + 2, type);
	names_put16(p + 4, CLASS_IN);
	names_put32(p + 6, TTL_S);
	names_put16(p + 10, (uint32_t)len);
	memcpy(p + 12, data, len);
	out->len += 12 + len;
}

static void put_address(struct names_datagram *out, uint32_t ip)
{
	uint8_t data[4];

	names_put32(data, ip);
	put_record(out, TYPE_A, data, sizeof(data));
}

static void put_name(struct names_datagram *out, const char *userid)
{
	uint8_t data[1 + NAMES_USERID + 1 + sizeof(NAMES_DOMAIN)];
	size_t len = strlen(userid), domain = strlen(NAMES_DOMAIN);

	data[0] = (uint8_t)len;
	memcpy(data + 1, userid, len);
	data[1 + len] = (uint8_t)domain;
	memcpy(data + 2 + len, NAMES_DOMAIN, domain);
	data[2 + len + domain] = 0;
	put_record(out, TYPE_PTR, data, 3 + len + domain);
}

/* Answers about one NIC, if the question is about it; is it? */
static bool answer_host(const struct query *q, const struct names_host *h, int *answers,
	struct names_datagram *out)
{
	bool name = is_userid(q, h->userid), address = is_reverse(q, h->ip);
	uint16_t about = name ? TYPE_A : TYPE_PTR;

	if (!name && !address)
		return false;
	if ((q->type != about && q->type != TYPE_ANY) || *answers == ANSWERS)
		return true;
	if (name)
		put_address(out, h->ip);
	else
		put_name(out, h->userid);
	++*answers;
	return true;
}

static uint16_t answer(const struct names *n, const struct query *q,
	struct names_datagram *out, int *answers)
{
	bool known = false;

	if (q->class != CLASS_IN && q->class != CLASS_ANY)
		return NXDOMAIN;
	for (int i = 0; i < n->n_hosts; i++) {
		if (answer_host(q, &n->host[i], answers, out))
			known = true;
	}
	return known ? NOERROR : NXDOMAIN;
}

void names_dns(
	const struct names *n, const uint8_t *in, size_t len, struct names_datagram *out)
{
	uint16_t flags, error = FORMERR;
	struct query q;
	int answers = 0;

	out->len = 0;
	if (len < HEADER || len > MESSAGE_MAX || names_get16(in + 2) & RESPONSE)
		return;
	flags = names_get16(in + 2);
	memset(out->bytes, 0, HEADER);
	memcpy(out->bytes, in, 2);
	out->len = HEADER;
	if (flags & OPCODE) {
		error = NOTIMP;
	} else if (names_get16(in + 4) == 1 && read_name(&q, in, len)) {
		memcpy(out->bytes + HEADER, in + HEADER, q.end - HEADER);
		out->len = q.end;
		names_put16(out->bytes + 4, 1);
		error = answer(n, &q, out, &answers);
	}
	names_put16(out->bytes + 2,
		RESPONSE | AUTHORITATIVE | (flags & (OPCODE | RECURSION)) | error);
	names_put16(out->bytes + 6, (uint32_t)answers);
}
