/* SHUTDOWN. */
#include "cp/shutdown.h"

#include "cp/lan.h"
#include "cp/lib/log.h"
#include "cp/partition.h"
#include "cp/server.h"
#include "cp/session.h"
#include "cp/sysconfig.h"

#include <errno.h>
#include <stdlib.h>

#define FLUSH_NS UINT64_C(2000000000) /* for clients to read the last word */
#define LOOK_NS  UINT64_C(10000000)

struct stop {
	struct cp *cp;
	const char *by;
	int waiting;           /* partitions whose end has not been told */
	struct loop_call call; /* after the answer to SHUTDOWN itself */
	struct loop_timer timer;
	uint64_t deadline;
};

static void end_one(struct stop *s, struct partition *p, unsigned seconds);
static void on_ended(void *ctx, const struct message *m);
static void end_lans(struct loop_call *call);
static void complete(void *ctx);
static void on_flush(struct loop_timer *timer);

int shutdown_start(struct cp *cp, const char *by, unsigned seconds)
{
	struct stop *s = calloc(1, sizeof(*s));
	struct list *pos, *tmp;

	if (!s)
		return -ENOMEM;
	s->cp = cp;
	s->by = cp->config->operator_id;
	cp->stopping = true;
	operator_say(cp, MSG_SHUTDOWN_STARTED, cp->config->system, by);

	s->waiting = 1; /* ourselves, while the list is walked */
	list_for_each_safe (pos, tmp, &cp->partitions)
		end_one(s, container_of(pos, struct partition, node), seconds);
	on_ended(s, NULL);
	return 0;
}

static void end_one(struct stop *s, struct partition *p, unsigned seconds)
{
	struct message err;

	s->waiting++;
	if (p->signal_enabled && seconds &&
		!partition_signal(p, seconds, on_ended, s, &err))
		return;
	if (partition_force(p, s->by, on_ended, s, &err)) {
		log_error("shutdown", "%s cannot be ended: %s", p->userid, err.text);
		s->waiting--;
	}
}

/* Of a guest that was signalled there is a message when it does not listen after all: its
 * partition goes on, and who of those that were signalled it is is not said. */
static void force_unsignalled(struct stop *s)
{
	struct list *pos, *tmp;

	list_for_each_safe (pos, tmp, &s->cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		if (p->state != PS_SIGNALLED && p->state != PS_ENDING)
			end_one(s, p, 0);
	}
}

static void on_ended(void *ctx, const struct message *m)
{
	struct stop *s = ctx;

	if (m && m->number)
		force_unsignalled(s);
	if (!--s->waiting)
		loop_defer(s->cp->loop, &s->call, end_lans, s);
}

static void end_lans(struct loop_call *call)
{
	struct stop *s = call->ctx;

	lans_end(s->cp, complete, s);
}

/* The last word goes out before the loop stops. */
static void complete(void *ctx)
{
	struct stop *s = ctx;
	struct message m;
	char line[MSG_TEXT_MAX + 16];

	msg_set(&m, MSG_SHUTDOWN_COMPLETE);
	operator_tell(s->cp, &m);
	server_end_all(s->cp->server, msg_line(&m, line, sizeof(line)));
	s->deadline = loop_now(s->cp->loop) + FLUSH_NS;
	s->timer.ctx = s;
	on_flush(&s->timer);
}

static void on_flush(struct loop_timer *timer)
{
	struct stop *s = timer->ctx;
	struct loop *loop = s->cp->loop;
	uint64_t now = loop_now(loop);

	if (!server_is_drained(s->cp->server) && now < s->deadline &&
		!loop_timer_set(loop, timer, now + LOOK_NS, on_flush, s))
		return;
	free(s);
	loop_stop(loop);
}
