/* What of a guest's console reaches the terminal. */
#include "console/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *in, *line, *screen;
};

static const struct row rows[] = {
	/* text and the controls of a line */
	{ "Ready;\r\n", "Ready;\r\n", "Ready;\r\n" },
	{ "a\tb\bc", "a\tb\bc", "a\tb\bc" },
	{ "\033[1;31mred\033[0m", "\033[1;31mred\033[0m", "\033[1;31mred\033[0m" },
	{ "\033[38;2;1;2;3mx\033[m", "\033[38;2;1;2;3mx\033[m",
		"\033[38;2;1;2;3mx\033[m" },
	{ "ring\a", "ring", "ring\a" },
	{ "del\177 nul", "del nul", "del nul" },
	/* moving and erasing are for raw mode */
	{ "\033[2J\033[H\033[10;20Hx", "x", "\033[2J\033[H\033[10;20Hx" },
	{ "\033[?25l\033[?1049hx", "x", "\033[?25l\033[?1049hx" },
	{ "\0337x\0338\033M", "x", "\0337x\0338\033M" },
	{ "\033(0lqk\033(B", "lqk", "\033(0lqk\033(B" },
	{ "\033[4hins\033[4l", "ins", "\033[4hins\033[4l" },
	/* what a terminal answers as if it had been typed */
	{ "\033[c\033[>c\033[0cx", "x", "x" },     /* device attributes */
	{ "\033[6n\033[5n\033[?6nx", "x", "x" },   /* status, cursor position */
	{ "\033[21t\033[14tx", "x", "x" },         /* title, size */
	{ "\033[1x\033[0xx", "x", "x" },           /* terminal parameters */
	{ "\033Zx", "x", "x" },                    /* identify */
	{ "a\005b", "ab", "ab" },                  /* ENQ: answerback */
	{ "\033P$qm\033\\x", "x", "x" },           /* DECRQSS */
	{ "\033P+q544e\033\\x", "x", "x" },        /* XTGETTCAP */
	{ "\033[?1$p\033[!p\033[\"qx", "x", "x" }, /* DECRQM and the like */
	{ "\033[?2026$px", "x", "x" },
	{ "\033[?1000h\033[?1004h\033[?9hx", "x", "x" }, /* mouse, focus */
	/* what acts outside the text */
	{ "\033]0;title\007x", "x", "x" },
	{ "\033]52;c;cm0gLXJm\033\\x", "x", "x" }, /* clipboard */
	{ "\033_apc\033\\\033^pm\033\\\033Xsos\033\\x", "x", "x" },
	{ "\033[5i\033[?5ix", "x", "x" }, /* printer */
	{ "\033[1000000bx", "x", "x" },   /* repeat */
	{ "\033cx", "x", "x" },           /* full reset */
	{ "\033[20hx", "x", "x" },
	{ "\033[3hx", "x", "x" },
	/* broken sequences hide nothing of what follows */
	{ "\033]0;never ended\nnext", "\nnext", "\nnext" },
	{ "\033[1;2\nnext", "\nnext", "\nnext" },
	{ "\033[\033[31mx", "\033[31mx", "\033[31mx" },
	{ "\033\033[31mx", "\033[31mx", "\033[31mx" },
	{ "\033[111111111111111111111111111111111111111111mx", "x", "x" },
	{ "\033[1<31mx\033[?31mx", "xx", "xx" },
	{ "\033(((((((((((((((((((((((((((((((((((((((((((Bx", "((((((((((((Bx",
		"((((((((((((Bx" },
	/* UTF-8, and what only looks like it */
	{ "Gr\303\274\303\237e \342\202\254 \360\237\230\200",
		"Gr\303\274\303\237e \342\202\254 \360\237\230\200",
		"Gr\303\274\303\237e \342\202\254 \360\237\230\200" },
	{ "\302\233"
	  "31mx",
		"?31mx", "?31mx" }, /* U+009B is CSI */
	{ "\302\205x\302\220y", "?x?y", "?x?y" },
	{ "\233c\220x", "?c?x", "?c?x" },          /* C1 as single bytes */
	{ "\300\200\301\277x", "????x", "????x" }, /* overlong */
	{ "\340\202\233x", "?x", "?x" },
	{ "\355\240\200x", "?x", "?x" },     /* a surrogate */
	{ "\364\220\200\200x", "?x", "?x" }, /* beyond Unicode */
	{ "\303x\342\202y", "?x?y", "?x?y" },
	{ "\342\033[31mx", "?\033[31mx", "?\033[31mx" },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* In pieces of `piece` bytes; the result is terminated. */
static void run(
	enum filter_level level, bool utf8, const char *in, size_t piece, char *out)
{
	struct filter f;
	size_t len = strlen(in), done = 0;

	filter_init(&f, level, utf8);
	for (size_t i = 0; i < len; i += piece) {
		size_t n = len - i < piece ? len - i : piece;

		done += filter_push(&f, in + i, n, out + done);
	}
	out[done] = 0;
}

static void passes_what_is_listed(void **state)
{
	char out[256];

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		for (size_t piece = 1; piece <= 64; piece += 21) {
			run(FILTER_LINE, true, rows[i].in, piece, out);
			assert_string_equal(out, rows[i].line);
			run(FILTER_SCREEN, true, rows[i].in, piece, out);
			assert_string_equal(out, rows[i].screen);
		}
	}
}

/* Whatever final byte and prefix: nothing passes but what is listed here by hand. */
static void every_control_sequence(void **state)
{
	static const char listed[] = "@ABCDEFGHIJKLMPSTXZ`adefgmrsu";
	char in[8] = "\033[1_", out[64];

	(void)state;
	for (int c = '@'; c < 0x7f; c++) {
		in[3] = (char)c;
		run(FILTER_SCREEN, true, in, 8, out);
		assert_string_equal(out, strchr(listed, c) ? in : "");
		run(FILTER_LINE, true, in, 8, out);
		assert_string_equal(out, c == 'm' ? in : "");
	}
	for (const char *prefix = "<=>"; *prefix; prefix++) {
		for (int c = '@'; c < 0x7f; c++) {
			in[2] = *prefix;
			in[3] = (char)c;
			run(FILTER_SCREEN, true, in, 8, out);
			assert_string_equal(out, "");
		}
	}
}

static void every_short_escape(void **state)
{
	char in[4] = "\033_", out[64];

	(void)state;
	for (int c = '0'; c < 0x7f; c++) {
		in[1] = (char)c;
		run(FILTER_SCREEN, true, in, 8, out);
		assert_string_equal(out, strchr("78DEHM=>", c) ? in : "");
		run(FILTER_LINE, true, in, 8, out);
		assert_string_equal(out, "");
	}
}

/* A terminal that is not UTF-8 gets nothing it could take for a control character. */
static void ascii_terminal(void **state)
{
	char in[2] = "_", out[64];

	(void)state;
	for (int c = 0x80; c < 0x100; c++) {
		in[0] = (char)c;
		run(FILTER_LINE, false, in, 1, out);
		assert_string_equal(out, "?");
	}
}

static void restores(void **state)
{
	struct filter f;
	char out[64];

	(void)state;
	filter_init(&f, FILTER_SCREEN, true);
	assert_null(strstr(filter_restore(&f), "1049"));
	filter_push(&f, "\033[?1049h", 8, out);
	assert_non_null(strstr(filter_restore(&f), "\033[?1049l"));
	filter_push(&f, "\033[?1049l", 8, out);
	assert_null(strstr(filter_restore(&f), "1049"));
	filter_init(&f, FILTER_LINE, true);
	assert_string_equal(filter_restore(&f), "\033[0m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_what_is_listed),
		cmocka_unit_test(every_control_sequence),
		cmocka_unit_test(every_short_escape),
		cmocka_unit_test(ascii_terminal),
		cmocka_unit_test(restores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
