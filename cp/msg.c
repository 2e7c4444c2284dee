/* Numbered messages. */
#include "cp/msg.h"

#include "cp/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEV_I 'I'
#define SEV_W 'W'
#define SEV_E 'E'
#define SEV_S 'S'

static const struct msg_info table[] = {
#define MESSAGE(name, number, severity, text, cause, action, reply) \
	{ #name, number, SEV_##severity, text, cause, action, reply },
#include "cp/messages.def"
#undef MESSAGE
};

#define TABLE_LEN ((int)(sizeof(table) / sizeof(table[0])))

/* The text of a message as it grows; what does not fit is cut off. */
struct out {
	char *text;
	size_t len, size;
};

static const char *put_spec(struct out *o, const char *spec, va_list *ap);
static const char *put_place(struct out *o, const char *spec);

int msg_set(struct message *m, enum msg_number number, ...)
{
	va_list ap;

	va_start(ap, number);
	msg_vset(m, number, ap);
	va_end(ap);
	return m->number;
}

static void put(struct out *o, const char *s, size_t len)
{
	size_t room = o->size - 1 - o->len;

	if (len > room)
		len = room;
	memcpy(o->text + o->len, s, len);
	o->len += len;
	o->text[o->len] = '\0';
}

int msg_vset(struct message *m, enum msg_number number, va_list ap)
{
	const struct msg_info *info = msg_find((int)number);
	struct out o = { .text = m->text, .size = sizeof(m->text) };
	va_list args;

	assert(info);
	m->number = info->number;
	m->severity = info->severity;
	m->text[0] = '\0';
	va_copy(args, ap);
	for (const char *p = info->text; *p;) {
		size_t plain = strcspn(p, "%");

		put(&o, p, plain);
		p += plain;
		if (*p)
			p = put_spec(&o, p, &args);
	}
	va_end(args);
	/* A character may have been cut in two. */
	text_clean(m->text, "");
	return m->number;
}

bool msg_failed(const struct message *m)
{
	return m->number && m->severity != 'I' && m->severity != 'W';
}

const char *msg_line(const struct message *m, char *buf, size_t len)
{
	snprintf(buf, len, "CP%04d%c %s", m->number, m->severity, m->text);
	return buf;
}

const char *msg_form(const struct msg_info *info, char *buf, size_t len)
{
	struct out o = { .text = buf, .size = len };

	buf[0] = '\0';
	for (const char *p = info->text; *p;) {
		size_t plain = strcspn(p, "%");

		put(&o, p, plain);
		p += plain;
		if (*p)
			p = put_place(&o, p);
	}
	return buf;
}

static int by_number(const void *key, const void *row)
{
	int number = *(const int *)key;
	const struct msg_info *info = row;

	return (number > info->number) - (number < info->number);
}

const struct msg_info *msg_find(int number)
{
	return bsearch(&number, table, TABLE_LEN, sizeof(table[0]), by_number);
}

const struct msg_info *msg_at(int i)
{
	return i >= 0 && i < TABLE_LEN ? &table[i] : NULL;
}

/* A string operand: it may come from a guest or a file. */
static void put_string(struct out *o, const char *spec, const char *value)
{
	char clean[MSG_TEXT_MAX], shown[MSG_TEXT_MAX];

	snprintf(clean, sizeof(clean), "%s", value ? value : "");
	text_clean(clean, "");
	snprintf(shown, sizeof(shown), spec, clean);
	put(o, shown, strlen(shown));
}

/* An integer operand; `longs` is how many 'l' its conversion has ('z' counts as one). */
static void put_integer(struct out *o, const char *spec, int longs, va_list *ap)
{
	char shown[64];

	if (longs == 2)
		snprintf(shown, sizeof(shown), spec, va_arg(*ap, long long));
	else if (longs == 1)
		snprintf(shown, sizeof(shown), spec, va_arg(*ap, long));
	else
		snprintf(shown, sizeof(shown), spec, va_arg(*ap, int));
	put(o, shown, strlen(shown));
}

/* The first character after the flags, the width and the length of a conversion. */
static const char *conversion(const char *spec, size_t *longs)
{
	size_t digits = strspn(spec + 1, "-0123456789");
	const char *conv = spec + 1 + digits + strspn(spec + 1 + digits, "lz");

	*longs = (size_t)(conv - spec) - 1 - digits;
	assert(*conv && strchr("%scduxX", *conv));
	return conv;
}

/* The place of an operand.  Returns what follows it. */
static const char *put_place(struct out *o, const char *spec)
{
	size_t longs;
	const char *conv = conversion(spec, &longs);

	put(o, *conv == '%' ? "%" : "...", *conv == '%' ? 1 : 3);
	return conv + 1;
}

/* One conversion of a message's text: %s, %c, or an integer.  Returns what follows it. */
static const char *put_spec(struct out *o, const char *spec, va_list *ap)
{
	size_t longs;
	const char *conv = conversion(spec, &longs);
	char one[16];

	snprintf(one, sizeof(one), "%.*s", (int)(conv + 1 - spec), spec);
	if (*conv == '%')
		put(o, "%", 1);
	else if (*conv == 's')
		put_string(o, one, va_arg(*ap, const char *));
	else
		put_integer(o, one, (int)longs, ap);
	return conv + 1;
}
