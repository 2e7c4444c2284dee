/* The processes of a LAN's uplink and of the names it serves. */
#ifndef CP_LAN_FEEDER_H
#define CP_LAN_FEEDER_H

#include "cp/lan.h"
#include "cp/service.h"

enum lan_feeder_place { FEEDER_UPLINK, FEEDER_NAMES, FEEDERS };

struct lan_feeder {
	struct lan *lan;
	enum lan_feeder_place place;
	struct service service;
	struct loop_timer timer; /* until it is started, or looked at, again */
	unsigned failures;       /* in a row */
	uint64_t since;          /* loop_now() when it became ready; 0: it is not */
	bool clearing;           /* its end is meant: it is started anew at once */
	char *conf;              /* what it was started with; owned */
};

/* The configuration of such a process (cp/uplink_proto.h); malloc'ed, NULL: no memory. */
char *lan_feeder_conf(struct lan *lan, const char *kind);

/* Can such a process be had?  0, or a message's number. */
int lan_feeder_check(struct cp *cp, const struct lan_def *def, struct message *err);

/* Starts those that are wanted and not there. */
void lan_feeder_start(struct lan *lan);
void lan_feeder_stop(struct lan *lan); /* the LAN's process has gone */
bool lan_feeder_end(struct lan *lan);  /* as lan_uplink_end() */
void lan_feeder_free(struct lan *lan);

/* Who is in the LAN, or what is served to it, has changed. */
void lan_feeder_changed(struct lan *lan);

/* Is this member the port of one?  Then that is started anew. */
bool lan_feeder_gone(struct lan_member *m, const char *why);

#endif
