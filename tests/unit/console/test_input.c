/* Lines of a standard input that is no terminal: a pipe in any pieces, a plain file. */
#include "console/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct input input;
	int pipe[2];
	char text[512]; /* "line|line|END" */
	size_t longest;
	bool pause_each, close_at_line;
};

static void on_line(struct input *in, const char *text)
{
	struct fixture *f = in->ctx;
	size_t used = strlen(f->text);

	if (strlen(text) > f->longest)
		f->longest = strlen(text);
	snprintf(f->text + used, sizeof(f->text) - used, "%.40s|", text);
	if (f->pause_each)
		input_pause(in, true);
	if (f->close_at_line)
		input_close(in);
}

static void on_ended(struct input *in)
{
	struct fixture *f = in->ctx;

	assert_null(in->loop);
	strcat(f->text, "END");
}

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(loop_create(&f->loop), 0);
	assert_int_equal(pipe(f->pipe), 0);
	f->input.line = on_line;
	f->input.ended = on_ended;
	f->input.ctx = f;
	*state = f;
	return 0;
}

static int unmake(void **state)
{
	struct fixture *f = *state;

	input_close(&f->input);
	close(f->pipe[0]);
	if (f->pipe[1] >= 0)
		close(f->pipe[1]);
	loop_destroy(f->loop);
	free(f);
	return 0;
}

static void settle(struct fixture *f)
{
	while (loop_once(f->loop, 0) > 0)
		;
}

static void typed(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->pipe[1], text, strlen(text)), strlen(text));
	settle(f);
}

static void hang_up(struct fixture *f)
{
	close(f->pipe[1]);
	f->pipe[1] = -1;
	settle(f);
}

static void pieces(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(input_open(&f->input, f->loop, f->pipe[0]), 0);
	typed(f, "one\ntw");
	assert_string_equal(f->text, "one|");
	typed(f, "o\n\nlast");
	assert_string_equal(f->text, "one|two||");
	hang_up(f);
	assert_string_equal(f->text, "one|two||last|END");
}

static void empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(input_open(&f->input, f->loop, f->pipe[0]), 0);
	hang_up(f);
	assert_string_equal(f->text, "END");
}

/* One line at a time, and the end only after them. */
static void paused(void **state)
{
	struct fixture *f = *state;

	f->pause_each = true;
	assert_int_equal(input_open(&f->input, f->loop, f->pipe[0]), 0);
	typed(f, "one\ntwo\nthree");
	hang_up(f);
	assert_string_equal(f->text, "one|");
	input_pause(&f->input, false);
	settle(f);
	assert_string_equal(f->text, "one|two|");
	input_pause(&f->input, false);
	settle(f);
	assert_string_equal(f->text, "one|two|three|");
	input_pause(&f->input, false);
	settle(f);
	assert_string_equal(f->text, "one|two|three|END");
}

static void closed_from_inside(void **state)
{
	struct fixture *f = *state;

	f->close_at_line = true;
	assert_int_equal(input_open(&f->input, f->loop, f->pipe[0]), 0);
	typed(f, "one\ntwo\n");
	assert_string_equal(f->text, "one|");
}

static void plain_file(void **state)
{
	struct fixture *f = *state;
	FILE *file = tmpfile();

	assert_non_null(file);
	fputs("query names\nquery time\n", file);
	rewind(file);
	assert_int_equal(input_open(&f->input, f->loop, fileno(file)), 0);
	settle(f);
	assert_string_equal(f->text, "query names|query time|END");
	fclose(file);
}

static void long_line_comes_in_pieces(void **state)
{
	struct fixture *f = *state;
	FILE *file = tmpfile();

	assert_non_null(file);
	for (int i = 0; i < INPUT_LINE + 10; i++)
		fputc('x', file);
	rewind(file);
	assert_int_equal(input_open(&f->input, f->loop, fileno(file)), 0);
	settle(f);
	assert_int_equal(f->longest, INPUT_LINE);
	assert_non_null(strstr(f->text, "|xxxxxxxxxx|END"));
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces, make, unmake),
		cmocka_unit_test_setup_teardown(empty, make, unmake),
		cmocka_unit_test_setup_teardown(paused, make, unmake),
		cmocka_unit_test_setup_teardown(closed_from_inside, make, unmake),
		cmocka_unit_test_setup_teardown(plain_file, make, unmake),
		cmocka_unit_test_setup_teardown(long_line_comes_in_pieces, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
