/* The DHCP client against a server that answers as it is told. */
#include "tests/unit/cms/wire.h"

static struct inet *a, *s;
static struct iface *a0, *s0;

/* The server: what it gives, what it does not hear, what it has heard. */
static struct {
	bool silent, refuses, with_times;
	uint32_t lease;
	int discovers, requests, releases, direct;
	uint64_t at[16];
	int n;
} server;

static void serve(void *ctx, const struct packet *p);
static const struct listener serving = { .udp = serve, .port = 67 };

static int begin_lan(void **state)
{
	(void)state;
	wire_begin();
	memset(&server, 0, sizeof(server));
	server.lease = 1000;
	a = wire_host();
	s = wire_host();
	a0 = wire_plug(a, 1, 1500);
	s0 = wire_plug(s, 1, 1500);
	give(s, s0, "192.168.5.1/24");
	s->listener = &serving;
	wire_run();
	return 0;
}

static uint8_t *option4(uint8_t *at, uint8_t code, uint32_t value)
{
	at[0] = code;
	at[1] = 4;
	put32(at + 2, value);
	return at + 6;
}

static void answer_with(const struct packet *p, uint8_t type)
{
	struct ip_head head = { .to = addr_broadcast(), .iface = s0 };
	struct buf *b = buf_get(s, 300);
	uint8_t *at = b->at + 240;

	memset(b->at, 0, 300);
	memcpy(b->at, p->data, 44);
	b->at[0] = 2;
	memcpy(b->at + 16, (const uint8_t[]) { 192, 168, 5, 77 }, 4);
	put32(b->at + 236, 0x63825363);
	*at++ = 53;
	*at++ = 1;
	*at++ = type;
	at = option4(at, 54, 0xc0a80501);
	if (type != DHCP_NAK) {
		at = option4(at, 51, server.lease);
		at = option4(at, 1, 0xffffff80);
		*at++ = 0;
		at = option4(at, 3, 0xc0a80501);
		at = option4(at, 6, 0x08080808);
		if (server.with_times)
			at = option4(option4(at, 58, 100), 59, 200);
	}
	*at = 255;
	if (!addr_is_any(&p->from))
		head.to = p->from;
	udp_send(s, b, &head, 67, 68);
}

static void serve(void *ctx, const struct packet *p)
{
	uint8_t type = p->data[242];

	(void)ctx;
	assert_int_equal(p->len, DHCP_SIZE);
	server.discovers += type == DHCP_DISCOVER;
	server.requests += type == DHCP_REQUEST;
	server.releases += type == DHCP_RELEASE;
	server.direct += !p->to_many;
	server.at[server.n++ % 16] = wire.now;
	if (server.silent)
		return;
	if (type == DHCP_DISCOVER)
		answer_with(p, DHCP_OFFER);
	if (type == DHCP_REQUEST)
		answer_with(p, server.refuses ? DHCP_NAK : DHCP_ACK);
}

static void start(void)
{
	a->now = wire.now;
	dhcp_start(a, a0);
	wire_run();
}

static void a_lease(void **state)
{
	struct addr own = addr_of("192.168.5.77"), out = addr_of("1.1.1.1");
	const struct iface_addr *have;
	struct hop hop;

	(void)state;
	start();
	assert_int_equal(a0->dhcp.state, DHCP_BOUND);
	have = iface_has(a0, &own);
	assert_non_null(have);
	assert_int_equal(have->len, 25);
	assert_true(route_find(a, &out, NULL, &hop));
	assert_int_equal(hop.to.b[3], 1);
	assert_int_equal(a0->dhcp.dns.b[0], 8);
	assert_int_equal(server.discovers, 1);
	assert_int_equal(server.requests, 1);
	all_free(a);
	all_free(s);
}

static void it_asks_until_it_is_answered(void **state)
{
	(void)state;
	server.silent = true;
	start();
	wire_pass(20 * NS_PER_S);
	assert_int_equal(server.discovers, 5); /* at 0, 1, 3, 7, 15 s and a little */
	for (int i = 1; i < 4; i++)
		assert_true(server.at[i + 1] - server.at[i] >
			    server.at[i] - server.at[i - 1]);
	server.silent = false;
	wire_pass(20 * NS_PER_S);
	assert_int_equal(a0->dhcp.state, DHCP_BOUND);
}

static void a_lease_is_renewed(void **state)
{
	(void)state;
	start();
	wire_pass(499 * NS_PER_S);
	assert_int_equal(server.requests, 1);
	wire_pass(2 * NS_PER_S);
	assert_int_equal(server.requests, 2);
	assert_int_equal(server.direct, 1);
	assert_int_equal(a0->dhcp.state, DHCP_BOUND);
	wire_pass(501 * NS_PER_S);
	assert_int_equal(server.requests, 3);
}

static void the_servers_own_times(void **state)
{
	(void)state;
	server.with_times = true;
	start();
	wire_pass(101 * NS_PER_S);
	assert_int_equal(server.requests, 2);
}

/* First the server alone, then any, then the address is gone. */
static void a_server_that_dies(void **state)
{
	struct addr own = addr_of("192.168.5.77");

	(void)state;
	start();
	server.silent = true;
	wire_pass(874 * NS_PER_S);
	assert_int_equal(server.discovers, 1);
	assert_true(server.direct > 1 && server.direct == server.requests - 1);
	wire_pass(100 * NS_PER_S);
	assert_true(server.requests - 1 > server.direct);
	assert_non_null(iface_has(a0, &own));
	wire_pass(30 * NS_PER_S);
	assert_null(iface_has(a0, &own));
	assert_true(server.discovers > 1);
	server.silent = false;
	wire_pass(60 * NS_PER_S);
	assert_non_null(iface_has(a0, &own));
	all_free(a);
}

static void a_refusal_begins_anew(void **state)
{
	(void)state;
	server.refuses = true;
	start();
	assert_int_equal(server.discovers, 1);
	wire_pass(5 * NS_PER_S + NS_PER_MS);
	assert_int_equal(server.discovers, 6); /* once a second */
	assert_int_equal(server.requests, 6);
	server.refuses = false;
	wire_pass(NS_PER_S);
	assert_int_equal(a0->dhcp.state, DHCP_BOUND);
}

static void a_lease_is_given_back(void **state)
{
	struct addr own = addr_of("192.168.5.77"), out = addr_of("1.1.1.1");
	struct hop hop;

	(void)state;
	start();
	ping_once(a, "192.168.5.1", 8, 0); /* so that its MAC is known */
	dhcp_stop(a, a0);
	wire_run();
	assert_int_equal(server.releases, 1);
	assert_null(iface_has(a0, &own));
	assert_false(route_find(a, &out, NULL, &hop));
}

/* Messages that are cut anywhere, and options that say too much. */
static void hostile_messages(void **state)
{
	uint8_t message[300] = { 2 };
	struct dhcp_reply r;

	(void)state;
	put32(message + 236, 0x63825363);
	memcpy(message + 240, (const uint8_t[]) { 53, 1, 5, 54, 4, 1, 2, 3, 4, 255 }, 10);
	assert_true(dhcp_read(&r, message, sizeof(message)));
	assert_int_equal(r.server.b[3], 4);
	for (size_t len = 0; len < 243; len++)
		assert_false(dhcp_read(&r, message, len));
	assert_true(dhcp_read(&r, message, 243));
	message[244] = 200; /* longer than what there is */
	assert_false(dhcp_read(&r, message, sizeof(message)));
	message[244] = 3; /* too short for an address; the rest is then read wrongly */
	message[249] = 255;
	message[248] = 255;
	assert_true(dhcp_read(&r, message, sizeof(message)));
	assert_int_equal(r.server.family, 0);
	message[236] = 0;
	assert_false(dhcp_read(&r, message, sizeof(message)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_lease, begin_lan),
		cmocka_unit_test_setup(it_asks_until_it_is_answered, begin_lan),
		cmocka_unit_test_setup(a_lease_is_renewed, begin_lan),
		cmocka_unit_test_setup(the_servers_own_times, begin_lan),
		cmocka_unit_test_setup(a_server_that_dies, begin_lan),
		cmocka_unit_test_setup(a_refusal_begins_anew, begin_lan),
		cmocka_unit_test_setup(a_lease_is_given_back, begin_lan),
		cmocka_unit_test(hostile_messages),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	wire_begin();
	return failed;
}
