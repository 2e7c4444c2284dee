/* IGMP and MLD as they are, and as they must not be. */
#include "tests/unit/vlan/igmp_maker.h"
#include "vlan/snoop_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define S(n) ((n)*UINT64_C(1000000000))

static const uint8_t group4[4] = { 239, 129, 2, 3 };
static const uint8_t mac4[6] = { 1, 0, 0x5e, 1, 2, 3 };
static const uint8_t group6[16] = { 0xff, 0x0e, [12] = 9, 8, 7, 6 };
static const uint8_t mac6[6] = { 0x33, 0x33, 9, 8, 7, 6 };

/* From a copy of exactly its size, so that a look beyond it is seen. */
static struct snoop_message parse(const struct packet *p)
{
	uint8_t *ip = malloc(p->len - 14);
	struct snoop_message m;

	assert_non_null(ip);
	memcpy(ip, p->bytes + 14, p->len - 14);
	memset(&m, 0xee, sizeof(m));
	if (p->bytes[12] == 8)
		snoop_parse_ip4(&m, ip, p->len - 14, true);
	else
		snoop_parse_ip6(&m, ip, p->len - 14, true);
	free(ip);
	return m;
}

static void assert_change(struct packet p, int join) /* -1: none */
{
	const struct snoop_message m = parse(&p);

	assert_int_equal(m.kind, SNOOP_REPORT);
	assert_int_equal(m.n, join >= 0);
	if (join < 0)
		return;
	assert_int_equal(m.change[0].join, join);
	assert_memory_equal(m.change[0].mac, p.bytes[12] == 8 ? mac4 : mac6, 6);
}

static void test_reports(void **state)
{
	(void)state;
	assert_change(igmp_report(1, 0x12, group4), 1);
	assert_change(igmp_report(1, 0x16, group4), 1);
	assert_change(igmp_report(1, 0x17, group4), 0);
	assert_change(mld_report(1, 131, group6), 1);
	assert_change(mld_report(1, 132, group6), 0);
	assert_change(igmp_report(1, 0x16, (const uint8_t[4]) { 10, 1, 1, 1 }), -1);
}

/* By type of record and whether sources are named. */
static void test_records(void **state)
{
	static const int want[7][2] = { { -1, -1 }, { 0, 1 }, { 1, 1 }, { 0, 1 },
		{ 1, 1 }, { -1, 1 }, { -1, -1 } };

	(void)state;
	for (uint8_t type = 0; type < 7; type++) {
		assert_change(igmp_report3(1, type, 0, group4), want[type][0]);
		assert_change(igmp_report3(1, type, 3, group4), want[type][1]);
		assert_change(mld_report2(1, type, group6), want[type][0]);
		assert_change(mld_report2(0, type, group6), want[type][0]);
	}
}

static void test_many_records(void **state)
{
	static const uint8_t to[4] = { 224, 0, 0, 22 };
	uint8_t m[8 + 8 * 190] = { 0x22, [7] = 190 };
	struct snoop_message got;
	struct packet p;

	(void)state;
	for (int i = 0; i < 190; i++) {
		memcpy(m + 8 + 8 * i + 4, group4, 4);
		m[8 + 8 * i] = 4;
		m[8 + 8 * i + 7] = (uint8_t)i;
	}
	p = igmp(1, to, m, 8 + 8 * 180); /* says 190, has 180 */
	got = parse(&p);
	assert_int_equal(got.n, 180);
	assert_int_equal(got.change[179].mac[5], 179);
	m[8 + 8 * 2 + 3] = 200; /* one with more sources than there are bytes */
	p = igmp(1, to, m, 8 + 8 * 4);
	got = parse(&p);
	assert_int_equal(got.n, 2);
}

static void test_queries(void **state)
{
	const struct {
		struct packet p;
		uint64_t response_ns, live_ns;
	} cases[] = {
		{ igmp_query(1, 0), S(10), S(260) },
		{ igmp_query(1, 50), S(5), S(255) },
		{ igmp_query(1, 255), S(25) + S(1) / 2, S(275) + S(1) / 2 },
		{ igmp_query3(1, 100, 2, 125, NULL), S(10), S(260) },
		{ igmp_query3(1, 100, 3, 20, NULL), S(10), S(70) },
		{ igmp_query3(1, 0x8f, 0, 0, NULL), S(24) + S(8) / 10,
			S(274) + S(8) / 10 },
		{ igmp_query3(1, 100, 1, 0x80, NULL), S(10), S(138) },
		{ mld_query(1, 10000, 24), S(10), S(260) },
		{ mld_query(1, 40000, 24), S(40), S(290) },
		{ mld_query(1, 10000, 28), S(10), S(260) },
		{ mld_query(1, 0x8000, 28), S(32768) / 1000, S(250) + S(32768) / 1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct snoop_message m = parse(&cases[i].p);

		assert_int_equal(m.kind, SNOOP_QUERY);
		assert_int_equal(m.response_ns, cases[i].response_ns);
		assert_int_equal(m.live_ns, cases[i].live_ns);
	}
}

/* Those of one group, or from no address, tell of no querier. */
static void test_queries_that_do_not_count(void **state)
{
	const struct packet none[] = { igmp_query(0, 100),
		igmp_query3(0, 100, 2, 125, NULL), igmp_query3(1, 10, 2, 125, group4) };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct snoop_message m = parse(&none[i]);

		assert_int_equal(m.kind, SNOOP_QUERY);
		assert_int_equal(m.live_ns, 0);
	}
}

/* Any byte wrong or any number of them missing: nothing, for the sum does not hold. */
static void test_broken(void **state)
{
	const struct packet good[] = { igmp_report(1, 0x16, group4),
		igmp_report3(1, 4, 2, group4), igmp_query3(1, 100, 2, 125, NULL),
		mld_report(1, 131, group6), mld_report2(1, 4, group6),
		mld_query(1, 10000, 28) };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		uint32_t message = 14 + (good[i].bytes[12] == 8 ? 24 : 48);

		for (uint32_t len = 14; len < good[i].len; len++) {
			struct packet p = good[i];

			p.len = len;
			assert_int_equal(parse(&p).kind, SNOOP_NOTHING);
			p.len = good[i].len;
			if (len >= message) {
				p.bytes[len] ^= 1;
				assert_int_equal(parse(&p).kind, SNOOP_NOTHING);
			}
		}
	}
}

static void assert_nothing(struct packet p, uint32_t at, uint8_t value)
{
	p.bytes[14 + at] = value;
	assert_int_equal(parse(&p).kind, SNOOP_NOTHING);
}

static void test_other_packets(void **state)
{
	const struct packet v4 = igmp_report(1, 0x16, group4);
	const struct packet v6 = mld_report(1, 131, group6);

	(void)state;
	assert_nothing(v4, 0, 0x56); /* version */
	assert_nothing(v4, 0, 0x44); /* header shorter than one is */
	assert_nothing(v4, 3, 31);   /* less than a message */
	assert_nothing(v4, 6, 0x20); /* fragment */
	assert_nothing(v4, 7, 1);
	assert_nothing(v4, 9, 17);
	assert_nothing(v6, 0, 0x40);
	assert_nothing(v6, 5, 8);  /* no message */
	assert_nothing(v6, 6, 58); /* no Hop-by-Hop header */
	assert_nothing(v6, 7, 2);  /* it was forwarded */
	assert_nothing(v6, 40, 17);
	assert_nothing(v6, 41, 200); /* options longer than the packet */
	assert_nothing(v6, 8, 0x20); /* not from the link */
	assert_nothing(mld_query(0, 100, 24), 0, 0x60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_many_records),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_queries_that_do_not_count),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_other_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
