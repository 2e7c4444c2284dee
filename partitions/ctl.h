/* The conversation with cpd (cp/part_proto.h): one connection at a time, the newest.
 *
 * What happens while nobody is connected is kept: the end of the console's output, and
 * the latest events. */
#ifndef PARTITIONS_CTL_H
#define PARTITIONS_CTL_H

#include "cp/lib/wire.h"
#include "partitions/vm.h"

#define CTL_EVENTS   32 /* kept until cpd has them */
#define CTL_COMMANDS 64 /* of the guest, in progress */

struct ctl_event {
	struct part_event event;
	char text[200];
};

struct ctl {
	struct loop *loop;
	struct vm *vm;
	struct loop_fd listener;
	struct wire wire;
	uint32_t version;      /* both speak; 0: no PART_HELLO yet */
	uint64_t console_sent; /* offset of what cpd gets next */
	struct loop_call flush;
	struct loop_timer linger; /* until console output is flushed */

	/* vm->lock */
	unsigned n_events;
	struct ctl_event events[CTL_EVENTS]; /* the oldest first */
	unsigned n_commands;
	uint32_t command[CTL_COMMANDS]; /* ids */
	bool reset_owed; /* cpd is still to be told that the guest forgot them */
};

/* Listens on `listen_fd`, which it owns from here on, also on failure; and makes the
 * machine it serves.  0 or -errno. */
int ctl_create(struct loop *loop, int listen_fd, int kvm_fd,
	const struct sandbox *sandbox, struct ctl **out);
void ctl_destroy(struct ctl *c); /* accepts NULL; ends the machine */

/* For the requests (ctl_request.c). */

/* Sends an answer or drops the connection: cpd does not read. */
void ctl_answer(struct ctl *c, uint16_t type, uint32_t id, const void *data, size_t len);

/* The guest's command `id` is answered; no more is owed to it. */
void ctl_command_done(struct ctl *c, uint32_t id);

/* Sends what is kept, as far as cpd reads. */
void ctl_flush(struct ctl *c);

/* Serves one record. */
void ctl_request(struct ctl *c, struct wire_msg *msg);

#endif
