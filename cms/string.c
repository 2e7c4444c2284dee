/* What a C compiler expects to exist.  The string instructions are the fastest copy that
 * general registers give. */
#include "cms/string.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	void *d = to;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(len) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	char *d = to;
	const char *s = from;

	if (d <= s || d >= s + len)
		return memcpy(to, from, len);
	while (len--)
		((volatile char *)d)[len] = s[len];
	return to;
}

void *memset(void *to, int value, size_t len)
{
	void *d = to;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(len) : "a"(value) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < len; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

size_t text_length(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

size_t text_copy(char *to, size_t size, const char *from)
{
	size_t len = text_length(from), fits = len < size ? len : size - 1;

	memcpy(to, from, fits);
	to[fits] = '\0';
	return len;
}

bool text_same(const char *a, const char *b)
{
	while (*a && to_upper(*a) == to_upper(*b)) {
		a++;
		b++;
	}
	return to_upper(*a) == to_upper(*b);
}

char to_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = to_upper(c);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
