/* Lines of commands: one after the other, on whose behalf, and what is answered. */
#include "tests/unit/cp/front.h"

#include "cp/request.h"

#include <stdio.h>

static void test_one_command(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "query userid"), 0);
	ear_heard(e, "out 7: OPERATOR AT BULKHEAD\n");
	ear_heard(e, "done 7: 0\n");
	assert_int_equal(e->done, 1);
	assert_true(list_empty(&e->s.requests));
	ear_free(e);
}

static void test_unknown(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	assert_int_equal(ear_type(e, "FROBNICATE x"), 1);
	ear_heard(e, "err 7: CP0001E Unknown CP command: FROBNICATE\n");
	assert_int_equal(ear_type(e, "FORCE ALPHA"), 1);
	ear_heard(e, "CP0001E Unknown CP command: FORCE\n");
	ear_free(e);
}

static void test_chain(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(
		ear_type(e, "query userid#force alpha#frob##1#query userid"), 45);
	ear_heard(e, "CP0045E ALPHA not logged on\n");
	ear_heard(e, "CP0001E Unknown CP command: frob#1\n");
	assert_string_equal(strrchr(e->text, 'd'), "done 7: 45\n");
	assert_int_equal(e->done, 1);
	assert_non_null(strstr(strstr(e->text, "AT BULKHEAD") + 1, "AT BULKHEAD"));
	ear_free(e);
}

static void test_nothing_typed(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	assert_int_equal(ear_type(e, ""), 0);
	assert_int_equal(ear_type(e, "  # #  "), 0);
	assert_string_equal(e->text, "done 7: 0\n");
	ear_free(e);
}

static void test_text_refused_as_a_whole(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "query userid#msg op \"open"), MSG_COMMAND_TEXT);
	ear_did_not_hear(e, "AT BULKHEAD");
	assert_int_equal(ear_type(e, "query\nuserid"), MSG_COMMAND_TEXT);
	ear_free(e);
}

/* One object on one line per command. */
static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	session_command(&e->s, 3, true, "q nam#force nobody1");
	ear_heard(e,
		"{\"command\":\"QUERY NAMES\",\"rc\":0,\"messages\":[],\"records\":[]}");
	ear_heard(e, "\"command\":\"FORCE\",\"rc\":45,\"messages\":[{\"id\":\"CP0045E\"");
	ear_heard(e, "done 3: 45\n");
	ear_did_not_hear(e, "err");
	ear_free(e);
}

/* What waits for the engine: the next command waits for it, too. */
static void test_pending(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.late = true;
	assert_int_equal(ear_type(e, "for alpha cmd stop#query userid"), -1);
	twin_was_asked("stop ALPHA cpu -1\n");
	ear_did_not_hear(e, "AT BULKHEAD");
	twin_go_on();
	ear_heard(e, "AT BULKHEAD");
	assert_int_equal(e->done, 1);
	ear_free(e);
}

/* An answer nobody waits for: the command ends, the rest of its line is not done. */
static void test_session_ends_before_the_answer(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.late = true;
	assert_int_equal(ear_type(e, "for alpha cmd stop#for alpha cmd begin"), -1);
	ear_free(e);
	twin_go_on();
	assert_null(strstr(twin.log, "begin"));
}

static void test_cancel(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.late = true;
	assert_int_equal(ear_type(e, "for alpha cmd stop#query userid"), -1);
	session_cancel(&e->s, 8);
	assert_int_equal(e->s.n_requests, 1);
	session_cancel(&e->s, 7);
	assert_int_equal(e->s.n_requests, 0);
	twin_go_on();
	assert_string_equal(e->text, "");
	ear_free(e);
}

/* What nobody wants any more is not waited for. */
static void test_cancelled_for_good(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	assert_int_equal(ear_type(e, "indicate load#query userid"), -1);
	session_cancel(&e->s, 7);
	assert_int_equal(e->s.n_requests, 0);
	front_second(f);
	assert_string_equal(e->text, "");
	ear_free(e);
}

static void test_too_many(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	twin.late = true;
	for (int i = 0; i < SESSION_MAX_REQUESTS; i++)
		assert_int_equal(ear_type(e, "for alpha cmd stop"), -1);
	assert_int_equal(ear_type(e, "query userid"), MSG_TOO_MANY_COMMANDS);
	assert_int_equal(e->s.n_requests, SESSION_MAX_REQUESTS);
	twin_go_on();
	assert_int_equal(ear_type(e, "query userid"), 0);
	ear_free(e);
}

/* One line does not keep CP from all others. */
static void test_too_many_in_a_line(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	char line[4 * SESSION_MAX_REQUESTS + 8] = "";

	for (int i = 0; i < SESSION_MAX_REQUESTS; i++)
		strcat(line, "q t#");
	assert_int_equal(ear_type(e, line), 0);
	strcat(line, "q t");
	e->text[0] = '\0';
	assert_int_equal(ear_type(e, line), MSG_TOO_MANY_COMMANDS);
	ear_did_not_hear(e, "TIME IS");
	ear_free(e);
}

static void test_for_has_the_targets_classes(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "for alpha cmd query userid#query userid"), 0);
	ear_heard(e, "ALPHA    AT BULKHEAD");
	ear_heard(e, "OPERATOR AT BULKHEAD");
	assert_int_equal(ear_type(e, "for alpha cmd force beta"), 1);
	assert_int_equal(ear_type(e, "for beta cmd stop"), 45);
	assert_int_equal(ear_type(e, "for alpha stop"), 3);
	assert_int_equal(ear_type(e, "for alpha cmd"), 26);
	ear_free(e);
}

static void test_before_logon(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	assert_int_equal(ear_type(e, "query cplevel#query time#help#query commands"), 0);
	assert_int_equal(ear_type(e, "query names"), 15);
	assert_int_equal(ear_type(e, "query alpha"), 15);
	assert_int_equal(ear_type(e, "message alpha hello"), 15);
	assert_int_equal(ear_type(e, "disconn"), 15);
	assert_int_equal(ear_type(e, "query processors"), 1);
	ear_free(e);
}

/* Hostile input: the longest line, of nothing but separators and quotes. */
static void test_long_lines(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	char line[4097];

	memset(line, '#', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ear_type(e, line);
	memset(line, 'x', sizeof(line) - 1);
	assert_int_not_equal(ear_type(e, line), 0);
	memset(line, '"', sizeof(line) - 1);
	ear_type(e, line);
	for (size_t i = 0; i + 4 < sizeof(line); i += 4)
		memcpy(line + i, "FOR ", 4);
	ear_type(e, line);
	assert_int_equal(e->done, 4);
	ear_free(e);
}

static char audit_text[65536];

static const char *read_audit(const struct front *f)
{
	char path[128];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/audit", f->statedir);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(audit_text, 1, sizeof(audit_text) - 1, file);
	audit_text[n] = '\0';
	fclose(file);
	return audit_text;
}

static void test_audit(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	struct ear *user = ear_create(f, "ALPHA", "G");
	const char *once;

	twin_partition(&f->cp, "ALPHA");
	ear_type(e, "set observer off user alpha");
	once = strstr(read_audit(f), "set observer off user alpha: accepted\n");
	assert_non_null(once);
	assert_null(strstr(once + 1, "set observer"));
	twin_end_all(&f->cp);
	ear_type(e, "query processors");
	assert_non_null(strstr(read_audit(f),
		"OPERATOR (host uid 12345): query processors: accepted\n"));
	ear_type(e, "force alpha");
	assert_non_null(strstr(read_audit(f), "force alpha: refused, 45\n"));
	ear_type(user, "force beta now");
	assert_non_null(
		strstr(read_audit(f), "ALPHA (host uid 12345): force: refused, 1\n"));
	ear_type(user, "query time");
	assert_null(strstr(read_audit(f), "query time"));
	ear_type(user, "logon alpha verysecret");
	assert_null(strstr(read_audit(f), "verysecret"));
	ear_type(user, "lgoon alpha verysecret");
	assert_null(strstr(read_audit(f), "verysecret"));
	ear_free(e);
	ear_free(user);
}

/* What cannot be taken apart may be a LOGON with its password. */
static void test_audit_of_no_words(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	char line[1200] = "logon alpha verysecret";

	memset(line + strlen(line), 'x', 1100);
	assert_int_equal(ear_type(e, line), MSG_WORD_TOO_LONG);
	assert_non_null(strstr(read_audit(f), ": logon: refused, 1203\n"));
	assert_null(strstr(audit_text, "verysecret"));
	ear_free(e);
}

/* What FOR passes on is written down whole, but for what may be a password. */
static void test_audit_of_for(void **state)
{
	static const char *const secret[] = {
		"for alpha cmd logon beta verysecret",
		"for alpha cmd LOGON \"beta\" verysecret",
		"for alpha cmd cp logon beta verysecret",
		"for alpha cmd lgoon beta verysecret",
		"for alpha logon beta verysecret",
		"for alpha cmd for beta cmd logon alpha verysecret",
		"for nobody cmd logon beta verysecret",
	};
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");
	const char *once;

	twin_partition(&f->cp, "ALPHA");
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		assert_int_not_equal(ear_type(e, secret[i]), 0);
		if (strstr(read_audit(f), "verysecret"))
			fail_msg("<%s> is in the audit log:\n%s", secret[i], audit_text);
	}
	assert_non_null(strstr(audit_text, ": for alpha cmd logon beta: accepted\n"));
	assert_non_null(strstr(audit_text, ": for nobody cmd: refused, 45\n"));
	ear_type(e, "for alpha cmd store 100 00");
	once = strstr(read_audit(f), ": for alpha cmd store 100 00: accepted\n");
	assert_non_null(once);
	assert_null(strstr(strchr(once, '\n'), "store"));
	/* With class C the other's QUERY is looked at, too. */
	ear_type(e, "for alpha cmd query virtual");
	assert_non_null(
		strstr(read_audit(f), ": for alpha cmd query virtual: accepted\n"));
	ear_free(e);
}

/* A user without authority cannot fill the disk. */
static void test_audit_is_limited(void **state)
{
	struct front *f = *state;
	struct ear *user = ear_create(f, "ALPHA", "G");
	int lines = 0;

	loop_clock_warp(f->cp.loop, UINT64_C(100000000000));
	for (int i = 0; i < 500; i++) {
		if (i % 10 == 0) { /* coming anew is no way around */
			ear_free(user);
			user = ear_create(f, "ALPHA", "G");
		}
		ear_type(user, "frob");
	}
	for (const char *c = read_audit(f); *c; c++)
		lines += *c == '\n';
	assert_in_range(lines, 5, 30);
	loop_clock_warp(f->cp.loop, UINT64_C(5000000000));
	ear_type(user, "frob");
	assert_non_null(strstr(read_audit(f), "lines before this left out)\n"));
	ear_free(user);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_command),
		TEST(test_unknown),
		TEST(test_chain),
		TEST(test_nothing_typed),
		TEST(test_text_refused_as_a_whole),
		TEST(test_json),
		TEST(test_pending),
		TEST(test_session_ends_before_the_answer),
		TEST(test_cancel),
		TEST(test_cancelled_for_good),
		TEST(test_too_many),
		TEST(test_too_many_in_a_line),
		TEST(test_for_has_the_targets_classes),
		TEST(test_before_logon),
		TEST(test_long_lines),
		TEST(test_audit),
		TEST(test_audit_of_no_words),
		TEST(test_audit_of_for),
		TEST(test_audit_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
