/* A twin of the front end for tests of the engine: what would be said to the operator,
 * and what a guest's cp port says, is written down instead.
 *
 * It is included, not linked: what the test program defines takes the place of the real
 * thing (cp/session.c, cp/guest.c, cp/trace.c). */
#ifndef TESTS_UNIT_CP_FRONT_TWIN_H
#define TESTS_UNIT_CP_FRONT_TWIN_H

#include "cp/lan.h"
#include "cp/msg.h"
#include "cp/partition.h"
#include "cp/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TWIN_MESSAGES 64

static struct front_twin {
	int n_said;
	struct message said[TWIN_MESSAGES]; /* the last one again and again when full */
	int commands, resets, gone;
	int lans_ready, lan_events, lans_gone;
	uint32_t command_id;
	char command[256];
} front_twin;

void operator_tell(struct cp *cp, const struct message *m)
{
	(void)cp;
	front_twin.said[front_twin.n_said] = *m;
	if (front_twin.n_said < TWIN_MESSAGES - 1)
		front_twin.n_said++;
}

void operator_say(struct cp *cp, int number, ...)
{
	struct message m;
	va_list ap;

	va_start(ap, number);
	msg_vset(&m, (enum msg_number)number, ap);
	va_end(ap);
	operator_tell(cp, &m);
}

void guest_command(
	struct partition *p, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	(void)p, (void)flags;
	front_twin.commands++;
	front_twin.command_id = id;
	snprintf(front_twin.command, sizeof(front_twin.command), "%.*s", (int)len,
		len ? text : "");
}

void guest_reset(struct partition *p)
{
	(void)p;
	front_twin.resets++;
}

void guest_gone(struct partition *p)
{
	(void)p;
	front_twin.gone++;
}

void trace_lan_ready(struct lan *lan)
{
	(void)lan;
	front_twin.lans_ready++;
}

void trace_event(struct lan *lan, const struct lan_event *ev, const char *text)
{
	(void)lan, (void)ev, (void)text;
	front_twin.lan_events++;
}

void trace_lan_gone(struct lan *lan)
{
	(void)lan;
	front_twin.lans_gone++;
}

static inline void front_twin_reset(void)
{
	memset(&front_twin, 0, sizeof(front_twin));
}

/* How often the operator was told this. */
static inline int front_twin_said(int number)
{
	int n = 0;

	for (int i = 0; i < front_twin.n_said; i++)
		n += front_twin.said[i].number == number;
	return n;
}

#endif
