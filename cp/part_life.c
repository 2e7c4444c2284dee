/* The life of a partition: what each event does in each state.
 *
 * The guest's own end decides by whether it was signalled: a guest that turns itself off
 * leaves a stopped partition, which keeps its storage for whoever looks at it; one that
 * was told to shut down by SIGNAL is logged off when it turns itself off, halts or
 * crashes. A guest that resets itself is IPLed again by its process; here that is only
 * news. */
#include "cp/part_life.h"

#include "cp/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static part_handler on_activated, on_activate_failed, on_ipled, on_ipl_failed;
static part_handler on_re_ipl_failed, on_stopped, on_begun, on_reset_done, on_power_off;
static part_handler on_reboot, on_halt, on_check, on_lost, on_timeout, on_shut_down;
static part_handler on_check_signalled, nothing;

/* NULL: refused.  A command is answered by a message; what a process tells at a moment
 * when it cannot be, because our request crossed it, is not looked at. */
static part_handler *const life[PS_STATES][PE_EVENTS] = {
	[PS_STARTING] = {
		[PE_FORCE] = part_do_force,
		[PE_ACTIVATED] = on_activated,
		[PE_ACTIVATE_FAILED] = on_activate_failed,
		[PE_LOST] = on_lost,
	},
	[PS_STOPPED] = {
		[PE_IPL] = part_do_ipl,
		[PE_BEGIN] = part_do_begin,
		[PE_STOP] = part_do_stop,
		[PE_RESET] = part_do_reset,
		[PE_FORCE] = part_do_force,
		[PE_INSPECT] = part_do_inspect,
		[PE_PLUG] = part_do_plug,
		[PE_UNPLUG] = part_do_unplug,
		[PE_STOPPED] = nothing,
		[PE_BEGUN] = on_begun,
		[PE_RESET_DONE] = on_reset_done,
		[PE_POWER_OFF] = on_power_off,
		[PE_CHECK] = on_check,
		[PE_LOST] = on_lost,
	},
	[PS_LOADING] = {
		[PE_FORCE] = part_do_force,
		[PE_IPLED] = on_ipled,
		[PE_IPL_FAILED] = on_ipl_failed,
		[PE_LOST] = on_lost,
	},
	[PS_RUNNING] = {
		[PE_IPL] = part_do_ipl,
		[PE_BEGIN] = part_do_begin,
		[PE_STOP] = part_do_stop,
		[PE_RESET] = part_do_reset,
		[PE_SIGNAL] = part_do_signal,
		[PE_FORCE] = part_do_force,
		[PE_INSPECT] = part_do_inspect,
		[PE_PLUG] = part_do_plug,
		[PE_UNPLUG] = part_do_unplug,
		[PE_IPL_FAILED] = on_re_ipl_failed,
		[PE_STOPPED] = on_stopped,
		[PE_BEGUN] = nothing,
		[PE_RESET_DONE] = on_reset_done,
		[PE_POWER_OFF] = on_power_off,
		[PE_REBOOT] = on_reboot,
		[PE_HALT] = on_halt,
		[PE_CHECK] = on_check,
		[PE_LOST] = on_lost,
	},
	[PS_DISABLED_WAIT] = {
		[PE_IPL] = part_do_ipl,
		[PE_STOP] = part_do_stop,
		[PE_RESET] = part_do_reset,
		[PE_FORCE] = part_do_force,
		[PE_INSPECT] = part_do_inspect,
		[PE_PLUG] = part_do_plug,
		[PE_UNPLUG] = part_do_unplug,
		[PE_STOPPED] = on_stopped,
		[PE_BEGUN] = on_begun,
		[PE_RESET_DONE] = on_reset_done,
		[PE_POWER_OFF] = on_power_off,
		[PE_CHECK] = on_check,
		[PE_LOST] = on_lost,
	},
	[PS_CHECKSTOPPED] = {
		[PE_IPL] = part_do_ipl,
		[PE_RESET] = part_do_reset,
		[PE_FORCE] = part_do_force,
		[PE_INSPECT] = part_do_inspect,
		[PE_PLUG] = part_do_plug,
		[PE_UNPLUG] = part_do_unplug,
		[PE_STOPPED] = nothing,
		[PE_RESET_DONE] = on_reset_done,
		[PE_LOST] = on_lost,
	},
	[PS_SIGNALLED] = {
		[PE_SIGNAL] = part_do_signal_again,
		[PE_FORCE] = part_do_force,
		[PE_INSPECT] = part_do_inspect,
		[PE_PLUG] = part_do_plug,
		[PE_UNPLUG] = part_do_unplug,
		[PE_IPL_FAILED] = on_shut_down,
		[PE_POWER_OFF] = on_shut_down,
		[PE_REBOOT] = on_reboot,
		[PE_HALT] = on_shut_down,
		[PE_CHECK] = on_check_signalled,
		[PE_LOST] = on_lost,
		[PE_TIMEOUT] = on_timeout,
	},
	[PS_ENDING] = {
		[PE_FORCE] = part_do_wait_for_end,
		[PE_LOST] = nothing,
	},
};

static int refuse(struct partition *p, const struct part_args *a, struct message *err)
{
	static const char *const phrase[PS_STATES] = {
		[PS_STARTING] = "being started",
		[PS_STOPPED] = "stopped",
		[PS_LOADING] = "being IPLed",
		[PS_RUNNING] = "running",
		[PS_DISABLED_WAIT] = "in a disabled wait",
		[PS_CHECKSTOPPED] = "checkstopped",
	};

	if (p->state == PS_SIGNALLED || p->state == PS_ENDING)
		return msg_set(err, MSG_LOGOFF_PENDING, p->userid);
	return msg_set(err, MSG_NOT_NOW, p->userid, phrase[p->state],
		a->verb ? a->verb : "that");
}

int partition_event(struct partition *p, enum part_ev ev, const struct part_args *a,
	struct message *err)
{
	part_handler *fn;

	assert(p->state < PS_STATES && ev < PE_EVENTS);
	fn = life[p->state][ev];
	return fn ? fn(p, a, err) : refuse(p, a, err);
}

const char *part_state_name(enum part_state s)
{
	static const char *const names[PS_STATES] = {
#define STATE(name, shown) [PS_##name] = #name,
#include "cp/partition_states.def"
#undef STATE
	};

	return names[s];
}

const char *part_event_name(enum part_ev ev)
{
	static const char *const names[PE_EVENTS] = {
#define EVENT(name) [PE_##name] = #name,
#include "cp/partition_states.def"
#undef EVENT
	};

	return names[ev];
}

void part_forget_guest(struct partition *p)
{
	p->signal_enabled = false;
	for (int i = 0; i < p->n_dev; i++)
		p->dev[i].broken = false;
}

static int nothing(struct partition *p, const struct part_args *a, struct message *err)
{
	(void)p, (void)a, (void)err;
	return 0;
}

/* A state in which no vCPU runs, and why. */
static int stand_still(
	struct partition *p, enum part_state state, const struct message *why)
{
	p->state = state;
	p->why = *why;
	if (why->number)
		part_tell(p, why);
	return 0;
}

static int on_activated(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)a, (void)err;
	p->state = PS_STOPPED;
	part_start_activated(p);
	return 0;
}

static int on_activate_failed(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)err;
	part_end(p, END_UNSTARTED, "", a->why, true);
	return 0;
}

static int on_ipled(struct partition *p, const struct part_args *a, struct message *err)
{
	(void)err;
	p->state = a->stop ? PS_STOPPED : PS_RUNNING;
	p->why.number = 0;
	p->loaded = true;
	part_ipl_was_last(p);
	record_update(p);
	return 0;
}

/* A guest is gone and none has come: there is nothing to BEGIN. */
static void forget_loaded(struct partition *p)
{
	p->loaded = false;
	part_ipl_was_last(p);
	record_update(p);
}

/* Who asked for the IPL is told by the answer. */
static int on_ipl_failed(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)err;
	p->state = PS_STOPPED;
	p->why = *a->why;
	forget_loaded(p);
	return 0;
}

static int on_re_ipl_failed(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)err;
	forget_loaded(p);
	return stand_still(p, PS_STOPPED, a->why);
}

static int on_stopped(struct partition *p, const struct part_args *a, struct message *err)
{
	(void)err;
	return stand_still(p, PS_STOPPED, a->why ? a->why : &(struct message) { 0 });
}

static int on_begun(struct partition *p, const struct part_args *a, struct message *err)
{
	(void)a, (void)err;
	p->state = PS_RUNNING;
	p->why.number = 0;
	return 0;
}

static int on_reset_done(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)a, (void)err;
	forget_loaded(p);
	return stand_still(p, PS_STOPPED, &(struct message) { 0 });
}

static int on_power_off(
	struct partition *p, const struct part_args *a, struct message *err)
{
	struct message m;

	(void)a, (void)err;
	msg_set(&m, MSG_GUEST_POWER_OFF, p->userid);
	return stand_still(p, PS_STOPPED, &m);
}

static int on_reboot(struct partition *p, const struct part_args *a, struct message *err)
{
	struct message m;

	(void)a, (void)err;
	part_forget_guest(p);
	msg_set(&m, MSG_GUEST_RESET, p->userid);
	part_tell(p, &m);
	return 0;
}

static int on_halt(struct partition *p, const struct part_args *a, struct message *err)
{
	struct message m;

	(void)err;
	msg_set(&m, MSG_DISABLED_WAIT, p->userid, a->event->vcpu,
		(unsigned long long)a->event->rip);
	return stand_still(p, PS_DISABLED_WAIT, &m);
}

static void hex_bytes(const struct part_event *e, char *buf, size_t len)
{
	size_t at = 0;

	snprintf(buf, len, "unknown");
	for (int i = 0; i < e->n_insn && at + 3 <= len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%02X", e->insn[i]);
}

/* Why the machine cannot go on, for people. */
static void check_message(
	const struct partition *p, const struct part_args *a, struct message *m)
{
	const struct part_event *e = a->event;
	unsigned long long rip = e->rip;
	char insn[2 * sizeof(e->insn) + 1], detail[220] = "";

	hex_bytes(e, insn, sizeof(insn));
	if (a->text && a->text[0])
		snprintf(detail, sizeof(detail), ": %s", a->text);
	if (e->kind == PART_EV_TRIPLE_FAULT)
		msg_set(m, MSG_TRIPLE_FAULT, p->userid, e->vcpu, rip, insn);
	else if (e->kind == PART_EV_KVM_ERROR && e->n_insn && p->cp->host->kvm_software)
		msg_set(m, MSG_KVM_SOFTWARE, p->userid, insn, e->vcpu, rip, detail);
	else
		msg_set(m, MSG_KVM_STOPPED, p->userid, e->suberror, e->vcpu, rip, insn,
			detail);
}

static int on_check(struct partition *p, const struct part_args *a, struct message *err)
{
	struct message m;

	(void)err;
	check_message(p, a, &m);
	return stand_still(p, PS_CHECKSTOPPED, &m);
}

static int on_lost(struct partition *p, const struct part_args *a, struct message *err)
{
	enum end_reason reason = a->kill ? END_BROKEN : END_LOST;

	(void)err;
	if (p->start)
		reason = END_UNSTARTED;
	part_end(p, reason, "", a->why, a->kill);
	return 0;
}

static int on_shut_down(
	struct partition *p, const struct part_args *a, struct message *err)
{
	(void)a, (void)err;
	part_end(p, END_SIGNALLED, "", NULL, true);
	return 0;
}

static int on_check_signalled(
	struct partition *p, const struct part_args *a, struct message *err)
{
	on_check(p, a, err);
	return on_shut_down(p, a, err);
}

static int on_timeout(struct partition *p, const struct part_args *a, struct message *err)
{
	struct message m;

	(void)a, (void)err;
	msg_set(&m, MSG_SIGNAL_EXPIRED, p->userid, p->signal_seconds);
	part_tell(p, &m);
	part_end(p, END_EXPIRED, "", NULL, true);
	return 0;
}
