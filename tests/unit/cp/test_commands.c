/* The contract of the command table: every command is entered by every class. */
#include "tests/unit/cp/front.h"

#include "cp/command.h"

#include <ctype.h>
#include <strings.h>

static const char *const verbs[] = { "", "QUERY", "INDICATE", "SET", "DEFINE", "DETACH" };

typedef void row_fn(struct front *f, const char *name, const struct command *row);

/* Each row of each table, by the whole name of what it is. */
static void each_row(struct front *f, row_fn *fn)
{
	const struct command *row;
	char name[64];

	for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		for (int i = 0;; i++) {
			row = *verbs[v] ? subcommand_at(verbs[v], i) : command_at(i);
			if (!row)
				break;
			snprintf(name, sizeof(name), "%s%s%s", verbs[v],
				*verbs[v] ? " " : "", row->name);
			fn(f, name, row);
		}
	}
}

static struct partition *own_partition(struct front *f, const char *userid)
{
	struct partition *p = partition_find(&f->cp, userid);

	return p ? p : twin_partition(&f->cp, userid);
}

/* One class alone.  What it may not issue is unknown; what it may, is not. */
static void enter(
	struct front *f, const char *name, const struct command *row, const char *class)
{
	struct ear *e = ear_create(f, "ALPHA", class);
	bool allowed = !strcmp(row->classes, "*") || strstr(row->classes, class);
	int rc;

	own_partition(f, "ALPHA");
	ear_type(e, name);
	front_second(f);
	rc = e->rc;
	if (allowed && rc == 1)
		fail_msg("%s is unknown to class %s", name, class);
	if (!allowed && rc != 1)
		fail_msg("%s gives %d to class %s, which may not issue it", name, rc,
			class);
	if (!allowed)
		ear_heard(e, "CP0001E Unknown CP command: ");
	ear_free(e);
}

static void by_every_class(struct front *f, const char *name, const struct command *row)
{
	static const char *const classes[] = { "A", "B", "C", "D", "E", "F", "G" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		enter(f, name, row, classes[i]);
}

static void test_classes(void **state)
{
	each_row(*state, by_every_class);
}

/* Operands nobody expects are refused, and by a message with that number. */
static void with_rubbish(struct front *f, const char *name, const struct command *row)
{
	static const char *const rubbish[] = { "FROB", "ALPHA FROB FROB", "0 0 0", "USER",
		"\"\"", "1.2.3 -1 %s%n", "FFFFFFFFFFFFFFFFF.1", "*" };
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	char line[256], number[32];

	(void)row;
	own_partition(f, "ALPHA");
	own_partition(f, "MAINT");
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		snprintf(line, sizeof(line), "%s %s", name, rubbish[i]);
		e->rc = 0;
		ear_type(e, line);
		front_second(f);
		session_cancel(&e->s, 7); /* LOGON waits for a password */
		own_partition(f, "ALPHA");
		own_partition(f, "MAINT");
		snprintf(number, sizeof(number), "CP%04d", e->rc);
		if (e->rc)
			ear_heard(e, number);
	}
	ear_free(e);
}

static void test_rubbish(void **state)
{
	each_row(*state, with_rubbish);
}

/* HELP knows every command one may issue, by its name and by its abbreviation. */
static void with_help(struct front *f, const char *name, const struct command *row)
{
	struct ear *e = ear_create(f, "MAINT", "ABCDEFG");
	char line[128], *abbreviated;

	snprintf(line, sizeof(line), "HELP %s", name);
	assert_int_equal(ear_type(e, line), 0);
	ear_heard(e, row->mixed);
	abbreviated = line + strlen(line) - strlen(row->name) + word_min(row->mixed);
	*abbreviated = '\0';
	assert_int_equal(ear_type(e, line), 0);
	ear_heard(e, row->mixed);
	ear_free(e);
}

static void test_help(void **state)
{
	each_row(*state, with_help);
}

/* Rows are in order, complete, and no abbreviation means two of them. */
static void well_formed(struct front *f, const char *name, const struct command *row)
{
	char min[32];
	int hits = 0;
	const struct command *other;

	(void)f;
	assert_non_null(row->fn);
	assert_true(strlen(row->help) > 10);
	assert_true(islower((unsigned char)row->help[0]));
	assert_true(row->help[strlen(row->help) - 1] != '.');
	assert_int_equal(strcasecmp(row->name, row->mixed), 0);
	snprintf(min, sizeof(min), "%.*s", (int)word_min(row->mixed), row->mixed);
	for (int i = 0; !strchr(name, ' ') && (other = command_at(i)); i++)
		hits += word_is(min, other->name, word_min(other->mixed));
	if (hits > 1)
		fail_msg("%s stands for %d commands", min, hits);
}

static void test_rows(void **state)
{
	each_row(*state, well_formed);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_classes),
		TEST(test_rubbish),
		TEST(test_help),
		TEST(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
