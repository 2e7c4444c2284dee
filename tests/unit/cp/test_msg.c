/* Messages: the rules every row of the table keeps, and how one is filled in. */
#include "cp/msg.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_sentences(const struct msg_info *m, const char *text)
{
	bool named = !strncmp(
		text, "cpd ", 4); /* the program's name is not capitalized */

	if ((!named && !isupper((unsigned char)text[0])) || text[strlen(text) - 1] != '.')
		fail_msg("message %d: '%s' is not a sentence", m->number, text);
}

/* Only conversions msg_set() knows. */
static void assert_format(const struct msg_info *m)
{
	const char *p = m->text;

	while ((p = strchr(p, '%'))) {
		p += 1 + strspn(p + 1, "-0123456789");
		p += strspn(p, "lz");
		if (!*p || !strchr("%scduxX", *p))
			fail_msg("message %d: '%s' has an unknown conversion", m->number,
				m->text);
		p++;
	}
}

static void test_table(void **state)
{
	const struct msg_info *m;
	int last = 0;

	(void)state;
	for (int i = 0; (m = msg_at(i)); i++) {
		if (m->number <= last || m->number > 9999)
			fail_msg("message %d (%s) is out of order", m->number, m->name);
		last = m->number;
		assert_ptr_equal(msg_find(m->number), m);
		if (!strchr("IWES", m->severity))
			fail_msg("message %d has severity %c", m->number, m->severity);
		if (!*m->text || m->text[strlen(m->text) - 1] == '.')
			fail_msg("message %d: '%s'", m->number, m->text);
		assert_format(m);
		assert_sentences(m, m->cause);
		assert_sentences(m, m->action);
		assert_sentences(m, m->reply);
	}
	assert_true(last > 0);
	assert_null(msg_at(-1));
	assert_null(msg_find(0));
	assert_null(msg_find(9998));
}

static void test_line(void **state)
{
	struct message m;
	char buf[64];

	(void)state;
	assert_int_equal(msg_set(&m, MSG_NOT_LOGGED_ON, "ALPHA"), 45);
	assert_int_equal(m.number, 45);
	assert_int_equal(m.severity, 'E');
	assert_string_equal(m.text, "ALPHA not logged on");
	assert_string_equal(
		msg_line(&m, buf, sizeof(buf)), "CP0045E ALPHA not logged on");
	assert_string_equal(msg_line(&m, buf, 10), "CP0045E A");
}

static void test_numbers(void **state)
{
	struct message m;

	(void)state;
	msg_set(&m, MSG_LINK_NO_DISK, "ALPHA", 0x191);
	assert_string_equal(m.text, "ALPHA 0191 not linked: not in CP directory");
	msg_set(&m, MSG_MACID_TWICE, 0x0200abu, 7);
	assert_string_equal(m.text, "MACID 0200AB is already given on line 7");
	msg_set(&m, MSG_NOT_TEXT, 0x1b);
	assert_string_equal(m.text, "Character X'1B' is not text");
	msg_set(&m, MSG_TOO_MANY, -3, "things");
	assert_string_equal(m.text, "More than -3 things");
}

/* What people are shown has no control characters and is UTF-8, wherever it came from. */
static void test_clean(void **state)
{
	static const struct {
		const char *operand, *shown;
	} cases[] = {
		{ "A\x1b[31mB\x7f\n", "A?[31mB??" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xff\xc3", "??" },
		{ "\xc0\x80", "??" },           /* overlong */
		{ "\xed\xa0\x80", "???" },      /* surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond U+10FFFF */
		{ "\xc2\x9b"
		  "A",
			"?A" },       /* a C1 control character */
		{ "\xe2\x82", "??" }, /* cut off */
		{ "%s%n", "%s%n" },
		{ NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message m;
		char want[64];

		msg_set(&m, MSG_INVALID_OPTION, cases[i].operand);
		snprintf(want, sizeof(want), "Invalid option: %s", cases[i].shown);
		assert_string_equal(m.text, want);
	}
}

static void test_long(void **state)
{
	char operand[4096];
	struct message m;

	(void)state;
	memset(operand, 'x', sizeof(operand) - 1);
	operand[sizeof(operand) - 1] = '\0';
	msg_set(&m, MSG_LINK_NO_DISK, operand, 0x191);
	assert_int_equal(strlen(m.text), MSG_TEXT_MAX - 1);

	/* A character at the cut is not cut in two. */
	for (size_t i = 0; i + 2 < sizeof(operand); i += 2)
		memcpy(operand + i, "\xc3\xa9", 2);
	for (int pad = 0; pad < 2; pad++) {
		msg_set(&m, MSG_INVALID_OPTION, operand + pad);
		assert_true(m.text[strlen(m.text) - 1] == '?' ||
			    m.text[strlen(m.text) - 1] == '\xa9');
	}
}

static void test_form(void **state)
{
	char buf[MSG_TEXT_MAX];

	(void)state;
	assert_string_equal(msg_form(msg_find(MSG_LINK_NO_DISK), buf, sizeof(buf)),
		"... ... not linked: not in CP directory");
	assert_string_equal(msg_form(msg_find(MSG_LINK_NO_DISK), buf, 6), "... .");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
