/* Where clients print. */
#include "console/output.h"

#include <errno.h>
#include <langinfo.h>
#include <string.h>
#include <unistd.h>

#define PIECE 4096 /* bytes filtered at a time */

static void write_plain(struct output *o, const char *text, size_t len);

void output_init(struct output *o, FILE *file, bool guest)
{
	bool tty = isatty(fileno(file));

	o->file = file;
	o->filtered = tty || guest;
	o->err = 0;
	filter_init(&o->filter, FILTER_LINE, !tty || output_utf8());
}

bool output_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

void output_write(struct output *o, const char *text, size_t len)
{
	char piece[PIECE + FILTER_HOLD];

	if (!o->filtered)
		write_plain(o, text, len);
	for (size_t n; o->filtered && len; text += n, len -= n) {
		n = len < PIECE ? len : PIECE;
		write_plain(o, piece, filter_push(&o->filter, text, n, piece));
	}
	if (!o->err && fflush(o->file))
		o->err = -errno;
}

void output_line(struct output *o, const char *text, size_t len)
{
	output_write(o, text, len);
	if (!len || text[len - 1] != '\n')
		output_write(o, "\n", 1);
}

bool output_failed(const struct output *o, const char *program)
{
	if (!o->err || o->err == -EPIPE)
		return false;
	fprintf(stderr, "%s: standard output: %s\n", program, strerror(-o->err));
	return true;
}

static void write_plain(struct output *o, const char *text, size_t len)
{
	if (!o->err && fwrite(text, 1, len, o->file) < len)
		o->err = -errno;
}
