/* The line discipline of the console.  Echo and editing are the terminal's. */
#include "cms/typed.h"

#include "cms/string.h"

#define BACKSPACE '\b'
#define DELETE    '\x7f'

static enum typed_event end_line(struct typed *t);

enum typed_event typed_byte(struct typed *t, char c)
{
	bool second = t->after_return && c == '\n';

	t->after_return = c == '\r';
	if (second)
		return TYPED_NOTHING;
	if (c == '\r' || c == '\n')
		return end_line(t);
	if (c == BACKSPACE || c == DELETE)
		t->len -= t->len > 0;
	else if (t->len == LINE_LIMIT)
		t->too_long = true;
	else if ((unsigned char)c >= ' ' || c == '\t')
		t->line[t->len++] = c;
	return TYPED_NOTHING;
}

void typed_keep(struct typed *t)
{
	t->used += text_copy(t->waiting + t->used, TYPED_AHEAD - t->used, t->line) + 1;
}

bool typed_room(const struct typed *t)
{
	return TYPED_AHEAD - t->used > LINE_LIMIT;
}

bool typed_next(struct typed *t, char out[LINE_LIMIT + 1])
{
	size_t taken;

	if (!t->used)
		return false;
	taken = text_copy(out, LINE_LIMIT + 1, t->waiting) + 1;
	t->used -= taken;
	memmove(t->waiting, t->waiting + taken, t->used);
	return true;
}

void typed_drop(struct typed *t)
{
	t->used = 0;
}

static enum typed_event end_line(struct typed *t)
{
	bool too_long = t->too_long;

	t->line[t->len] = '\0';
	t->len = 0;
	t->too_long = false;
	return too_long ? TYPED_TOO_LONG : TYPED_LINE;
}
