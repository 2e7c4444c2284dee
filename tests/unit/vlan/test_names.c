/* The server of names: addresses by DHCP, names by DNS, itself by ARP; and what it does
 * not answer. */
#include "tests/unit/vlan/names_packets.h"
#include "vlan/uplink/names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int create(const char *text, struct names **out)
{
	struct uplink_conf *c = calloc(1, sizeof(*c));
	const char *bad;
	int fds[2], err;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	close(fds[1]);
	err = conf_read(c, fds[0]);
	close(fds[0]);
	if (!err)
		err = names_create(c, out, &bad);
	free(c);
	return err;
}

#define HOSTS                                                \
	"net=10.1.2.0/24\nmac=02:00:00:00:00:01\nmtu=1400\n" \
	"host=ALPHA:02:00:00:00:00:0a\nhost=BETA:02:00:00:00:00:0b\n"

static int begin(void **state)
{
	return create(HOSTS, (struct names **)state);
}

static int end(void **state)
{
	free(*state);
	return 0;
}

/* ---- DHCP ---- */

static void a_nic_gets_its_address(void **state)
{
	struct reply offer = discover(*state, alpha, 0, 5), ack;
	uint8_t *b = offer.bytes;

	assert_int_equal(offer.type, 2);
	assert_int_equal(offer.ip & 0xffffff00, 0x0a010200);
	assert_true(offer.ip != OWN && (offer.ip & 255) != 0 && (offer.ip & 255) != 255);
	assert_int_equal(offer.to, offer.ip);
	assert_memory_equal(b, alpha, 6);
	ack = request(*state, alpha, offer.ip, OWN, 6);
	b = ack.bytes;
	assert_int_equal(ack.type, 5);
	assert_int_equal(ack.ip, offer.ip);
	assert_int_equal(names_get32(option(b, ack.len, 1)), 0xffffff00);
	assert_int_equal(names_get32(option(b, ack.len, 6)), OWN);
	assert_int_equal(names_get32(option(b, ack.len, 28)), 0x0a0102ff);
	assert_int_equal(names_get32(option(b, ack.len, 51)), NAMES_LEASE);
	assert_int_equal(names_get16(option(b, ack.len, 26)), 1400);
	assert_memory_equal(option(b, ack.len, 12), "alpha", 5);
	assert_memory_equal(option(b, ack.len, 15), "lan", 3);
	assert_null(option(b, ack.len, 3)); /* no router: there is none */
}

static void the_same_nic_the_same_address(void **state)
{
	struct names *again;
	uint32_t a = discover(*state, alpha, 0, 5).ip,
		 b = discover(*state, beta, 0, 5).ip;

	assert_true(a != b);
	assert_int_equal(create(HOSTS "host=GAMMA:02:00:00:00:00:0c\n", &again), 0);
	assert_int_equal(discover(again, beta, 0, 900).ip, b);
	assert_int_equal(discover(again, alpha, 0, 900).ip, a);
	free(again);
}

static void what_is_not_ones_own_is_refused(void **state)
{
	uint32_t a = discover(*state, alpha, 0, 5).ip;
	struct reply nak = request(*state, beta, a, 0, 6);

	assert_int_equal(nak.type, 6);
	assert_int_equal(nak.ip, 0);
	assert_int_equal(nak.to, UINT32_MAX);
	assert_int_equal(nak.bytes[0], 0xff);
	assert_int_equal(request(*state, gamma_, OWN, 0, 6).type, 6);
	assert_int_equal(request(*state, gamma_, 0x0a010200, 0, 6).type, 6);
	assert_int_equal(request(*state, gamma_, 0x0a0102ff, 0, 6).type, 6);
	assert_int_equal(request(*state, gamma_, 0xc0a80105, 0, 6).type, 6);
}

/* A NIC that CP did not name keeps what it has, also by asking a server that is new. */
static void a_stranger_keeps_its_address(void **state)
{
	uint32_t c = discover(*state, gamma_, 0, 5).ip, wish = 0x0a010263;
	struct reply r;

	assert_int_equal(request(*state, gamma_, c, OWN, 6).type, 5);
	assert_int_equal(request(*state, delta, c, 0, 7).type, 6);
	assert_int_equal(discover(*state, gamma_, wish, 10).ip, c);
	r = request(*state, gamma_, c, 0, 6 + NAMES_LEASE + 500);
	assert_int_equal(r.type, 5);
	assert_int_equal(r.ip, c);
	names_release(*state, delta);
	assert_int_equal(request(*state, delta, wish, 0, 8).type, 6); /* has another */
	*state = (free(*state), NULL);
	assert_int_equal(begin(state), 0);
	assert_int_equal(request(*state, delta, wish, 0, 8).ip, wish);
}

static void offers_and_leases_end(void **state)
{
	uint32_t wish = 0x0a010263;

	assert_int_equal(discover(*state, gamma_, wish, 100).ip, wish);
	assert_int_not_equal(discover(*state, delta, wish, 120).ip, wish);
	assert_int_equal(request(*state, gamma_, wish, OWN, 130).type, 5);
	*state = (free(*state), NULL);
	assert_int_equal(begin(state), 0);
	assert_int_equal(discover(*state, gamma_, wish, 100).ip, wish);
	assert_int_equal(discover(*state, delta, wish, 1000).ip, wish);
	assert_int_not_equal(discover(*state, gamma_, 0, 1001).ip, wish);
}

static void given_back_and_declined(void **state)
{
	uint32_t wish = 0x0a010263;
	struct packet p = dhcp(gamma_, 7, 0, OWN, wish);

	assert_int_equal(request(*state, gamma_, wish, 0, 10).type, 5);
	assert_int_equal(ask(*state, &p, 11).type, 0);
	assert_int_equal(request(*state, delta, wish, 0, 12).type, 5);
	p = dhcp(delta, 4, wish, OWN, 0); /* somebody else is there */
	assert_int_equal(ask(*state, &p, 13).type, 0);
	assert_int_not_equal(discover(*state, delta, wish, 14).ip, wish);
	assert_int_not_equal(discover(*state, gamma_, wish, 14).ip, wish);
}

static void a_small_network_is_full_some_time(void **state)
{
	struct names *n;
	uint8_t mac[6] = { 2, 9 };
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(create("net=10.1.2.0/28\nmac=02:00:00:00:00:01\n"
				"host=A:02:00:00:00:00:0a\n",
				 &n),
		0);
	seen = 1u << (discover(n, alpha, 0, 1).ip & 15);
	for (mac[5] = 0; mac[5] < 12; mac[5]++) {
		uint32_t ip = discover(n, mac, 0, 1).ip;

		assert_true(ip);
		assert_false(seen & 1u << (ip & 15));
		seen |= 1u << (ip & 15);
	}
	assert_int_equal(seen, 0x7ffc);
	assert_int_equal(discover(n, mac, 0, 1).type, 0);
	free(n);
	assert_int_equal(create("net=10.9.0.0/30\nmac=02:00:00:00:00:01\n"
				"host=A:02:00:00:00:00:0a\nhost=B:02:00:00:00:00:0b\n",
				 &n),
		-ENOSPC);
}

static void answers_that_go_to_all(void **state)
{
	struct packet p = dhcp(alpha, 1, 0, 0, 0);
	struct reply r;

	p.b[42 + 10] = 0x80;
	r = ask(*state, &p, 1);
	assert_int_equal(r.to, UINT32_MAX);
	assert_int_equal(r.bytes[0], 0xff);
	p = dhcp(alpha, 3, 0, 0, r.ip); /* renewing */
	r = ask(*state, &p, 1);
	assert_int_equal(r.type, 5);
	assert_int_equal(r.to, r.ip);
	p = dhcp(alpha, 8, 0, 0, 0x0a010250); /* it has one, and wants to know the rest */
	r = ask(*state, &p, 1);
	assert_int_equal(r.type, 5);
	assert_int_equal(r.ip, 0);
	assert_null(option(r.bytes, r.len, 51));
	assert_int_equal(r.to, 0x0a010250);
}

static void what_dhcp_does_not_answer(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = { { 0, 2 }, { 1, 6 }, { 2, 16 }, { 24, 10 }, { 28, 3 }, { 33, 9 },
		{ 236, 0 }, { 240, 255 }, { 241, 9 }, { 241, 0 }, { 242, 99 },
		{ 242, 0 } };
	struct packet good = dhcp(alpha, 1, 0, 0, 0);

	assert_int_equal(ask(*state, &good, 1).type, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct packet p = good;

		p.b[42 + bad[i].at] = bad[i].value;
		assert_int_equal(ask(*state, &p, 1).type, 0);
	}
	for (size_t len = 0; len < good.len; len++) {
		uint8_t out[NAMES_FRAME];

		assert_int_equal(names_answer(*state, good.b, len, 1, out), 0);
	}
	good = dhcp(alpha, 3, 0, 0, 0); /* wants nothing */
	assert_int_equal(ask(*state, &good, 1).type, 0);
	good = dhcp(alpha, 3, 0x0a010263, 0x0a010202, 0); /* asks another server */
	assert_int_equal(ask(*state, &good, 1).type, 0);
}

/* ---- DNS ---- */

static size_t put_name(uint8_t *to, const char *name)
{
	uint8_t *p = to;

	while (*name) {
		size_t n = strcspn(name, ".");

		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	return (size_t)(p - to);
}

static struct packet query(const char *name, uint16_t type)
{
	struct packet p = { 0 };
	uint8_t *d = p.b + 42;
	size_t len;

	put_udp(&p, alpha, 0x0a010232, OWN, 4444, 53, 0);
	memcpy(d, "\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
	len = 12 + put_name(d + 12, name);
	names_put16(d + len, type);
	names_put16(d + len + 2, 1);
	put_udp(&p, alpha, 0x0a010232, OWN, 4444, 53, len + 4);
	return p;
}

struct answer {
	int rcode, n; /* -1: none came */
	uint8_t bytes[NAMES_FRAME];
	size_t data; /* of the first record, its place */
};

static struct answer dns(struct names *n, const struct packet *p)
{
	struct answer a = { .rcode = -1 };
	size_t len = names_answer(n, p->b, p->len, 1, a.bytes), question = p->len - 42;

	if (!len)
		return a;
	check_udp(a.bytes, len);
	assert_int_equal(names_get16(a.bytes + 36), 4444);
	assert_memory_equal(a.bytes + 42, "\x12\x34", 2);
	assert_true(a.bytes[44] & 0x80);
	a.rcode = a.bytes[45] & 15;
	a.n = names_get16(a.bytes + 48);
	a.data = 42 + question + 12;
	return a;
}

static struct answer resolve(struct names *n, const char *name, uint16_t type)
{
	struct packet p = query(name, type);
	struct answer a = dns(n, &p);

	assert_true(a.rcode >= 0);
	assert_memory_equal(a.bytes + 54, p.b + 54, p.len - 54); /* the question */
	return a;
}

static void names_have_addresses(void **state)
{
	static const char *const names[] = { "alpha", "ALPHA", "alpha.lan", "Alpha.LAN" };
	uint32_t ip = discover(*state, alpha, 0, 1).ip;

	for (size_t i = 0; i < 4; i++) {
		struct answer a = resolve(*state, names[i], 1);

		assert_int_equal(a.rcode, 0);
		assert_int_equal(a.n, 1);
		assert_int_equal(names_get32(a.bytes + a.data), ip);
	}
	assert_int_equal(resolve(*state, "alpha", 28).rcode, 0); /* it is, without IPv6 */
	assert_int_equal(resolve(*state, "alpha", 28).n, 0);
	assert_int_equal(resolve(*state, "alpha", 255).n, 1);
}

static void addresses_have_names(void **state)
{
	uint32_t ip = discover(*state, beta, 0, 1).ip;
	char text[40];
	struct answer a;

	snprintf(text, sizeof(text), "%u.2.1.10.IN-ADDR.arpa", ip & 255);
	a = resolve(*state, text, 12);
	assert_int_equal(a.n, 1);
	assert_memory_equal(a.bytes + a.data, "\4beta\3lan\0", 10);
	assert_int_equal(resolve(*state, "255.2.1.10.in-addr.arpa", 12).rcode, 3);
}

static void there_are_no_other_names(void **state)
{
	static const char *const names[] = { "", "nobody", "alpha.com", "alpha.lan.lan",
		"a.b.c.d.e.f.g.h", "alph", "alphaa", "lan" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(resolve(*state, names[i], 1).rcode, 3);
		assert_int_equal(resolve(*state, names[i], 1).n, 0);
	}
}

static void several_nics_of_one_user(void **state)
{
	struct names *n;
	struct answer a;

	(void)state;
	assert_int_equal(create(HOSTS "host=alpha:02:00:00:00:00:0c\n", &n), 0);
	a = resolve(n, "alpha", 1);
	assert_int_equal(a.n, 2);
	assert_int_equal(names_get32(a.bytes + a.data), discover(n, alpha, 0, 1).ip);
	assert_int_equal(
		names_get32(a.bytes + a.data + 16), discover(n, gamma_, 0, 1).ip);
	free(n);
}

static void queries_that_make_no_sense(void **state)
{
	struct packet good = query("alpha", 1), p;
	uint8_t out[NAMES_FRAME];

	p = good;
	p.b[44] = 0x81; /* an answer */
	assert_int_equal(dns(*state, &p).rcode, -1);
	p = good;
	p.b[44] = 0x28; /* UPDATE */
	assert_int_equal(dns(*state, &p).rcode, 4);
	p = good;
	p.b[47] = 2; /* two questions */
	assert_int_equal(dns(*state, &p).rcode, 1);
	p = good;
	p.b[54] = 0xc0; /* compressed */
	assert_int_equal(dns(*state, &p).rcode, 1);
	p = good;
	p.b[54] = 63; /* longer than there is */
	assert_int_equal(dns(*state, &p).rcode, 1);
	p = good;
	names_put32(p.b + 30, OWN + 1);
	assert_int_equal(dns(*state, &p).rcode, -1);
	for (size_t len = 0; len < good.len; len++)
		assert_int_equal(names_answer(*state, good.b, len, 1, out), 0);
}

/* ---- ARP, and what is not for it ---- */

static struct packet arp(uint32_t target)
{
	struct packet p = { .len = 60 };

	memset(p.b, 0xff, 6);
	memcpy(p.b + 6, alpha, 6);
	memcpy(p.b + 12, "\10\6\0\1\10\0\6\4\0\1", 10);
	memcpy(p.b + 22, alpha, 6);
	names_put32(p.b + 28, 0x0a010232);
	names_put32(p.b + 38, target);
	return p;
}

static void its_own_address(void **state)
{
	struct packet p = arp(OWN);
	uint8_t out[NAMES_FRAME];

	assert_int_equal(names_answer(*state, p.b, p.len, 1, out), 42);
	assert_memory_equal(out, alpha, 6);
	assert_memory_equal(out + 6, own_mac, 6);
	assert_memory_equal(out + 12, "\10\6\0\1\10\0\6\4\0\2", 10);
	assert_memory_equal(out + 22, own_mac, 6);
	assert_int_equal(names_get32(out + 28), OWN);
	assert_memory_equal(out + 32, alpha, 6);
	assert_int_equal(names_get32(out + 38), 0x0a010232);
	p = arp(OWN + 1);
	assert_int_equal(names_answer(*state, p.b, p.len, 1, out), 0);
	p = arp(OWN);
	assert_int_equal(names_answer(*state, p.b, 41, 1, out), 0);
	p.b[6] = 3; /* from all */
	assert_int_equal(names_answer(*state, p.b, p.len, 1, out), 0);
	p = arp(OWN);
	memcpy(p.b, beta, 6);
	assert_int_equal(names_answer(*state, p.b, p.len, 1, out), 0);
	p = arp(OWN);
	memcpy(p.b + 6, own_mac, 6);
	assert_int_equal(names_answer(*state, p.b, p.len, 1, out), 0);
}

static void configurations_that_make_no_sense(void **state)
{
	static const char *const bad[] = { "", "net=10.1.2.0/24\n",
		"mac=02:00:00:00:00:01\n", "net=10.1.2.1/24\nmac=02:00:00:00:00:01\n",
		"net=10.1.2.0/31\nmac=02:00:00:00:00:01\n",
		"net=10.1.2.0\nmac=02:00:00:00:00:01\n",
		"net=10.1.2.0/24\nmac=02:00:00:00:00:1\n", HOSTS "host=\n",
		HOSTS "host=X\n", HOSTS "host=TOOLONGNAME:02:00:00:00:00:0c\n",
		HOSTS "host=A.B:02:00:00:00:00:0c\n", HOSTS "host=A:02:00:00:00:00\n",
		HOSTS "host=GAMMA:02:00:00:00:00:0a\n", HOSTS "no line",
		HOSTS "noline\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct names *n = NULL;

		assert_int_equal(create(bad[i], &n), -EINVAL);
		assert_null(n);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_nic_gets_its_address),
		TEST(the_same_nic_the_same_address),
		TEST(what_is_not_ones_own_is_refused),
		TEST(a_stranger_keeps_its_address),
		TEST(offers_and_leases_end),
		TEST(given_back_and_declined),
		cmocka_unit_test(a_small_network_is_full_some_time),
		TEST(answers_that_go_to_all),
		TEST(what_dhcp_does_not_answer),
		TEST(names_have_addresses),
		TEST(addresses_have_names),
		TEST(there_are_no_other_names),
		cmocka_unit_test(several_nics_of_one_user),
		TEST(queries_that_make_no_sense),
		TEST(its_own_address),
		cmocka_unit_test(configurations_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
