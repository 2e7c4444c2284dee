/* What the handlers of commands ask of their request: rights, targets, answers. */
#include "cp/request.h"

#include "cp/directory.h"
#include "cp/partition.h"

#include <stdio.h>
#include <string.h>

/* The commands of those who have not logged on yet. */
static const char *const before_logon[] = {
	"HELP",
	"LOGON",
	"QUERY",
	"QUERY COMMANDS",
	"QUERY CPLEVEL",
	"QUERY TIME",
	"QUERY USERID",
};

int request_before_logon(struct request *rq)
{
	if (rq->userid[0])
		return 0;
	for (size_t i = 0; i < sizeof(before_logon) / sizeof(before_logon[0]); i++) {
		if (!strcmp(rq->result.command, before_logon[i]))
			return 0;
	}
	return result_say(&rq->result, MSG_BEFORE_LOGON, rq->result.command);
}

int request_unknown(struct request *rq)
{
	return result_say(&rq->result, MSG_UNKNOWN_COMMAND, rq->result.command);
}

bool request_has_class(const struct request *rq, const char *classes)
{
	return strpbrk(rq->classes, classes);
}

bool request_names_others(const struct request *rq)
{
	return request_has_class(rq, "ABCE");
}

bool request_is_trusted(const struct request *rq)
{
	return rq->session ? rq->session->host_operator : rq->done != NULL;
}

int request_target(struct request *rq, struct operands *ops, struct partition **out)
{
	char userid[USERID_MAX + 1];
	int rc;

	snprintf(userid, sizeof(userid), "%s", rq->userid);
	if (op_keyword(ops, "USER")) {
		rc = op_userid(rq, ops, userid);
		if (rc)
			return rc;
	}
	if (strcmp(userid, rq->userid) && !request_names_others(rq))
		return request_unknown(rq);
	*out = partition_find(rq->cp, userid);
	return *out ? 0 : result_say(&rq->result, MSG_NOT_LOGGED_ON, userid);
}

int request_own(struct request *rq, struct partition **out)
{
	*out = partition_find(rq->cp, rq->userid);
	return *out ? 0 : result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->userid);
}

const struct dir_user *request_user(struct request *rq, const char *userid)
{
	const struct dir_user *u = directory_find(rq->cp->directory, userid);

	if (!u)
		result_say(&rq->result, MSG_NOT_IN_DIRECTORY, userid);
	return u;
}

int request_partition(struct request *rq, struct operands *ops, struct partition **out)
{
	char userid[USERID_MAX + 1];
	int rc = op_userid(rq, ops, userid);

	if (rc)
		return rc;
	*out = partition_find(rq->cp, userid);
	return *out ? 0 : result_say(&rq->result, MSG_NOT_LOGGED_ON, userid);
}

int request_expects(struct request *rq, struct operands *ops, const char *what)
{
	struct message m;

	scan_unknown(ops, what, &m);
	return result_message(&rq->result, &m);
}

void request_ends_session(struct request *rq, const char *why)
{
	snprintf(rq->end_why, sizeof(rq->end_why), "%s", why);
	rq->next = NULL;
}

int request_underway(struct request *rq, int rc, const struct message *err)
{
	return rc ? result_message(&rq->result, err) : REQUEST_PENDING;
}

void request_outcome(void *ctx, const struct message *m)
{
	struct request *rq = ctx;
	int rc = 0;

	if (m && m->number)
		rc = result_message(&rq->result, m);
	request_finish(rq, rc);
}
