/* Guests as speakers: a session for each partition whose guest uses its cp port, with the
 * partition's own userid and classes.  The engine calls these hooks (cp/partition.h). */
#include "cp/guest_abi.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/session.h"

#include <stdlib.h>
#include <string.h>

static const struct session_ops session_ops;

static struct session *guest_session(struct partition *p);
static void refuse(struct partition *p, uint32_t id, const struct message *m);

void guest_command(
	struct partition *p, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	char copy[CP_COMMAND_MAX + 1];
	struct session *s;
	struct message m;

	if (len > CP_COMMAND_MAX) {
		msg_set(&m, MSG_COMMAND_LONG, (int)CP_COMMAND_MAX);
		refuse(p, id, &m);
		return;
	}
	s = guest_session(p);
	if (!s) {
		msg_set(&m, MSG_NO_MEMORY, "a session");
		refuse(p, id, &m);
		return;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strlen(copy) < len)
		copy[strlen(copy)] =
			'\n'; /* refused, as any character that is not text */
	session_command(s, id, flags & CP_F_JSON, copy);
}

void guest_reset(struct partition *p)
{
	guest_gone(p);
}

void guest_gone(struct partition *p)
{
	struct session *s = p->guest;

	if (!s)
		return;
	p->guest = NULL;
	session_fini(s);
	free(s);
}

/* It begins with the first command and ends with the port, or the partition. */
static struct session *guest_session(struct partition *p)
{
	struct session *s = p->guest;

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	session_init(s, p->cp, &session_ops, p, p->userid, p->classes);
	s->guest = true;
	p->guest = s;
	return s;
}

static void refuse(struct partition *p, uint32_t id, const struct message *m)
{
	char line[MSG_TEXT_MAX + 16];

	msg_line(m, line, sizeof(line) - 1);
	strcat(line, "\n");
	partition_guest_out(p, id, true, line, strlen(line));
	partition_guest_done(p, id, (uint32_t)m->number);
}

static void say_out(struct session *s, uint32_t id, const char *text, size_t len)
{
	partition_guest_out(s->ctx, id, false, text, len);
}

static void say_err(struct session *s, uint32_t id, const char *text, size_t len)
{
	partition_guest_out(s->ctx, id, true, text, len);
}

static void say_done(struct session *s, uint32_t id, int rc)
{
	partition_guest_done(s->ctx, id, (uint32_t)rc);
}

/* A guest has no terminal of its own: what its user is to see goes to who is at its
 * console. */
static const struct session_ops session_ops = {
	.out = say_out,
	.err = say_err,
	.done = say_done,
};
