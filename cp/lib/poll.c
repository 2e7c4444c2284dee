/* Which ports are looked at, and for how long in vain.
 *
 * A port's window is what it is looked at in vain before it sleeps.  It grows when frames
 * come within it, and is halved, soon to nothing, when they do not.  A port without a
 * window that is woken soon after it fell asleep might have gained by waiting: it gets a
 * small one on trial.  Where trials fail, as they do when the driver needs the very core
 * that we look on, they become rare. */
#include "cp/lib/poll.h"

#include <stdlib.h>

#define TRIAL_NS    20000 /* a window on trial, and below which there is none */
#define TRIALS_RARE 64    /* wakes between trials, at most */

struct poller {
	struct list active;
};

static void look(struct poll_port *p, uint64_t now);
static void woken(struct poll_port *p, uint64_t now);
static void paid(struct poll_port *p, uint64_t waited);
static void unpaid(struct poll_port *p);

struct poller *poller_create(void)
{
	struct poller *p = calloc(1, sizeof(*p));

	if (p)
		list_init(&p->active);
	return p;
}

void poller_destroy(struct poller *p)
{
	free(p);
}

void poll_add(struct poller *poller, struct poll_port *port)
{
	list_init(&port->node);
	port->poller = poller;
	port->last = port->slept = port->window = 0;
	port->waiting = port->fresh = false;
	port->rare = 1;
	port->until_trial = 0;
}

void poll_wake(struct poll_port *port)
{
	if (!port->poller || !list_empty(&port->node))
		return;
	port->fresh = true;
	list_append(&port->poller->active, &port->node);
}

void poll_del(struct poll_port *port)
{
	if (!port->poller)
		return;
	list_remove(&port->node);
	port->poller = NULL;
}

bool poller_round(struct poller *p, uint64_t now)
{
	struct list *node, *next;

	list_for_each_safe (node, next, &p->active)
		look(container_of(node, struct poll_port, node), now);
	return !list_empty(&p->active);
}

static void look(struct poll_port *p, uint64_t now)
{
	if (p->fresh)
		woken(p, now);
	if (p->take(p, now) > 0) {
		if (p->waiting)
			paid(p, now - p->last);
		p->waiting = false;
		p->last = now;
		return;
	}
	p->waiting = true;
	if (now - p->last < p->window)
		return;
	if ((p->sleep)(p))
		return;
	unpaid(p);
	p->waiting = false;
	p->slept = now;
	list_remove(&p->node);
}

/* Waking counts as having had frames: the window begins. */
static void woken(struct poll_port *p, uint64_t now)
{
	bool soon = now - p->slept < POLL_MAX_NS;

	p->fresh = false;
	p->last = now;
	if (p->window || !soon)
		return;
	if (p->until_trial) {
		p->until_trial--;
		return;
	}
	p->window = TRIAL_NS;
	p->until_trial = p->rare;
}

/* Frames came while we looked; if it was not the kernel that let us wait so long. */
static void paid(struct poll_port *p, uint64_t waited)
{
	if (waited > p->window)
		return;
	p->rare = 1;
	p->window *= 2;
	if (p->window > POLL_MAX_NS)
		p->window = POLL_MAX_NS;
}

static void unpaid(struct poll_port *p)
{
	if (!p->window)
		return;
	p->window /= 2;
	if (p->window >= TRIAL_NS)
		return;
	p->window = 0;
	if (p->rare < TRIALS_RARE)
		p->rare *= 2;
}
