/* The console device: its ports, the console, drivers that break rules. */
#include "tests/unit/dev/console_fixture.h"

#include <errno.h>

static void test_a_driver_finds_its_ports(void **state)
{
	(void)state;
	assert_int_equal(fake_read(f, d.config, 4), 0);
	assert_int_equal(fake_read(f, d.config + 4, 4), 2);
	start();
	assert_int_equal(driver_used(&d, CTL_RX, NULL), -1);
	assert_int_equal(f->broken, 0);
}

static void test_console_output(void **state)
{
	(void)state;
	start();
	put(CON_TX, "one ", 4);
	put(CON_TX, "two", 3);
	assert_int_equal(f->console_len, 7);
	assert_memory_equal(f->console, "one two", 7);
	assert_int_equal(f->n_commands, 0);
}

static void test_long_console_output(void **state)
{
	static char text[9000];
	struct device_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	start();
	put(CON_TX, text, sizeof(text));
	assert_int_equal(f->console_len, sizeof(text));
	assert_memory_equal(f->console, text, sizeof(text));
	con->ops->stat(con, &stat);
	assert_true(stat.out_bytes >= sizeof(text));
}

static void test_console_input(void **state)
{
	char text[256];

	(void)state;
	assert_false(virtio_console_opened(con));
	assert_int_equal(virtio_console_input(con, "early", 5), 0);
	start();
	assert_false(virtio_console_opened(con));
	open_port(0);
	assert_true(virtio_console_opened(con));
	assert_int_equal(virtio_console_input(con, "ab", 2), 2);
	assert_int_equal(virtio_console_input(con, "cd", 2), 2);
	fake_run(f);
	assert_int_equal(take_input(CON_RX, text, sizeof(text)), 4);
	assert_memory_equal(text, "abcd", 4);
	close_port(0);
	assert_false(virtio_console_opened(con));
}

static void test_console_input_is_bounded(void **state)
{
	static char typed[70000], seen[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(typed); i++)
		typed[i] = (char)(i * 31 + i / 256);
	start();
	open_port(0);
	assert_int_equal(virtio_console_input(con, typed, sizeof(typed)), 65536);
	assert_int_equal(virtio_console_input(con, typed, 1), 0);
	fake_run(f);
	assert_int_equal(take_input(CON_RX, seen, sizeof(seen)), 65536);
	assert_memory_equal(seen, typed, 65536);
	assert_int_equal(virtio_console_input(con, "x", 1), 1);
	fake_run(f);
	assert_int_equal(take_input(CON_RX, seen, sizeof(seen)), 1);
	assert_int_equal(seen[0], 'x');
}

static void test_plain_console(void **state)
{
	char text[16];

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1, 2, ENTRIES));
	assert_true(virtio_console_opened(con));
	give_room(CON_RX, 2);
	put(CON_TX, "hi", 2);
	assert_memory_equal(f->console, "hi", 2);
	assert_int_equal(virtio_console_input(con, "yo", 2), 2);
	fake_run(f);
	assert_int_equal(take_input(CON_RX, text, sizeof(text)), 2);
	assert_memory_equal(text, "yo", 2);
	assert_int_equal(answer(CP_SMSG, 0, "A hello"), -EBUSY);
}

static void test_device_reset(void **state)
{
	char text[64];
	int resets;

	(void)state;
	start();
	open_port(0);
	open_port(1);
	answer(CP_OUT, 1, "old");
	virtio_console_input(con, "old", 3);
	resets = f->cp_resets;
	con->ops->reset(con);
	assert_int_equal(f->cp_resets, resets + 1);
	assert_false(virtio_console_opened(con));
	start();
	open_port(0);
	open_port(1);
	fake_run(f);
	assert_int_equal(take_input(CON_RX, text, sizeof(text)), 0);
	assert_int_equal(take_input(CP_RX, text, sizeof(text)), 0);
}

/* ---- Drivers that break rules ---- */

static void assert_broken_by(unsigned q, const struct driver_buf *buf)
{
	driver_add(&d, q, buf, 1);
	driver_kick(&d, q);
	fake_run(f);
	assert_int_equal(f->broken, 1);
	assert_int_equal(f->broken_vdev, VDEV);
	assert_int_equal(driver_status(&d) & 0x40, 0x40);
	assert_false(virtio_console_opened(con));
	assert_int_equal(answer(CP_OUT, 1, "x"), -EBUSY);
	fake_forget(f);
}

static void test_broken_rules(void **state)
{
	gpa_t at = SLOT * 0x8000 + 0x7000;

	(void)state;
	start();
	assert_broken_by(CTL_TX, &(struct driver_buf) { at, 7, false });
	start();
	assert_broken_by(CON_TX, &(struct driver_buf) { 0x80000000, 7, false });
	start();
	open_port(1);
	assert_broken_by(CP_TX, &(struct driver_buf) { 0, FAKE_STORAGE + 1, false });

	assert_true(driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES));
	open_port(0);
	virtio_console_input(con, "x", 1);
	fake_run(f);
	assert_broken_by(CON_RX, &(struct driver_buf) { at, 8, false });

	assert_true(driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES));
	control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_broken_by(CTL_RX, &(struct driver_buf) { at, 16, true });
}

static void test_control_messages_are_bounded(void **state)
{
	const struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_DEVICE_READY, 1 };
	gpa_t at;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES));
	for (int i = 0; i < 16; i++)
		control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	assert_int_equal(f->broken, 0);
	at = driver_alloc(&d, sizeof(msg));
	memcpy(driver_at(&d, at), &msg, sizeof(msg));
	assert_broken_by(CTL_TX, &(struct driver_buf) { at, sizeof(msg), false });
}

static void test_ports_that_are_not_there(void **state)
{
	(void)state;
	start();
	control(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(UINT32_MAX, VIRTIO_CONSOLE_PORT_READY, 1);
	control(1, 77, 1);
	assert_int_equal(f->broken, 0);
	assert_int_equal(driver_used(&d, CTL_RX, NULL), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_driver_finds_its_ports),
		TEST(test_console_output),
		TEST(test_long_console_output),
		TEST(test_console_input),
		TEST(test_console_input_is_bounded),
		TEST(test_plain_console),
		TEST(test_device_reset),
		TEST(test_broken_rules),
		TEST(test_control_messages_are_bounded),
		TEST(test_ports_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
