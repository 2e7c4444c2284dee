/* Commands: LANs and VSWITCHes come, go and change. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_use.h"

#include <stdlib.h>
#include <string.h>

#define LANS_OF_USER 8 /* that one without class B may own */

/* One DEFINE or DETACH under way. */
struct lan_job {
	struct request *rq;
	bool vswitch;
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
};

static int define(struct request *rq, struct operands *ops, bool vswitch);
static int detach(struct request *rq, struct operands *ops, bool vswitch);
static int set(struct request *rq, struct operands *ops, bool vswitch);
static int check_define(struct request *rq, struct lan_clause *c);
static struct lan_job *job_create(struct request *rq, const struct lan_def *def);
static void on_defined(void *ctx, const struct message *m);
static void on_detached(void *ctx, const struct message *m);
static int check_change(
	struct request *rq, const struct lan *lan, const struct lan_change *c);
static int change(struct lan *lan, const struct lan_change *c, struct message *err);
static void say_changed(
	struct request *rq, const struct lan *lan, const struct lan_change *c);

int define_lan(struct request *rq, struct operands *ops)
{
	return define(rq, ops, false);
}

int define_vswitch(struct request *rq, struct operands *ops)
{
	return define(rq, ops, true);
}

int detach_lan(struct request *rq, struct operands *ops)
{
	return detach(rq, ops, false);
}

int detach_vswitch(struct request *rq, struct operands *ops)
{
	return detach(rq, ops, true);
}

int set_lan(struct request *rq, struct operands *ops)
{
	return set(rq, ops, false);
}

int set_vswitch(struct request *rq, struct operands *ops)
{
	return set(rq, ops, true);
}

static int define(struct request *rq, struct operands *ops, bool vswitch)
{
	struct lan_clause c = { .def.vswitch = vswitch };
	struct lan_job *job;
	struct message m;
	int rc;

	if (scan_lan(ops, &c, &m))
		return result_message(&rq->result, &m);
	if (!c.owner_said && !request_has_class(rq, "B"))
		snprintf(c.def.owner, sizeof(c.def.owner), "%s", rq->userid);
	rc = check_define(rq, &c);
	if (rc)
		return rc;
	job = job_create(rq, &c.def);
	if (!job)
		return MSG_NO_MEMORY;
	rc = lan_define(rq->cp, &c.def, on_defined, job, &m);
	if (rc)
		free(job);
	return request_underway(rq, rc, &m);
}

/* How many LANs a user owns. */
static int count_owned(const struct request *rq, const char *owner)
{
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &rq->cp->lans)
		n += !strcmp(container_of(pos, const struct lan, node)->def.owner, owner);
	return n;
}

/* The userids a clause names must be in the directory; the operator's need not. */
static int check_user(struct request *rq, const char *userid)
{
	if (!strcmp(userid, rq->userid) || request_user(rq, userid))
		return 0;
	return MSG_NOT_IN_DIRECTORY;
}

static int check_define(struct request *rq, struct lan_clause *c)
{
	const struct lan_def *def = &c->def;
	bool b = request_has_class(rq, "B");
	int rc = 0;

	if (!b && strcmp(def->owner, rq->userid) != 0)
		return request_unknown(rq);
	if (strcmp(def->owner, "SYSTEM") != 0)
		rc = check_user(rq, def->owner);
	for (int i = 0; i < def->uplink.n_forwards && !rc; i++)
		rc = check_user(rq, def->uplink.forward[i].userid);
	if (rc)
		return rc;
	if (lan_find(rq->cp, def->owner, def->name))
		return result_say(&rq->result, MSG_LAN_EXISTS, lan_word(def), def->owner,
			def->name);
	if (!b && count_owned(rq, def->owner) >= LANS_OF_USER)
		return result_say(
			&rq->result, MSG_LAN_TOO_MANY, def->owner, LANS_OF_USER);
	return 0;
}

static int detach(struct request *rq, struct operands *ops, bool vswitch)
{
	char owner[USERID_MAX + 1], name[USERID_MAX + 1];
	struct lan_job *job;
	struct message m;
	struct lan *lan;
	bool said;
	int rc;

	rc = scan_lan_name(ops, vswitch, owner, name, &said, &m);
	if (!rc)
		rc = scan_end(ops, &m);
	if (rc)
		return result_message(&rq->result, &m);
	lan = request_own_lan(rq, vswitch, said ? owner : NULL, name);
	if (!lan)
		return rq->result.rc;
	job = job_create(rq, &lan->def);
	if (!job)
		return MSG_NO_MEMORY;
	rc = lan_detach(lan, on_detached, job, &m);
	if (rc)
		free(job);
	return request_underway(rq, rc, &m);
}

/* NULL with a message in the result: no memory. */
static struct lan_job *job_create(struct request *rq, const struct lan_def *def)
{
	struct lan_job *job = calloc(1, sizeof(*job));

	if (!job) {
		result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
		return NULL;
	}
	job->rq = rq;
	job->vswitch = def->vswitch;
	snprintf(job->owner, sizeof(job->owner), "%s", def->owner);
	snprintf(job->name, sizeof(job->name), "%s", def->name);
	return job;
}

static void finish(struct lan_job *job, const char *what, const struct message *m)
{
	struct request *rq = job->rq;

	if (!msg_failed(m)) {
		json_t *rec = result_record(&rq->result);

		rec_str(rec, "name", job->name);
		rec_str(rec, "owner", job->owner);
		rec_str(rec, "type", job->vswitch ? "vswitch" : "lan");
		result_line(&rq->result, "%s %s %s is %s",
			job->vswitch ? "VSWITCH" : "LAN", job->owner, job->name, what);
	}
	free(job);
	request_outcome(rq, m);
}

static void on_defined(void *ctx, const struct message *m)
{
	finish(ctx, "created", m);
}

static void on_detached(void *ctx, const struct message *m)
{
	finish(ctx, "destroyed", m);
}

static int set(struct request *rq, struct operands *ops, bool vswitch)
{
	struct lan_change c = { .vswitch = vswitch };
	struct message m;
	struct lan *lan;
	int rc;

	rc = scan_lan_change(ops, &c, &m);
	if (!rc)
		rc = scan_end(ops, &m);
	if (rc)
		return result_message(&rq->result, &m);
	lan = request_own_lan(rq, vswitch, c.owner_said ? c.owner : NULL, c.name);
	if (!lan)
		return rq->result.rc;
	rc = check_change(rq, lan, &c);
	if (rc)
		return rc;
	if (change(lan, &c, &m))
		return result_message(&rq->result, &m);
	say_changed(rq, lan, &c);
	return 0;
}

/* What would have no effect is refused. */
static int check_change(
	struct request *rq, const struct lan *lan, const struct lan_change *c)
{
	const struct lan_def *def = &lan->def;

	if (c->kind == CHANGE_GRANT && c->vlan_said && !def->aware)
		return result_say(&rq->result, MSG_LAN_UNAWARE, lan_word(def), def->owner,
			def->name);
	if (c->kind == CHANGE_DHCP && c->on && def->uplink.kind == UPLINK_NAT)
		return result_say(&rq->result, MSG_LAN_SERVED, lan_word(def), def->owner,
			def->name);
	return c->kind == CHANGE_GRANT ? check_user(rq, c->grant.userid) : 0;
}

static int change(struct lan *lan, const struct lan_change *c, struct message *err)
{
	const struct lan_def *def = &lan->def;

	switch (c->kind) {
	case CHANGE_GRANT: return lan_grant(lan, &c->grant, err);
	case CHANGE_REVOKE: return lan_revoke(lan, c->grant.userid, err);
	case CHANGE_ISOLATION: return lan_set(lan, c->on, def->protect, err);
	case CHANGE_PROTECT: return lan_set(lan, def->isolation, c->on, err);
	case CHANGE_MIRROR:
		return lan_mirror(lan, c->grant.userid, c->vdev, c->on ? c->to : NULL,
			c->to_vdev, err);
	case CHANGE_DHCP: break;
	}
	return lan_dhcp(lan, c->on ? c->net : NULL, err);
}

/* What the change was, in words. */
static void changed_text(const struct lan_change *c, char *buf, size_t len)
{
	const char *user = c->grant.userid, *on = c->on ? "ON" : "OFF";

	switch (c->kind) {
	case CHANGE_GRANT: snprintf(buf, len, "%s is authorized", user); break;
	case CHANGE_REVOKE:
		snprintf(buf, len, "%s is not authorized any more", user);
		break;
	case CHANGE_ISOLATION: snprintf(buf, len, "isolation is %s", on); break;
	case CHANGE_PROTECT: snprintf(buf, len, "MAC protection is %s", on); break;
	case CHANGE_MIRROR:
		if (c->on)
			snprintf(buf, len, "%s %04X is mirrored to %s %04X", user,
				c->vdev, c->to, c->to_vdev);
		else
			snprintf(buf, len, "%s %04X is not mirrored", user, c->vdev);
		break;
	case CHANGE_DHCP:
		snprintf(buf, len, "addresses are served%s%s",
			c->on ? " in " : " no more", c->net);
		break;
	}
}

static void say_changed(
	struct request *rq, const struct lan *lan, const struct lan_change *c)
{
	const struct lan_def *def = &lan->def;
	json_t *rec = result_record(&rq->result);
	char text[96];

	rec_str(rec, "name", def->name);
	rec_str(rec, "owner", def->owner);
	rec_str(rec, "type", def->vswitch ? "vswitch" : "lan");
	changed_text(c, text, sizeof(text));
	result_line(
		&rq->result, "%s %s %s: %s", lan_word(def), def->owner, def->name, text);
}
