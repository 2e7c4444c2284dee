/* Sources: statements, places, complaints. */
#include "tests/unit/cp/pairs.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void open_text(struct source *s, const char *text)
{
	assert_int_equal(source_from(s, "file", text, strlen(text)), 0);
}

static void assert_place(const struct source *s, int word, int line, int column)
{
	int l, c;

	source_place(s, word, &l, &c);
	assert_int_equal(l, line);
	assert_int_equal(c, column);
}

static void assert_said(const struct source *s, const char *lines)
{
	char got[PAIRS_BYTES];

	pairs_got(s, got);
	assert_string_equal(got, lines);
}

static void test_statements(void **state)
{
	struct source s;

	(void)state;
	open_text(&s,
		"one\n\n  * comment, continued,\n \t two  words\r\n\"quoted # word\"\n*\nlast");
	assert_true(source_next(&s));
	assert_int_equal(s.words.n, 1);
	assert_string_equal(s.words.word[0].text, "one");
	assert_int_equal(s.statement_line, 1);
	assert_true(source_next(&s));
	assert_int_equal(s.words.n, 2);
	assert_int_equal(s.statement_line, 4);
	assert_string_equal(s.words.word[1].text, "words");
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "quoted # word");
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "last");
	assert_int_equal(s.statement_line, 7);
	assert_false(source_next(&s));
	assert_false(source_next(&s));
	assert_int_equal(s.n_complaints, 0);
	source_close(&s);
}

static void test_empty(void **state)
{
	static const char *const empty[] = { "", "\n", "*", " \t\n* x\n\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		struct source s;

		open_text(&s, empty[i]);
		assert_false(source_next(&s));
		assert_int_equal(s.n_complaints, 0);
		source_close(&s);
	}
}

static void test_places(void **state)
{
	struct source s;

	(void)state;
	open_text(&s, "\none two,\n* between\n  three,\n\n four  \n");
	assert_true(source_next(&s));
	assert_int_equal(s.words.n, 4);
	assert_int_equal(s.statement_line, 2);
	assert_place(&s, -1, 2, 1);
	assert_place(&s, 0, 2, 1);
	assert_place(&s, 1, 2, 5);
	assert_place(&s, 2, 4, 3);
	assert_place(&s, 3, 6, 2);
	assert_place(&s, 4, 6, 6); /* after the last word */
	assert_string_equal(words_rest(&s.words, 2), "three  four");
	assert_false(source_next(&s));
	assert_int_equal(s.n_complaints, 0);
	source_close(&s);
}

static void test_continued_nowhere(void **state)
{
	struct source s;

	(void)state;
	open_text(&s, "one,\n* end\n");
	assert_true(source_next(&s));
	assert_false(source_next(&s));
	assert_said(
		&s, "1: CP1206W The last statement is continued, but the file ends\n");
	assert_int_equal(s.errors, 0);
	source_close(&s);
}

static void test_complaints(void **state)
{
	struct source s;

	(void)state;
	open_text(&s, "one two\nthree\n");
	assert_true(source_next(&s));
	assert_true(source_next(&s));
	source_complain(&s, 0, MSG_INVALID_OPTION, "c");
	source_complain_at(&s, 1, 5, MSG_INVALID_OPTION, "b");
	source_complain_at(&s, 1, 5, MSG_PASSWORD_CLEAR, "b");
	source_complain_at(&s, 1, 5, MSG_INVALID_OPTION, "b");
	source_complain_at(&s, 0, 0, MSG_NO_USERS);
	source_complain_at(&s, 1, 0, MSG_INVALID_OPTION, "a");
	assert_said(&s, "CP1227W The directory defines no user\n"
			"1: CP0003E Invalid option: a\n"
			"1:5: CP0003E Invalid option: b\n"
			"1:5: CP1224W The password of b is in clear text\n"
			"2:1: CP0003E Invalid option: c\n");
	assert_int_equal(s.n_complaints, 5);
	assert_int_equal(s.errors, 3);
	source_close(&s);
}

static void test_complaint_line(void **state)
{
	struct source s;
	char buf[64];

	(void)state;
	open_text(&s, "");
	source_complain_at(&s, 3, 14, MSG_INVALID_OPTION, "X");
	assert_string_equal(complaint_line(&s, s.complaints, buf, sizeof(buf)),
		"file:3:14: CP0003E Invalid option: X");
	s.complaints->column = 0;
	assert_string_equal(complaint_line(&s, s.complaints, buf, sizeof(buf)),
		"file:3: CP0003E Invalid option: X");
	s.complaints->line = 0;
	assert_string_equal(complaint_line(&s, s.complaints, buf, sizeof(buf)),
		"file: CP0003E Invalid option: X");
	source_close(&s);
}

/* One complaint a line, and the rest of the statement is still read. */
static void test_not_text(void **state)
{
	static const char text[] = "a\0b \x1b\nc\xc3\xa9\xff\n\xe2\x82\xac ok\n";
	struct source s;

	(void)state;
	assert_int_equal(source_from(&s, "file", text, sizeof(text) - 1), 0);
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "a?b");
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "c\xc3\xa9?");
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "\xe2\x82\xac");
	assert_false(source_next(&s));
	assert_said(&s, "1:2: CP1200E Character X'00' is not text\n"
			"2:4: CP1200E Character X'FF' is not text\n");
	source_close(&s);
}

static void test_quotes(void **state)
{
	struct source s;

	(void)state;
	open_text(&s, "a \"b c\nd,\n \"e\n");
	assert_true(source_next(&s));
	assert_int_equal(s.words.n, 3);
	assert_string_equal(s.words.word[1].text, "b");
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[1].text, "e");
	assert_said(&s, "1:3: CP1202E A quotation mark is not closed\n"
			"3:2: CP1202E A quotation mark is not closed\n");
	source_close(&s);
}

static void test_lengths(void **state)
{
	size_t max = SOURCE_MAX_STATEMENT + 10;
	char *text = malloc(max);
	struct source s;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', max);
	memcpy(text + WORD_MAX + 1, "\nnext\n", 6);
	assert_int_equal(source_from(&s, "file", text, WORD_MAX + 7), 0);
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "next");
	assert_said(&s, "1:1: CP1203E A word is longer than 1023 characters\n");
	source_close(&s);

	for (size_t i = 0; i < max; i++)
		text[i] = i % 2 ? ' ' : 'x';
	memcpy(text + max - 6, "x\nnext", 6);
	assert_int_equal(source_from(&s, "file", text, max), 0);
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "next");
	assert_said(&s, "1:1: CP1204E A statement is longer than 65535 characters\n");
	source_close(&s);
	free(text);
}

static void test_files(void **state)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	char path[32];
	struct source s;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(source_open(&s, path), 0);
	assert_false(source_next(&s));
	source_close(&s);

	assert_int_equal(write(fd, "one\ntwo", 7), 7);
	assert_int_equal(source_open(&s, path), 0);
	assert_true(source_next(&s));
	assert_true(source_next(&s));
	assert_string_equal(s.words.word[0].text, "two");
	source_close(&s);

	assert_int_equal(ftruncate(fd, SOURCE_MAX_SIZE + 1), 0);
	assert_int_equal(source_open(&s, path), -EFBIG);
	assert_int_equal(s.complaints->message.number, MSG_FILE_TOO_LARGE);
	assert_false(source_next(&s));
	source_close(&s);
	close(fd);

	assert_int_equal(source_open(&s, "/nowhere/file"), -ENOENT);
	assert_int_equal(s.errors, 1);
	assert_string_equal(s.complaints->message.text,
		"Cannot read /nowhere/file: No such file or directory");
	source_close(&s);
	assert_int_equal(source_open(&s, "/tmp"), -EISDIR);
	source_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_continued_nowhere),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_complaint_line),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
