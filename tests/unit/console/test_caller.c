/* A session with CP against a server made by hand: what is asked, in which order the
 * answers are told, how it ends; over the socket and over the cp port. */
#include "console/caller.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Everything that is told, as text. */
struct log {
	char text[1024];
	struct caller *close_at_out;
};

struct fixture {
	struct loop *loop;
	struct caller caller;
	struct log log;
	int server;
	struct wire_msg msg; /* the last record the server read */
	char data[WIRE_MAX_DATA + 64];
};

__attribute__((format(printf, 2, 3))) static void note(
	struct caller *c, const char *fmt, ...)
{
	struct log *l = c->ctx;
	size_t used = strlen(l->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->text + used, sizeof(l->text) - used, fmt, ap);
	va_end(ap);
}

static void on_welcome(struct caller *c, const struct cps_welcome *w)
{
	note(c, "welcome %s %s %s;", w->system, w->userid, w->classes);
}

static void on_out(struct caller *c, uint32_t id, const char *text, size_t len)
{
	struct log *l = c->ctx;

	(void)id;
	note(c, "out %.*s;", (int)len, text);
	if (l->close_at_out)
		caller_close(l->close_at_out);
}

static void on_err(struct caller *c, uint32_t id, const char *text, size_t len)
{
	(void)id;
	note(c, "err %.*s;", (int)len, text);
}

static void on_done(struct caller *c, uint32_t id, uint32_t rc)
{
	(void)id;
	note(c, "done %u;", rc);
}

static void on_prompt(
	struct caller *c, uint32_t id, bool hidden, const char *text, size_t len)
{
	(void)id;
	note(c, "prompt %d %.*s;", hidden, (int)len, text);
}

static void on_note(struct caller *c, const char *text, size_t len)
{
	note(c, "note %.*s;", (int)len, text);
}

static void on_status(struct caller *c, const char *text, size_t len)
{
	note(c, "status %.*s;", (int)len, text);
}

static void on_console(struct caller *c, uint64_t offset, const void *bytes, size_t len)
{
	note(c, "console %d %.*s;", (int)offset, (int)len, (const char *)bytes);
}

static void on_console_end(struct caller *c)
{
	note(c, "console end;");
}

static void on_gone(struct caller *c, bool ended, const char *why)
{
	assert_false(caller_is_open(c));
	note(c, "%s %s;", ended ? "ended" : "gone", why);
}

static const struct caller_ops ops = { on_welcome, on_out, on_err, on_done, on_prompt,
	on_note, on_status, on_console, on_console_end, on_gone };

static int make(void **state, int type)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	assert_non_null(f);
	assert_int_equal(loop_create(&f->loop), 0);
	assert_int_equal(
		socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	f->server = pair[1];
	if (type == SOCK_SEQPACKET)
		assert_int_equal(
			caller_open_fd(&f->caller, f->loop, pair[0], true, &ops, &f->log),
			0);
	else
		assert_int_equal(
			caller_open_port_fd(&f->caller, f->loop, pair[0], &ops, &f->log),
			0);
	*state = f;
	return 0;
}

static int make_socket(void **state)
{
	return make(state, SOCK_SEQPACKET);
}

static int make_port(void **state)
{
	return make(state, SOCK_STREAM);
}

static int unmake(void **state)
{
	struct fixture *f = *state;

	caller_close(&f->caller);
	if (f->server >= 0)
		close(f->server);
	loop_destroy(f->loop);
	free(f);
	return 0;
}

static void settle(struct fixture *f)
{
	while (loop_once(f->loop, 0) > 0)
		;
}

/* The next record the caller sent must be of this type and hold this text. */
static void server_reads(struct fixture *f, uint16_t type, const void *data, size_t len)
{
	settle(f);
	assert_int_equal(
		wire_read(f->server, &f->msg, f->data, sizeof(f->data), NULL), 1);
	assert_int_equal(f->msg.type, type);
	assert_int_equal(f->msg.len, len);
	assert_memory_equal(f->msg.data, data, len);
}

static void server_says(
	struct fixture *f, uint16_t type, uint32_t id, const void *data, size_t len)
{
	assert_int_equal(wire_write(f->server, type, id, 0, data, len, NULL, 0), 0);
}

static void server_done(struct fixture *f, uint32_t id, uint32_t rc)
{
	server_says(f, CP_DONE, id, &rc, sizeof(rc));
}

static void greeting(void **state)
{
	struct fixture *f = *state;
	const struct cps_hello hello = { CPS_VERSION };
	struct cps_welcome welcome = { CPS_VERSION, "SAMPLE", "OPERATOR", "ABCDEG" };

	server_reads(f, CPS_HELLO, &hello, sizeof(hello));
	assert_int_equal(f->msg.flags, CPS_F_TTY);
	server_says(f, CPS_WELCOME, 0, &welcome, sizeof(welcome));
	memset(welcome.userid, 'X', sizeof(welcome.userid)); /* not terminated */
	server_says(f, CPS_WELCOME, 0, &welcome, sizeof(welcome));
	server_says(f, CPS_WELCOME, 0, &welcome, 4); /* an older one */
	settle(f);
	assert_string_equal(f->log.text, "welcome SAMPLE OPERATOR ABCDEG;"
					 "welcome SAMPLE XXXXXXXXXXX ABCDEG;welcome   ;");
}

static void skip_hello(struct fixture *f)
{
	const struct cps_hello hello = { CPS_VERSION };

	server_reads(f, CPS_HELLO, &hello, sizeof(hello));
}

static void answers_come_in_order(void **state)
{
	struct fixture *f = *state;
	uint32_t first, second;

	skip_hello(f);
	assert_int_equal(caller_command(&f->caller, "QUERY NAMES", true, &first), 0);
	assert_int_equal(caller_command(&f->caller, "FORCE T1", false, &second), 0);
	assert_int_not_equal(first, second);
	server_reads(f, CP_COMMAND, "QUERY NAMES", 11);
	assert_int_equal(f->msg.id, first);
	assert_int_equal(f->msg.flags, CP_F_JSON);
	server_reads(f, CP_COMMAND, "FORCE T1", 8);
	assert_int_equal(f->msg.id, second);
	assert_int_equal(f->msg.flags, 0);
	server_says(f, CP_ERR, second, "no", 2);
	server_says(f, CP_OUT, first, "a", 1);
	server_says(f, CP_OUT, first, "", 0);
	server_done(f, second, 45);
	server_done(f, first, 0);
	settle(f);
	assert_string_equal(f->log.text, "err no;out a;out ;done 45;done 0;");
}

static void every_request(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	skip_hello(f);
	assert_int_equal(caller_logon(&f->caller, "ALPHA", "secret", &id), 0);
	server_reads(f, CPS_LOGON, "ALPHA\0secret", 13);
	assert_int_equal(f->msg.id, id);
	assert_int_equal(caller_attach(&f->caller, "BETA", CPS_F_DRIVE, &id), 0);
	server_reads(f, CPS_ATTACH, "BETA", 4);
	assert_int_equal(f->msg.flags, CPS_F_DRIVE);
	assert_int_equal(caller_input(&f->caller, "x\n", 2), 0);
	server_reads(f, CPS_INPUT, "x\n", 2);
	assert_int_equal(caller_detach(&f->caller, &id), 0);
	server_reads(f, CPS_DETACH, "", 0);
	assert_int_equal(caller_table(&f->caller, &id), 0);
	server_reads(f, CPS_TABLE, "", 0);
	assert_int_equal(caller_reply(&f->caller, 77, "yes"), 0);
	server_reads(f, CPS_REPLY, "yes", 3);
	assert_int_equal(f->msg.id, 77);
	assert_int_equal(caller_cancel(&f->caller, 78), 0);
	server_reads(f, CPS_CANCEL, "", 0);
	assert_int_equal(f->msg.id, 78);
}

static int asked_to_open(struct fixture *f, uint32_t id, uint16_t flags, const char *name)
{
	char data[256] = "";
	int fds[WIRE_MAX_FDS];
	struct cps_opened o;

	strcpy(data + sizeof(struct cps_open), name);
	assert_int_equal(wire_write(f->server, CPS_OPEN, id, flags, data,
				 sizeof(struct cps_open) + strlen(name), NULL, 0),
		0);
	settle(f);
	assert_int_equal(wire_read(f->server, &f->msg, f->data, sizeof(f->data), fds), 1);
	assert_int_equal(f->msg.type, CPS_OPENED);
	assert_int_equal(f->msg.id, id);
	assert_int_equal(f->msg.len, sizeof(o));
	memcpy(&o, f->msg.data, sizeof(o));
	assert_int_equal(f->msg.n_fds, o.err ? 0 : 1);
	return o.err ? -(int)o.err : fds[0];
}

/* What the command names, and nothing else; "-" where there is an output. */
static void files_of_a_command(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/callerXXXXXX", line[128];
	int fd = mkstemp(path);
	struct stat st;
	uint32_t id;

	assert_int_equal(write(fd, "old", 3), 3);
	skip_hello(f);
	snprintf(line, sizeof(line), "TRSOURCE FILE %s -", path);
	assert_int_equal(caller_command(&f->caller, line, false, &id), 0);
	server_reads(f, CP_COMMAND, line, strlen(line));
	assert_int_equal(asked_to_open(f, id + 1, 0, path), -EPERM);
	assert_int_equal(asked_to_open(f, id, 0, "/etc/passwd"), -EPERM);
	assert_int_equal(asked_to_open(f, id, 0, ""), -EPERM);
	assert_int_equal(asked_to_open(f, id, CPS_F_CREATE, "-"), -EBADF);
	caller_set_output(&f->caller, fd);
	close(asked_to_open(f, id, CPS_F_CREATE, "-"));
	close(asked_to_open(f, id, 0, path));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3);
	close(asked_to_open(f, id, CPS_F_CREATE, path));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
	unlink(path);
}

static void too_long(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(CP_FRAME_MAX + 2);
	uint32_t id = 1;

	memset(text, 'x', CP_FRAME_MAX + 1);
	text[CP_FRAME_MAX + 1] = 0;
	assert_int_equal(caller_command(&f->caller, text, false, &id), -EMSGSIZE);
	assert_int_equal(caller_logon(&f->caller, "ALPHA", text, &id), -EMSGSIZE);
	assert_int_equal(id, 1);
	free(text);
}

static void everything_cp_says(void **state)
{
	struct fixture *f = *state;
	struct {
		struct cps_console head;
		char text[3];
	} __attribute__((packed)) console = { { 5 }, "abc" };

	server_says(f, CPS_NOTE, 0, "MSG", 3);
	server_says(f, CPS_STATUS, 0, "RUNNING", 7);
	server_says(f, CPS_CONSOLE, 0, &console, sizeof(console));
	server_says(f, CPS_CONSOLE, 0, &console, 7); /* no room for its head */
	server_says(f, CPS_CONSOLE_END, 0, NULL, 0);
	server_says(f, 999, 0, "of a newer CP", 13);
	assert_int_equal(wire_write(f->server, CPS_PROMPT, 3, CPS_F_HIDDEN,
				 "Password: ", 10, NULL, 0),
		0);
	settle(f);
	assert_string_equal(f->log.text,
		"note MSG;status RUNNING;console 5 abc;console end;prompt 1 Password: ;");
}

static void cp_ends_it(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	server_says(f, CPS_END, 0, "FORCED BY OPERATOR", 18);
	close(f->server);
	f->server = -1;
	settle(f);
	assert_string_equal(f->log.text, "ended FORCED BY OPERATOR;");
	assert_int_equal(caller_command(&f->caller, "Q N", false, &id), -ENOTCONN);
}

static void cp_dies(void **state)
{
	struct fixture *f = *state;

	skip_hello(f);
	close(f->server);
	f->server = -1;
	settle(f);
	assert_string_equal(f->log.text, "gone CP has gone;");
}

static void cp_says_nonsense(void **state)
{
	struct fixture *f = *state;

	server_says(f, CP_DONE, 1, "abc", 3);
	settle(f);
	assert_string_equal(f->log.text, "gone CP sent an answer without return code;");
}

static void closed_from_inside(void **state)
{
	struct fixture *f = *state;

	f->log.close_at_out = &f->caller;
	server_says(f, CP_OUT, 1, "a", 1);
	server_says(f, CP_OUT, 1, "b", 1);
	settle(f);
	assert_string_equal(f->log.text, "out a;");
	assert_false(caller_is_open(&f->caller));
}

/* ---- over the cp port ---- */

static void port_writes(
	struct fixture *f, uint16_t type, uint32_t id, const char *data, size_t cut)
{
	struct cp_frame frame = { CP_FRAME_MAGIC, (uint32_t)strlen(data), id, type, 0 };
	char bytes[256];
	size_t n = sizeof(frame) + frame.len;

	memcpy(bytes, &frame, sizeof(frame));
	memcpy(bytes + sizeof(frame), data, frame.len);
	cut = cut < n ? cut : n;
	assert_int_equal(write(f->server, bytes, cut), cut);
	settle(f);
	if (cut < n)
		assert_int_equal(write(f->server, bytes + cut, n - cut), n - cut);
	settle(f);
}

static void port_session(void **state)
{
	struct fixture *f = *state;
	struct cp_frame frame;
	char bytes[64];
	uint32_t id;

	assert_true(caller_is_guest(&f->caller));
	assert_int_equal(caller_command(&f->caller, "QUERY TIME", false, &id), 0);
	settle(f);
	assert_int_equal(read(f->server, bytes, sizeof(bytes)), sizeof(frame) + 10);
	memcpy(&frame, bytes, sizeof(frame));
	assert_int_equal(frame.magic, CP_FRAME_MAGIC);
	assert_int_equal(frame.len, 10);
	assert_int_equal(frame.id, id);
	assert_int_equal(frame.type, CP_COMMAND);
	assert_memory_equal(bytes + sizeof(frame), "QUERY TIME", 10);

	assert_int_equal(write(f->server, "rest of another answer", 22), 22);
	port_writes(f, CP_OUT, id, "TIME IS 10:11:12\n", 5);
	port_writes(f, CP_ERR, id, "CP0001E\n", 99);
	port_writes(f, CP_DONE, id, "\1", 17); /* too short to be one: see above */
	assert_string_equal(f->log.text, "out TIME IS 10:11:12\n;err CP0001E\n;"
					 "gone CP sent an answer without return code;");
}

static void port_knows_only_commands(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(caller_logon(&f->caller, "A", "b", &id), -EOPNOTSUPP);
	assert_int_equal(caller_attach(&f->caller, "A", 0, &id), -EOPNOTSUPP);
	assert_int_equal(caller_table(&f->caller, &id), -EOPNOTSUPP);
	port_writes(f, CP_SMSG, 0, "BETA hello", 99);
	assert_string_equal(f->log.text, "note BETA hello;");
}

static void port_closes(void **state)
{
	struct fixture *f = *state;

	close(f->server);
	f->server = -1;
	settle(f);
	assert_string_equal(f->log.text, "gone CP does not listen on the cp port;");
}

static void port_closed_from_inside(void **state)
{
	struct fixture *f = *state;

	f->log.close_at_out = &f->caller;
	port_writes(f, CP_OUT, 1, "a", 99);
	assert_string_equal(f->log.text, "out a;");
	assert_false(caller_is_open(&f->caller));
}

/* A port that takes nothing for a while loses nothing. */
static void port_is_slow(void **state)
{
	struct fixture *f = *state;
	char text[CP_COMMAND_MAX], bytes[8192];
	size_t sent = 0, got = 0;
	uint32_t id;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(caller_command(&f->caller, text, false, &id), 0);
		sent += sizeof(struct cp_frame) + strlen(text);
	}
	while (got < sent) {
		ssize_t n;

		settle(f);
		n = read(f->server, bytes, sizeof(bytes));
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(got, sent);
}

#define SOCKET_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_socket, unmake)
#define PORT_TEST(fn)   cmocka_unit_test_setup_teardown(fn, make_port, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(greeting),
		SOCKET_TEST(answers_come_in_order),
		SOCKET_TEST(every_request),
		SOCKET_TEST(files_of_a_command),
		SOCKET_TEST(too_long),
		SOCKET_TEST(everything_cp_says),
		SOCKET_TEST(cp_ends_it),
		SOCKET_TEST(cp_dies),
		SOCKET_TEST(cp_says_nonsense),
		SOCKET_TEST(closed_from_inside),
		PORT_TEST(port_session),
		PORT_TEST(port_knows_only_commands),
		PORT_TEST(port_closes),
		PORT_TEST(port_closed_from_inside),
		PORT_TEST(port_is_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
