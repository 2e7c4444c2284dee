/* What the process of a LAN tells of its own accord. */
#include "cp/lan_engine.h"

#include <errno.h>

static void on_port_gone(struct lan *lan, uint32_t id, const char *text)
{
	struct lan_member *m = lan_member_by_id(lan, id);
	struct partition *p;
	struct message said;

	if (!m || !m->plugged || m->left)
		return;
	if (!m->userid[0]) {
		if (lan_outlet_of(m))
			lan_outlet_gone(m, text);
		else
			lan_uplink_gone(m, text);
		return;
	}
	p = partition_find(lan->cp, m->userid);
	if (!p || m->op)
		return;
	if (text[0]) {
		msg_set(&said, MSG_NIC_DETACHED, p->userid, m->vdev, lan_word(&lan->def),
			lan->def.owner, lan->def.name, text);
		part_tell(p, &said);
	}
	lan_replug(m);
}

int lan_happened(struct lan *lan, const struct wire_msg *msg, const char **what)
{
	struct lan_event ev;
	char text[200];
	size_t head;

	if (msg->type != LAN_EVENT) {
		*what = "it sent a record of an unknown type";
		return -EPROTO;
	}
	head = link_take(&ev, sizeof(ev), msg->data, msg->len);
	link_take_text(text, sizeof(text), msg->data, msg->len, head);
	switch (ev.kind) {
	case LAN_EV_PORT_GONE: on_port_gone(lan, ev.id, text); return 0;
	case LAN_EV_PORT_STATE: return 0;
	case LAN_EV_TRACE_BROKEN:
	case LAN_EV_REPLAY_DONE: trace_event(lan, &ev, text); return 0;
	default: *what = "it told of an event of an unknown kind"; return -EPROTO;
	}
}
