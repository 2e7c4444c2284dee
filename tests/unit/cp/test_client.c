/* Clients of the CP socket over real sockets: well-behaved, slow, hostile, many. */
#include "tests/unit/cp/client_fixture.h"

#include "cp/client.h"
#include "cp/cp_socket.h"
#include "cp/guest_abi.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MANY 1000

static void output(struct partition *p, const char *bytes, size_t len)
{
	uint64_t at = p->console.end;
	struct list *pos, *tmp;

	assert_int_equal(conring_write(&p->console, at, bytes, len), 0);
	list_for_each_safe (pos, tmp, &p->watchers) {
		struct watcher *w = container_of(pos, struct watcher, node);

		w->output(w, at, bytes, len);
	}
}

static void test_welcome(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);
	struct cps_welcome w;

	assert_int_equal(c->msg.len, sizeof(w));
	memcpy(&w, c->data, sizeof(w));
	assert_string_equal(w.system, "BULKHEAD");
	assert_string_equal(w.userid, "OPERATOR");
	assert_string_equal(w.classes, "ABCDEFG");
	leave(f, c);
	assert_int_equal(f->cp.server->n_clients, 0);
}

static void test_command(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);

	command(c, 5, "query userid#force alpha");
	expect_text(f, c, CP_OUT, "OPERATOR AT BULKHEAD\n");
	expect_text(f, c, CP_ERR, "CP0045E ALPHA not logged on\n");
	assert_int_equal(expect_done(f, c, 5), 45);
	send_record(c, CP_COMMAND, 6, CP_F_JSON, "q n", 3);
	expect_text(f, c, CP_OUT, "{\"command\":\"QUERY N\"");
	assert_int_equal(expect_done(f, c, 6), 45);
	leave(f, c);
}

static void test_long_command_is_refused(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);
	char text[CP_COMMAND_MAX + 1];

	memset(text, 'x', sizeof(text));
	send_record(c, CP_COMMAND, 5, 0, text, sizeof(text));
	expect_text(f, c, CP_ERR, "CP1402E");
	assert_int_equal(expect_done(f, c, 5), MSG_COMMAND_LONG);
	leave(f, c);
}

static void test_table(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);

	send_record(c, CPS_TABLE, 9, 0, "", 0);
	expect_text(f, c, CP_OUT, "AUTOLOG 6 userid\n");
	assert_int_equal(expect_done(f, c, 9), 0);
	leave(f, c);
}

/* Each of these is no record of the protocol: the client is closed, and only it. */
static void test_garbage(void **state)
{
	static const struct {
		uint16_t type;
		const char *data;
		size_t len;
	} garbage[] = {
		{ CPS_HELLO, "x", 1 },
		{ CP_COMMAND, "q n\0x", 5 },
		{ CPS_LOGON, "ALPHA", 5 },
		{ CPS_ATTACH,
			"MUCHTOOLONGMUCHTOOLONGMUCHTOOLONGMUCHTOOLONGMUCHTOOLONGMUCHTOOLONG",
			66 },
		{ CPS_REPLY, "a\0b", 3 },
		{ CP_DONE, "", 0 },
		{ 0, "", 0 },
		{ 65535, "", 0 },
	};
	struct front *f = *state;
	struct peer_end *good = connect_client(f, 0);

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct peer_end *c = i ? connect_client(f, 0) : connect_raw(f);

		send_record(c, garbage[i].type, 1, 0, garbage[i].data, garbage[i].len);
		if (!is_closed(f, c))
			fail_msg("garbage %zu did not close the client", i);
		leave(f, c);
	}
	command(good, 1, "query userid");
	assert_int_equal(expect_done(f, good, 1), 0);
	leave(f, good);
}

static void test_what_is_no_record(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);

	assert_int_equal(send(c->fd, "no record at all", 16, 0), 16);
	assert_true(is_closed(f, c));
	leave(f, c);
}

static void test_hello_comes_first(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_raw(f);

	command(c, 1, "query userid");
	assert_true(is_closed(f, c));
	leave(f, c);
}

/* MANY clients, or as many as there may be descriptors, two for each. */
static int how_many(void)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
	return r.rlim_cur > 2 * MANY + 100 ? MANY : (int)(r.rlim_cur / 2) - 50;
}

/* All at once, each is answered. */
static void test_many(void **state)
{
	static struct peer_end *c[MANY];
	struct front *f = *state;
	int n = how_many();

	assert_true(n > 1);
	for (int i = 0; i < n; i++) {
		c[i] = connect_raw(f);
		hello(c[i], 0);
	}
	for (int i = 0; i < n; i++)
		command(c[i], (uint32_t)i, "query userid");
	assert_int_equal(f->cp.server->n_clients, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(expect_done(f, c[i], (uint32_t)i), 0);
	for (int i = 0; i < n; i++) {
		close(c[i]->fd);
		free(c[i]);
	}
	front_second(f);
	assert_int_equal(f->cp.server->n_clients, 0);
}

/* One that asks and asks, and never reads: it is closed, nobody else is delayed. */
static void test_who_does_not_read_is_closed(void **state)
{
	struct front *f = *state;
	struct peer_end *deaf = connect_client(f, 0), *good = connect_client(f, 0);

	for (int i = 0; i < 20000 && f->cp.server->n_clients == 2; i++) {
		wire_write(deaf->fd, CP_COMMAND, 1, 0, "help", 4, NULL, 0);
		loop_once(f->cp.loop, 0);
	}
	front_second(f);
	assert_int_equal(f->cp.server->n_clients, 1);
	command(good, 1, "query userid");
	assert_int_equal(expect_done(f, good, 1), 0);
	leave(f, deaf);
	leave(f, good);
}

static void attach(struct front *f, struct peer_end *c, uint16_t flags,
	const char *userid, uint32_t rc)
{
	send_record(c, CPS_ATTACH, 2, flags, userid, strlen(userid));
	assert_int_equal(expect_done(f, c, 2), rc);
}

/* Reads console output until `end`; it must come in order, without a gap from `from`. */
static void read_console(struct front *f, struct peer_end *c, uint64_t from, uint64_t end)
{
	struct cps_console head;

	while (from < end) {
		expect(f, c, CPS_CONSOLE);
		memcpy(&head, c->data, sizeof(head));
		assert_true(head.offset == from);
		for (size_t i = sizeof(head); i < c->msg.len; i++, from++) {
			if ((uint8_t)c->data[i] != (uint8_t)(from % 251))
				fail_msg("byte %llu is wrong", (unsigned long long)from);
		}
	}
	assert_true(from == end);
}

static void fill(struct partition *p, size_t n)
{
	char chunk[1000];

	while (n) {
		size_t len = n < sizeof(chunk) ? n : sizeof(chunk);

		for (size_t i = 0; i < len; i++)
			chunk[i] = (char)((p->console.end + i) % 251);
		output(p, chunk, len);
		n -= len;
	}
}

/* What is kept comes first, all of it before any later answer; then what is new. */
static void test_console_replay(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *c = connect_client(f, CPS_F_TTY);

	fill(p, 3 * PART_CONSOLE_KEEP + 77);
	attach(f, c, CPS_F_DRIVE, "ALPHA", 0);
	command(c, 3, "query userid");
	read_console(f, c, p->console.begin, p->console.end);
	assert_int_equal(expect_done(f, c, 3), 0);
	fill(p, 5000);
	read_console(f, c, p->console.end - 5000, p->console.end);
	send_record(c, CPS_INPUT, 0, 0, "ls\n", 3);
	front_second(f);
	twin_was_asked("input ALPHA <ls\n>");
	leave(f, c);
	assert_null(p->driver);
	assert_true(list_empty(&p->watchers));
}

/* One that does not read its console is not closed and costs a bounded queue; it goes on
 * where the ring still is. */
static void test_slow_console(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *slow = connect_client(f, 0), *good = connect_client(f, 0);
	struct cps_console head;
	uint64_t last = 0;

	attach(f, slow, 0, "ALPHA", 0);
	attach(f, good, 0, "ALPHA", 0);
	for (int i = 0; i < 200; i++) {
		uint64_t from = p->console.end;

		fill(p, 50000);
		read_console(f, good, from, p->console.end);
	}
	assert_int_equal(f->cp.server->n_clients, 2);
	while (last < p->console.end) {
		expect(f, slow, CPS_CONSOLE);
		memcpy(&head, slow->data, sizeof(head));
		assert_true(head.offset >= last);
		last = head.offset + slow->msg.len - sizeof(head);
	}
	command(slow, 4, "query userid");
	assert_int_equal(expect_done(f, slow, 4), 0);
	leave(f, slow);
	leave(f, good);
}

static void test_detach_sends_what_was_written(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *c = connect_client(f, 0);

	fill(p, PART_CONSOLE_KEEP);
	attach(f, c, 0, "ALPHA", 0);
	send_record(c, CPS_DETACH, 3, 0, "", 0);
	read_console(f, c, 0, PART_CONSOLE_KEEP);
	assert_int_equal(expect_done(f, c, 3), 0);
	assert_true(list_empty(&p->watchers));
	leave(f, c);
}

static void test_takeover(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *first = connect_client(f, CPS_F_TTY);
	struct peer_end *second = connect_client(f, CPS_F_TTY);
	uint32_t rc;

	attach(f, first, CPS_F_DRIVE, "ALPHA", 0);
	send_record(second, CPS_ATTACH, 2, CPS_F_DRIVE, "ALPHA", 5);
	expect(f, second, CP_ERR);
	rc = expect_done(f, second, 2);
	assert_int_not_equal(rc, 0);
	attach(f, second, CPS_F_DRIVE | CPS_F_FORCE, "ALPHA", 0);
	expect_text(f, first, CPS_NOTE, "OPERATOR");
	send_record(first, CPS_INPUT, 8, 0, "x", 1);
	expect_text(f, first, CP_ERR, "CP1404E");
	assert_ptr_equal(p->driver->ctx,
		container_of(f->cp.server->clients.prev, struct client, node));
	leave(f, first);
	leave(f, second);
}

static void test_console_of_nobody(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);

	attach(f, c, 0, "ALPHA", 45);
	attach(f, c, 0, "", 45); /* one's own */
	attach(f, c, 0, "a/b", 20);
	send_record(c, CPS_LOGON, 3, 0, "a/b\0x", 6);
	expect_text(f, c, CP_ERR, "CP0050E LOGON of a/b unsuccessful");
	assert_int_equal(expect_done(f, c, 3), 50);
	leave(f, c);
}

/* Identity by LOGON; then the console of others is not theirs. */
static void test_logon(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);
	struct cps_welcome w;

	twin_partition(&f->cp, "ALPHA");
	twin_partition(&f->cp, "GAMMA");
	send_record(c, CPS_LOGON, 4, 0, "alpha", 6);
	expect(f, c, CPS_WELCOME);
	memcpy(&w, c->data, sizeof(w));
	assert_string_equal(w.userid, "ALPHA");
	assert_string_equal(w.classes, "G");
	assert_int_equal(expect_done(f, c, 4), 0);
	attach(f, c, CPS_F_DRIVE, "ALPHA", 0);
	attach(f, c, 0, "GAMMA", MSG_CONSOLE_REFUSED);
	snprintf(partition_find(&f->cp, "GAMMA")->observer, USERID_MAX + 1, "ALPHA");
	attach(f, c, CPS_F_DRIVE, "GAMMA", MSG_CONSOLE_REFUSED);
	attach(f, c, 0, "GAMMA", 0);
	leave(f, c);
}

/* Its partition ends: who is at its own console leaves with it, others are told. */
static void test_partition_ends(void **state)
{
	struct front *f = *state;
	struct peer_end *own = connect_client(f, CPS_F_TTY);
	struct peer_end *other = connect_client(f, CPS_F_TTY);

	send_record(own, CPS_LOGON, 4, 0, "ALPHA", 6);
	assert_int_equal(expect_done(f, own, 4), 0);
	twin_partition(&f->cp, "ALPHA");
	attach(f, own, CPS_F_DRIVE, "", 0);
	attach(f, other, 0, "ALPHA", 0);
	expect_text(f, other, CPS_STATUS, "RUNNING");
	twin_end(partition_find(&f->cp, "ALPHA"), "FORCED BY NOBODY");
	expect(f, own, CPS_CONSOLE_END);
	expect_text(f, own, CPS_END, "FORCED BY NOBODY");
	assert_true(is_closed(f, own));
	expect_text(f, other, CPS_NOTE, "FORCED BY NOBODY");
	expect(f, other, CPS_CONSOLE_END);
	expect_text(f, other, CPS_STATUS, "CP READ");
	leave(f, own);
	leave(f, other);
}

/* The last word reaches a client whose queue is not empty. */
static void test_end(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *c = connect_client(f, 0);

	fill(p, PART_CONSOLE_KEEP);
	attach(f, c, 0, "ALPHA", 0);
	assert_false(server_is_drained(f->cp.server));
	server_end_all(f->cp.server, "that was all");
	expect_text(f, c, CPS_END, "that was all");
	assert_true(is_closed(f, c));
	assert_int_equal(f->cp.server->n_clients, 0);
	leave(f, c);
}

/* ...and one that never reads it does not stay for ever. */
static void test_end_of_the_deaf(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct peer_end *c = connect_client(f, 0);

	fill(p, PART_CONSOLE_KEEP);
	attach(f, c, 0, "ALPHA", 0);
	server_end_all(f->cp.server, "that was all");
	for (int i = 0; i < 12; i++)
		front_second(f);
	assert_int_equal(f->cp.server->n_clients, 0);
	leave(f, c);
}

static void test_notes_are_for_the_operator(void **state)
{
	struct front *f = *state;
	struct peer_end *c = connect_client(f, 0);

	operator_say(&f->cp, MSG_NOT_IN_DIRECTORY, "NOBODY");
	expect_text(f, c, CPS_NOTE, "CP0053E NOBODY not in CP directory");
	leave(f, c);
}

static void test_listen(void **state)
{
	struct front *f = *state;
	struct peer_end c = { 0 };
	struct server *second;
	char path[128];

	snprintf(path, sizeof(path), "%s/cp.sock", f->statedir);
	assert_int_equal(server_listen(f->cp.server), 0);
	c.fd = wire_connect(path);
	assert_true(c.fd >= 0);
	hello(&c, 0);
	for (int i = 0; i < ROUNDS && f->cp.server->n_clients == 0; i++)
		loop_once(f->cp.loop, 0);
	expect(f, &c, CPS_WELCOME);
	assert_int_equal(server_create(&f->cp, &second), 0);
	assert_int_equal(server_listen(second), -EADDRINUSE);
	server_destroy(second);
	close(c.fd);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_welcome),
		TEST(test_command),
		TEST(test_long_command_is_refused),
		TEST(test_table),
		TEST(test_garbage),
		TEST(test_what_is_no_record),
		TEST(test_hello_comes_first),
		TEST(test_many),
		TEST(test_who_does_not_read_is_closed),
		TEST(test_console_replay),
		TEST(test_slow_console),
		TEST(test_detach_sends_what_was_written),
		TEST(test_takeover),
		TEST(test_console_of_nobody),
		TEST(test_logon),
		TEST(test_partition_ends),
		TEST(test_end),
		TEST(test_end_of_the_deaf),
		TEST(test_notes_are_for_the_operator),
		TEST(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
