/* Commands: talking to users and to their consoles. */
#include "cp/commands.h"
#include "cp/guest_abi.h"
#include "cp/observer.h"
#include "cp/partition.h"
#include "cp/record.h"
#include "cp/request.h"
#include "cp/session.h"
#include "cp/sysconfig.h"
#include "cp/text.h"
#include "cp/when.h"

#include <stdio.h>
#include <string.h>

#define ALL_USERS "ALL"
#define PAUSE_NS  UINT64_C(1000000000)

/* Messages of one guest to others. */
static const struct allowance_rule talk_rule = { 20, UINT64_C(500000000) };

static int say(struct request *rq, struct operands *ops, const char *word);
static int op_receiver(
	struct request *rq, struct operands *ops, char userid[USERID_MAX + 1]);
static bool is_heard(const struct request *rq, const char *to);
static int limit_guest(struct request *rq, const char *to);
static int say_to(struct request *rq, const char *userid, const char *line);
static int say_to_all(struct request *rq, const char *line);
static bool drives(const struct request *rq, const struct partition *p);
static int set_watcher_user(struct request *rq, struct operands *ops, bool secuser);
static void dismiss(struct partition *p, const char *userid, const char *what);
static int op_set_operands(struct request *rq, struct operands *ops,
	char userid[USERID_MAX + 1], struct partition **p);

int cmd_message(struct request *rq, struct operands *ops)
{
	return say(rq, ops, "MSG");
}

int cmd_msgnoh(struct request *rq, struct operands *ops)
{
	return say(rq, ops, "");
}

int cmd_warning(struct request *rq, struct operands *ops)
{
	return say(rq, ops, "WNG");
}

int cmd_smsg(struct request *rq, struct operands *ops)
{
	struct partition *p;
	struct message m;
	int rc;

	rc = request_partition(rq, ops, &p);
	if (rc)
		return rc;
	if (!op_more(ops))
		return request_expects(rq, ops, "text");
	rc = limit_guest(rq, p->userid);
	if (rc)
		return rc;
	if (partition_smsg(p, rq->userid, op_rest(ops), &m))
		return result_message(&rq->result, &m);
	return 0;
}

int cmd_send(struct request *rq, struct operands *ops)
{
	char line[CP_COMMAND_MAX + 2];
	struct partition *p;
	int rc;

	rc = request_partition(rq, ops, &p);
	if (rc)
		return rc;
	if (!request_has_class(rq, "C") && strcmp(p->secuser, rq->userid) &&
		!drives(rq, p))
		return request_unknown(rq);
	snprintf(line, sizeof(line), "%s\n", op_rest(ops));
	partition_input(p, line, strlen(line));
	return 0;
}

int set_observer(struct request *rq, struct operands *ops)
{
	return set_watcher_user(rq, ops, false);
}

int set_secuser(struct request *rq, struct operands *ops)
{
	return set_watcher_user(rq, ops, true);
}

/* userid | ALL | * | OP, then the text. */
static int say(struct request *rq, struct operands *ops, const char *word)
{
	char userid[USERID_MAX + 1], line[CP_COMMAND_MAX + 64], clock[16];
	const char *text;
	int rc;

	rc = op_receiver(rq, ops, userid);
	if (rc)
		return rc;
	if (!op_more(ops))
		return request_expects(rq, ops, "text");
	/* What nobody hears is refused anyway, and not counted. */
	rc = is_heard(rq, userid) ? limit_guest(rq, userid) : 0;
	if (rc)
		return rc;
	text = op_rest(ops);
	if (*word)
		snprintf(line, sizeof(line), "%s  * %s FROM %-8s: %s",
			when_clock(clock, sizeof(clock)), word, rq->userid, text);
	else
		snprintf(line, sizeof(line), "%s", text);
	text_clean(line, "\t");
	if (!strcmp(userid, ALL_USERS))
		return say_to_all(rq, line);
	return say_to(rq, userid, line);
}

static int op_receiver(
	struct request *rq, struct operands *ops, char userid[USERID_MAX + 1])
{
	const char *word = op_peek(ops);
	const char *alias = NULL;

	if (word && !strcmp(word, "*"))
		alias = rq->userid;
	else if (word && word_is(word, "OP", 2))
		alias = rq->cp->config->operator_id;
	if (!alias)
		return op_userid(rq, ops, userid);
	ops->next++;
	snprintf(userid, USERID_MAX + 1, "%s", alias);
	return 0;
}

static bool is_heard(const struct request *rq, const char *to)
{
	if (!strcmp(to, ALL_USERS))
		return request_has_class(rq, "AB");
	return session_hears_any(rq->cp, to);
}

/* By receiver, so that a guest that turns to many causes no more than one message to
 * each.  Those that do not fit are counted together, for the operator. */
static void count_left_out(struct partition *p, const char *to)
{
	struct talk_left *left = p->talk_left;
	const struct talk_left *last = left + TALK_RECEIVERS - 1;

	while (left < last && left->n && strcmp(left->to, to))
		left++;
	if (left->n++ && strcmp(left->to, to))
		to = ALL_USERS;
	snprintf(left->to, sizeof(left->to), "%s", to);
}

/* Who was not told learns how many there were. */
static void on_left_out(struct chatter *talk, uint32_t n)
{
	struct partition *p = container_of(talk, struct partition, talk);
	char line[MSG_TEXT_MAX + 16];
	struct message m;

	(void)n;
	for (struct talk_left *left = p->talk_left;
		left < p->talk_left + TALK_RECEIVERS && left->n; left++) {
		msg_set(&m, MSG_TALK_LEFT_OUT, p->userid, left->n);
		left->n = 0;
		if (!strcmp(left->to, ALL_USERS))
			operator_tell(p->cp, &m);
		else
			session_tell(
				p->cp, left->to, "%s", msg_line(&m, line, sizeof(line)));
	}
}

/* A program in a guest says as much as it likes, as often as it likes. */
static int limit_guest(struct request *rq, const char *to)
{
	const struct session *s = rq->session;
	struct partition *p;

	if (!s || !s->guest)
		return 0;
	p = s->ctx;
	p->talk.rule = &talk_rule;
	p->talk.pause_ns = PAUSE_NS;
	p->talk.said = on_left_out;
	if (chatter_passes(&p->talk, rq->cp->loop))
		return 0;
	count_left_out(p, to);
	return result_say(&rq->result, MSG_TALK_LIMIT, to, (unsigned)talk_rule.burst,
		(unsigned)(PAUSE_NS / talk_rule.refill_ns));
}

/* 45: there is neither such a partition nor a session; 57: nobody would see it. */
static int say_to(struct request *rq, const char *userid, const char *line)
{
	bool known = partition_find(rq->cp, userid) ||
		     !strcmp(userid, rq->cp->config->operator_id);

	if (session_tell(rq->cp, userid, "%s", line))
		return 0;
	return result_say(
		&rq->result, known ? MSG_NOT_RECEIVING : MSG_NOT_LOGGED_ON, userid);
}

/* To everybody is the operator's to say; that nobody is there is no error. */
static int say_to_all(struct request *rq, const char *line)
{
	struct list *pos;

	if (!request_has_class(rq, "AB"))
		return request_unknown(rq);
	list_for_each (pos, &rq->cp->sessions) {
		struct session *s = container_of(pos, struct session, node);

		if (s->ops->note)
			s->ops->note(s, line);
	}
	return 0;
}

static bool drives(const struct request *rq, const struct partition *p)
{
	const struct session *s = rq->session;

	return s && s->watcher && s->watcher->partition == p && s->watcher->drives;
}

static int set_watcher_user(struct request *rq, struct operands *ops, bool secuser)
{
	const char *what = secuser ? "SECUSER" : "OBSERVER";
	char userid[USERID_MAX + 1], was[USERID_MAX + 1], *mine, *other;
	struct partition *p;
	int rc;

	rc = op_set_operands(rq, ops, userid, &p);
	if (rc)
		return rc;
	mine = secuser ? p->secuser : p->observer;
	other = secuser ? p->observer : p->secuser;
	if (userid[0] && strcmp(userid, rq->cp->config->operator_id) &&
		!request_user(rq, userid))
		return MSG_NOT_IN_DIRECTORY;
	if (userid[0] && other[0])
		return result_say(&rq->result, MSG_OBSERVED_ALREADY, p->userid, other);

	snprintf(was, sizeof(was), "%s", mine);
	snprintf(mine, USERID_MAX + 1, "%s", userid);
	if (was[0] && strcmp(was, userid))
		dismiss(p, was, what);
	record_update(p);
	if (observer_update(p))
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	result_say(&rq->result, userid[0] ? MSG_OBSERVER_BEGUN : MSG_OBSERVER_ENDED, what,
		p->userid, userid);
	return 0;
}

/* Who was at the console for no other reason than what has ended leaves it. */
static void dismiss(struct partition *p, const char *userid, const char *what)
{
	char line[MSG_TEXT_MAX + 16];
	struct list *pos, *tmp;
	struct message m;

	if (!strcmp(userid, p->userid))
		return;
	msg_set(&m, MSG_OBSERVER_ENDED, what, p->userid);
	msg_line(&m, line, sizeof(line));
	list_for_each_safe (pos, tmp, &p->cp->sessions) {
		struct session *s = container_of(pos, struct session, node);
		struct watcher *w = s->watcher;

		if (!w || w->partition != p || strcmp(s->userid, userid) ||
			strpbrk(s->classes, "AC"))
			continue;
		partition_unwatch(w);
		w->gone(w, line);
	}
}

/* userid | * | OFF, then [USER target]: one's own, or with class A or C any. */
static int op_set_operands(struct request *rq, struct operands *ops,
	char userid[USERID_MAX + 1], struct partition **p)
{
	char target[USERID_MAX + 1];
	int rc = 0;

	snprintf(target, sizeof(target), "%s", rq->userid);
	userid[0] = '\0';
	if (!op_keyword(ops, "OFF"))
		rc = op_receiver(rq, ops, userid);
	if (!rc && op_keyword(ops, "USER"))
		rc = op_userid(rq, ops, target);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	if (strcmp(target, rq->userid) && !request_has_class(rq, "AC"))
		return request_unknown(rq);
	*p = partition_find(rq->cp, target);
	return *p ? 0 : result_say(&rq->result, MSG_NOT_LOGGED_ON, target);
}
