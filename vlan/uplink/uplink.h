/* An uplink: frames between a guest LAN and something else, one poll(2) loop.
 *
 * Each kind is one file.  Frames come and go whole and summed: no offload is asked of the
 * LAN, which cuts what is larger. */
#ifndef VLAN_UPLINK_UPLINK_H
#define VLAN_UPLINK_UPLINK_H

#include "cp/lib/vnic.h"
#include "vlan/uplink/conf.h"

#include <poll.h>

#define UPLINK_FRAME (65535 + 18) /* bytes of the largest frame */
#define UPLINK_WHY   200          /* of a reason */

/* What is waited for next. */
struct uplink_poll {
	struct pollfd *fd; /* owned */
	int n, max;
	int timeout_ms; /* -1: none */
};

struct uplink;

struct uplink_kind {
	const char *name;
	enum uplink_role role; /* what it may call once frames flow */
	bool keeps_files;      /* and may read some of them */

	/* With all privileges; what needs none may come here, too.  0 or -errno, with
	 * the reason in `why`. */
	int (*open)(struct uplink *u, char why[UPLINK_WHY]);

	/* A frame from the LAN, ours. */
	void (*frame)(struct uplink *u, const uint8_t *bytes, size_t len);

	/* What it waits for; may shorten the timeout.  NULL: nothing. */
	void (*fill)(struct uplink *u, struct uplink_poll *p);

	/* After poll(2).  0 or -errno: its other side has gone. */
	int (*run)(struct uplink *u, const struct uplink_poll *p);
};

struct uplink {
	const struct uplink_kind *kind;
	const struct uplink_conf *conf;
	struct vnic *nic;
	void *own;        /* the kind's */
	uint64_t dropped; /* frames the LAN had no room for */
	uint64_t lost;    /* ...and the other side */
	uint8_t buf[UPLINK_FRAME];
};

extern const struct uplink_kind uplink_nat, uplink_if, uplink_vde, uplink_names;

/* Sends a frame into the LAN; one that is none, or has no room, is dropped. */
void uplink_send(struct uplink *u, const uint8_t *bytes, size_t len);

/* Waits for a descriptor, too; its place in p->fd.  -1: no memory. */
int uplink_poll_add(struct uplink_poll *p, int fd, short events);
short uplink_poll_got(const struct uplink_poll *p, int at); /* at may be -1 */

/* Plugs into the LAN at `fd`, owned also on failure.  0 or -errno. */
int uplink_plug(struct uplink *u, int fd);

/* Until the LAN closes its socket: 0, or -errno of the other side. */
int uplink_run(struct uplink *u);

uint64_t uplink_now_ms(void);

int uplink_fail(char why[UPLINK_WHY], int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4))); /* returns -|err| */

#endif
