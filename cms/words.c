/* The language of the command line. */
#include "cms/words.h"

#include "cms/string.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static bool piece_next(
	const char **rest, char separator, bool doubles, char *out, size_t size);
static bool is_capital(char c);
static bool take_number(const char **text, uint64_t max, uint64_t *out);

bool command_next(const char **rest, char *out, size_t size)
{
	return piece_next(rest, '#', true, out, size);
}

bool parm_next(const char **rest, char *out, size_t size)
{
	return piece_next(rest, ';', false, out, size);
}

void command_undouble(char *command)
{
	char *to = command;
	bool quoted = false;

	for (const char *from = command; *from; from++) {
		quoted ^= *from == '"';
		if (!quoted && from[0] == '#' && from[1] == '#')
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

bool word_next(const char **rest, char out[WORD_LIMIT + 1])
{
	const char *at = skip_blanks(*rest);
	size_t len = 0;

	while (at[len] && !is_blank(at[len]))
		len++;
	*rest = at + len;
	if (len > WORD_LIMIT) {
		text_copy(out, WORD_LIMIT + 1, "?");
		return true;
	}
	memcpy(out, at, len);
	out[len] = '\0';
	return len != 0;
}

const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

bool word_abbreviates(const char *word, const char *mixed)
{
	size_t least = 0, len = text_length(word);

	while (is_capital(mixed[least]))
		least++;
	if (len < least || len > text_length(mixed))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (to_upper(word[i]) != to_upper(mixed[i]))
			return false;
	}
	return true;
}

bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value;

	if (!take_number(&text, max, &value) || *text)
		return false;
	*out = value;
	return true;
}

bool parse_vdev(const char *text, uint64_t *out)
{
	unsigned value = 0;
	size_t len = text_length(text);

	if (len < 1 || len > 4)
		return false;
	for (; *text; text++) {
		if (hex_value(*text) < 0)
			return false;
		value = value << 4 | (unsigned)hex_value(*text);
	}
	*out = value;
	return true;
}

bool parse_size(const char *text, uint64_t *out)
{
	uint64_t value;
	unsigned shift = 10;

	if (!take_number(&text, UINT64_MAX >> 30, &value))
		return false;
	switch (to_upper(*text)) {
	case 'G': shift += 10; /* fall through */
	case 'M': shift += 10; /* fall through */
	case 'K': text++; break;
	default: break;
	}
	if (*text)
		return false;
	*out = value << shift;
	return true;
}

bool parse_seconds(const char *text, uint64_t *out)
{
	uint64_t whole, unit = NS_PER_SECOND / 10, fraction = 0;

	if (!take_number(&text, UINT32_MAX, &whole))
		return false;
	if (*text == '.') {
		for (text++; is_digit(*text); text++, unit /= 10)
			fraction += (uint64_t)(*text - '0') * unit;
	}
	if (*text)
		return false;
	*out = whole * NS_PER_SECOND + fraction;
	return true;
}

static bool piece_next(
	const char **rest, char separator, bool doubles, char *out, size_t size)
{
	const char *at = skip_blanks(*rest), *end = at;
	bool quoted = false;
	size_t len;

	if (!*at)
		return false;
	for (; *end && (quoted || *end != separator || (doubles && end[1] == separator));
		end++) {
		quoted ^= *end == '"';
		if (!quoted && *end == separator)
			end++;
	}
	*rest = *end ? end + 1 : end;
	while (end > at && is_blank(end[-1]))
		end--;
	len = (size_t)(end - at) < size ? (size_t)(end - at) : size - 1;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Decimal digits, at least one, a value of at most `max`. */
static bool take_number(const char **text, uint64_t max, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*text = at;
	*out = value;
	return true;
}
