/* LANs as the rest of CP uses them: finding one, defining and changing it. */
#include "cp/lan_engine.h"

#include "cp/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_dir(const struct cp *cp, const char *name, mode_t mode);
static int permits(struct lan *lan, struct message *err);

static int make_filter(enum seccomp_list which, int *fd)
{
	*fd = seccomp_programs(which);
	return *fd < 0 ? *fd : 0;
}

static void drop_filter(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int lans_start(struct cp *cp, struct message *err)
{
	int rc;

	rc = make_filter(SECCOMP_LAN, &cp->lan_seccomp_fd);
	if (!rc)
		rc = make_filter(SECCOMP_UPLINK, &cp->uplink_seccomp_fd);
	if (!rc)
		rc = make_dir(cp, "lans", 0700);
	if (!rc)
		rc = make_dir(cp, LAN_OUTLET_DIR, 0755);
	if (!rc)
		return 0;
	lans_stop(cp);
	return msg_set(err, MSG_START_CP_FAILED, "guest LANs", strerror(-rc));
}

void lans_configured(struct cp *cp)
{
	struct list *pos;

	list_for_each (pos, &cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);

		if (!lan->link->intended)
			continue;
		lan->link->intended = false;
		lan_record_update(lan);
		if (lan->state == LS_ACTIVE)
			lan_process_recorded(lan);
	}
}

void lans_stop(struct cp *cp)
{
	while (!list_empty(&cp->lans))
		lan_free(container_of(cp->lans.next, struct lan, node));
	drop_filter(&cp->lan_seccomp_fd);
	drop_filter(&cp->uplink_seccomp_fd);
}

struct lan *lan_find(struct cp *cp, const char *owner, const char *name)
{
	struct list *pos;

	list_for_each (pos, &cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);

		if (!strcmp(lan->def.owner, owner) && !strcmp(lan->def.name, name))
			return lan;
	}
	return NULL;
}

struct lan *lan_find_for(struct cp *cp, const char *userid, const char *name)
{
	struct lan *lan = lan_find(cp, userid, name);

	return lan ? lan : lan_find(cp, "SYSTEM", name);
}

const char *lan_state_name(const struct lan *lan)
{
	static const char *const names[] = { [LS_STARTING] = "starting",
		[LS_ACTIVE] = "active",
		[LS_FAILED] = "failed",
		[LS_ENDING] = "ending" };

	return names[lan->state];
}

struct lan *lan_new(struct cp *cp, const struct lan_def *def)
{
	struct lan *lan = calloc(1, sizeof(*lan));

	if (!lan)
		return NULL;
	lan->link = calloc(1, sizeof(*lan->link));
	if (!lan->link) {
		free(lan);
		return NULL;
	}
	lan->cp = cp;
	lan->def = *def;
	list_init(&lan->members);
	list_init(&lan->outlets);
	list_init(&lan->traces);
	list_init(&lan->replays);
	list_append(&cp->lans, &lan->node);
	lan_process_init(lan);
	return lan;
}

void lan_free(struct lan *lan)
{
	const struct message ended = { 0 };

	lan->state = LS_ENDING;
	link_close(&lan->link->link, &ended);
	trace_lan_gone(lan);
	lan_outlets_free(lan);
	while (!list_empty(&lan->members))
		lan_member_drop(
			container_of(lan->members.next, struct lan_member, node), &ended);
	lan_uplink_free(lan);
	service_fini(&lan->link->service);
	loop_timer_cancel(&lan->link->timer);
	list_remove(&lan->node);
	free(lan->link);
	free(lan);
}

void lan_tell_done(part_done **done, void *ctx, const struct message *m)
{
	part_done *fn = *done;

	*done = NULL;
	if (fn)
		fn(ctx, m);
}

int lan_define(struct cp *cp, const struct lan_def *def, part_done *done, void *ctx,
	struct message *err)
{
	const char *kind = lan_word(def);
	struct lan *lan = lan_find(cp, def->owner, def->name);
	int rc;

	if (cp->stopping)
		return msg_set(err, MSG_SHUTTING_DOWN);
	if (lan)
		return msg_set(err, MSG_LAN_EXISTS, kind, def->owner, def->name);
	rc = lan_uplink_check(cp, def, err);
	if (rc)
		return rc;
	lan = lan_new(cp, def);
	if (!lan)
		return msg_set(err, MSG_NO_MEMORY, "a LAN");
	lan->link->intended = cp->configuring;
	rc = lan_record_write(lan, false);
	if (!rc)
		rc = lan_process_start(lan);
	if (rc) {
		lan_record_remove(lan);
		lan_free(lan);
		return msg_set(err, MSG_LAN_NOT_STARTED, kind, def->owner, def->name,
			strerror(-rc));
	}
	lan->link->define_done = done;
	lan->link->define_ctx = ctx;
	return 0;
}

int lan_detach(struct lan *lan, part_done *done, void *ctx, struct message *err)
{
	struct message why, ending;
	int rc = msg_set(&ending, MSG_LAN_ENDING, lan_word(&lan->def), lan->def.owner,
		lan->def.name);

	if (lan->state == LS_ENDING) {
		*err = ending;
		return rc;
	}
	msg_set(&why, MSG_LAN_DETACHED, lan_word(&lan->def), lan->def.owner,
		lan->def.name);
	lan->state = LS_ENDING;
	lan_tell_done(&lan->link->define_done, lan->link->define_ctx, &ending);
	lan->link->detach_done = done;
	lan->link->detach_ctx = ctx;
	while (!list_empty(&lan->members))
		lan_member_expel(
			container_of(lan->members.next, struct lan_member, node), &why);
	lan_process_end(lan, "it was detached");
	return 0;
}

struct ending {
	int left; /* to be told of, and ourselves */
	void (*done)(void *ctx);
	void *ctx;
};

static void one_ended(void *ctx, const struct message *m)
{
	struct ending *e = ctx;

	(void)m;
	if (--e->left)
		return;
	e->done(e->ctx);
	free(e);
}

void lans_end(struct cp *cp, void (*done)(void *ctx), void *ctx)
{
	struct ending *e = calloc(1, sizeof(*e));
	struct list *pos, *tmp;
	struct message ignored;

	if (!e) { /* they end, and nobody waits for it */
		list_for_each_safe (pos, tmp, &cp->lans)
			lan_detach(container_of(pos, struct lan, node), NULL, NULL,
				&ignored);
		done(ctx);
		return;
	}
	*e = (struct ending) { .left = 1, .done = done, .ctx = ctx };
	list_for_each_safe (pos, tmp, &cp->lans) {
		struct lan *lan = container_of(pos, struct lan, node);

		e->left++;
		lan->link->shutdown_done = one_ended;
		lan->link->shutdown_ctx = e;
		lan_detach(lan, NULL, NULL, &ignored); /* or it ends already */
	}
	one_ended(e, NULL);
}

/* ---- What is permitted ------------------------------------------------------------ */

const struct lan_grant *lan_granted(const struct lan *lan, const char *userid)
{
	for (int i = 0; i < lan->def.n_grants; i++) {
		if (!strcmp(lan->def.grant[i].userid, userid))
			return &lan->def.grant[i];
	}
	return NULL;
}

int lan_grant(struct lan *lan, const struct lan_grant *g, struct message *err)
{
	struct lan_grant *old = (struct lan_grant *)(uintptr_t)lan_granted(
		lan, g->userid);

	if (!old && lan->def.n_grants == LAN_MAX_GRANTS)
		return msg_set(err, MSG_TOO_MANY, LAN_MAX_GRANTS, "grants of one LAN");
	if (!old)
		old = &lan->def.grant[lan->def.n_grants++];
	*old = *g;
	return permits(lan, err);
}

int lan_revoke(struct lan *lan, const char *userid, struct message *err)
{
	const struct lan_grant *g = lan_granted(lan, userid);
	ptrdiff_t i = g ? g - lan->def.grant : 0;

	if (!g)
		return msg_set(err, MSG_LAN_NO_GRANT, userid, lan_word(&lan->def),
			lan->def.owner, lan->def.name);
	lan->def.n_grants--;
	memmove(&lan->def.grant[i], &lan->def.grant[i + 1],
		(size_t)(lan->def.n_grants - i) * sizeof(lan->def.grant[0]));
	return permits(lan, err);
}

int lan_set(struct lan *lan, bool isolation, bool protect, struct message *err)
{
	lan->def.isolation = isolation;
	lan->def.protect = protect;
	lan_send_conf(lan);
	lan_record_update(lan);
	(void)err;
	return 0;
}

int lan_dhcp(struct lan *lan, const char *net, struct message *err)
{
	lan->def.dhcp = net != NULL;
	snprintf(lan->def.dhcp_net, sizeof(lan->def.dhcp_net), "%s", net ? net : "");
	lan_feeder_changed(lan);
	lan_record_update(lan);
	(void)err;
	return 0;
}

static int make_dir(const struct cp *cp, const char *name, mode_t mode)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", cp->rundir, name);
	if (mkdir(path, mode) && errno != EEXIST)
		return -errno;
	if (lstat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	return chmod(path, mode) ? -errno : 0;
}

/* Who is a member is what the grants say from now on; the record has them. */
static int permits(struct lan *lan, struct message *err)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);
		struct partition *p = partition_find(lan->cp, m->userid);

		if (m->userid[0] && p)
			lan_nic_changed(p, m->vdev);
	}
	lan_record_update(lan);
	(void)err;
	return 0;
}
