/* Tests by pairs: a file, and in its comments the complaints it must give, in order:
 *
 *   * want: 3:6: CP1212E BEEF cannot be a userid
 *
 * Files named good-* want none. */
#ifndef TESTS_UNIT_CP_PAIRS_H
#define TESTS_UNIT_CP_PAIRS_H

#include "cp/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_DATA  "tests/unit/cp/data/"
#define PAIRS_WANT  "* want: "
#define PAIRS_BYTES 16384

/* The complaints a source has, a line each. */
static inline void pairs_got(const struct source *src, char *out)
{
	char line[MSG_TEXT_MAX + 256];

	out[0] = '\0';
	for (int i = 0; i < src->n_complaints; i++) {
		const struct complaint *c = &src->complaints[i];
		const char *said = complaint_line(src, c, line, sizeof(line)) +
				   strlen(src->name);

		said += *said == ':';
		said += *said == ' ';
		assert_true(strlen(out) + strlen(said) + 2 < PAIRS_BYTES);
		strcat(strcat(out, said), "\n");
	}
}

/* The complaints its comments want. */
static inline void pairs_wanted(const struct source *src, char *out)
{
	const char *end = src->text + src->len, *at = src->text, *eol;
	size_t len = 0;

	while ((at = memmem(at, (size_t)(end - at), PAIRS_WANT, strlen(PAIRS_WANT)))) {
		at += strlen(PAIRS_WANT);
		at += *at == ' ';
		eol = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(eol);
		assert_true(len + (size_t)(eol - at) + 2 < PAIRS_BYTES);
		memcpy(out + len, at, (size_t)(eol - at));
		len += (size_t)(eol - at);
		len -= len && out[len - 1] == '\r';
		out[len++] = '\n';
	}
	out[len] = '\0';
}

/* Reads every file of a pattern with `read`, which says whether it was taken, and
 * compares what was complained of. */
static inline void pairs_run(const char *pattern, bool (*read)(struct source *src))
{
	glob_t files;

	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i];
		char got[PAIRS_BYTES], wanted[PAIRS_BYTES];
		struct source src;
		bool taken;

		assert_int_equal(source_open(&src, path), 0);
		pairs_wanted(&src, wanted);
		taken = read(&src);
		pairs_got(&src, got);
		if (strcmp(got, wanted) != 0)
			fail_msg("%s complains:\n%sinstead of:\n%s", path, got, wanted);
		if (strstr(path, "/fail-") ? taken : !taken)
			fail_msg("%s was %s", path, taken ? "taken" : "refused");
		if (strstr(path, "/good-") ? *wanted != '\0' : *wanted == '\0')
			fail_msg("%s does not want what its name says", path);
		source_close(&src);
	}
	globfree(&files);
}

#endif
