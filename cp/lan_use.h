/* Which LAN a command means, and what its user may do with it. */
#ifndef CP_LAN_USE_H
#define CP_LAN_USE_H

#include "cp/lan.h"
#include "cp/request.h"

/* May the user of a request see it?  Class B sees all; others their own, and those they
 * may couple to. */
bool lan_is_visible(const struct request *rq, const struct lan *lan);
/* May it be changed, and all of it be seen?  Class B any, others their own. */
bool lan_is_ones_own(const struct request *rq, const struct lan *lan);

/* The LAN, or of them the VSWITCH, of this name; without an owner it is one's own, else
 * SYSTEM's.  NULL with a message in the result: there is none that one may see. */
struct lan *request_lan(
	struct request *rq, bool vswitch, const char *owner, const char *name);
/* The same for a change of it. */
struct lan *request_own_lan(
	struct request *rq, bool vswitch, const char *owner, const char *name);

/* The same for TRSOURCE and REPLAY: class C any, others those of their own. */
struct lan *request_traced_lan(struct request *rq, const char *owner, const char *name);

/* A NIC of a partition.  NULL with a message in the result: there is no such device. */
struct part_dev *request_nic(struct request *rq, struct partition *p, uint16_t vdev);

/* USER u where given, which needs class B, else one's own: its partition.  0, or a
 * message's number. */
int request_nic_target(struct request *rq, struct operands *ops, struct partition **out);

#endif
