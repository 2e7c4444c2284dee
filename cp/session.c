/* Sessions: who speaks to CP, with which privilege, and what they are told. */
#include "cp/session.h"

#include "cp/audit.h"
#include "cp/guest_abi.h"
#include "cp/lib/log.h"
#include "cp/msg.h"
#include "cp/partition.h"
#include "cp/request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool session_hears(const struct session *s, const char *userid);
static bool session_has_console_of(const struct session *s, const char *userid);

void session_init(struct session *s, struct cp *cp, const struct session_ops *ops,
	void *ctx, const char *userid, const char *classes)
{
	*s = (struct session) { .cp = cp, .ops = ops, .ctx = ctx };
	snprintf(s->userid, sizeof(s->userid), "%s", userid);
	snprintf(s->classes, sizeof(s->classes), "%s", classes);
	list_init(&s->requests);
	list_append(&cp->sessions, &s->node);
}

void session_fini(struct session *s)
{
	while (!list_empty(&s->requests))
		request_orphan(container_of(s->requests.next, struct request, node));
	list_remove(&s->node);
}

void session_command(struct session *s, uint32_t id, bool json, const char *text)
{
	request_start(s, id, json, text);
}

void session_cancel(struct session *s, uint32_t id)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &s->requests) {
		struct request *rq = container_of(pos, struct request, node);

		if (rq->id == id)
			request_orphan(rq);
	}
}

void session_reply(struct session *s, uint32_t id, char *text)
{
	struct list *pos;

	list_for_each (pos, &s->requests) {
		struct request *rq = container_of(pos, struct request, node);

		if (rq->id == id && rq->reply) {
			request_reply(rq, text);
			break;
		}
	}
	explicit_bzero(text, strlen(text));
}

void session_opened(struct session *s, uint32_t id, int fd, int err)
{
	struct list *pos;

	list_for_each (pos, &s->requests) {
		struct request *rq = container_of(pos, struct request, node);

		if (rq->id == id && rq->opened) {
			request_opened(rq, fd, err);
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

void session_become(struct session *s, const char *userid, const char *classes)
{
	snprintf(s->userid, sizeof(s->userid), "%s", userid);
	snprintf(s->classes, sizeof(s->classes), "%s", classes);
	if (s->ops->became)
		s->ops->became(s);
}

int session_tell(struct cp *cp, const char *userid, const char *fmt, ...)
{
	char line[CP_COMMAND_MAX + 64];
	struct list *pos;
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	list_for_each (pos, &cp->sessions) {
		struct session *s = container_of(pos, struct session, node);

		if (!session_hears(s, userid))
			continue;
		s->ops->note(s, line);
		n += s->tty || session_has_console_of(s, userid);
	}
	return n;
}

bool session_hears_any(struct cp *cp, const char *userid)
{
	struct list *pos;

	list_for_each (pos, &cp->sessions) {
		if (session_hears(container_of(pos, struct session, node), userid))
			return true;
	}
	return false;
}

bool session_watches(struct cp *cp, const char *userid)
{
	struct list *pos;

	list_for_each (pos, &cp->sessions) {
		if (session_has_console_of(
			    container_of(pos, struct session, node), userid))
			return true;
	}
	return false;
}

void operator_tell(struct cp *cp, const struct message *m)
{
	char line[MSG_TEXT_MAX + 16];
	struct list *pos;

	msg_line(m, line, sizeof(line));
	log_line(m->severity == 'I'   ? LOG_LVL_INFO
		 : m->severity == 'W' ? LOG_LVL_WARN
				      : LOG_LVL_ERROR,
		"operator", "%s", line);
	list_for_each (pos, &cp->sessions) {
		struct session *s = container_of(pos, struct session, node);

		if (s->ops->note && strchr(s->classes, 'A'))
			s->ops->note(s, line);
	}
}

void operator_say(struct cp *cp, int number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, (enum msg_number)number, ap);
	va_end(ap);
	operator_tell(cp, &m);
}

void session_audit(struct session *s, const char *command, const char *verdict)
{
	bool limited = !s->host_operator && !strpbrk(s->classes, "ABCDEF");
	struct audit *a = s->cp->audit;
	struct allowance *limit;
	uint32_t left_out = 0;
	char who[64];

	if (a && limited) {
		limit = audit_limit_of(a, s->guest ? s->userid : NULL, s->uid);
		if (!audit_allows(limit, loop_now(s->cp->loop)))
			return;
		left_out = allowance_left_out(limit);
	}
	audit_write(a, session_who(s, who, sizeof(who)), command, verdict, left_out);
}

const char *session_who(const struct session *s, char *buf, size_t len)
{
	if (s->guest)
		snprintf(buf, len, "%s (guest)", s->userid);
	else
		snprintf(buf, len, "%s (host uid %u)",
			s->userid[0] ? s->userid : "nobody", (unsigned)s->uid);
	return buf;
}

static bool session_hears(const struct session *s, const char *userid)
{
	return s->ops->note &&
	       (!strcmp(s->userid, userid) || session_has_console_of(s, userid));
}

static bool session_has_console_of(const struct session *s, const char *userid)
{
	return s->watcher && s->watcher->partition &&
	       !strcmp(s->watcher->partition->userid, userid);
}
