/* IGMP and MLD: the same messages in two notations. */
#include "vlan/snoop_parse.h"

#include "vlan/segment.h"

#include <string.h>

#define IP4_MIN 20
#define IP6     40

/* Where the robustness or interval is not said: the defaults of RFC 3376, 8, and 3810, 9.
 */
#define ROBUSTNESS 2
#define INTERVAL_S 125
#define RESPONSE_S 10
#define SECOND     UINT64_C(1000000000)

enum {
	IGMP_QUERY = 0x11,
	IGMP_REPORT1,
	IGMP_REPORT2 = 0x16,
	IGMP_LEAVE,
	IGMP_REPORT3 = 0x22
};
enum { MLD_QUERY = 130, MLD_REPORT, MLD_DONE, MLD_REPORT2 = 143 };
enum { IS_INCLUDE = 1, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW };

/* One notation of the two. */
struct notation {
	size_t group; /* bytes of an address */
	void (*add)(struct snoop_message *m, const uint8_t *group, bool join);
};

static void add_ip4(struct snoop_message *m, const uint8_t *group, bool join);
static void add_ip6(struct snoop_message *m, const uint8_t *group, bool join);
static void read_igmp(
	struct snoop_message *m, const uint8_t *igmp, size_t len, bool from_address);
static void read_mld(struct snoop_message *m, const uint8_t *mld, size_t len);
static void read_records(struct snoop_message *m, const struct notation *how,
	const uint8_t *report, size_t len);
static void query(struct snoop_message *m, uint64_t response_ns, const uint8_t *more);

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)(p[0] << 8 | p[1]);
}

void snoop_parse_ip4(struct snoop_message *m, const uint8_t *ip, size_t len, bool summed)
{
	static const uint8_t nobody[4];
	size_t head, all;

	m->kind = SNOOP_NOTHING;
	m->n = 0;
	if (len < IP4_MIN || ip[0] >> 4 != 4 || ip[9] != 2)
		return;
	head = (ip[0] & 15u) * 4;
	all = get16(ip + 2);
	if (head < IP4_MIN || all > len || all < head + 8)
		return;
	if (get16(ip + 6) & 0x3fff) /* a fragment */
		return;
	if (summed && checksum_fold(checksum_add(0, ip + head, all - head)))
		return;
	read_igmp(m, ip + head, all - head, memcmp(ip + 12, nobody, 4));
}

/* RFC 3810, 5: from a link-local address (or, a report, from none), hop limit 1, behind a
 * Hop-by-Hop header. */
void snoop_parse_ip6(struct snoop_message *m, const uint8_t *ip, size_t len, bool summed)
{
	static const uint8_t nobody[16];
	size_t head, all;
	bool local;

	m->kind = SNOOP_NOTHING;
	m->n = 0;
	if (len < IP6 + 8 || ip[0] >> 4 != 6 || ip[6] || ip[7] != 1)
		return;
	all = get16(ip + 4);
	head = 8u + ip[IP6 + 1] * 8u;
	if (ip[IP6] != 58 || IP6 + all > len || all < head + 8)
		return;
	local = ip[8] == 0xfe && (ip[9] & 0xc0) == 0x80;
	if (!local && (memcmp(ip + 8, nobody, 16) || ip[IP6 + head] == MLD_QUERY))
		return;
	if (summed) {
		uint8_t pseudo[8] = { [2] = (uint8_t)((all - head) >> 8),
			(uint8_t)(all - head),
			[7] = 58 };
		uint64_t sum = checksum_add(0, ip + 8, 32);

		sum = checksum_add(sum, pseudo, sizeof(pseudo));
		if (checksum_fold(checksum_add(sum, ip + IP6 + head, all - head)))
			return;
	}
	read_mld(m, ip + IP6 + head, all - head);
}

/* An exponent of 3 bits and the rest of a number, from this value on (RFC 3376, 4.1.1;
 * 3810, 5.1.3). */
static uint64_t decode(uint32_t code, int bits)
{
	uint32_t mantissa = code & ((1u << bits) - 1);

	if (code < 1u << (bits + 3))
		return code;
	return (uint64_t)(mantissa | 1u << bits) << ((code >> bits & 7) + 3);
}

static void read_igmp(
	struct snoop_message *m, const uint8_t *igmp, size_t len, bool from_address)
{
	static const struct notation how = { 4, add_ip4 };
	uint64_t response = decode(igmp[1], 4) * (SECOND / 10);
	bool general = !(get16(igmp + 4) | get16(igmp + 6));

	m->kind = SNOOP_REPORT;
	switch (igmp[0]) {
	case IGMP_QUERY:
		m->kind = SNOOP_QUERY;
		m->live_ns = 0;
		if (len == 8) /* version 1 says nothing, 2 in tenths without exponent */
			response = igmp[1] ? igmp[1] * (SECOND / 10)
					   : RESPONSE_S * SECOND;
		if (general && from_address)
			query(m, response, len >= 12 ? igmp + 8 : NULL);
		return;
	case IGMP_REPORT1:
	case IGMP_REPORT2: add_ip4(m, igmp + 4, true); return;
	case IGMP_LEAVE: add_ip4(m, igmp + 4, false); return;
	case IGMP_REPORT3: read_records(m, &how, igmp, len); return;
	}
	m->kind = SNOOP_NOTHING;
}

static void read_mld(struct snoop_message *m, const uint8_t *mld, size_t len)
{
	static const struct notation how = { 16, add_ip6 };
	static const uint8_t any[16];
	uint32_t code = get16(mld + 4);

	if (mld[0] == MLD_REPORT2) {
		m->kind = SNOOP_REPORT;
		read_records(m, &how, mld, len);
		return;
	}
	if (len < 24)
		return;
	if (mld[0] == MLD_QUERY) {
		m->kind = SNOOP_QUERY;
		m->live_ns = 0;
		if (!memcmp(mld + 8, any, 16))
			query(m, (len >= 28 ? decode(code, 12) : code) * (SECOND / 1000),
				len >= 28 ? mld + 24 : NULL);
	} else if (mld[0] == MLD_REPORT || mld[0] == MLD_DONE) {
		m->kind = SNOOP_REPORT;
		add_ip6(m, mld + 8, mld[0] == MLD_REPORT);
	}
}

/* `more`: the querier's robustness and interval.  (RFC 3376, 8.4) */
static void query(struct snoop_message *m, uint64_t response_ns, const uint8_t *more)
{
	uint64_t robustness = more && more[0] & 7 ? more[0] & 7 : ROBUSTNESS;
	uint64_t interval = more && more[1] ? decode(more[1], 4) : INTERVAL_S;

	m->response_ns = response_ns;
	m->live_ns = robustness * interval * SECOND + response_ns;
}

static void read_records(struct snoop_message *m, const struct notation *how,
	const uint8_t *report, size_t len)
{
	uint32_t n = get16(report + 6);
	size_t at = 8;

	for (; n && len - at >= 4 + how->group; n--) {
		const uint8_t *r = report + at;
		uint32_t sources = get16(r + 2);
		size_t size = 4 + how->group + sources * how->group + r[1] * 4u;

		if (len - at < size)
			return;
		if (r[0] == IS_EXCLUDE || r[0] == TO_EXCLUDE)
			how->add(m, r + 4, true);
		else if (r[0] == IS_INCLUDE || r[0] == TO_INCLUDE)
			how->add(m, r + 4, sources);
		else if (r[0] == ALLOW && sources)
			how->add(m, r + 4, true);
		at += size;
	}
}

/* The address of a group as a MAC address (RFC 1112, 6.4; 2464, 7). */
static void add_ip4(struct snoop_message *m, const uint8_t *group, bool join)
{
	if (m->n == SNOOP_CHANGES || group[0] >> 4 != 14)
		return;
	m->change[m->n++] = (struct snoop_change) {
		{ 0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3] }, join
	};
}

static void add_ip6(struct snoop_message *m, const uint8_t *group, bool join)
{
	if (m->n == SNOOP_CHANGES || group[0] != 0xff)
		return;
	m->change[m->n++] = (struct snoop_change) {
		{ 0x33, 0x33, group[12], group[13], group[14], group[15] }, join
	};
}
