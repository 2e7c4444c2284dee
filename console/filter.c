/* What of a guest's console may reach the operator's terminal (ECMA-48, 8.3; xterm's
 * private modes). */
#include "console/filter.h"

#include <stdlib.h>
#include <string.h>

enum filter_state {
	GROUND,
	ESCAPE,    /* after ESC */
	CHARSET,   /* after ESC and an intermediate byte */
	CSI,       /* control sequence: parameters, then a final byte */
	CSI_LONG,  /* one that does not pass because it is too long */
	STRING,    /* OSC DCS APC PM SOS: never passes; ended by a control character */
	CHARACTER, /* inside a UTF-8 character */
};

#define ESC 0x1b
#define BEL 0x07
#define DEL 0x7f

/* Where filtered bytes go. */
struct sink {
	char *at;
};

static void feed(struct filter *f, uint8_t c, struct sink *out);

void filter_init(struct filter *f, enum filter_level level, bool utf8)
{
	memset(f, 0, sizeof(*f));
	f->level = level;
	f->utf8 = utf8;
}

size_t filter_push(struct filter *f, const void *bytes, size_t len, char *out)
{
	const uint8_t *from = bytes;
	struct sink sink = { out };

	for (size_t i = 0; i < len; i++)
		feed(f, from[i], &sink);
	return (size_t)(sink.at - out);
}

const char *filter_restore(const struct filter *f)
{
	/* Leave the alternate screen; attributes, insert and origin mode, margins,
	 * character set, keypad, cursor keys, wrap, cursor, paste; all without moving the
	 * cursor. */
	static const char alternate[] = "\033[?1049l";
	static const char screen[] = "\033[?1049l"
				     "\0337\033[0m\033[4l\033[?6l\033[r\033(B\017\033>"
				     "\033[?1l\033[?7h\033[?25h\033[?2004l\0338";

	if (f->level == FILTER_LINE)
		return "\033[0m";
	return f->alternate ? screen : screen + sizeof(alternate) - 1;
}

static void put(struct sink *out, uint8_t c)
{
	*out->at++ = (char)c;
}

/* Passes what is held. */
static void pass(struct filter *f, struct sink *out)
{
	memcpy(out->at, f->hold, f->held);
	out->at += f->held;
	f->held = 0;
	f->state = GROUND;
}

static void drop(struct filter *f)
{
	f->held = 0;
	f->state = GROUND;
}

static void hold(struct filter *f, uint8_t c, int state)
{
	f->hold[f->held++] = c;
	f->state = state;
}

static bool control_passes(const struct filter *f, uint8_t c)
{
	static const char line[] = "\n\r\t\b";
	static const char screen[] = "\n\r\t\b\a\016\017"; /* and BEL, SO, SI */

	return c && strchr(f->level == FILTER_SCREEN ? screen : line, c);
}

static void start_character(struct filter *f, uint8_t c, struct sink *out)
{
	f->more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	if (f->utf8 && c >= 0xc2 && c <= 0xf4)
		hold(f, c, CHARACTER);
	else
		put(out, '?');
}

static void ground(struct filter *f, uint8_t c, struct sink *out)
{
	if (c == ESC)
		hold(f, c, ESCAPE);
	else if (c >= 0x80)
		start_character(f, c, out);
	else if (c >= ' ' ? c != DEL : control_passes(f, c))
		put(out, c);
}

/* The value of the character held, or 0 if it is not one: overlong, a surrogate, beyond
 * Unicode; and 0 for U+0080-U+009F, which a terminal takes as control characters. */
static uint32_t character_value(const struct filter *f)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	uint32_t value = f->hold[0] & (0xffu >> (f->held + 1));

	for (size_t i = 1; i < f->held; i++)
		value = value << 6 | (f->hold[i] & 0x3fu);
	if (value < least[f->held] || value > 0x10ffff ||
		(value >= 0xd800 && value <= 0xdfff))
		return 0;
	return value;
}

static void character(struct filter *f, uint8_t c, struct sink *out)
{
	if ((c & 0xc0) != 0x80) {
		drop(f);
		put(out, '?');
		feed(f, c, out);
		return;
	}
	hold(f, c, CHARACTER);
	if (--f->more)
		return;
	if (character_value(f)) {
		pass(f, out);
	} else {
		drop(f);
		put(out, '?');
	}
}

static void escape(struct filter *f, uint8_t c, struct sink *out)
{
	hold(f, c, GROUND);
	if (c == '[')
		f->state = CSI;
	else if (strchr("]P_^X", c))
		f->state = STRING;
	else if (c >= ' ' && c <= '/')
		f->state = CHARSET;
	else if (f->level == FILTER_SCREEN && strchr("78DEHM=>", c))
		pass(f, out);
	else
		drop(f);
}

/* ESC ( B and the like: the character sets of line drawing and ASCII. */
static void charset(struct filter *f, uint8_t c, struct sink *out)
{
	bool passes = f->level == FILTER_SCREEN && f->held == 2 &&
		      strchr("()", f->hold[1]) && strchr("0AB", c);

	hold(f, c, CHARSET);
	if (passes)
		pass(f, out);
	else if (c < ' ' || c > '/' || f->held == FILTER_HOLD)
		drop(f);
}

/* The private modes that only concern how things look, and bracketed paste. */
static bool private_mode_passes(struct filter *f, int mode, bool set)
{
	static const int modes[] = { 1, 6, 7, 12, 25, 47, 1047, 1048, 1049, 2004 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (modes[i] != mode)
			continue;
		if (mode == 47 || mode == 1047 || mode == 1049)
			f->alternate = set;
		return true;
	}
	return false;
}

/* Does the sequence held, all but its final byte, pass with that?  Everything that makes
 * a terminal answer (c n t x and the like), print (i) or repeat (b) does not. */
static bool sequence_passes(struct filter *f, uint8_t final)
{
	const char *text = (const char *)f->hold + 2;
	size_t len = f->held - 2;
	size_t i = len && text[0] == '?';

	for (; i < len; i++)
		if (!strchr("0123456789;:", text[i]))
			return false;
	if (final == 'm')
		return !len || text[0] != '?';
	if (f->level == FILTER_LINE)
		return false;
	if (len && text[0] == '?')
		return strchr("hl", final) &&
		       private_mode_passes(f, atoi(text + 1), final == 'h');
	if (final == 'h' || final == 'l')
		return len == 1 && text[0] == '4'; /* insert mode */
	return strchr("@ABCDEFGHIJKLMPSTXZ`adefgrsu", final);
}

static void sequence(struct filter *f, uint8_t c, struct sink *out)
{
	if (c < '@' && f->held < FILTER_HOLD - 1) {
		hold(f, c, CSI);
	} else if (c < '@') {
		f->state = CSI_LONG; /* what is held leaves no room for a final byte */
	} else {
		f->hold[f->held] = 0;
		if (sequence_passes(f, c)) {
			hold(f, c, GROUND);
			pass(f, out);
		} else {
			drop(f);
		}
	}
}

/* A control character ends whatever is not complete: a sequence that is broken off, or a
 * string nobody ended, hides nothing of what follows. */
static bool broken_off(struct filter *f, uint8_t c)
{
	if (f->state == GROUND || f->state == CHARACTER)
		return false;
	return c < ' ' || c == DEL || (c >= 0x80 && f->state != STRING);
}

static void feed(struct filter *f, uint8_t c, struct sink *out)
{
	if (broken_off(f, c)) {
		bool terminator = f->state == STRING && c == BEL;

		drop(f);
		if (terminator)
			return;
	}
	switch (f->state) {
	case GROUND: ground(f, c, out); break;
	case ESCAPE: escape(f, c, out); break;
	case CHARSET: charset(f, c, out); break;
	case CSI: sequence(f, c, out); break;
	case CSI_LONG:
		if (c >= '@')
			drop(f);
		break;
	case CHARACTER: character(f, c, out); break;
	default: break; /* STRING: nothing of it passes */
	}
}
