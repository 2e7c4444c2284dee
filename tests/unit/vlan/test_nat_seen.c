/* What NAT reads in a guest's frames. */
#include "vlan/uplink/nat.h"

#include "tests/unit/vlan/uplink_packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Headers that name the host itself, and such as only begin like them. */
static void nat_keeps_the_loopback(void **state)
{
	uint8_t six[54] = { [12] = 0x86, [13] = 0xdd }, b[100];
	size_t len = put_udp(b, guest_mac, 0x0a07000f, INADDR_LOOPBACK, 0, "", 0);

	(void)state;
	assert_false(nat_may_pass(b, len));
	b[30] = 10;
	assert_true(nat_may_pass(b, len));
	six[53] = 1; /* ::1 */
	assert_false(nat_may_pass(six, sizeof(six)));
	memcpy(six + 48, "\xff\xff\x7f\0\0\1", 6); /* ::ffff:127.0.0.1 */
	assert_false(nat_may_pass(six, sizeof(six)));
	six[38] = 0x20; /* 2000::... */
	assert_true(nat_may_pass(six, sizeof(six)));
	assert_true(nat_may_pass(six, 53)); /* libslirp refuses it itself */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nat_keeps_the_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
