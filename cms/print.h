/* Text from a format, as printf has it: a subset. */
#ifndef CMS_PRINT_H
#define CMS_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Conversions: %d %i %u %x %X with l ll z, %c %s %%; flags - and 0, width, precision of
 * %s; both may be *.  Writes at most size - 1 characters and terminates (size > 0).
 * The length the whole text has or would have had. */
size_t print_to(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t print_list(char *to, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
