/* Becoming a user of the directory. */
#include "cp/become.h"

#include "cp/audit.h"
#include "cp/bringup.h"
#include "cp/directory.h"
#include "cp/password.h"
#include "cp/when.h"

#include <stdlib.h>
#include <string.h>

static int ask_password(struct request *rq);
static int took_password(struct request *rq, const char *text);
static int check_password(struct request *rq, const char *text);
static void on_checked(void *ctx, bool ok);
static int be(struct request *rq, const struct dir_user *u);
static int enter_partition(struct request *rq, const struct dir_user *u);
static void audit(struct request *rq, const char *verdict, bool always);
static int failure(struct request *rq, bool checked);

int become_user(struct request *rq, const char *userid, const char *password,
	enum become_scope scope)
{
	const struct dir_user *u = directory_find(rq->cp->directory, userid);
	const struct session *s = rq->session;

	if (!s || s->guest || rq->for_depth)
		return result_say(&rq->result, MSG_ALREADY_LOGGED_ON, rq->userid);
	snprintf(rq->become_userid, sizeof(rq->become_userid), "%s", userid);
	rq->become_scope = scope;
	if (!u && s->host_operator)
		return result_say(&rq->result, MSG_NOT_IN_DIRECTORY, userid);
	if (u && become_is_trusted(s, u))
		return be(rq, u);
	return password ? check_password(rq, password) : ask_password(rq);
}

bool become_is_trusted(const struct session *s, const struct dir_user *u)
{
	if (u->pw == DIR_PW_NOLOG || u->pw == DIR_PW_AUTOONLY)
		return false;
	if (s->host_operator || !strcmp(s->userid, u->userid))
		return true;
	if (u->host_uid >= 0 && (uid_t)u->host_uid == s->uid)
		return true;
	for (int i = 0; s->userid[0] && i < u->n_logon_by; i++) {
		if (!strcmp(u->logon_by[i], s->userid))
			return true;
	}
	return false;
}

static int ask_password(struct request *rq)
{
	struct message otherwise;
	char text[64];

	msg_set(&otherwise, MSG_LOGON_FAILED, rq->become_userid);
	snprintf(text, sizeof(text), "Password of %s: ", rq->become_userid);
	return request_prompt(rq, text, took_password, &otherwise);
}

static int took_password(struct request *rq, const char *text)
{
	return check_password(rq, text);
}

static int check_password(struct request *rq, const char *text)
{
	const struct dir_user *u = directory_find(rq->cp->directory, rq->become_userid);
	int err;

	if (!*text)
		return failure(rq, false);
	session_who(rq->session, rq->become_who, sizeof(rq->become_who));
	err = password_check(
		rq->cp->passwords, rq->session->uid, u, text, on_checked, rq);
	if (err)
		return result_say(&rq->result, MSG_LOGON_BUSY, strerror(-err));
	return REQUEST_PENDING;
}

static void on_checked(void *ctx, bool ok)
{
	struct request *rq = ctx;
	const struct dir_user *u = directory_find(rq->cp->directory, rq->become_userid);
	int rc;

	rc = ok && u && rq->session ? be(rq, u) : failure(rq, true);
	if (rc != REQUEST_PENDING)
		request_finish(rq, rc);
}

static int be(struct request *rq, const struct dir_user *u)
{
	session_who(rq->session, rq->become_who, sizeof(rq->become_who));
	audit(rq, "accepted", strpbrk(u->classes, "ABCDEF"));
	rq->session->wrong_passwords = 0;
	session_become(rq->session, u->userid, u->classes);
	snprintf(rq->userid, sizeof(rq->userid), "%s", u->userid);
	return rq->become_scope == BECOME_PARTITION ? enter_partition(rq, u) : 0;
}

static int enter_partition(struct request *rq, const struct dir_user *u)
{
	const struct bringup how = { .by = u->userid, .synch = true, .keep = true };
	struct message m;
	char when[64];
	int rc;

	if (partition_find(rq->cp, u->userid)) {
		result_line(
			&rq->result, "RECONNECTED AT %s", when_long(when, sizeof(when)));
		return 0;
	}
	if (u->not_in_force[0])
		result_say(&rq->result, MSG_NOT_IN_FORCE, u->userid, u->not_in_force);
	result_line(&rq->result, "LOGON AT %s", when_long(when, sizeof(when)));
	rc = bringup(rq->cp, u, &how, request_outcome, rq, &m);
	return request_underway(rq, rc, &m);
}

/* Wrong passwords, which take a second each, and who gains authority by a right one, are
 * written down whatever the session has said before, and also when it has gone since. */
static void audit(struct request *rq, const char *verdict, bool always)
{
	char what[32];

	snprintf(what, sizeof(what), "LOGON %s", rq->become_userid);
	if (always)
		audit_write(rq->cp->audit, rq->become_who, what, verdict, 0);
	else
		session_audit(rq->session, what, verdict);
}

/* The same whatever was wrong, so that trying tells nothing. */
static int failure(struct request *rq, bool checked)
{
	struct session *s = rq->session;

	if (s)
		session_who(s, rq->become_who, sizeof(rq->become_who));
	audit(rq, "refused", checked);
	if (!s)
		return MSG_LOGON_FAILED;
	if (++s->wrong_passwords >= BECOME_TRIES)
		request_ends_session(rq, "Too many wrong passwords");
	return result_say(&rq->result, MSG_LOGON_FAILED, rq->become_userid);
}
