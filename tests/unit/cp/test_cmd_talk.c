/* Talking to users and consoles, and who else sees a console. */
#include "tests/unit/cp/front.h"

#include "cp/observer.h"

static void output(struct partition *p, const char *text)
{
	uint64_t at = p->console.end;
	struct list *pos, *tmp;

	assert_int_equal(conring_write(&p->console, at, text, strlen(text)), 0);
	list_for_each_safe (pos, tmp, &p->watchers) {
		struct watcher *w = container_of(pos, struct watcher, node);

		w->output(w, at, text, strlen(text));
	}
}

static void test_message(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct ear *alpha = ear_create(f, "ALPHA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "message alpha hello \"there\""), 0);
	ear_heard(alpha, "  * MSG FROM MAINT   : hello \"there\"\n");
	assert_int_equal(ear_type(e, "warning alpha now"), 0);
	ear_heard(alpha, "  * WNG FROM MAINT   : now\n");
	assert_int_equal(ear_type(e, "msgnoh alpha bare"), 0);
	ear_heard(alpha, "note 0: bare\n");
	assert_int_equal(ear_type(e, "msg alpha"), 26);
	ear_free(e);
	ear_free(alpha);
}

/* Terminals are sent text only, and all of it. */
static void test_message_is_text(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	char line[3000] = "msg alpha ";

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "msgnoh alpha a\xc2\x9b"
				     "b\x9b"),
		0);
	ear_heard(alpha, "note 0: a?b?\n");
	while (strlen(line) < 2900)
		strcat(line, "xxx ");
	strcat(line, "end");
	assert_int_equal(ear_type(e, line), 0);
	ear_heard(alpha, "xxx end\n");
	ear_free(e);
	ear_free(alpha);
}

static void test_who_receives(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct ear *script = ear_create(f, "GAMMA", "G");

	script->s.tty = false;
	assert_int_equal(ear_type(e, "msg nobody x"), 45);
	assert_int_equal(ear_type(e, "msg alpha x"), 45);
	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "msg alpha x"), 57);
	assert_int_equal(ear_type(e, "msg op x"), 57);
	assert_int_equal(ear_type(e, "msg gamma x"), 45); /* only a script is there */
	assert_int_equal(ear_type(e, "msg * to me"), 0);
	ear_heard(e, "MSG FROM MAINT   : to me");
	ear_free(e);
	ear_free(script);
}

/* Who has the console is who is at it, whatever the userid. */
static void test_console_receives(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct ear *operator= ear_create(f, "OPERATOR", "ABCDEFG");
	struct watcher w = { .partition = twin_partition(&f->cp, "ALPHA") };

	operator->s.tty = false;
	operator->s.watcher = & w;
	assert_int_equal(ear_type(e, "msg alpha x"), 0);
	ear_heard(operator, "MSG FROM MAINT   : x");
	ear_free(e);
	ear_free(operator);
}

static void test_all(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");

	assert_int_equal(ear_type(e, "msg all hello"), 0);
	ear_heard(alpha, "hello");
	ear_heard(gamma, "hello");
	assert_int_equal(ear_type(alpha, "msg all hello"), 1);
	ear_free(e);
	ear_free(alpha);
	ear_free(gamma);
}

static void test_send(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "C");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct watcher w = { .partition = p, .drives = true };

	assert_int_equal(ear_type(e, "send alpha query  disk"), 0);
	twin_was_asked("input ALPHA <query  disk\n>");
	assert_int_equal(ear_type(e, "send beta x"), 45);
	assert_int_equal(ear_type(gamma, "send alpha x"), 1);
	snprintf(p->secuser, sizeof(p->secuser), "GAMMA");
	assert_int_equal(ear_type(gamma, "send alpha by secuser"), 0);
	twin_was_asked("input ALPHA <by secuser\n>");
	p->secuser[0] = '\0';
	gamma->s.watcher = &w;
	assert_int_equal(ear_type(gamma, "send alpha by driver"), 0);
	ear_free(e);
	ear_free(gamma);
}

static void test_smsg(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "GAMMA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(e, "smsg alpha do this"), 0);
	twin_was_asked("smsg ALPHA from GAMMA: do this\n");
	assert_int_equal(ear_type(e, "smsg alpha"), 26);
	assert_int_equal(ear_type(e, "smsg beta x"), 45);
	ear_free(e);
}

/* An observer sees whole lines, from now on; control characters do not reach it. */
static void test_observer(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	output(p, "before\n");
	assert_int_equal(ear_type(alpha, "set observer gamma"), 0);
	ear_heard(alpha, "CP6768I OBSERVER of ALPHA is now GAMMA");
	twin_was_asked("record ALPHA\n"); /* it outlives cpd */
	output(p, "one\r\ntw");
	output(p, "o\033[2J\nthree");
	ear_heard(gamma, "note 0: ALPHA   : one\nnote 0: ALPHA   : two?[2J\n");
	ear_did_not_hear(gamma, "before");
	ear_did_not_hear(gamma, "three");
	assert_int_equal(ear_type(alpha, "query observer"), 0);
	ear_heard(alpha, "OBSERVER GAMMA IS NOT LOGGED ON");
	assert_int_equal(ear_type(alpha, "set secuser maint"), MSG_OBSERVED_ALREADY);
	assert_int_equal(ear_type(alpha, "set observer off"), 0);
	assert_true(list_empty(&p->watchers));
	assert_int_equal(ear_type(alpha, "query observer"), 0);
	ear_heard(alpha, "OBSERVER IS UNDEFINED");
	ear_free(alpha);
	ear_free(gamma);
}

static void on_watcher_gone(struct watcher *w, const char *why)
{
	ear_note(w->ctx, why);
}

/* Who watched as observer watches no longer; an operator does. */
static void test_observer_leaves(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "A");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct watcher w[2] = { { .gone = on_watcher_gone, .ctx = e },
		{ .gone = on_watcher_gone, .ctx = gamma } };

	e->s.watcher = &w[0];
	gamma->s.watcher = &w[1];
	for (int i = 0; i < 2; i++) {
		list_init(&w[i].node);
		partition_watch(p, &w[i]);
	}
	assert_int_equal(ear_type(e, "set observer gamma user alpha"), 0);
	assert_int_equal(ear_type(e, "set observer * user alpha"), 0);
	assert_null(w[1].partition);
	ear_heard(gamma, "note 0: CP6769I OBSERVER of ALPHA ended");
	assert_int_equal(ear_type(e, "set observer off user alpha"), 0);
	assert_ptr_equal(w[0].partition, p);
	partition_unwatch(&w[0]);
	ear_free(e);
	ear_free(gamma);
}

/* A secondary user sees a console only while nobody is at it. */
static void test_secuser(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	struct watcher w = { .partition = p };

	assert_int_equal(ear_type(alpha, "set secuser gamma"), 0);
	output(p, "alone\n");
	ear_heard(gamma, "ALPHA   : alone");
	alpha->s.watcher = &w;
	output(p, "somebody is there\n");
	ear_did_not_hear(gamma, "somebody");
	ear_free(alpha);
	ear_free(gamma);
}

static void test_set_for_others(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "MAINT", "A");
	struct ear *gamma = ear_create(f, "GAMMA", "G");

	twin_partition(&f->cp, "ALPHA");
	assert_int_equal(ear_type(gamma, "set observer * user alpha"), 1);
	assert_int_equal(ear_type(e, "set observer * user alpha"), 0);
	assert_string_equal(partition_find(&f->cp, "ALPHA")->observer, "MAINT");
	assert_int_equal(ear_type(e, "set observer nobody user alpha"), 53);
	assert_int_equal(ear_type(e, "set observer * user beta"), 45);
	ear_free(e);
	ear_free(gamma);
}

/* A line without end is passed on in pieces. */
static void test_endless_line(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");
	char text[1025];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ear_type(alpha, "set observer gamma"), 0);
	for (int i = 0; i < 10; i++)
		output(p, text);
	assert_true(strlen(gamma->text) > 10000);
	ear_free(alpha);
	ear_free(gamma);
}

/* A console that never ends does not bury its observer, who learns what was left out. */
static void test_flood(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	assert_int_equal(ear_type(alpha, "set observer gamma"), 0);
	for (int i = 0; i < 700; i++)
		output(p, "flood\n");
	assert_int_equal(heard(gamma, "flood"), 500);
	front_second(f);
	ear_heard(gamma, "note 0: CP1422W ALPHA: 200 lines of its console were left out");
	for (int i = 0; i < 100; i++)
		output(p, "again\n");
	assert_int_equal(heard(gamma, "again"), 20);
	/* It ends while lines are left out. */
	assert_int_equal(ear_type(alpha, "set observer off"), 0);
	ear_heard(gamma, "note 0: CP1422W ALPHA: 80 lines of its console were left out");
	front_second(f);
	assert_int_equal(heard(gamma, "left out"), 2);
	ear_free(alpha);
	ear_free(gamma);
}

/* Another observer is not told of what it never was to see. */
static void test_flood_and_another_observer(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct ear *maint = ear_create(f, "MAINT", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	assert_int_equal(ear_type(alpha, "set observer gamma"), 0);
	for (int i = 0; i < 510; i++)
		output(p, "flood\n");
	assert_int_equal(ear_type(alpha, "set observer maint"), 0);
	ear_heard(gamma, "CP1422W ALPHA: 10 lines of its console were left out");
	for (int i = 0; i < 3; i++)
		output(p, "flood\n");
	front_second(f);
	ear_heard(maint, "CP1422W ALPHA: 3 lines of its console were left out");
	assert_int_equal(heard(maint, "left out"), 1);
	assert_int_equal(heard(gamma, "left out"), 1);
	ear_free(alpha);
	ear_free(gamma);
	ear_free(maint);
}

/* The last lines of a guest that panics are what matters. */
static void test_flood_and_the_end(void **state)
{
	struct front *f = *state;
	struct ear *alpha = ear_create(f, "ALPHA", "G");
	struct ear *gamma = ear_create(f, "GAMMA", "G");
	struct partition *p = twin_partition(&f->cp, "ALPHA");

	assert_int_equal(ear_type(alpha, "set secuser gamma"), 0);
	for (int i = 0; i < 512; i++)
		output(p, "flood\n");
	twin_end(p, "panic");
	ear_heard(gamma, "CP1422W ALPHA: 12 lines of its console were left out");
	ear_free(alpha);
	ear_free(gamma);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_message),
		TEST(test_message_is_text),
		TEST(test_who_receives),
		TEST(test_console_receives),
		TEST(test_all),
		TEST(test_send),
		TEST(test_smsg),
		TEST(test_observer),
		TEST(test_observer_leaves),
		TEST(test_secuser),
		TEST(test_set_for_others),
		TEST(test_endless_line),
		TEST(test_flood),
		TEST(test_flood_and_another_observer),
		TEST(test_flood_and_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
