/* Commands: the life of a partition, and of CP. */
#include "cp/become.h"
#include "cp/bringup.h"
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/request.h"
#include "cp/shutdown.h"
#include "cp/sysconfig.h"
#include "cp/when.h"

#include <string.h>
#include <strings.h>

#define SIGNAL_SECONDS     30
#define SIGNAL_MAX_SECONDS 32767

static int parse_autolog(
	struct request *rq, struct operands *ops, struct bringup *how, struct ipl *ipl);

static void on_autologged(void *ctx, const struct message *m);
static bool may_autolog(const struct request *rq, const struct dir_user *u);
static int op_within(
	struct request *rq, struct operands *ops, uint64_t max, uint64_t *seconds);
static bool may_signal(
	const struct request *rq, const struct partition *p, uint64_t seconds);
static void on_signalled(void *ctx, const struct message *m);
static void on_logoff(void *ctx, const struct message *m);
static void leave_consoles(struct cp *cp, const char *userid, const char *why);

int cmd_xautolog(struct request *rq, struct operands *ops)
{
	char userid[USERID_MAX + 1];
	const struct dir_user *u;
	struct bringup how = { 0 };
	struct message m;
	struct ipl ipl;
	int rc;

	rc = op_userid(rq, ops, userid);
	if (rc)
		return rc;
	rc = parse_autolog(rq, ops, &how, &ipl);
	if (rc)
		return rc;
	u = directory_find(rq->cp->directory, userid);
	if (!request_has_class(rq, "AB") && !(u && may_autolog(rq, u)))
		return request_unknown(rq);
	if (!u)
		return result_say(&rq->result, MSG_NOT_IN_DIRECTORY, userid);

	how.by = rq->asked_by;
	rc = bringup(rq->cp, u, &how, on_autologged, rq, &m);
	if (!rc && u->not_in_force[0])
		result_say(&rq->result, MSG_NOT_IN_FORCE, u->userid, u->not_in_force);
	return request_underway(rq, rc, &m);
}

int cmd_logon(struct request *rq, struct operands *ops)
{
	char userid[USERID_MAX + 1];
	int rc;

	rc = op_userid(rq, ops, userid);
	if (rc)
		return rc;
	if (op_more(ops))
		return result_say(&rq->result, MSG_PASSWORD_TYPED);
	return become_user(rq, userid, NULL, BECOME_PARTITION);
}

int cmd_logoff(struct request *rq, struct operands *ops)
{
	struct partition *p = partition_find(rq->cp, rq->userid);
	char when[64], why[96];
	struct message m;
	int rc;

	rc = op_end(rq, ops);
	if (rc)
		return rc;
	if (p) {
		rc = partition_force(p, rq->asked_by, on_logoff, rq, &m);
		return request_underway(rq, rc, &m);
	}
	if (rq->for_depth)
		return result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->userid);
	snprintf(why, sizeof(why), "LOGOFF AT %s", when_long(when, sizeof(when)));
	request_ends_session(rq, why);
	return 0;
}

int cmd_disconn(struct request *rq, struct operands *ops)
{
	char when[64], why[96];
	int rc = op_end(rq, ops);

	if (rc)
		return rc;
	snprintf(why, sizeof(why), "DISCONNECT AT %s", when_long(when, sizeof(when)));
	if (rq->for_depth || !rq->session || rq->session->guest)
		leave_consoles(rq->cp, rq->userid, why);
	else
		request_ends_session(rq, why);
	return 0;
}

int cmd_force(struct request *rq, struct operands *ops)
{
	struct partition *p;
	struct message m;
	int rc;

	rc = request_partition(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	rc = partition_force(p, rq->asked_by, request_outcome, rq, &m);
	return request_underway(rq, rc, &m);
}

int cmd_signal(struct request *rq, struct operands *ops)
{
	uint64_t seconds = SIGNAL_SECONDS;
	struct partition *p;
	struct message m;
	int rc;

	if (!op_keyword(ops, "SHUTdown"))
		return request_expects(rq, ops, "SHUTDOWN");
	rc = request_partition(rq, ops, &p);
	if (!rc)
		rc = op_within(rq, ops, SIGNAL_MAX_SECONDS, &seconds);
	if (rc)
		return rc;
	if (strcmp(p->userid, rq->userid) && !request_has_class(rq, "AC"))
		return request_unknown(rq);
	if (!may_signal(rq, p, seconds))
		return result_say(&rq->result, MSG_LOGOFF_PENDING, p->userid);
	snprintf(rq->subject, sizeof(rq->subject), "%s", p->userid);
	rq->seconds = (unsigned)seconds;
	rc = partition_signal_sent(p, rq->seconds, on_signalled, rq, &m);
	return request_underway(rq, rc, &m);
}

/* The process of the partition may still refuse it: only then who asked is answered.  A
 * partition that has ended meanwhile did what it was asked for. */
static void on_signalled(void *ctx, const struct message *m)
{
	struct request *rq = ctx;

	if (m->number && m->number != MSG_PART_GONE) {
		request_outcome(rq, m);
		return;
	}
	result_say(&rq->result, MSG_SIGNAL_DELAY, rq->subject, rq->seconds);
	request_finish(rq, 0);
}

int cmd_shutdown(struct request *rq, struct operands *ops)
{
	const struct sysconfig *cfg = rq->cp->config;
	uint64_t seconds = SHUTDOWN_SECONDS;
	const char *name;
	int rc;

	if (!op_keyword(ops, "SYSTEM"))
		return request_expects(rq, ops, "SYSTEM name");
	rc = op_word(rq, ops, "system name", &name);
	if (!rc)
		rc = op_within(rq, ops, SHUTDOWN_MAX_SECONDS, &seconds);
	if (rc)
		return rc;
	if (strcasecmp(name, cfg->system))
		return result_say(
			&rq->result, MSG_SHUTDOWN_WRONG_SYSTEM, cfg->system, name);
	if (rq->cp->stopping)
		return result_say(&rq->result, MSG_SHUTTING_DOWN);
	result_say(&rq->result, MSG_SHUTDOWN_DELAY, (unsigned)seconds);
	if (shutdown_start(rq->cp, rq->asked_by, (unsigned)seconds))
		return result_say(&rq->result, MSG_NO_MEMORY, "SHUTDOWN");
	return 0;
}

/* [STorage n] [SYNch] [NOIpl | Ipl x [PARM text]]; a parameter takes the rest. */
static int parse_autolog(
	struct request *rq, struct operands *ops, struct bringup *how, struct ipl *ipl)
{
	struct message m;

	while (op_more(ops)) {
		if (op_keyword(ops, "SYNch")) {
			how->synch = true;
		} else if (op_keyword(ops, "STorage")) {
			if (scan_storage(ops, "storage", &how->storage, &m))
				return result_message(&rq->result, &m);
		} else if (op_keyword(ops, "NOIpl")) {
			*ipl = (struct ipl) { .kind = IPL_NONE };
			how->ipl = ipl;
		} else if (op_keyword(ops, "Ipl")) {
			if (scan_ipl(ops, ipl, &m))
				return result_message(&rq->result, &m);
			ipl->absolute = request_is_trusted(rq);
			how->ipl = ipl;
		} else {
			return op_end(rq, ops);
		}
	}
	return 0;
}

static void on_autologged(void *ctx, const struct message *m)
{
	struct request *rq = ctx;

	if (!m->number)
		result_line(&rq->result, "Command accepted");
	request_outcome(rq, m);
}

static bool may_autolog(const struct request *rq, const struct dir_user *u)
{
	for (int i = 0; i < u->n_autolog_by; i++) {
		if (!strcmp(u->autolog_by[i], rq->userid))
			return true;
	}
	return false;
}

/* [WITHIN seconds] and the end. */
static int op_within(
	struct request *rq, struct operands *ops, uint64_t max, uint64_t *seconds)
{
	int rc = 0;

	if (op_keyword(ops, "WITHIN"))
		rc = op_number(rq, ops, "seconds", 0, max, seconds);
	return rc ? rc : op_end(rq, ops);
}

/* Once it is signalled, a guest or its user gives itself no more time than it has: the
 * operator, or SHUTDOWN, waits for the end. */
static bool may_signal(
	const struct request *rq, const struct partition *p, uint64_t seconds)
{
	uint64_t deadline = loop_now(rq->cp->loop) + seconds * UINT64_C(1000000000);

	return p->state != PS_SIGNALLED || deadline <= p->signal_deadline ||
	       request_has_class(rq, "AC");
}

/* The guest's own session is gone with it; a client's ends now. */
static void on_logoff(void *ctx, const struct message *m)
{
	struct request *rq = ctx;
	char when[64], why[96];

	if (!rq->for_depth && rq->session) {
		snprintf(why, sizeof(why), "LOGOFF AT %s", when_long(when, sizeof(when)));
		request_ends_session(rq, why);
	}
	request_outcome(rq, m);
}

/* Who is at its own console leaves it; those who only look at it stay. */
static void leave_consoles(struct cp *cp, const char *userid, const char *why)
{
	const struct partition *p = partition_find(cp, userid);
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &cp->sessions) {
		struct session *s = container_of(pos, struct session, node);

		if (p && !strcmp(s->userid, userid) && s->watcher &&
			s->watcher->partition == p)
			s->ops->end(s, why);
	}
}
