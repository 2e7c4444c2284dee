/* The process of a guest LAN, asked as cpd would. */
#ifndef TESTS_BENCH_LAN_OUR_LAN_H
#define TESTS_BENCH_LAN_OUR_LAN_H

#include "cp/lan_proto.h"
#include "cp/lib/wire.h"

#include <sys/types.h>

struct our_lan {
	pid_t pid;
	int fd;
	uint32_t id; /* of the last request */
	struct wire_msg msg;
	uint8_t buf[WIRE_MAX_DATA + 64];
};

/* Starts `program` on a processor (< 0: any) with these settings; it ends with us.  What
 * fails ends the program. */
void our_lan_start(
	struct our_lan *l, const char *program, int cpu, const struct lan_conf *conf);

/* Asks and waits for the answer, which is in l->msg until the next request. */
void our_lan_ask(struct our_lan *l, uint16_t type, const void *head, size_t len, int fd);

/* The frontend's end of the socket of a new vhost-user port. */
int our_lan_plug(struct our_lan *l, const struct lan_port *p);

/* A port's settings where nothing is special. */
struct lan_port our_lan_port(uint32_t id);

#endif
