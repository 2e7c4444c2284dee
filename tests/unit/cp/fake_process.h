/* A partition program that has no guest: enough of cp/part_proto.h for the engine to
 * start it, speak to it and find it again.  The test program is this one too, when it is
 * started by the name of "partition"; the userid says how it behaves. */
#ifndef TESTS_UNIT_CP_FAKE_PROCESS_H
#define TESTS_UNIT_CP_FAKE_PROCESS_H

#include "cp/lib/wire.h"
#include "cp/part_proto.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake {
	const char *userid;
	uint32_t run, n_vcpus;
	uint64_t console_end;
};

static inline bool fake_is(const struct fake *f, const char *userid)
{
	return !strcmp(f->userid, userid);
}

/* Who asked may have gone: then another comes. */
static inline void fake_answer(
	int fd, uint16_t type, uint32_t id, const void *data, size_t len)
{
	(void)wire_write(fd, type, id, 0, data, len, NULL, 0);
}

static inline void fake_hello(struct fake *f, int fd, const struct wire_msg *msg)
{
	const struct part_hello_answer answer = { .version = PART_VERSION,
		.run = f->run,
		.n_vcpus = f->n_vcpus,
		.console_end = f->console_end };
	const struct {
		struct part_console head;
		char text[8];
	} output = { { 0 }, "fake\r\n" };

	if (fake_is(f, "LIAR"))
		fake_answer(fd, PART_OK, 12345, NULL, 0);
	fake_answer(fd, PART_HELLO_ANSWER, msg->id, &answer, sizeof(answer));
	if (f->console_end)
		fake_answer(fd, PART_CONSOLE, 0, &output, sizeof(output.head) + 6);
}

static inline void fake_activate(struct fake *f, int fd, const struct wire_msg *msg)
{
	const struct part_fail fail = { .err = -12, .reason = PART_R_STORAGE };
	struct part_activate a;

	memcpy(&a, msg->data, sizeof(a));
	if (fake_is(f, "SLOW"))
		return;
	if (fake_is(f, "NOROOM")) {
		fake_answer(fd, PART_FAIL, msg->id, &fail, sizeof(fail));
		return;
	}
	f->n_vcpus = a.n_vcpus;
	f->run = PART_STOPPED;
	f->console_end = 6;
	fake_answer(fd, PART_OK, msg->id, NULL, 0);
}

static inline void fake_request(struct fake *f, int fd, const struct wire_msg *msg)
{
	switch (msg->type) {
	case PART_HELLO: fake_hello(f, fd, msg); return;
	case PART_ACTIVATE: fake_activate(f, fd, msg); return;
	case PART_CONSOLE_IN: return;
	case PART_IPL:
	case PART_BEGIN: f->run = PART_RUNNING; break;
	case PART_STOP: f->run = PART_STOPPED; break;
	case PART_RESET:
		/* Not a reset: the connection ends, and the process does not. */
		close(fd);
		for (;;)
			pause();
	default: break;
	}
	fake_answer(fd, PART_OK, msg->id, NULL, 0);
}

static inline void fake_serve(struct fake *f, int fd)
{
	static uint8_t buf[WIRE_MAX_DATA + 64];
	struct wire_msg msg;
	int fds[WIRE_MAX_FDS];

	while (wire_read(fd, &msg, buf, sizeof(buf), fds) == 1) {
		for (int i = 0; i < msg.n_fds; i++)
			close(msg.fds[i]);
		fake_request(f, fd, &msg);
	}
	close(fd);
}

static inline void fake_ready(const char *text, size_t len)
{
	if (write(PART_FD_READY, text, len) < 0)
		_exit(4);
	close(PART_FD_READY);
}

/* Another must not be open: what is inherited by mistake is a hole in the sandbox. */
static inline bool fake_has_only_its_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		struct pollfd p = { .fd = fd };

		if ((poll(&p, 1, 0), p.revents & POLLNVAL) != 0
				? fd < PART_FD_FIRST_FREE
				: fd >= PART_FD_FIRST_FREE)
			return false;
	}
	return true;
}

static inline int fake_main(char **argv)
{
	struct fake f = { .userid = argv[1] };
	struct pollfd p = { .fd = PART_FD_LISTEN, .events = POLLIN };
	uid_t uid = (uid_t)strtoul(argv[2], NULL, 10);
	gid_t gid = (gid_t)strtoul(argv[3], NULL, 10);
	int fd;

	fprintf(stderr, "started as %s\n", f.userid);
	if (!fake_has_only_its_descriptors()) {
		fake_ready("wrong descriptors", 17);
		return 1;
	}
	if (fake_is(&f, "DIES"))
		_exit(9);
	if (fake_is(&f, "SAYSNO")) {
		fake_ready("no: because", 11);
		return 1;
	}
	if (fake_is(&f, "SILENT"))
		pause();
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ||
		listen(PART_FD_LISTEN, 4))
		return 2;
	fake_ready("", 1);
	for (;;) {
		poll(&p, 1, -1);
		fd = accept(PART_FD_LISTEN, NULL, NULL);
		if (fd >= 0)
			fake_serve(&f, fd);
	}
}

#endif
