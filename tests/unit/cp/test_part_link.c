/* The connection to a partition's process, which is hostile here. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct engine e;

	engine_init(&e);
	loop_clock_stop(e.cp.loop);
	engine_partition(&e, PS_RUNNING);
	*state = &e;
	return 0;
}

static int teardown(void **state)
{
	engine_fini(*state);
	return 0;
}

static bool is_gone(const struct engine *e)
{
	return list_empty(&e->cp.partitions);
}

/* Asks for registers, which changes no state; the id of the request. */
static uint32_t ask(struct engine *e, struct told *told)
{
	struct message err;
	uint32_t id = 0;

	assert_int_equal(partition_regs(e->p, 0, told_bytes, told, &err), 0);
	assert_int_equal(peer_receive(e, &id, NULL, NULL), PART_REGS_READ);
	return id;
}

static void test_answers_find_their_requests(void **state)
{
	struct engine *e = *state;
	struct told a = { 0 }, b = { 0 };
	uint32_t id_a = ask(e, &a), id_b = ask(e, &b);
	struct part_regs regs = { 0 };

	assert_int_not_equal(id_a, id_b);
	peer_send(e, PART_OK, id_b, &regs, sizeof(regs));
	assert_int_equal(a.times, 0);
	assert_int_equal(b.times, 1);
	assert_int_equal(b.number, 0);
	assert_int_equal(b.len, sizeof(regs));
	peer_fail(e, id_a, PART_R_KVM, "KVM_GET_REGS");
	assert_int_equal(a.times, 1);
	assert_int_equal(a.number, MSG_PART_KVM);
	assert_int_equal(part_link_pending(e->p), 0);
}

static void test_requests_say_what_they_must(void **state)
{
	struct engine *e = *state;
	static struct told told;
	struct part_storage storage;
	size_t len = sizeof(storage);
	struct message err;

	assert_int_equal(partition_read(e->p, 0x1000, 16, told_bytes, &told, &err), 0);
	assert_int_equal(peer_receive(e, NULL, &storage, &len), PART_STORAGE_READ);
	assert_int_equal(len, sizeof(storage));
	assert_int_equal(storage.addr, 0x1000);
	assert_int_equal(storage.len, 16);
	assert_int_equal(partition_read(e->p, 0, PART_CHUNK + 1, NULL, NULL, &err),
		MSG_PART_ADDRESS);
	assert_int_equal(partition_read(e->p, 0, 0, NULL, NULL, &err), MSG_PART_ADDRESS);
	assert_int_equal(partition_regs(e->p, 2, NULL, NULL, &err), MSG_NO_SUCH_CPU);
}

static void test_every_reason_has_a_message(void **state)
{
	struct engine *e = *state;

	for (uint32_t r = PART_R_NONE; r <= PART_R_BUSY + 1; r++) {
		struct told told = { 0 };

		peer_fail(e, ask(e, &told), r, "detail-of-it");
		assert_int_equal(told.times, 1);
		assert_non_null(strstr(told.text, "detail-of-it"));
		assert_non_null(strstr(told.text, "ALPHA"));
	}
}

/* Payloads of an older process are shorter: what is missing is zero. */
static void test_short_payloads(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	uint32_t kind = PART_EV_POWER_OFF;

	peer_send(e, PART_FAIL, ask(e, &told), NULL, 0);
	assert_int_equal(told.number, MSG_PART_FAILED);
	peer_send(e, PART_EVENT, 0, &kind, sizeof(kind));
	assert_int_equal(e->p->state, PS_STOPPED);
}

/* ---- Time limits ------------------------------------------------------------------ */

static void test_silence(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	uint32_t id = ask(e, &told);

	loop_clock_warp(e->cp.loop, 9 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.times, 0);
	loop_clock_warp(e->cp.loop, 1 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_SILENT);
	assert_int_equal(e->p->state, PS_RUNNING);

	/* Late, but asked for; and once. */
	peer_send(e, PART_OK, id, NULL, 0);
	assert_int_equal(told.times, 1);
	assert_false(is_gone(e));
	peer_send(e, PART_OK, id, NULL, 0);
	assert_true(is_gone(e));
}

/* A late answer to STOP still says that the vCPUs stand still. */
static void test_late_answers_count(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;
	uint32_t id = 0;

	assert_int_equal(partition_stop(e->p, PART_ALL_CPUS, told_done, &told, &err), 0);
	peer_receive(e, &id, NULL, NULL);
	loop_clock_warp(e->cp.loop, 60 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.number, MSG_PART_SILENT);
	assert_int_equal(e->p->state, PS_RUNNING);
	peer_send(e, PART_OK, id, NULL, 0);
	assert_int_equal(e->p->state, PS_STOPPED);
	assert_int_equal(told.times, 1);
}

static void test_requests_are_bounded(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	for (int i = 0; i < PART_MAX_PENDING; i++)
		ask(e, &told);
	assert_int_equal(
		partition_regs(e->p, 0, told_bytes, &told, &err), MSG_TOO_MANY_REQUESTS);
	loop_clock_warp(e->cp.loop, 60 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(told.times, PART_MAX_PENDING);
	/* Those that were never answered still count. */
	assert_int_equal(
		partition_regs(e->p, 0, told_bytes, &told, &err), MSG_TOO_MANY_REQUESTS);
	assert_int_equal(partition_force(e->p, "OPERATOR", NULL, NULL, &err), 0);
}

/* ---- Lies ------------------------------------------------------------------------- */

/* After a record like this the process is not trusted any more. */
static void ends_it(
	struct engine *e, uint16_t type, uint32_t id, const void *data, size_t len)
{
	struct told told = { 0 };

	ask(e, &told);
	peer_send(e, type, id, data, len);
	assert_true(is_gone(e));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_PART_GONE);
	assert_int_equal(front_twin_said(MSG_PARTITION_LOST), 1);
	engine_close_peer(e);
	front_twin_reset();
	engine_partition(e, PS_RUNNING);
}

static void test_lies(void **state)
{
	struct engine *e = *state;
	struct part_event event = { .kind = PART_EV_STATE, .run = 99 };
	char long_command[CP_COMMAND_MAX + 1] = { 0 };
	uint32_t last;

	ends_it(e, PART_OK, 0, NULL, 0);
	ends_it(e, PART_OK, 77777, NULL, 0);
	ends_it(e, PART_FAIL, 77777, NULL, 0);
	ends_it(e, 1234, 0, NULL, 0);
	ends_it(e, PART_EVENT, 0, NULL, 0);
	ends_it(e, PART_EVENT, 0, &event, sizeof(event));
	event.run = PART_EMPTY;
	ends_it(e, PART_EVENT, 0, &event, sizeof(event));
	ends_it(e, PART_CONSOLE, 0, NULL, 0);
	ends_it(e, PART_GUEST_COMMAND, 1, long_command, sizeof(long_command));
	last = ask(e, &(struct told) { 0 });
	ends_it(e, PART_HELLO_ANSWER, last, NULL, 0);
}

static void test_no_record(void **state)
{
	struct engine *e = *state;

	must(send(e->peer, "garbage", 7, MSG_NOSIGNAL) == 7);
	engine_settle(e);
	assert_true(is_gone(e));
	assert_int_equal(front_twin_said(MSG_PARTITION_LOST), 1);
}

static void test_a_length_that_lies(void **state)
{
	struct engine *e = *state;
	const struct cp_frame head = { CP_FRAME_MAGIC, 0xfffffff0u, 1, PART_OK, 0 };

	must(send(e->peer, &head, sizeof(head), MSG_NOSIGNAL) == sizeof(head));
	engine_settle(e);
	assert_true(is_gone(e));
}

static void test_descriptors(void **state)
{
	struct engine *e = *state;
	const int fd = 0;

	must(!wire_write(e->peer, PART_GUEST_RESET, 0, 0, NULL, 0, &fd, 1));
	engine_settle(e);
	assert_true(is_gone(e));
}

static void test_the_end_of_the_connection(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };

	ask(e, &told);
	engine_close_peer(e);
	engine_settle(e);
	assert_true(is_gone(e));
	assert_int_equal(told.number, MSG_PART_GONE);
}

/* A callback may end the partition whose answer it is. */
static void force_it(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct engine *e = ctx;
	struct message err;

	(void)m, (void)bytes, (void)len;
	assert_int_equal(partition_force(e->p, "OPERATOR", NULL, NULL, &err), 0);
}

static void test_force_from_a_callback(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;
	uint32_t id = 0;

	assert_int_equal(partition_regs(e->p, 0, force_it, e, &err), 0);
	peer_receive(e, &id, NULL, NULL);
	ask(e, &told);
	peer_send(e, PART_OK, id, NULL, 0);
	assert_true(is_gone(e));
	assert_int_equal(told.times, 1);
}

/* ---- The guest -------------------------------------------------------------------- */

static void test_guest_commands(void **state)
{
	struct engine *e = *state;
	uint32_t id = 0, rc = 0;
	char text[PART_CHUNK];
	static char answer[PART_CHUNK + 10];
	size_t len = sizeof(text);

	peer_send(e, PART_GUEST_COMMAND, 42, "QUERY NAMES", 11);
	assert_int_equal(front_twin.commands, 1);
	assert_int_equal(front_twin.command_id, 42);
	assert_string_equal(front_twin.command, "QUERY NAMES");
	peer_send(e, PART_GUEST_RESET, 0, NULL, 0);
	assert_int_equal(front_twin.resets, 1);

	partition_guest_out(e->p, 42, true, answer, sizeof(answer));
	assert_int_equal(peer_receive(e, &id, text, &len), PART_GUEST_ERR);
	assert_int_equal(id, 42);
	assert_int_equal(len, PART_CHUNK);
	assert_int_equal(peer_receive(e, &id, text, &len), PART_GUEST_ERR);
	assert_int_equal(len, 10);
	partition_guest_done(e->p, 42, 45);
	len = sizeof(rc);
	assert_int_equal(peer_receive(e, &id, &rc, &len), PART_GUEST_DONE);
	assert_int_equal(rc, 45);
}

static void test_smsg(void **state)
{
	struct engine *e = *state;
	char text[64] = "";
	size_t len = sizeof(text) - 1;
	struct message err;

	assert_int_equal(partition_smsg(e->p, "BETA", "hello", &err), 0);
	assert_int_equal(peer_receive(e, NULL, text, &len), PART_SMSG);
	assert_string_equal(text, "BETA hello");
	e->p->version = 1; /* an older process has no such request */
	assert_int_equal(partition_smsg(e->p, "BETA", "hello", &err), MSG_NOT_RECEIVING);
}

static void test_broken_device(void **state)
{
	struct engine *e = *state;
	struct part_event event = { .kind = PART_EV_DEVICE, .vdev = 0x191 };

	e->p->dev[0] = (struct part_dev) { .vdev = 0x190 };
	e->p->dev[1] = (struct part_dev) { .vdev = 0x191 };
	e->p->n_dev = 2;
	peer_send(e, PART_EVENT, 0, &event, sizeof(event));
	assert_false(e->p->dev[0].broken);
	assert_true(e->p->dev[1].broken);
	assert_int_equal(front_twin_said(MSG_DEVICE_BROKEN), 1);
}

/* ---- The console ------------------------------------------------------------------ */

static void output(struct engine *e, uint64_t offset, const char *text)
{
	uint8_t buf[128];
	struct part_console head = { .offset = offset };

	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), text, strlen(text));
	peer_send(e, PART_CONSOLE, 0, buf, sizeof(head) + strlen(text));
}

struct viewer {
	struct watcher w;
	uint64_t next;
	char seen[128];
	int told, gone;
	bool leave;
};

static void on_output(struct watcher *w, uint64_t offset, const void *bytes, size_t len)
{
	struct viewer *v = w->ctx;

	v->next = offset + len;
	strncat(v->seen, bytes, len);
	if (v->leave)
		partition_unwatch(w);
}

static void on_told(struct watcher *w, const char *line)
{
	(void)line;
	((struct viewer *)w->ctx)->told++;
}

static void on_gone(struct watcher *w, const char *why)
{
	assert_non_null(strstr(why, "ALPHA"));
	((struct viewer *)w->ctx)->gone++;
}

static void view(struct engine *e, struct viewer *v)
{
	*v = (struct viewer) {
		.w = { .output = on_output, .told = on_told, .gone = on_gone, .ctx = v }
	};
	partition_watch(e->p, &v->w);
}

static void test_console(void **state)
{
	struct engine *e = *state;
	struct viewer a, b;

	view(e, &a);
	output(e, 0, "one ");
	view(e, &b);
	output(e, 4, "two ");
	assert_string_equal(a.seen, "one two ");
	assert_string_equal(b.seen, "one two ");
	/* A gap is passed on as it is. */
	output(e, 1000, "three");
	assert_int_equal(a.next, 1005);
	b.leave = true;
	output(e, 1005, "!");
	output(e, 1006, "?");
	assert_int_equal(a.next, 1007);
	assert_int_equal(b.next, 1006);
	/* Back in time is a lie. */
	output(e, 5, "four");
	assert_true(is_gone(e));
	assert_int_equal(a.gone, 1);
	assert_int_equal(b.gone, 0);
}

static void test_console_offset_wraps(void **state)
{
	struct engine *e = *state;

	output(e, UINT64_MAX - 2, "four");
	assert_true(is_gone(e));
}

static void test_keyboard(void **state)
{
	struct engine *e = *state;
	struct viewer a, b;
	struct message err;
	char text[8] = "";
	size_t len = sizeof(text) - 1;

	view(e, &a);
	view(e, &b);
	assert_int_equal(partition_drive(e->p, &a.w, false, "BETA", &err), 0);
	assert_int_equal(
		partition_drive(e->p, &b.w, false, "GAMMA", &err), MSG_KEYBOARD_BUSY);
	assert_non_null(strstr(err.text, "BETA"));
	assert_int_equal(partition_drive(e->p, &b.w, true, "GAMMA", &err), 0);
	assert_false(a.w.drives);
	assert_true(b.w.drives);
	assert_int_equal(a.told, 1);
	assert_int_equal(b.told, 0);
	partition_unwatch(&b.w);
	assert_null(e->p->driver);

	partition_input(e->p, "ls\n", 3);
	assert_int_equal(peer_receive(e, NULL, text, &len), PART_CONSOLE_IN);
	assert_string_equal(text, "ls\n");
	partition_unwatch(&a.w);
}

int main(void)
{
#define WITH_ENGINE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_ENGINE(test_answers_find_their_requests),
		WITH_ENGINE(test_requests_say_what_they_must),
		WITH_ENGINE(test_every_reason_has_a_message),
		WITH_ENGINE(test_short_payloads),
		WITH_ENGINE(test_silence),
		WITH_ENGINE(test_late_answers_count),
		WITH_ENGINE(test_requests_are_bounded),
		WITH_ENGINE(test_lies),
		WITH_ENGINE(test_no_record),
		WITH_ENGINE(test_a_length_that_lies),
		WITH_ENGINE(test_descriptors),
		WITH_ENGINE(test_the_end_of_the_connection),
		WITH_ENGINE(test_force_from_a_callback),
		WITH_ENGINE(test_guest_commands),
		WITH_ENGINE(test_smsg),
		WITH_ENGINE(test_broken_device),
		WITH_ENGINE(test_console),
		WITH_ENGINE(test_console_offset_wraps),
		WITH_ENGINE(test_keyboard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
