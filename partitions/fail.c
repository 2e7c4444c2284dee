/* One place where a reason gets its words. */
#include "partitions/fail.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

int fail_set(struct fail *f, enum part_reason reason, int err, const char *fmt, ...)
{
	va_list args;

	assert(err);
	f->err = err < 0 ? -err : err;
	f->reason = reason;
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	return -f->err;
}
