/* The names of a ring of files. */
#include "cp/lib/ring_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ring_name(char *buf, size_t size, const char *name, unsigned number)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	const char *dot = strrchr(base, '.');
	int stem, len;

	if (!dot || dot == base) /* a dot in front hides a file, and ends nothing */
		dot = base + strlen(base);
	stem = (int)(dot - name);
	if (number)
		len = snprintf(buf, size, "%.*s-%u%s", stem, name, number, dot);
	else
		len = snprintf(buf, size, "%s", name);
	return len >= 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}
