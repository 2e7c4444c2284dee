/* Files that a command names and the client of the CP socket opens. */
#include "tests/unit/cp/client_fixture.h"

#include <sys/mman.h>

static void test_opened_or_not(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);
	struct cps_opened o = { .err = 0 };
	struct cps_open asked;
	int fd = memfd_create("trace", MFD_CLOEXEC);

	twin_system_lan(&f->cp, "LABNET");
	command(c, 5, "trsource id t type lan lanname labnet file /x/y.pcapng");
	expect(f, c, CPS_OPEN);
	assert_int_equal(c->msg.id, 5);
	assert_int_equal(c->msg.flags, CPS_F_CREATE);
	memcpy(&asked, c->data, sizeof(asked));
	assert_int_equal(asked.number, 0);
	assert_string_equal(c->data + sizeof(asked), "/x/y.pcapng");
	assert_int_equal(wire_write(c->fd, CPS_OPENED, 5, 0, &o, sizeof(o), &fd, 1), 0);
	assert_int_equal(expect_done(f, c, 5), 0);
	twin_was_asked("trace add, files 1");

	command(c, 6, "trsource id u type lan lanname labnet file /x/y.pcapng");
	expect(f, c, CPS_OPEN);
	o.err = EACCES;
	send_record(c, CPS_OPENED, 6, 0, &o, sizeof(o));
	expect_text(f, c, CP_ERR, "CP1576E Cannot open /x/y.pcapng: Permission denied");
	assert_int_equal(expect_done(f, c, 6), 1576);

	o.err = 0; /* a descriptor is said to be there, and is not */
	send_record(c, CPS_OPENED, 6, 0, &o, sizeof(o));
	assert_true(is_closed(f, c));
	trace_lan_gone(lan_find(&f->cp, "SYSTEM", "LABNET"));
	close(fd);
	leave(f, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_opened_or_not, front_setup, front_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
