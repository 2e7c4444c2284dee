/* What a partition's process tells of its own accord, and the wording of its failures.
 *
 * A payload may be shorter than its struct (an older process) or longer (a newer one):
 * what is missing is zero, what is beyond is not looked at. */
#include "cp/engine.h"

#include "cp/guest_abi.h"
#include "cp/lan_engine.h"
#include "cp/lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int on_console(struct partition *p, const struct wire_msg *msg, const char **what);
static int on_command(struct partition *p, const struct wire_msg *msg, const char **what);
static int on_event(struct partition *p, const struct wire_msg *msg, const char **what);
static int on_run(struct partition *p, const struct part_event *e, const char *text,
	const char **what);
static void on_ipl_failed(
	struct partition *p, const struct part_event *e, const char *text);
static void fail_message(const struct partition *p, const char *verb, uint32_t reason,
	const char *text, struct message *out);

int part_happened(struct partition *p, const struct wire_msg *msg, const char **what)
{
	switch (msg->type) {
	case PART_CONSOLE: return on_console(p, msg, what);
	case PART_EVENT: return on_event(p, msg, what);
	case PART_GUEST_COMMAND: return on_command(p, msg, what);
	case PART_GUEST_RESET: guest_reset(p); return 0;
	default: *what = "it sent a record of an unknown type"; return -EPROTO;
	}
}

void part_fail_message(const struct partition *p, const char *verb, const void *bytes,
	size_t len, struct message *out)
{
	struct part_fail fail;
	size_t head = link_take(&fail, sizeof(fail), bytes, len);
	char text[200];

	link_take_text(text, sizeof(text), bytes, len, head);
	if (!text[0])
		snprintf(text, sizeof(text), "%s", link_error_text(fail.err));
	fail_message(p, verb, fail.reason, text, out);
}

static int on_console(struct partition *p, const struct wire_msg *msg, const char **what)
{
	struct part_console head;

	*what = "its console output is not in order";
	if (msg->len < sizeof(head) || msg->len - sizeof(head) > PART_CHUNK)
		return -EPROTO;
	memcpy(&head, msg->data, sizeof(head));
	return part_console_output(p, head.offset, (const char *)msg->data + sizeof(head),
		       msg->len - sizeof(head))
		       ? -EPROTO
		       : 0;
}

static int on_command(struct partition *p, const struct wire_msg *msg, const char **what)
{
	if (msg->len > CP_COMMAND_MAX) {
		*what = "it passed on a command that is too long";
		return -EPROTO;
	}
	guest_command(p, msg->id, msg->flags, msg->data, msg->len);
	return 0;
}

static int on_event(struct partition *p, const struct wire_msg *msg, const char **what)
{
	struct part_event e;
	size_t head = link_take(&e, sizeof(e), msg->data, msg->len);
	char text[200];
	struct part_args args = { .event = &e, .text = text };
	struct message m;

	link_take_text(text, sizeof(text), msg->data, msg->len, head);
	if (e.n_insn > sizeof(e.insn))
		e.n_insn = sizeof(e.insn);
	switch (e.kind) {
	case PART_EV_STATE: return on_run(p, &e, text, what);
	case PART_EV_POWER_OFF: return partition_event(p, PE_POWER_OFF, &args, &m), 0;
	case PART_EV_REBOOT: return partition_event(p, PE_REBOOT, &args, &m), 0;
	case PART_EV_HALT: return partition_event(p, PE_HALT, &args, &m), 0;
	case PART_EV_TRIPLE_FAULT:
	case PART_EV_KVM_ERROR: return partition_event(p, PE_CHECK, &args, &m), 0;
	case PART_EV_DEVICE:
		for (int i = 0; i < p->n_dev; i++)
			p->dev[i].broken |= p->dev[i].vdev == e.vdev;
		msg_set(&m, MSG_DEVICE_BROKEN, p->userid, e.vdev, text);
		part_tell(p, &m);
		return 0;
	case PART_EV_SIGNAL_ENABLED: p->signal_enabled = e.run != 0; return 0;
	case PART_EV_IPL_FAILED: on_ipl_failed(p, &e, text); return 0;
	case PART_EV_NIC_LOST: lan_nic_lost(p, e.vdev); return 0;
	default: *what = "it told of an event of an unknown kind"; return -EPROTO;
	}
}

/* What the guest does changed, for a reason that has no event of its own. */
static int on_run(struct partition *p, const struct part_event *e, const char *text,
	const char **what)
{
	static const enum part_ev events[] = {
		[PART_STOPPED] = PE_STOPPED,
		[PART_RUNNING] = PE_BEGUN,
		[PART_DISABLED_WAIT] = PE_HALT,
		[PART_CHECKSTOPPED] = PE_CHECK,
	};
	struct message m;

	if (e->run == PART_EMPTY || e->run >= sizeof(events) / sizeof(events[0])) {
		*what = "it told of a state that is none";
		return -EPROTO;
	}
	msg_set(&m, MSG_GUEST_STOPPED, p->userid, text[0] ? text : "no reason given");
	partition_event(p, events[e->run],
		&(struct part_args) { .event = e, .text = text, .why = &m }, &m);
	return 0;
}

static void on_ipl_failed(
	struct partition *p, const struct part_event *e, const char *text)
{
	struct message why, m;

	fail_message(p, "IPL", e->reason, text, &why);
	msg_set(&m, MSG_REIPL_FAILED, p->userid, why.text);
	partition_event(
		p, PE_IPL_FAILED, &(struct part_args) { .event = e, .why = &m }, &why);
}

static void fail_message(const struct partition *p, const char *verb, uint32_t reason,
	const char *text, struct message *out)
{
	switch (reason) {
	case PART_R_STATE: msg_set(out, MSG_PART_STATE, p->userid, verb, text); break;
	case PART_R_KVM: msg_set(out, MSG_PART_KVM, p->userid, verb, text); break;
	case PART_R_STORAGE: msg_set(out, MSG_PART_STORAGE, p->userid, text); break;
	case PART_R_VCPU: msg_set(out, MSG_PART_VCPU, p->userid, text); break;
	case PART_R_DEVICE: msg_set(out, MSG_PART_DEVICE, p->userid, text); break;
	case PART_R_SANDBOX: msg_set(out, MSG_PART_SANDBOX, p->userid, text); break;
	case PART_R_IMAGE: msg_set(out, MSG_PART_IMAGE, p->userid, text); break;
	case PART_R_IMAGE_SIZE: msg_set(out, MSG_PART_IMAGE_SIZE, p->userid, text); break;
	case PART_R_ADDRESS: msg_set(out, MSG_PART_ADDRESS, p->userid, text); break;
	case PART_R_IO: msg_set(out, MSG_PART_IO, p->userid, text); break;
	case PART_R_BUSY: msg_set(out, MSG_PART_BUSY, p->userid, text); break;
	default: msg_set(out, MSG_PART_FAILED, p->userid, verb, text);
	}
}
