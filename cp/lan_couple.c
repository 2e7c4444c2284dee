/* NICDEF LAN: what is coupled before the IPL. */
#include "cp/lan_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The NICs of one start that have not been answered. */
struct couples {
	struct cp *cp;
	char userid[USERID_MAX + 1];
	int left; /* and ourselves */
	void (*then)(void *ctx);
	void *ctx;
};

struct couple {
	struct couples *all;
	uint16_t vdev;
};

static void on_coupled(void *ctx, const struct message *m);
static void one_less(struct couples *all);

/* The message says why; that it is about this start is for the operator. */
static void tell(struct couples *all, uint16_t vdev, const struct message *why)
{
	struct partition *p = partition_find(all->cp, all->userid);
	struct message m;

	if (!p || p->state == PS_ENDING)
		return;
	msg_set(&m, MSG_NIC_NOT_COUPLED_AT_START, all->userid, vdev, why->text);
	part_tell(p, &m);
}

static void couple_one(
	struct couples *all, struct partition *p, const struct dir_device *d)
{
	struct lan *lan = lan_find(all->cp, d->lan_owner, d->lan);
	struct couple *c = malloc(sizeof(*c));
	struct message err;
	int rc;

	if (!c)
		rc = msg_set(&err, MSG_NO_MEMORY, "a NIC");
	else if (!lan)
		rc = msg_set(&err, MSG_LAN_NOT_HERE, "LAN", d->lan_owner, d->lan);
	else {
		*c = (struct couple) { all, d->vdev };
		all->left++;
		rc = lan_couple(p, d->vdev, lan, on_coupled, c, &err);
		all->left -= rc != 0;
	}
	if (!rc)
		return;
	free(c);
	tell(all, d->vdev, &err);
}

void lan_couple_all(struct partition *p, void (*then)(void *ctx), void *ctx)
{
	const struct dir_user *u = directory_find(p->cp->directory, p->userid);
	struct couples *all = calloc(1, sizeof(*all));

	if (!all) {
		operator_say(p->cp, MSG_NO_MEMORY, p->userid);
		then(ctx);
		return;
	}
	*all = (struct couples) { .cp = p->cp, .left = 1, .then = then, .ctx = ctx };
	snprintf(all->userid, sizeof(all->userid), "%s", p->userid);
	for (int i = 0; u && i < u->n_devices; i++) {
		if (u->device[i].type == DIR_NIC && u->device[i].lan[0])
			couple_one(all, p, &u->device[i]);
	}
	one_less(all);
}

static void on_coupled(void *ctx, const struct message *m)
{
	struct couple *c = ctx;
	struct couples *all = c->all;

	if (m->number)
		tell(all, c->vdev, m);
	free(c);
	one_less(all);
}

static void one_less(struct couples *all)
{
	if (--all->left)
		return;
	all->then(all->ctx);
	free(all);
}
