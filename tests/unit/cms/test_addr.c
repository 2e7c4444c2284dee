/* Addresses and their text, and the checksum. */
#include "tests/unit/cms/stack.h"

static void reads(const char *text, const char *expected)
{
	char again[ADDR_TEXT];
	struct addr a;

	if (!expected) {
		assert_false(addr_parse(text, &a));
		return;
	}
	assert_true(addr_parse(text, &a));
	assert_string_equal(addr_text(&a, again), expected);
}

static void text_of_ipv4(void **state)
{
	(void)state;
	reads("10.0.0.1", "10.0.0.1");
	reads("255.255.255.255", "255.255.255.255");
	reads("0.0.0.0", "0.0.0.0");
	reads("256.0.0.1", NULL);
	reads("1.2.3", NULL);
	reads("1.2.3.4.5", NULL);
	reads("1.2.3.4 ", NULL);
	reads("01.2.3.4", NULL);
	reads("1..2.3", NULL);
	reads("", NULL);
}

static void text_of_ipv6(void **state)
{
	(void)state;
	reads("::", "::");
	reads("::1", "::1");
	reads("1::", "1::");
	reads("2001:db8::1", "2001:db8::1");
	reads("2001:0DB8:0:0:0:0:0:1", "2001:db8::1");
	reads("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	reads("1:0:0:2:0:0:0:3", "1:0:0:2::3");
	reads("0:0:1:0:0:0:0:0", "0:0:1::");
	reads("fe80::200:ff:fe00:101", "fe80::200:ff:fe00:101");
	reads("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
	reads("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
	reads("1:2:3:4:5:6:7", NULL);
	reads("1:2:3:4:5:6:7:8:9", NULL);
	reads("1:2:3:4:5:6:7:8::", NULL);
	reads("1::2::3", NULL);
	reads(":::", NULL);
	reads(":1", NULL);
	reads("1:", NULL);
	reads("12345::", NULL);
	reads("g::", NULL);
}

static void nets(void **state)
{
	struct addr a;
	unsigned len = 99;

	(void)state;
	assert_true(addr_parse_net("10.1.2.3/24", &a, &len));
	assert_int_equal(len, 24);
	assert_true(addr_parse_net("fd00::1/128", &a, &len));
	assert_int_equal(len, 128);
	assert_false(addr_parse_net("10.1.2.3/33", &a, &len));
	assert_false(addr_parse_net("10.1.2.3", &a, &len));
	assert_false(addr_parse_net("10.1.2.3/", &a, &len));
	assert_false(addr_parse_net("fd00::1/129", &a, &len));
	assert_false(addr_parse_net("/8", &a, &len));
	assert_false(addr_parse_net(
		"1:2:3:4:5:6:7:8:1:2:3:4:5:6:7:8:1:2:3:4:5:6/8", &a, &len));
}

static void networks(void **state)
{
	struct addr a, net;
	char text[ADDR_TEXT];

	(void)state;
	assert_true(addr_parse("10.1.2.200", &a));
	net = addr_network(&a, 25);
	assert_string_equal(addr_text(&net, text), "10.1.2.128");
	assert_true(addr_in(&a, &net, 25));
	assert_false(addr_in(&a, &net, 26));
	net = addr_last(&a, 25);
	assert_string_equal(addr_text(&net, text), "10.1.2.255");
	assert_true(addr_in(&a, &net, 0));
	assert_true(addr_parse("fd00::1", &net));
	assert_false(addr_in(&a, &net, 0));
}

static void made_of_others(void **state)
{
	const uint8_t mac[MAC_SIZE] = { 0x02, 0x12, 0x34, 0x56, 0x78, 0x9a };
	uint8_t group[MAC_SIZE];
	struct addr a, b;
	char text[ADDR_TEXT];

	(void)state;
	assert_true(addr_parse("fe80::", &a));
	b = addr_eui64(&a, mac);
	assert_string_equal(addr_text(&b, text), "fe80::12:34ff:fe56:789a");
	a = addr_solicited(&b);
	assert_string_equal(addr_text(&a, text), "ff02::1:ff56:789a");
	addr_group_mac(&a, group);
	assert_memory_equal(group, "\x33\x33\xff\x56\x78\x9a", MAC_SIZE);
	assert_true(addr_parse("239.129.2.3", &a));
	addr_group_mac(&a, group);
	assert_memory_equal(group, "\x01\x00\x5e\x01\x02\x03", MAC_SIZE);
}

static void kinds(void **state)
{
	static const struct {
		const char *text;
		bool host, multicast, link_group;
	} rows[] = {
		{ "10.0.0.1", true, false, false },
		{ "0.0.0.0", false, false, false },
		{ "127.0.0.1", false, false, false },
		{ "224.0.0.5", false, true, true },
		{ "239.1.1.1", false, true, false },
		{ "255.255.255.255", false, false, false },
		{ "fe80::1", true, false, false },
		{ "::", false, false, false },
		{ "::1", false, false, false },
		{ "::2", true, false, false },
		{ "ff02::5", false, true, true },
		{ "ff05::5", false, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct addr a;

		assert_true(addr_parse(rows[i].text, &a));
		assert_int_equal(addr_is_host(&a), rows[i].host);
		assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
		assert_int_equal(addr_is_link_group(&a), rows[i].link_group);
	}
}

/* The example of RFC 1071, 3, and odd lengths at odd places. */
static void checksums(void **state)
{
	const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t long_one[301];
	uint32_t slow = 0;

	(void)state;
	assert_int_equal(sum_end(sum_add(0, data, sizeof(data))), 0xffff & ~0xddf2u);
	assert_int_equal(sum_end(sum_add(sum_add(0, data, 4), data + 4, 4)), 0x220d);
	for (size_t i = 0; i < sizeof(long_one); i++) {
		long_one[i] = (uint8_t)(i * 31);
		slow += i % 2 ? long_one[i] : long_one[i] * 256u;
	}
	slow = (slow & 0xffff) + (slow >> 16);
	slow = (slow & 0xffff) + (slow >> 16);
	assert_int_equal(sum_end(sum_add(0, long_one, sizeof(long_one))), 0xffff & ~slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_ipv4),
		cmocka_unit_test(text_of_ipv6),
		cmocka_unit_test(nets),
		cmocka_unit_test(networks),
		cmocka_unit_test(made_of_others),
		cmocka_unit_test(kinds),
		cmocka_unit_test(checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
