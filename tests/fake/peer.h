/* cpd's side of a partition process, for tests: both run on one loop in one thread. */
#ifndef TESTS_FAKE_PEER_H
#define TESTS_FAKE_PEER_H

#include "cp/part_proto.h"
#include "partitions/ctl.h"

struct peer {
	struct loop *loop;
	struct ctl *ctl;
	struct sandbox sandbox; /* no filters */
	struct sockaddr_un *addr;
	unsigned addr_len;
	int fd;      /* cpd's end of the connection, or -1 */
	uint32_t id; /* of the last request */

	/* the last record taken */
	struct wire_msg msg;
	uint8_t buf[WIRE_MAX_DATA + 64];
};

/* A process that listens; the peer is not yet connected.  Tests end on failure. */
void peer_create(struct peer *p);
void peer_destroy(struct peer *p);

/* Connects anew; `version` 0: without PART_HELLO, else its answer has been taken. */
void peer_connect(struct peer *p, uint32_t version, uint64_t console_from);
void peer_disconnect(struct peer *p);

/* Sends a request of one piece, or of two. */
void peer_send(struct peer *p, uint16_t type, const void *data, size_t len);
void peer_send_more(struct peer *p, uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, const int *fds, int n_fds);

/* Runs the loop until a record of this type is there, and takes it; others before it are
 * dropped.  False: none came within some seconds. */
bool peer_wait(struct peer *p, uint16_t type);

/* Sends and waits for the answer.  The reason, or PART_R_NONE: it was PART_OK. */
enum part_reason peer_ask(struct peer *p, uint16_t type, const void *data, size_t len);
enum part_reason peer_ask_more(struct peer *p, uint16_t type, const void *head,
	size_t head_len, const void *more, size_t more_len, const int *fds, int n_fds);

/* Runs the loop until nothing is to be done. */
void peer_settle(struct peer *p);

/* Drops what has arrived. */
void peer_drop(struct peer *p);

/* Usual requests: a machine with a console; an image of this code at 1 MiB. */
enum part_reason peer_activate(struct peer *p, unsigned n_vcpus);
enum part_reason peer_ipl(struct peer *p, const void *code, size_t len, uint32_t flags);
enum part_reason peer_cpu(struct peer *p, uint16_t type, uint32_t cpu);

/* For cmocka, *state being the peer: a process that listens; whose machine is activated;
 * whose guest runs. */
int peer_setup(void **state);
int peer_setup_active(void **state);
int peer_setup_running(void **state);
int peer_teardown(void **state);

/* The next event, or -1; *e is it. */
int peer_event(struct peer *p, struct part_event *e);

#endif
