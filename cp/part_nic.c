/* Coupling a NIC, as its partition's process is asked for it. */
#include "cp/lan_engine.h"

#define NIC_VERSION 4 /* of the protocol, which has this request */

int part_nic_ask(struct partition *p, const struct part_nic *head, int fd,
	part_done *done, void *ctx, struct message *err)
{
	struct link_ask ask = { .type = PART_NIC,
		.verb = head->flags & PART_NIC_KEEP     ? "SET NIC"
			: head->flags & PART_NIC_COUPLE ? "COUPLE"
							: "UNCOUPLE",
		.head = head,
		.head_len = sizeof(*head),
		.fds = &fd,
		.n_fds = fd >= 0,
		.seconds = LINK_SECONDS,
		.done = done,
		.ctx = ctx };

	if (p->state == PS_ENDING)
		return msg_set(err, MSG_LOGOFF_PENDING, p->userid);
	if (p->state == PS_STARTING)
		return msg_set(err, MSG_NOT_NOW, p->userid, "being started", ask.verb);
	if (p->version < NIC_VERSION)
		return msg_set(err, MSG_PART_OLD, p->userid, ask.verb);
	return part_link_ask(p, &ask, err);
}
