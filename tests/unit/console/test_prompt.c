/* A question at a terminal: each case is asked in a child whose controlling terminal is a
 * pseudo terminal, and the parent types. */
#include "console/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	ANSWERED_RIGHT = 10,
	ANSWERED_WRONG,
	ANSWERED_END,
	ANSWERED_AFTER_CANCEL,
	NOT_ASKED
};

struct terminal {
	int master;
	pid_t child;
	char screen[512]; /* what was shown so far */
	size_t len;
};

/* ---- the child ---- */

static struct loop *child_loop;

static void answered(struct prompt *p, const char *text)
{
	(void)p;
	_exit(!text                      ? ANSWERED_END
		: strcmp(text, "secret") ? ANSWERED_WRONG
					 : ANSWERED_RIGHT);
}

static void answered_again(struct prompt *p, const char *text)
{
	(void)p;
	_exit(text && !strcmp(text, "yes") ? ANSWERED_AFTER_CANCEL : ANSWERED_WRONG);
}

static void ask(bool hidden, bool cancel)
{
	static struct prompt p;

	if (prompt_ask(&p, child_loop, "Who\033[6n goes? ", hidden, answered, NULL))
		_exit(NOT_ASKED);
	if (cancel) {
		prompt_cancel(&p);
		prompt_cancel(&p);
		if (prompt_ask(&p, child_loop, "Sure? ", false, answered_again, NULL))
			_exit(NOT_ASKED);
	}
	loop_run(child_loop);
}

static void child(int master, bool hidden, bool cancel)
{
	const char *name = ptsname(master);
	int fd;

	setsid();
	fd = open(name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || loop_create(&child_loop))
		_exit(NOT_ASKED);
	ask(hidden, cancel);
	_exit(NOT_ASKED);
}

/* ---- the parent ---- */

static void start(struct terminal *t, bool hidden, bool cancel)
{
	memset(t, 0, sizeof(*t));
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(t->master >= 0);
	assert_int_equal(grantpt(t->master), 0);
	assert_int_equal(unlockpt(t->master), 0);
	t->child = fork();
	assert_true(t->child >= 0);
	if (!t->child)
		child(t->master, hidden, cancel);
}

/* Reads what is shown until `text` is there, or nothing more comes. */
static void see(struct terminal *t, const char *text)
{
	while (!strstr(t->screen, text) && t->len < sizeof(t->screen) - 1) {
		ssize_t n = read(
			t->master, t->screen + t->len, sizeof(t->screen) - 1 - t->len);

		if (n <= 0)
			return;
		t->len += (size_t)n;
	}
}

static int finish(struct terminal *t)
{
	int status;

	see(t, "nothing more");
	assert_int_equal(waitpid(t->child, &status, 0), t->child);
	close(t->master);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void type(const struct terminal *t, const char *text)
{
	assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

static void password_is_not_shown(void **state)
{
	struct terminal t;

	(void)state;
	start(&t, true, false);
	see(&t, "goes? ");
	type(&t, "secret\n");
	assert_int_equal(finish(&t), ANSWERED_RIGHT);
	assert_null(strstr(t.screen, "secret"));
	assert_non_null(strstr(t.screen, "Who goes? ")); /* the filter was passed */
}

static void an_answer_is_shown(void **state)
{
	struct terminal t;

	(void)state;
	start(&t, false, false);
	see(&t, "goes? ");
	type(&t, "secreX\177t\n"); /* the terminal's own line editing */
	assert_int_equal(finish(&t), ANSWERED_RIGHT);
	assert_non_null(strstr(t.screen, "secreX"));
}

static void end_of_file(void **state)
{
	struct terminal t;

	(void)state;
	start(&t, true, false);
	see(&t, "goes? ");
	type(&t, "\004");
	assert_int_equal(finish(&t), ANSWERED_END);
}

/* Cancelled, the terminal echoes again. */
static void cancelled(void **state)
{
	struct terminal t;

	(void)state;
	start(&t, true, true);
	see(&t, "Sure? ");
	type(&t, "yes\n");
	assert_int_equal(finish(&t), ANSWERED_AFTER_CANCEL);
	assert_non_null(strstr(t.screen, "yes"));
}

static void no_terminal(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		static struct prompt p;

		setsid();
		_exit(loop_create(&child_loop) ||
			prompt_ask(&p, child_loop, "?", true, answered, NULL) != -ENXIO);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(password_is_not_shown),
		cmocka_unit_test(an_answer_is_shown),
		cmocka_unit_test(end_of_file),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
