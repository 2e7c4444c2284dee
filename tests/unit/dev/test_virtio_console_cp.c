/* The cp port: frames between the guest and CP, and openings apart from each other. */
#include "tests/unit/dev/console_fixture.h"

#include <errno.h>

static void test_a_command(void **state)
{
	char frame[64];
	struct cp_frame *head = (struct cp_frame *)frame;

	(void)state;
	start();
	open_port(1);
	assert_int_equal(f->cp_resets, 1);
	make_frame(frame, CP_COMMAND, 0xabcd, "QUERY TIME", 10);
	head->flags = CP_F_JSON;
	put(CP_TX, frame, sizeof(*head) + 10);
	assert_int_equal(f->n_commands, 1);
	assert_int_equal(f->command[0].id, 0xabcd);
	assert_int_equal(f->command[0].flags, CP_F_JSON);
	assert_string_equal(f->command[0].text, "QUERY TIME");
	assert_int_equal(f->console_len, 0);
}

static void test_frames_in_pieces(void **state)
{
	char frame[256];
	size_t len = make_frame(frame, CP_COMMAND, 1, "QUERY NAMES", 11);

	(void)state;
	len += make_frame(frame + len, CP_COMMAND, 2, "", 0);
	start();
	open_port(1);
	for (size_t cut = 1; cut < len; cut++) {
		f->n_commands = 0;
		put(CP_TX, frame, cut);
		put(CP_TX, frame + cut, len - cut);
		assert_int_equal(f->n_commands, 2);
		assert_string_equal(f->command[0].text, "QUERY NAMES");
		assert_int_equal(f->command[1].id, 2);
		assert_int_equal(f->command[1].len, 0);
	}
	f->n_commands = 0;
	for (size_t i = 0; i < len; i++)
		put(CP_TX, frame + i, 1);
	assert_int_equal(f->n_commands, 2);
}

static void test_answers_of_two_commands(void **state)
{
	char bytes[512];
	size_t at = 0;

	(void)state;
	start();
	open_port(1);
	put_command(7, "FIRST");
	put_command(8, "SECOND");
	assert_int_equal(f->n_commands, 2);
	assert_int_equal(answer(CP_OUT, 7, "first, "), 0);
	assert_int_equal(
		answer(CP_OUT, 8, "the second is longer than one buffer has room for"),
		0);
	assert_int_equal(answer(CP_ERR, 7, "failed"), 0);
	assert_int_equal(answer(CP_DONE, 8, "0000"), 0);
	assert_int_equal(answer(CP_DONE, 7, "0001"), 0);
	fake_run(f);
	take_input(CP_RX, bytes, sizeof(bytes));
	at += frame_is(bytes + at, CP_OUT, 7, "first, ");
	at += frame_is(bytes + at, CP_OUT, 8,
		"the second is longer than one buffer has room for");
	at += frame_is(bytes + at, CP_ERR, 7, "failed");
	at += frame_is(bytes + at, CP_DONE, 8, "0000");
	frame_is(bytes + at, CP_DONE, 7, "0001");
}

/* A client is killed in mid-answer, and in mid-command: the next sees none of it. */
static void test_the_next_opener_sees_nothing_old(void **state)
{
	static char big[40000], bytes[sizeof(big) + 64];
	char half[64];
	size_t n;

	(void)state;
	start();
	open_port(1);
	put_command(1, "LONG ANSWER");
	assert_int_equal(virtio_console_cp_send(con, CP_OUT, 1, 0, big, sizeof(big)), 0);
	fake_run(f);
	n = make_frame(half, CP_COMMAND, 2, "HALF A COMMAND", 14);
	put(CP_TX, half, n - 5);
	close_port(1);
	assert_int_equal(f->cp_resets, 2);
	assert_int_equal(answer(CP_DONE, 1, "0000"), -EBUSY);
	n = take_input(CP_RX, bytes, sizeof(bytes)); /* the driver drops what it had */
	assert_true(n > 0 && n <= ENTRIES * ROOM);

	open_port(1);
	assert_int_equal(f->cp_resets, 3);
	assert_int_equal(take_input(CP_RX, bytes, sizeof(bytes)), 0);
	put_command(3, "NEW");
	assert_int_equal(f->n_commands, 2);
	assert_string_equal(f->command[1].text, "NEW");
	assert_int_equal(answer(CP_DONE, 3, "0000"), 0);
	fake_run(f);
	n = take_input(CP_RX, bytes, sizeof(bytes));
	assert_int_equal(n, frame_is(bytes, CP_DONE, 3, "0000"));
}

static void test_opening_again_without_closing(void **state)
{
	char bytes[128];
	size_t n;

	(void)state;
	start();
	open_port(1);
	put(CP_TX, "BCP1", 4);
	open_port(1);
	put_command(1, "WHOLE");
	assert_int_equal(f->n_commands, 1);
	assert_int_equal(answer(CP_DONE, 1, "0000"), 0);
	fake_run(f);
	n = take_input(CP_RX, bytes, sizeof(bytes));
	assert_int_equal(n, frame_is(bytes, CP_DONE, 1, "0000"));
}

static void test_closed_port_takes_nothing(void **state)
{
	(void)state;
	start();
	put_command(1, "TOO EARLY");
	assert_int_equal(f->n_commands, 0);
	assert_int_equal(answer(CP_SMSG, 0, "A hello"), -EBUSY);
	open_port(1);
	close_port(1);
	put_command(2, "TOO LATE");
	open_port(1);
	assert_int_equal(f->n_commands, 0);
}

/* Commands written before the port was closed are nobody's after it. */
static void test_unseen_commands_end_with_the_opening(void **state)
{
	char frame[64];
	gpa_t at;
	size_t len;

	(void)state;
	start();
	open_port(1);
	at = driver_alloc(&d, sizeof(frame));
	len = make_frame(driver_at(&d, at), CP_COMMAND, 1, "OLD", 3);
	driver_add(&d, CP_TX, &(struct driver_buf) { at, (uint32_t)len, false }, 1);
	close_port(1); /* seen first: the command is only in the ring */
	open_port(1);
	driver_kick(&d, CP_TX);
	fake_run(f);
	assert_int_equal(f->n_commands, 0);
	assert_true(driver_used(&d, CP_TX, NULL) >= 0);
}

/* The opening and the first command are on different queues, and may be seen at once. */
static void test_a_command_that_overtakes_the_opening(void **state)
{
	const struct virtio_console_control open = { 1, VIRTIO_CONSOLE_PORT_OPEN, 1 };
	gpa_t message, command;
	size_t len;

	(void)state;
	start();
	message = driver_alloc(&d, sizeof(open));
	memcpy(driver_at(&d, message), &open, sizeof(open));
	command = driver_alloc(&d, 64);
	len = make_frame(driver_at(&d, command), CP_COMMAND, 1, "QUICK", 5);
	driver_add(&d, CTL_TX, &(struct driver_buf) { message, sizeof(open), false }, 1);
	driver_add(&d, CP_TX, &(struct driver_buf) { command, (uint32_t)len, false }, 1);
	driver_kick(&d, CP_TX);
	driver_kick(&d, CTL_TX);
	fake_run(f);
	assert_int_equal(f->n_commands, 1);
	assert_string_equal(f->command[0].text, "QUICK");
}

static void test_garbage_is_skipped(void **state)
{
	char bytes[256] = "noise BCP noise BBCP";
	size_t len = strlen(bytes);
	static const uint32_t ids[] = { 1, 2, 3, 4, 5 };
	struct cp_frame bad = { CP_FRAME_MAGIC, CP_FRAME_MAX + 1, 9, CP_COMMAND, 0 };

	(void)state;
	start();
	open_port(1);
	len += make_frame(bytes + len, CP_COMMAND, 1, "ONE", 3);
	memcpy(bytes + len, &bad, sizeof(bad));
	len += sizeof(bad);
	len += make_frame(bytes + len, CP_COMMAND, 2, "TWO", 3);
	memcpy(bytes + len, "BCP", 3); /* the magic number begins twice */
	len += 3;
	len += make_frame(bytes + len, CP_COMMAND, 3, "THREE", 5);
	memcpy(bytes + len, &bad, 8); /* a frame begins within what is no header */
	len += 8;
	len += make_frame(bytes + len, CP_COMMAND, 4, "FOUR", 4);
	len += make_frame(bytes + len, 99, 4, "a type of the future", 20);
	len += make_frame(bytes + len, CP_COMMAND, 5, "FIVE", 4);
	for (size_t i = 0; i < len; i++)
		put(CP_TX, bytes + i, 1);
	put(CP_TX, bytes, len);
	assert_int_equal(f->n_commands, 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(f->command[i].id, ids[i % 5]);
	assert_int_equal(f->broken, 0);
}

static void test_long_commands(void **state)
{
	static char frame[CP_FRAME_MAX + 16], data[CP_FRAME_MAX];
	struct {
		struct cp_frame head;
		uint32_t rc;
	} done;

	(void)state;
	memset(data, 'x', sizeof(data));
	start();
	open_port(1);
	put(CP_TX, frame, make_frame(frame, CP_COMMAND, 1, data, CP_COMMAND_MAX));
	assert_int_equal(f->n_commands, 1);
	assert_int_equal(f->command[0].len, CP_COMMAND_MAX);
	for (size_t len = CP_COMMAND_MAX + 1; len <= CP_COMMAND_MAX + 3000; len += 2999) {
		put(CP_TX, frame, make_frame(frame, CP_COMMAND, 2, data, len));
		assert_int_equal(f->n_commands, 1);
		assert_int_equal(take_input(CP_RX, &done, sizeof(done)), sizeof(done));
		assert_int_equal(done.head.type, CP_DONE);
		assert_int_equal(done.head.id, 2);
		assert_int_equal(done.rc, CP_RC_TOO_LONG);
	}
	put_command(3, "SHORT");
	assert_int_equal(f->n_commands, 2);
}

static void test_signals_are_enabled_by_who_has_it_open(void **state)
{
	char frame[32];
	size_t len = make_frame(frame, CP_ENABLE, 0, "", 0);

	(void)state;
	start();
	open_port(1);
	put(CP_TX, frame, len);
	assert_true(f->cp_enabled);
	open_port(1);
	assert_false(f->cp_enabled);
	put(CP_TX, frame, len);
	close_port(1);
	assert_false(f->cp_enabled);
	open_port(1);
	put(CP_TX, frame, len);
	assert_true(f->cp_enabled);
	driver_set_status(&d, 0);
	assert_false(f->cp_enabled);
}

static void test_a_guest_that_does_not_read(void **state)
{
	static char data[CP_FRAME_MAX];
	int sent = 0;

	(void)state;
	assert_true(driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES));
	open_port(1);
	while (!virtio_console_cp_send(con, CP_OUT, 1, 0, data, 10000))
		sent++;
	assert_int_equal(sent, 262144 / (10000 + 16));
	assert_int_equal(
		virtio_console_cp_send(con, CP_OUT, 1, 0, data, 10000), -ENOBUFS);
	assert_int_equal(answer(CP_DONE, 1, "0000"), 0); /* a small one fits still */
	open_port(1);
	assert_int_equal(
		virtio_console_cp_send(con, CP_OUT, 1, 0, data, CP_FRAME_MAX), 0);
}

/* In the middle of everything: half a command in, most of an answer to go. */
static void test_state_moves_to_another(void **state)
{
	static char bytes[4096], big[2000];
	struct snap out, in;
	char frame[64];
	size_t len = make_frame(frame, CP_COMMAND, 5, "MOVING", 6), n;

	(void)state;
	memset(big, 'b', sizeof(big));
	start();
	open_port(0);
	open_port(1);
	put(CP_TX, frame, 19);
	assert_int_equal(virtio_console_cp_send(con, CP_OUT, 4, 0, big, sizeof(big)), 0);
	fake_run(f);
	virtio_console_input(con, "typed", 5);
	con->ops->quiesce(con);
	snap_init_save(&out);
	assert_int_equal(con->ops->snap(con, &out), 0);
	assert_int_equal(pci_bus_snap(f->m.pci, &out), 0);
	device_destroy(con);
	assert_int_equal(make_console(), 0);

	snap_init_load(&in, out.buf, out.len);
	assert_int_equal(pci_bus_snap(f->m.pci, &in), 0);
	assert_int_equal(con->ops->snap(con, &in), 0);
	con->ops->resume(con);
	fake_run(f);
	n = take_input(CP_RX, bytes, sizeof(bytes));
	assert_int_equal(n, sizeof(struct cp_frame) + sizeof(big));
	assert_memory_equal(bytes + sizeof(struct cp_frame), big, sizeof(big));
	assert_int_equal(take_input(CON_RX, bytes, sizeof(bytes)), 5);
	put(CP_TX, frame + 19, len - 19);
	assert_int_equal(f->n_commands, 1);
	assert_string_equal(f->command[0].text, "MOVING");
	snap_fini(&in);
	snap_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_command),
		TEST(test_frames_in_pieces),
		TEST(test_answers_of_two_commands),
		TEST(test_the_next_opener_sees_nothing_old),
		TEST(test_opening_again_without_closing),
		TEST(test_closed_port_takes_nothing),
		TEST(test_unseen_commands_end_with_the_opening),
		TEST(test_a_command_that_overtakes_the_opening),
		TEST(test_garbage_is_skipped),
		TEST(test_long_commands),
		TEST(test_signals_are_enabled_by_who_has_it_open),
		TEST(test_a_guest_that_does_not_read),
		TEST(test_state_moves_to_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
