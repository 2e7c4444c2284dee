/* LOGON: who needs a password, what a wrong one leads to, what comes after. */
#include "tests/unit/cp/front.h"

#include "cp/become.h"
#include "cp/client.h"

/* The password is worked out by another process: waits for its end.  A wrong one is
 * answered when a second has passed. */
static void wait_for_check(struct front *f, const struct ear *e, int done, bool wrong)
{
	uint64_t before = loop_now(f->cp.loop);

	for (int i = 0; e->done == done && i < 10; i++) {
		assert_true(loop_once(f->cp.loop, 10000) > 0);
		if (e->done == done)
			front_second(f);
	}
	assert_int_equal(e->done, done + 1);
	assert_true(!wrong || loop_now(f->cp.loop) - before >= PASSWORD_WRONG_NS);
}

static void answer(struct front *f, struct ear *e, const char *password)
{
	char text[64];
	int done = e->done;

	snprintf(text, sizeof(text), "%s", password);
	session_reply(&e->s, 7, text);
	assert_string_equal(text, ""); /* wiped */
	wait_for_check(f, e, done, !strcmp(password, "wrong"));
}

static void test_password(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	assert_int_equal(ear_type(e, "logon alpha"), -1);
	ear_heard(e, "prompt hidden 7: Password of ALPHA: ");
	answer(f, e, "alphapw");
	assert_int_equal(e->rc, 0);
	ear_heard(e, "out 7: LOGON AT ");
	assert_string_equal(e->s.userid, "ALPHA");
	assert_string_equal(e->s.classes, "G");
	twin_was_asked("logon ALPHA storage 0 ipl 0 by ALPHA\n"
		       "later ALPHA kind 1\nipl ALPHA kind 1");
	ear_free(e);
}

static void test_wrong_passwords(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	for (int i = 0; i < BECOME_TRIES; i++) {
		ear_did_not_hear(e, "end");
		assert_int_equal(ear_type(e, "logon alpha"), -1);
		answer(f, e, "wrong");
		assert_int_equal(e->rc, 50);
		assert_string_equal(e->s.userid, "");
	}
	ear_heard(e, "end 0: Too many wrong passwords");
	assert_string_equal(twin.log, "");
	ear_free(e);
}

/* The answer tells nobody which userids there are, and which may log on. */
static void test_same_answer_for_all(void **state)
{
	static const char *const users[] = { "logon nobody", "logon beta",
		"logon operator" };
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		e->s.wrong_passwords = 0;
		assert_int_equal(ear_type(e, users[i]), -1);
		answer(f, e, "wrong"); /* as late as any */
		assert_int_equal(e->rc, 50);
	}
	ear_free(e);
}

static void test_nobody_to_ask(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	e->s.tty = false;
	assert_int_equal(ear_type(e, "logon alpha"), 50);
	ear_free(e);
}

static void test_who_needs_no_password(void **state)
{
	struct front *f = *state;
	struct ear *operator= ear_create(f, "OPERATOR", "ABCDEFG");
	struct ear *host_user = ear_create(f, "", "");
	struct ear *by = ear_create(f, "MAINT", "ABCDEFG");

	operator->s.host_operator = true;
	assert_int_equal(ear_type(operator, "logon alpha"), 0);
	assert_string_equal(operator->s.userid, "ALPHA");
	assert_int_equal(ear_type(operator, "logon nobody"), 53);
	host_user->s.uid = 4711;
	assert_int_equal(ear_type(host_user, "logon gamma"), 0);
	assert_string_equal(host_user->s.userid, "GAMMA");
	/* NOLOG is for everybody, LOGONBY or not. */
	assert_int_equal(ear_type(by, "logon beta"), -1);
	ear_free(operator);
	ear_free(host_user);
	ear_free(by);
}

static void test_logonby(void **state)
{
	struct front *f = *state;
	struct ear *by = ear_create(f, "MAINT", "ABCDEFG");

	directory_free(f->cp.directory);
	f->cp.directory = front_parse("USER MAINT pw 16M 16M G\n"
				      "USER DELTA LBYONLY 16M 16M G\n"
				      "  LOGONBY MAINT\n");
	assert_int_equal(ear_type(by, "logon delta"), 0);
	assert_string_equal(by->s.userid, "DELTA");
	ear_free(by);
}

static void test_reconnect(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "logon alpha"), 0);
	ear_heard(e, "out 7: RECONNECTED AT ");
	assert_string_equal(twin.log, "");
	ear_free(e);
}

static void test_guests_are_themselves(void **state)
{
	struct front *f = *state;
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	guest_command(p, 1, 0, "LOGON MAINT", 11);
	twin_was_asked("guest ALPHA 1 done 54\n");
}

static void test_password_in_the_command(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	assert_int_equal(ear_type(e, "logon alpha alphapw"), MSG_PASSWORD_TYPED);
	ear_free(e);
}

/* The rest of the line is done as who one has become. */
static void test_chain(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	assert_int_equal(ear_type(e, "logon alpha#query userid"), -1);
	answer(f, e, "alphapw");
	ear_heard(e, "ALPHA    AT BULKHEAD");
	ear_free(e);
}

/* The session ends while the password is asked for, and while it is worked out. */
static void test_session_ends(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");
	char text[] = "alphapw";

	assert_int_equal(ear_type(e, "logon alpha"), -1);
	ear_free(e);
	e = ear_create(f, "", "");
	assert_int_equal(ear_type(e, "logon alpha"), -1);
	session_reply(&e->s, 7, text);
	ear_free(e);
	assert_true(loop_once(f->cp.loop, 10000) > 0);
	assert_string_equal(twin.log, "");
}

static void audited(const struct front *f, const char *what)
{
	char path[128], text[8192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/audit", f->statedir);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	if (!strstr(text, what))
		fail_msg("not audited: <%s> in:\n%s", what, text);
}

/* Who leaves before the answer has tried all the same. */
static void test_guess_and_leave(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");
	char text[] = "wrong";

	e->s.uid = 4712;
	assert_int_equal(ear_type(e, "logon alpha"), -1);
	session_reply(&e->s, 7, text);
	ear_free(e);
	assert_true(loop_once(f->cp.loop, 10000) > 0);
	front_second(f);
	audited(f, "nobody (host uid 4712): LOGON ALPHA: refused\n");
}

/* What a stranger said before does not hide that it became somebody. */
static void test_noise_hides_nothing(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");

	for (int i = 0; i < 100; i++)
		ear_type(e, "frob");
	assert_int_equal(ear_type(e, "logon maint"), -1);
	answer(f, e, "wrong");
	audited(f, "LOGON MAINT: refused\n");
	for (int i = 0; i < 100; i++)
		ear_type(e, "frob");
	assert_int_equal(ear_type(e, "logon maint"), -1);
	answer(f, e, "maintpw");
	audited(f, "LOGON MAINT: accepted\n");
	ear_free(e);
}

/* One guess at a time for each host user. */
static void test_one_at_a_time(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "", "");
	struct ear *other = ear_create(f, "", "");
	char text[16] = "wrong";

	other->s.uid = 54321;
	assert_int_equal(ear_type(e, "logon alpha"), -1);
	session_reply(&e->s, 7, text);
	session_command(&e->s, 8, false, "logon alpha");
	snprintf(text, sizeof(text), "wrong");
	session_reply(&e->s, 8, text);
	assert_int_equal(e->rc, MSG_LOGON_BUSY);
	assert_int_equal(ear_type(other, "logon alpha"), -1);
	answer(f, other, "alphapw");
	assert_int_equal(other->rc, 0);
	front_second(f);
	front_second(f);
	ear_free(e);
	ear_free(other);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_password),
		TEST(test_wrong_passwords),
		TEST(test_same_answer_for_all),
		TEST(test_nobody_to_ask),
		TEST(test_who_needs_no_password),
		TEST(test_logonby),
		TEST(test_reconnect),
		TEST(test_guests_are_themselves),
		TEST(test_password_in_the_command),
		TEST(test_chain),
		TEST(test_session_ends),
		TEST(test_guess_and_leave),
		TEST(test_noise_hides_nothing),
		TEST(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
