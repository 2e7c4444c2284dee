/* The connection to a partition's process.  What breaks a rule of cp/part_proto.h ends
 * the partition. */
#include "cp/engine.h"

#include <errno.h>
#include <stdlib.h>

static void fail_message(void *owner, const char *verb, const void *bytes, size_t len,
	struct message *out);
static int happened(void *owner, const struct wire_msg *msg, const char **what);
static void lost(void *owner, const char *what);

static const struct link_kind kind = { .ok = PART_OK,
	.fail = PART_FAIL,
	.hello = PART_HELLO,
	.hello_answer = PART_HELLO_ANSWER,
	.subsystem = "partition",
	.max_pending = PART_MAX_PENDING,
	.max_queued = 1 << 20,
	.fail_message = fail_message,
	.happened = happened,
	.lost = lost };

void part_link_init(struct partition *p)
{
	link_init(&p->link, &kind, p->cp->loop, p, p->userid);
}

void part_link_free(struct partition *p)
{
	part_link_close(p, &(struct message) { 0 });
}

int part_link_open(struct partition *p, int fd)
{
	return link_open(&p->link, fd);
}

int part_link_connect(struct partition *p)
{
	char path[4096];

	return link_connect(&p->link,
		part_path(p->cp, p->userid, PART_FILE_SOCK, path, sizeof(path)), p->pid,
		p->uid);
}

void part_link_close(struct partition *p, const struct message *why)
{
	link_close(&p->link, why);
}

int part_link_ask(struct partition *p, const struct link_ask *ask, struct message *err)
{
	return link_ask(&p->link, ask, err);
}

int part_link_send(
	struct partition *p, uint16_t type, uint32_t id, const void *bytes, size_t len)
{
	return link_send(&p->link, type, id, bytes, len);
}

int part_link_pending(const struct partition *p)
{
	return p->link.n_pending;
}

static void fail_message(
	void *owner, const char *verb, const void *bytes, size_t len, struct message *out)
{
	part_fail_message(owner, verb, bytes, len, out);
}

static int happened(void *owner, const struct wire_msg *msg, const char **what)
{
	return part_happened(owner, msg, what);
}

static void lost(void *owner, const char *what)
{
	struct partition *p = owner;
	struct part_args args = { 0 };
	struct message why, ignored;

	if (what) {
		msg_set(&why, MSG_PARTITION_LOST, p->userid, what);
		args = (struct part_args) { .why = &why, .kill = true };
	}
	partition_event(p, PE_LOST, &args, &ignored);
}
