/* A text of statements. */
#include "cp/source.h"

#include "cp/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static int read_all(int fd, char **text, size_t *len);
static void check_mark(struct source *s);
static bool take_line(struct source *s, size_t *start, size_t *len);
static int add_piece(struct source *s, size_t start, size_t len);
static bool split(struct source *s);
static void keep_complaint(struct source *s, const struct complaint *c);

static void source_init(struct source *s, const char *name)
{
	*s = (struct source) { .name = name, .line = 1 };
}

int source_open(struct source *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	source_init(s, path);
	err = fd < 0 ? -errno : read_all(fd, &s->text, &s->len);
	if (fd >= 0)
		close(fd);
	if (err)
		s->len = 0;
	if (err == -EFBIG)
		source_complain_at(s, 0, 0, MSG_FILE_TOO_LARGE, path, "16M");
	else if (err)
		source_complain_at(s, 0, 0, MSG_FILE_UNREADABLE, path, strerror(-err));
	else
		check_mark(s);
	return err;
}

int source_from(struct source *s, const char *name, const char *text, size_t len)
{
	source_init(s, name);
	s->text = malloc(len + 1);
	if (!s->text)
		return -ENOMEM;
	memcpy(s->text, text, len);
	s->len = len;
	check_mark(s);
	return 0;
}

void source_close(struct source *s)
{
	free(s->complaints);
	words_free(&s->words);
	free(s->piece);
	free(s->joined);
	free(s->text);
	*s = (struct source) { 0 };
}

/* Without the blanks at its end. */
static size_t trimmed(const char *line, size_t len)
{
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return len;
}

static bool says_nothing(const char *line, size_t len)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return !len || *line == '*';
}

/* Collects the lines of the next statement.  1; 0: there is none; -errno. */
static int collect(struct source *s)
{
	bool more = true;
	size_t start, len;

	s->n_pieces = 0;
	s->joined_len = 0;
	while (more && take_line(s, &start, &len)) {
		int err;

		if (says_nothing(s->text + start, len))
			continue;
		len = trimmed(s->text + start, len);
		more = s->text[start + len - 1] == ',';
		err = add_piece(s, start, len - more);
		if (err)
			return err;
	}
	if (s->n_pieces && more)
		source_complain_at(
			s, s->piece[s->n_pieces - 1].line, 0, MSG_CONTINUED_NOWHERE);
	return s->n_pieces > 0;
}

bool source_next(struct source *s)
{
	int found;

	while ((found = collect(s)) > 0) {
		s->statement_line = s->piece[0].line;
		if (split(s))
			return true;
	}
	words_free(&s->words);
	s->n_pieces = 0;
	if (found < 0)
		source_complain_at(s, s->line, 0, MSG_NO_MEMORY, s->name);
	return false;
}

/* The place of byte `offset` of the joined lines. */
static void place_of(const struct source *s, size_t offset, int *line, int *column)
{
	int i = s->n_pieces - 1;

	while (i > 0 && s->piece[i].offset > offset)
		i--;
	*line = s->piece[i].line;
	*column = (int)(offset - s->piece[i].offset) + 1;
}

void source_place(const struct source *s, int i, int *line, int *column)
{
	if (!s->n_pieces || !s->words.n) {
		*line = s->statement_line;
		*column = 0;
	} else if (i >= s->words.n) {
		place_of(s, s->joined_len, line, column);
	} else {
		place_of(
			s, (size_t)s->words.word[i < 0 ? 0 : i].column - 1, line, column);
	}
}

static void complain(struct source *s, int line, int column, const struct message *m)
{
	keep_complaint(
		s, &(struct complaint) { .line = line, .column = column, .message = *m });
}

void source_complain_message(struct source *s, int i, const struct message *m)
{
	int line, column;

	source_place(s, i, &line, &column);
	complain(s, line, column, m);
}

void source_complain(struct source *s, int i, enum msg_number number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, number, ap);
	va_end(ap);
	source_complain_message(s, i, &m);
}

void source_complain_at(
	struct source *s, int line, int column, enum msg_number number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, number, ap);
	va_end(ap);
	complain(s, line, column, &m);
}

const char *complaint_line(
	const struct source *s, const struct complaint *c, char *buf, size_t len)
{
	char place[32] = "";

	if (c->line && c->column)
		snprintf(place, sizeof(place), ":%d:%d", c->line, c->column);
	else if (c->line)
		snprintf(place, sizeof(place), ":%d", c->line);
	snprintf(buf, len, "%s%s: CP%04d%c %s", s->name, place, c->message.number,
		c->message.severity, c->message.text);
	return buf;
}

/* Is `b` to be shown after `a`? */
static bool is_later(const struct complaint *b, const struct complaint *a)
{
	return b->line != a->line ? b->line > a->line : b->column > a->column;
}

static bool is_same(const struct complaint *a, const struct complaint *b)
{
	return a->line == b->line && a->column == b->column &&
	       a->message.number == b->message.number &&
	       !strcmp(a->message.text, b->message.text);
}

/* Room for one more. */
static bool grow_complaints(struct source *s)
{
	int max = s->max_complaints ? s->max_complaints * 2 : 8;
	struct complaint *more;

	if (s->n_complaints < s->max_complaints)
		return true;
	more = reallocarray(s->complaints, (size_t)max, sizeof(*more));
	if (!more)
		return false;
	s->complaints = more;
	s->max_complaints = max;
	return true;
}

/* Puts a complaint at its place, or drops it: one like it is there, or there are too
 * many.  An error counts even where there is no memory to show it. */
static void keep_complaint(struct source *s, const struct complaint *c)
{
	int at = s->n_complaints;

	while (at && is_later(&s->complaints[at - 1], c))
		at--;
	for (int i = at; i && !is_later(c, &s->complaints[i - 1]); i--) {
		if (is_same(&s->complaints[i - 1], c))
			return;
	}
	if (s->n_complaints > SOURCE_MAX_COMPLAINTS)
		return;
	s->errors += c->message.severity != 'W';
	if (!grow_complaints(s))
		return;
	memmove(&s->complaints[at + 1], &s->complaints[at],
		(size_t)(s->n_complaints - at) * sizeof(*c));
	s->complaints[at] = *c;
	if (++s->n_complaints == SOURCE_MAX_COMPLAINTS) {
		s->at = s->len;
		source_complain_at(s, s->line, 0, MSG_TOO_MANY_ERRORS);
	}
}

static int read_all(int fd, char **text, size_t *len)
{
	size_t max = 0;

	for (*len = 0;;) {
		ssize_t n;

		if (*len == max) {
			char *more = realloc(*text, max = max ? max * 2 : 4096);

			if (!more)
				return -ENOMEM;
			*text = more;
		}
		n = read(fd, *text + *len, max - *len);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			*len += (size_t)n;
		if (*len > SOURCE_MAX_SIZE)
			return -EFBIG;
	}
}

static void check_mark(struct source *s)
{
	size_t len = strlen(BYTE_ORDER_MARK);

	if (s->len < len || memcmp(s->text, BYTE_ORDER_MARK, len) != 0)
		return;
	source_complain_at(s, 1, 1, MSG_BYTE_ORDER_MARK);
	memset(s->text, ' ', len);
}

/* Complains about the first character of a line that is not text; makes all such '?', so
 * that the rest of the statement can still be checked. */
static void check_text(struct source *s, char *line, size_t len)
{
	bool bad = false;

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8(line + i, len - i);

		if (!n || (text_is_control(line + i, n) && line[i] != '\t')) {
			if (!bad)
				source_complain_at(s, s->line, (int)i + 1, MSG_NOT_TEXT,
					(unsigned char)line[i]);
			bad = true;
			n = n ? n : 1;
			memset(line + i, '?', n);
		}
		i += n;
	}
}

/* The next line, without its end ("\n", "\r\n" or that of the file). */
static bool take_line(struct source *s, size_t *start, size_t *len)
{
	const char *line = s->text + s->at, *end;
	size_t size;

	if (s->at >= s->len)
		return false;
	end = memchr(line, '\n', s->len - s->at);
	size = end ? (size_t)(end - line) : s->len - s->at;
	*start = s->at;
	*len = size && line[size - 1] == '\r' ? size - 1 : size;
	s->at += size + (end != NULL);
	check_text(s, s->text + *start, *len);
	s->line++;
	return true;
}

static int add_piece(struct source *s, size_t start, size_t len)
{
	size_t gap = s->n_pieces > 0, need = s->joined_len + gap + len + 1;

	if (s->n_pieces == s->max_pieces) {
		int max = s->max_pieces ? s->max_pieces * 2 : 8;
		struct source_piece *piece = reallocarray(
			s->piece, (size_t)max, sizeof(*piece));

		if (!piece)
			return -ENOMEM;
		s->piece = piece;
		s->max_pieces = max;
	}
	if (need > s->joined_max) {
		char *joined = realloc(s->joined, need * 2);

		if (!joined)
			return -ENOMEM;
		s->joined = joined;
		s->joined_max = need * 2;
	}
	if (gap)
		s->joined[s->joined_len++] = ' ';
	s->piece[s->n_pieces++] = (struct source_piece) { .line = s->line - 1,
		.offset = s->joined_len };
	memcpy(s->joined + s->joined_len, s->text + start, len);
	s->joined_len += len;
	s->joined[s->joined_len] = '\0';
	return 0;
}

static void complain_offset(
	struct source *s, size_t offset, enum msg_number number, int max)
{
	int line, column;

	place_of(s, offset, &line, &column);
	source_complain_at(s, line, column, number, max);
}

/* Splits the collected statement into words.  False: it is to be left out. */
static bool split(struct source *s)
{
	int column = 1, err;

	words_free(&s->words);
	if (s->joined_len > SOURCE_MAX_STATEMENT) {
		complain_offset(s, 0, MSG_LINE_TOO_LONG, SOURCE_MAX_STATEMENT);
		return false;
	}
	err = words_split(&s->words, s->joined, &column);
	if (err == -EINVAL) {
		complain_offset(s, (size_t)column - 1, MSG_QUOTE_OPEN, 0);
		s->joined[column - 1] = ' ';
		err = words_split(&s->words, s->joined, &column);
	}
	if (err == -E2BIG)
		complain_offset(s, (size_t)column - 1, MSG_WORD_TOO_LONG, WORD_MAX);
	else if (err)
		source_complain(s, -1, MSG_NO_MEMORY, s->name);
	return !err && s->words.n > 0;
}
