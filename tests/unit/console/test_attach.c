/* The console of a partition against a server made by hand: the keyboard, its refusal,
 * the replay, and going on in a new session. */
#include "console/attach.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct caller caller;
	struct attach attach;
	int server;
	char text[1024]; /* everything that is told */
};

__attribute__((format(printf, 2, 3))) static void note(
	struct fixture *f, const char *fmt, ...)
{
	size_t used = strlen(f->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text + used, sizeof(f->text) - used, fmt, ap);
	va_end(ap);
}

static void on_output(struct attach *a, const void *bytes, size_t len)
{
	note(a->ctx, "%.*s", (int)len, (const char *)bytes);
}

static void on_say(struct attach *a, const char *text)
{
	note(a->ctx, "<%s>", text);
}

static void on_changed(struct attach *a)
{
	note(a->ctx, "[%s%s]", a->on ? a->userid : "none", a->drives ? " drives" : "");
}

static void on_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct fixture *f = c->ctx;

	assert_true(attach_err(&f->attach, id, text, len));
}

static void on_done(struct caller *c, uint32_t id, uint32_t rc)
{
	struct fixture *f = c->ctx;

	if (!attach_done(&f->attach, id, rc))
		note(f, "(done %u)", rc);
}

static void on_console(struct caller *c, uint64_t offset, const void *bytes, size_t len)
{
	struct fixture *f = c->ctx;

	attach_console(&f->attach, offset, bytes, len);
}

static const struct caller_ops ops = {
	.err = on_err, .done = on_done, .console = on_console
};

static void settle(struct fixture *f)
{
	while (loop_once(f->loop, 0) > 0)
		;
}

/* A new session; the server has read its greeting. */
static void new_session(struct fixture *f)
{
	char buf[256];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX,
				 SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
		0);
	f->server = pair[1];
	assert_int_equal(caller_open_fd(&f->caller, f->loop, pair[0], true, &ops, f), 0);
	settle(f);
	assert_true(read(f->server, buf, sizeof(buf)) > 0);
}

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(loop_create(&f->loop), 0);
	f->attach.caller = &f->caller;
	f->attach.output = on_output;
	f->attach.say = on_say;
	f->attach.changed = on_changed;
	f->attach.ctx = f;
	new_session(f);
	*state = f;
	return 0;
}

static int unmake(void **state)
{
	struct fixture *f = *state;

	caller_close(&f->caller);
	close(f->server);
	loop_destroy(f->loop);
	free(f);
	return 0;
}

/* Reads a request, which must be this one, and answers it: with `refusal`, or done. */
static void answer(struct fixture *f, uint16_t type, uint16_t flags, const char *userid,
	const char *refusal)
{
	char buf[WIRE_MAX_DATA + 64];
	struct wire_msg msg;
	uint32_t rc = refusal ? 45 : 0;

	settle(f);
	assert_int_equal(wire_read(f->server, &msg, buf, sizeof(buf), NULL), 1);
	assert_int_equal(msg.type, type);
	assert_int_equal(msg.flags, flags);
	assert_int_equal(msg.len, strlen(userid));
	assert_memory_equal(msg.data, userid, msg.len);
	if (refusal)
		wire_write(
			f->server, CP_ERR, msg.id, 0, refusal, strlen(refusal), NULL, 0);
	wire_write(f->server, CP_DONE, msg.id, 0, &rc, sizeof(rc), NULL, 0);
	settle(f);
}

static void console_says(struct fixture *f, uint64_t offset, const char *text)
{
	char record[128];

	memcpy(record, &offset, sizeof(offset));
	memcpy(record + sizeof(offset), text, strlen(text));
	wire_write(f->server, CPS_CONSOLE, 0, 0, record, sizeof(offset) + strlen(text),
		NULL, 0);
	settle(f);
}

static void with_the_keyboard(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(attach_start(&f->attach, "alpha", ATTACH_DRIVE), 0);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", NULL);
	console_says(f, 0, "CMS\n");
	console_says(f, 4, "Ready;\n");
	assert_string_equal(f->text, "[ALPHA drives]CMS\nReady;\n");
}

static void keyboard_is_anothers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(attach_start(&f->attach, "ALPHA", ATTACH_DRIVE), 0);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", "CP0001E taken\n");
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	assert_string_equal(f->text, "<CP0001E taken>[ALPHA]");
}

static void no_such_console(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(attach_start(&f->attach, "ALPHA", ATTACH_DRIVE), 0);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", "CP0045E ALPHA not logged on\n");
	answer(f, CPS_ATTACH, 0, "ALPHA", "CP0045E ALPHA not logged on\n");
	assert_string_equal(f->text, "<CP0045E ALPHA not logged on>[none]");
	assert_string_equal(f->attach.userid, "");
}

static void a_takeover_is_not_softened(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(attach_start(&f->attach, "ALPHA", ATTACH_TAKE), 0);
	answer(f, CPS_ATTACH, CPS_F_DRIVE | CPS_F_FORCE, "ALPHA", "CP0001E no\n");
	assert_string_equal(f->text, "<CP0001E no>[none]");
}

static void no_userid(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(attach_start(&f->attach, "", ATTACH_WATCH), -EINVAL);
	assert_int_equal(attach_start(&f->attach, "NINECHARS", ATTACH_WATCH), -EINVAL);
	assert_int_equal(attach_start(&f->attach, "A B", ATTACH_WATCH), -EINVAL);
}

static void leaving(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	attach_start(&f->attach, "ALPHA", ATTACH_WATCH);
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	assert_int_equal(attach_leave(&f->attach, &id), 0);
	assert_false(f->attach.on);
	answer(f, CPS_DETACH, 0, "", NULL);
	assert_string_equal(f->text, "[ALPHA](done 0)");
}

/* Another partition of that name is another console. */
static void its_partition_has_ended(void **state)
{
	struct fixture *f = *state;

	attach_start(&f->attach, "ALPHA", ATTACH_DRIVE);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", NULL);
	attach_ended(&f->attach);
	assert_false(f->attach.on);
	assert_false(f->attach.drives);
	assert_string_equal(f->attach.userid, "");
}

static void losses_are_said(void **state)
{
	struct fixture *f = *state;

	attach_start(&f->attach, "ALPHA", ATTACH_WATCH);
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	console_says(f, 1000, "kept\n"); /* older bytes were never ours to see */
	console_says(f, 1105, "next\n");
	assert_string_equal(f->text, "[ALPHA]kept\n<100 bytes of output are lost>next\n");
}

/* What was seen is not shown again, what came meanwhile is. */
static void goes_on_after_cp_was_away(void **state)
{
	struct fixture *f = *state;

	attach_start(&f->attach, "ALPHA", ATTACH_DRIVE);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", NULL);
	console_says(f, 0, "one\ntwo\n");
	caller_close(&f->caller);
	close(f->server);
	new_session(f);
	assert_int_equal(attach_again(&f->attach), 0);
	answer(f, CPS_ATTACH, CPS_F_DRIVE, "ALPHA", NULL);
	console_says(f, 0, "one\n");
	console_says(f, 4, "two\nthree\n");
	attach_settle(&f->attach);
	console_says(f, 14, "four\n");
	assert_string_equal(
		f->text, "[ALPHA drives]one\ntwo\n[ALPHA drives]three\nfour\n");
}

/* A partition started anew meanwhile has said less than was seen of the old one. */
static void a_new_console_is_shown_whole(void **state)
{
	struct fixture *f = *state;

	attach_start(&f->attach, "ALPHA", ATTACH_WATCH);
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	console_says(f, 0, "a long story\n");
	caller_close(&f->caller);
	close(f->server);
	new_session(f);
	assert_int_equal(attach_again(&f->attach), 0);
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	console_says(f, 0, "new\n");
	attach_settle(&f->attach);
	answer(f, CPS_ATTACH, 0, "ALPHA", NULL);
	console_says(f, 0, "new\n");
	assert_string_equal(f->text, "[ALPHA]a long story\n[ALPHA][ALPHA]new\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(with_the_keyboard, make, unmake),
		cmocka_unit_test_setup_teardown(keyboard_is_anothers, make, unmake),
		cmocka_unit_test_setup_teardown(no_such_console, make, unmake),
		cmocka_unit_test_setup_teardown(a_takeover_is_not_softened, make, unmake),
		cmocka_unit_test_setup_teardown(no_userid, make, unmake),
		cmocka_unit_test_setup_teardown(leaving, make, unmake),
		cmocka_unit_test_setup_teardown(its_partition_has_ended, make, unmake),
		cmocka_unit_test_setup_teardown(losses_are_said, make, unmake),
		cmocka_unit_test_setup_teardown(goes_on_after_cp_was_away, make, unmake),
		cmocka_unit_test_setup_teardown(
			a_new_console_is_shown_whole, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
