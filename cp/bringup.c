/* Bringing a user's partition into being.
 *
 * The directory may be read again while this is under way, so what is needed of it later
 * is copied. */
#include "cp/bringup.h"

#include "cp/lan.h"
#include "cp/lib/log.h"
#include "cp/request.h"
#include "cp/session.h"
#include "cp/sysconfig.h"

#include <stdlib.h>
#include <string.h>

/* COMMAND statements have the authority of whoever writes the directory. */
#define DIRECTORY_AUTHORITY "ABCDEFG"

/* One partition on its way; between steps it is known by its userid only. */
struct job {
	struct cp *cp;
	char userid[USERID_MAX + 1];
	char by[USERID_MAX + 1];
	struct ipl ipl;
	struct dir_command *commands, *next;
	bool synch, keep;
	bool more;       /* than the IPL: COMMAND, NICDEF LAN */
	part_done *done; /* NULL once called */
	void *ctx;
	struct message why; /* the IPL's failure, while the partition is ended */
};

static void on_autologged(void *ctx, const struct message *m);
static int check(struct cp *cp, const struct dir_user *u, struct message *err);
static struct job *job_create(
	struct cp *cp, const struct dir_user *u, const struct bringup *how);
static void job_free(struct job *j);
static void say(struct job *j, const struct message *m);
static void on_activated(void *ctx, const struct message *m);
static bool has_lans(const struct dir_user *u);
static void on_coupled(void *ctx);
static void next_command(struct job *j);
static void on_command(struct request *rq, void *ctx);
static void load(struct job *j);
static void on_loaded(void *ctx, const struct message *m);
static void on_ended(void *ctx, const struct message *m);

int bringup(struct cp *cp, const struct dir_user *u, const struct bringup *how,
	part_done *done, void *ctx, struct message *err)
{
	static const struct ipl none = { .kind = IPL_NONE };
	struct logon_opts opts = { .storage = how->storage, .ipl = &none, .by = how->by };
	struct job *j;
	int rc = check(cp, u, err);

	if (rc)
		return rc;
	j = job_create(cp, u, how);
	if (!j)
		return msg_set(err, MSG_NO_MEMORY, u->userid);
	j->done = done;
	j->ctx = ctx;
	opts.later = &j->ipl;
	opts.more = j->more = j->commands || has_lans(u);
	rc = partition_logon(cp, u, &opts, on_activated, j, err);
	if (rc)
		job_free(j);
	return rc;
}

void bringup_autolog(struct cp *cp)
{
	for (const struct cfg_name *n = cp->config->autolog; n; n = n->next) {
		const struct bringup how = { .by = cp->config->operator_id };
		const struct dir_user *u = directory_find(cp->directory, n->userid);
		struct message m;

		if (partition_find(cp, n->userid))
			continue; /* it outlived an earlier CP */
		if (!u) {
			operator_say(cp, MSG_NOT_IN_DIRECTORY, n->userid);
			continue;
		}
		if (u->not_in_force[0])
			operator_say(cp, MSG_NOT_IN_FORCE, u->userid, u->not_in_force);
		if (bringup(cp, u, &how, on_autologged, cp, &m))
			operator_tell(cp, &m);
	}
}

static void on_autologged(void *ctx, const struct message *m)
{
	if (m->number)
		operator_tell(ctx, m);
}

static int check(struct cp *cp, const struct dir_user *u, struct message *err)
{
	const struct partition *p = partition_find(cp, u->userid);

	if (cp->stopping)
		return msg_set(err, MSG_SHUTTING_DOWN);
	if (p && p->state == PS_ENDING)
		return msg_set(err, MSG_LOGOFF_PENDING, u->userid);
	return p ? msg_set(err, MSG_ALREADY_LOGGED_ON, u->userid) : 0;
}

/* Copies the COMMAND statements; false without memory. */
static bool copy_commands(struct job *j, const struct dir_command *from)
{
	struct dir_command **tail = &j->commands;

	for (; from; from = from->next) {
		*tail = calloc(1, sizeof(**tail));
		if (!*tail)
			return false;
		(*tail)->text = strdup(from->text);
		if (!(*tail)->text)
			return false;
		tail = &(*tail)->next;
	}
	j->next = j->commands;
	return true;
}

static struct job *job_create(
	struct cp *cp, const struct dir_user *u, const struct bringup *how)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->cp = cp;
	snprintf(j->userid, sizeof(j->userid), "%s", u->userid);
	snprintf(j->by, sizeof(j->by), "%s", how->by);
	j->ipl = how->ipl ? *how->ipl : u->ipl;
	j->synch = how->synch;
	j->keep = how->keep;
	if (copy_commands(j, u->commands))
		return j;
	job_free(j);
	return NULL;
}

static void job_free(struct job *j)
{
	while (j->commands) {
		struct dir_command *c = j->commands;

		j->commands = c->next;
		free(c->text);
		free(c);
	}
	free(j);
}

/* Says how it went, once; what goes wrong later is the operator's. */
static void say(struct job *j, const struct message *m)
{
	part_done *done = j->done;

	j->done = NULL;
	if (done)
		done(j->ctx, m);
	else if (m->number)
		operator_tell(j->cp, m);
}

static void on_activated(void *ctx, const struct message *m)
{
	struct job *j = ctx;
	struct partition *p;

	if (msg_failed(m)) {
		say(j, m);
		job_free(j);
		return;
	}
	operator_say(j->cp, MSG_LOGGED_ON, j->userid, j->by);
	p = partition_find(j->cp, j->userid);
	if (p)
		lan_couple_all(p, on_coupled, j);
	else
		on_coupled(j);
}

static bool has_lans(const struct dir_user *u)
{
	for (int i = 0; i < u->n_devices; i++) {
		if (u->device[i].type == DIR_NIC && u->device[i].lan[0])
			return true;
	}
	return false;
}

static void on_coupled(void *ctx)
{
	next_command(ctx);
}

static void next_command(struct job *j)
{
	const struct dir_command *c = j->next;

	if (!c) {
		load(j);
		return;
	}
	j->next = c->next;
	if (request_issue(
		    j->cp, j->userid, DIRECTORY_AUTHORITY, c->text, on_command, j)) {
		log_error("bringup", "%s: no memory for COMMAND %s", j->userid, c->text);
		next_command(j);
	}
}

static void on_command(struct request *rq, void *ctx)
{
	struct job *j = ctx;

	char text[256];

	if (rq->result.rc)
		operator_say(j->cp, MSG_COMMAND_FAILED, j->userid,
			request_shown(rq, text, sizeof(text)), rq->result.rc);
	next_command(j);
}

static void load(struct job *j)
{
	struct partition *p = partition_find(j->cp, j->userid);
	struct message m = { 0 };

	if (!p) {
		msg_set(&m, MSG_NOT_LOGGED_ON, j->userid);
		say(j, &m);
		job_free(j);
		return;
	}
	if (j->more)
		partition_commands_done(p, &j->ipl);
	if (!j->synch || j->ipl.kind == IPL_NONE)
		say(j, &m);
	if (j->ipl.kind == IPL_NONE)
		job_free(j);
	else if (partition_ipl(p, &j->ipl, false, on_loaded, j, &m))
		on_loaded(j, &m);
}

static void on_loaded(void *ctx, const struct message *m)
{
	struct job *j = ctx;
	struct partition *p = partition_find(j->cp, j->userid);
	struct message err;

	j->why = *m;
	if (!msg_failed(m) || j->keep || !p || partition_give_up(p, m, on_ended, j, &err))
		on_ended(j, &err);
}

/* Of the IPL there is nothing more to come. */
static void on_ended(void *ctx, const struct message *m)
{
	struct job *j = ctx;

	(void)m;
	say(j, &j->why);
	job_free(j);
}
