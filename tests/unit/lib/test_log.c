/* The log: what a line looks like, and what becomes of too many. */
#include "cp/lib/log.h"

#include <fcntl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error while a test runs: a file, whose text can be looked at. */
struct capture {
	int saved, file;
	char text[8192];
};

static void capture_begin(struct capture *c)
{
	c->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	c->file = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(c->saved >= 0 && c->file >= 0);
	dup2(c->file, STDERR_FILENO);
}

static const char *capture_end(struct capture *c)
{
	ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->file);
	assert_true(n >= 0);
	c->text[n] = '\0';
	return c->text;
}

static void test_line(void **state)
{
	struct capture c;

	(void)state;
	log_init("partition", "ALPHA", LOG_LVL_INFO);
	capture_begin(&c);
	errno = EBUSY;
	log_error("disk", "%04x: %m", 0x191);
	assert_int_equal(errno, EBUSY);
	log_warn("disk", "w");
	log_info("loop", "started");
	log_debug("loop", "not said");
	assert_string_equal(capture_end(&c),
		"partition[ALPHA] disk: 0191: Device or resource busy\n"
		"partition[ALPHA] disk: w\n"
		"partition[ALPHA] loop: started\n");
}

static void test_no_name(void **state)
{
	struct capture c;

	(void)state;
	log_init("cpd", NULL, LOG_LVL_DEBUG);
	capture_begin(&c);
	log_debug("main", "said");
	assert_string_equal(capture_end(&c), "cpd main: said\n");
}

static void test_level(void **state)
{
	struct capture c;

	(void)state;
	log_init("cpd", NULL, LOG_LVL_ERROR);
	capture_begin(&c);
	log_warn("main", "not said");
	log_error("main", "said");
	assert_string_equal(capture_end(&c), "cpd main: said\n");
}

static void test_control_characters(void **state)
{
	struct capture c;

	(void)state;
	log_init("cpd", NULL, LOG_LVL_INFO);
	capture_begin(&c);
	log_info("main", "%s", "a\ncpd main: forged\033[2J\x7f\xc3\xa4");
	assert_string_equal(
		capture_end(&c), "cpd main: a?cpd main: forged?[2J?\xc3\xa4\n");
}

static void test_long_line(void **state)
{
	char text[3000];
	struct capture c;
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_init("cpd", NULL, LOG_LVL_INFO);
	capture_begin(&c);
	log_info("main", "%s", text);
	log_info("main", "next");
	len = strlen(capture_end(&c));
	assert_int_equal(len, 1024 + strlen("cpd main: next\n"));
	assert_string_equal(c.text + 1022, "x\ncpd main: next\n");
}

static void test_journal(void **state)
{
	struct capture c;
	char stream[64];
	struct stat st;

	(void)state;
	capture_begin(&c);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("cpd", NULL, LOG_LVL_DEBUG);
	log_error("a", "1");
	log_warn("a", "2");
	log_info("a", "3");
	log_debug("a", "4");
	setenv("JOURNAL_STREAM", "0:0", 1);
	log_init("cpd", NULL, LOG_LVL_DEBUG);
	unsetenv("JOURNAL_STREAM");
	log_error("a", "5");
	assert_string_equal(capture_end(&c),
		"<3>cpd a: 1\n<4>cpd a: 2\n<6>cpd a: 3\n<7>cpd a: 4\ncpd a: 5\n");
}

static void say(struct log_limit *limit, int times)
{
	for (int i = 0; i < times; i++)
		log_limited(limit, LOG_LVL_WARN, "net", "bad %d", i);
}

static void test_limit(void **state)
{
	struct log_limit limit = LOG_LIMIT(2, 3600 * 1000);
	struct capture c;

	(void)state;
	log_init("p", NULL, LOG_LVL_INFO);
	capture_begin(&c);
	say(&limit, 5);
	assert_int_equal(limit.dropped, 3);
	limit.last_ms -= 3600 * 1000; /* an hour goes by: one line flows in */
	say(&limit, 2);
	assert_int_equal(limit.dropped, 1);
	limit.last_ms -= 100 * 3600 * 1000; /* no more than the burst is saved up */
	say(&limit, 4);
	assert_string_equal(capture_end(&c),
		"p net: bad 0\np net: bad 1\n"
		"p net: (3 lines like this dropped) bad 0\n"
		"p net: (1 lines like this dropped) bad 0\np net: bad 1\n");
	assert_int_equal(limit.dropped, 2);
}

static void test_limit_not_counted_below_level(void **state)
{
	struct log_limit limit = LOG_LIMIT(1, 1000);

	(void)state;
	log_init("p", NULL, LOG_LVL_ERROR);
	say(&limit, 3);
	assert_int_equal(limit.used, 0);
	assert_int_equal(limit.dropped, 0);
}

static void test_limit_none(void **state)
{
	struct log_limit limit = LOG_LIMIT(1, 0);
	struct capture c;

	(void)state;
	log_init("p", NULL, LOG_LVL_INFO);
	capture_begin(&c);
	say(&limit, 3);
	assert_string_equal(
		capture_end(&c), "p net: bad 0\np net: bad 1\np net: bad 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_not_counted_below_level),
		cmocka_unit_test(test_limit_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
