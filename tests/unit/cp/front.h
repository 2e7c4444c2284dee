/* What tests of the front end share: the Control Program of front_cp.h, and a session
 * that writes down what it is told. */
#ifndef TESTS_UNIT_CP_FRONT_H
#define TESTS_UNIT_CP_FRONT_H

#include "tests/unit/cp/front_cp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A recorded session: everything it was told, in order. */
struct ear {
	struct session s;
	char text[65536]; /* "out 1: ...", "note: ...", "done 1: 0" lines */
	int done, rc;     /* how often, and with what the last time */
};

static inline void ear_add(
	struct ear *e, const char *what, uint32_t id, const char *text, size_t len)
{
	size_t at = strlen(e->text);

	snprintf(e->text + at, sizeof(e->text) - at, "%s %u: %.*s%s", what, id, (int)len,
		text, len && text[len - 1] == '\n' ? "" : "\n");
}

static inline void ear_out(struct session *s, uint32_t id, const char *text, size_t len)
{
	ear_add(s->ctx, "out", id, text, len);
}

static inline void ear_err(struct session *s, uint32_t id, const char *text, size_t len)
{
	ear_add(s->ctx, "err", id, text, len);
}

static inline void ear_done(struct session *s, uint32_t id, int rc)
{
	struct ear *e = s->ctx;
	char text[16];

	snprintf(text, sizeof(text), "%d", rc);
	ear_add(e, "done", id, text, strlen(text));
	e->done++;
	e->rc = rc;
}

static inline void ear_note(struct session *s, const char *line)
{
	ear_add(s->ctx, "note", 0, line, strlen(line));
}

static inline int ear_prompt(
	struct session *s, uint32_t id, bool hidden, const char *text)
{
	ear_add(s->ctx, hidden ? "prompt hidden" : "prompt", id, text, strlen(text));
	return 0;
}

/* A client that opens files: what it was asked is written down. */
static inline int ear_open(
	struct session *s, uint32_t id, const struct session_file *file)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %u %s", file->create ? "create" : "read",
		file->number, file->name);
	ear_add(s->ctx, "open", id, text, strlen(text));
	return 0;
}

static inline void ear_end(struct session *s, const char *why)
{
	ear_add(s->ctx, "end", 0, why, strlen(why));
}

static const struct session_ops ear_ops = {
	.out = ear_out,
	.err = ear_err,
	.done = ear_done,
	.note = ear_note,
	.prompt = ear_prompt,
	.open = ear_open,
	.end = ear_end,
};

static inline struct ear *ear_create(
	struct front *f, const char *userid, const char *classes)
{
	struct ear *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	session_init(&e->s, &f->cp, &ear_ops, e, userid, classes);
	e->s.uid = 12345;
	e->s.tty = true;
	return e;
}

static inline void ear_free(struct ear *e)
{
	session_fini(&e->s);
	free(e);
}

/* Types a command; what it said is in e->text, its return code is returned; -1 while it
 * is still in progress. */
static inline int ear_type(struct ear *e, const char *command)
{
	int before = e->done;

	e->text[0] = '\0';
	session_command(&e->s, 7, false, command);
	return e->done > before ? e->rc : -1;
}

static inline void ear_heard(const struct ear *e, const char *text)
{
	if (!strstr(e->text, text))
		fail_msg("not said: <%s> in:\n%s", text, e->text);
}

/* How often. */
static inline int heard(const struct ear *e, const char *text)
{
	int n = 0;

	for (const char *at = e->text; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static inline void ear_did_not_hear(const struct ear *e, const char *text)
{
	if (strstr(e->text, text))
		fail_msg("said: <%s> in:\n%s", text, e->text);
}

static inline void twin_was_asked(const char *text)
{
	if (!strstr(twin.log, text))
		fail_msg("not asked: <%s> in:\n%s", text, twin.log);
}

#endif
