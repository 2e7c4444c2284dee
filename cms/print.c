/* Formatted text.  Pure: no console, no storage but the caller's. */
#include "cms/print.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the text goes. */
struct text {
	char *to;
	size_t size, len;
};

/* One conversion: %-08lx and the like. */
struct conversion {
	bool left, zeros, is_long;
	int width, precision; /* precision -1: none */
	char letter;
};

static const char *parse(const char *at, struct conversion *c, va_list *args);
static const char *parse_count(const char *at, int *value, va_list *args);
static void convert(struct text *t, const struct conversion *c, va_list *args);
static uint64_t take_unsigned(const struct conversion *c, va_list *args);
static void put_signed(struct text *t, const struct conversion *c, int64_t value);
static void put_unsigned(
	struct text *t, const struct conversion *c, const char *sign, uint64_t value);
static void put_string(struct text *t, const struct conversion *c, const char *s);
static void put_padded(struct text *t, const struct conversion *c, const char *sign,
	const char *s, size_t len);
static void put(struct text *t, char c);
static void put_all(struct text *t, const char *s, size_t len);
static void pad(struct text *t, char c, size_t n);

size_t print_to(char *to, size_t size, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = print_list(to, size, format, args);
	va_end(args);
	return len;
}

size_t print_list(char *to, size_t size, const char *format, va_list args)
{
	struct text t = { to, size, 0 };
	struct conversion c;
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		if (*format != '%') {
			put(&t, *format++);
			continue;
		}
		format = parse(format + 1, &c, &rest);
		convert(&t, &c, &rest);
	}
	va_end(rest);
	to[t.len < size ? t.len : size - 1] = '\0';
	return t.len;
}

/* `at` stands after the %; returns what stands after the conversion. */
static const char *parse(const char *at, struct conversion *c, va_list *args)
{
	*c = (struct conversion) { .precision = -1 };
	for (; *at == '-' || *at == '0'; at++) {
		c->left |= *at == '-';
		c->zeros |= *at == '0';
	}
	at = parse_count(at, &c->width, args);
	if (*at == '.')
		at = parse_count(at + 1, &c->precision, args);
	for (; *at == 'l' || *at == 'z'; at++)
		c->is_long = true;
	c->letter = *at;
	return *at ? at + 1 : at;
}

static const char *parse_count(const char *at, int *value, va_list *args)
{
	if (*at == '*') {
		*value = va_arg(*args, int);
		return at + 1;
	}
	for (*value = 0; *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + *at - '0';
	return at;
}

static void convert(struct text *t, const struct conversion *c, va_list *args)
{
	char letter;

	switch (c->letter) {
	case 'd':
	case 'i':
		put_signed(t, c, c->is_long ? va_arg(*args, long) : va_arg(*args, int));
		break;
	case 'u':
	case 'x':
	case 'X': put_unsigned(t, c, "", take_unsigned(c, args)); break;
	case 's': put_string(t, c, va_arg(*args, const char *)); break;
	case 'c':
		letter = (char)va_arg(*args, int);
		put_padded(t, c, "", &letter, 1);
		break;
	default: put(t, '%'); break;
	}
}

static uint64_t take_unsigned(const struct conversion *c, va_list *args)
{
	return c->is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
}

static void put_signed(struct text *t, const struct conversion *c, int64_t value)
{
	if (value < 0)
		put_unsigned(t, c, "-", -(uint64_t)value);
	else
		put_unsigned(t, c, "", (uint64_t)value);
}

static void put_unsigned(
	struct text *t, const struct conversion *c, const char *sign, uint64_t value)
{
	bool hex = c->letter == 'x' || c->letter == 'X';
	const char *digits = c->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[20], *at = buf + sizeof(buf);

	do {
		*--at = digits[value % (hex ? 16 : 10)];
		value /= hex ? 16 : 10;
	} while (value);
	put_padded(t, c, sign, at, (size_t)(buf + sizeof(buf) - at));
}

static void put_string(struct text *t, const struct conversion *c, const char *s)
{
	size_t len = 0;

	while (s[len] && (c->precision < 0 || len < (size_t)c->precision))
		len++;
	put_padded(t, c, "", s, len);
}

static void put_padded(struct text *t, const struct conversion *c, const char *sign,
	const char *s, size_t len)
{
	size_t taken = len + (*sign ? 1 : 0);
	size_t width = c->width > 0 ? (size_t)c->width : 0;
	size_t missing = width > taken ? width - taken : 0;
	bool zeros = c->zeros && !c->left;

	if (!c->left && !zeros)
		pad(t, ' ', missing);
	if (*sign)
		put(t, *sign);
	if (zeros)
		pad(t, '0', missing);
	put_all(t, s, len);
	if (c->left)
		pad(t, ' ', missing);
}

static void put(struct text *t, char c)
{
	if (t->len + 1 < t->size)
		t->to[t->len] = c;
	t->len++;
}

static void put_all(struct text *t, const char *s, size_t len)
{
	while (len--)
		put(t, *s++);
}

static void pad(struct text *t, char c, size_t n)
{
	while (n--)
		put(t, c);
}
