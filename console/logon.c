/* Becoming another user. */
#include "console/logon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int ask(struct logon *l);
static void answered(struct prompt *p, const char *text);

int logon_start(struct logon *l, struct loop *loop, struct caller *caller,
	const char *userid, bool known,
	void (*finished)(struct logon *, int, const char *), void *ctx)
{
	*l = (struct logon) {
		.loop = loop,
		.caller = caller,
		.userid = userid,
		.finished = finished,
		.ctx = ctx,
	};
	if (!known && !ask(l))
		return 0;
	return caller_logon(caller, userid, "", &l->id);
}

bool logon_err(struct logon *l, uint32_t id, const char *text, size_t len)
{
	if (!l->id || id != l->id)
		return false;
	snprintf(l->error, sizeof(l->error), "%.*s", (int)len, text);
	l->error[strcspn(l->error, "\n")] = 0;
	return true;
}

/* Refused without a password is not the end where one can be asked for. */
bool logon_done(struct logon *l, uint32_t id, uint32_t rc)
{
	if (!l->id || id != l->id)
		return false;
	l->id = 0;
	if (rc && !l->prompted && !ask(l))
		return true;
	l->finished(l, (int)rc, l->error);
	return true;
}

void logon_cancel(struct logon *l)
{
	prompt_cancel(&l->prompt);
	l->id = 0;
}

static int ask(struct logon *l)
{
	char text[64];
	int err;

	snprintf(text, sizeof(text), "Password of %.32s: ", l->userid);
	err = prompt_ask(&l->prompt, l->loop, text, true, answered, l);
	l->prompted = !err;
	return err;
}

static void answered(struct prompt *p, const char *text)
{
	struct logon *l = p->ctx;
	int err = text ? caller_logon(l->caller, l->userid, text, &l->id) : -ECANCELED;

	if (err)
		l->finished(l, err, text ? strerror(-err) : "no password was given");
}
