/* A loop for each test, and a trace of what ran. */
#ifndef TESTS_UNIT_LIB_LOOP_FIXTURE_H
#define TESTS_UNIT_LIB_LOOP_FIXTURE_H

#include "cp/lib/loop.h"

#include <stddef.h>

/* What ran, as letters. */
struct trace {
	char text[64];
	size_t n;
};

static inline void note(struct trace *t, char c)
{
	if (t->n < sizeof(t->text) - 1)
		t->text[t->n++] = c;
}

static inline int loop_setup(void **state)
{
	struct loop *loop;

	if (loop_create(&loop))
		return -1;
	*state = loop;
	return 0;
}

static inline int loop_teardown(void **state)
{
	loop_destroy(*state);
	return 0;
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, loop_setup, loop_teardown)

#endif
