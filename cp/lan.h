/* A guest LAN as CP sees it: what it is, who may use it, its process, and the NICs that
 * are coupled to it.
 *
 * A LAN is CP's and outlives its process: one that dies is started anew, and the ports it
 * had are plugged in again.  Functions that ask something return 0 when it is under way
 * (then `done` is called exactly once, maybe before they return) or a message's number
 * with the message in *err (then `done` is not called). */
#ifndef CP_LAN_H
#define CP_LAN_H

#include "cp/lan_proto.h"
#include "cp/partition.h"

enum lan_uplink_kind {
	UPLINK_NONE,
	UPLINK_TAP,
	UPLINK_IF,
	UPLINK_NAT,
	UPLINK_UDP,
	UPLINK_VDE
};

#define LAN_MAX_FORWARDS 32

struct lan_forward {
	uint16_t host_port, port;
	char userid[USERID_MAX + 1];
};

struct lan_uplink {
	enum lan_uplink_kind kind;
	char name[108];           /* TAP, IF: interface; VDE: socket */
	char here[64], there[64]; /* UDP: address:port, as written */
	struct lan_forward forward[LAN_MAX_FORWARDS];
	int n_forwards;
	bool trunk;      /* PORTTYPE of the uplink */
	uint16_t native; /* NATIVE: VLAN of its untagged frames; 0: none */
};

struct lan_grant {
	char userid[USERID_MAX + 1];
	bool trunk; /* PORTTYPE */
	bool promiscuous;
	char vlans[128];    /* "": the LAN's native one */
	uint32_t community; /* 0: none */
};

#define LAN_MAX_GRANTS 256

/* A port for a program of the host, which plugs itself in by vhost-user: what DEFINE PORT
 * says. */
struct lan_outlet_def {
	char name[USERID_MAX + 1];
	char path[108];     /* of its socket */
	char mac[MAC_TEXT]; /* it sends from this address only; "": from any */
	bool trunk;         /* PORTTYPE */
	char vlans[128];    /* "": the LAN's native one */
	uint32_t community; /* 0: none */
};

#define LAN_MAX_OUTLETS 32

/* What DEFINE and SET say of it, all of which the record has. */
struct lan_def {
	char owner[USERID_MAX + 1], name[USERID_MAX + 1]; /* owner "SYSTEM" or a userid */
	bool vswitch, restricted, aware, isolation, protect, bounce;
	bool memory_said;  /* MEMORY was given; else bounce is as restricted */
	uint32_t max_conn; /* 0: LAN_MAX_PORTS */
	uint32_t mtu;
	uint16_t native; /* VLAN of NICs for which nothing else is said; 1 where aware */
	bool dhcp;       /* addresses and names are served to it */
	char dhcp_net[20]; /* "10.1.2.0/24" */
	struct lan_uplink uplink;
	struct lan_grant grant[LAN_MAX_GRANTS];
	int n_grants;
};

enum lan_state {
	LS_STARTING, /* its process is not ready yet, or is being started anew */
	LS_ACTIVE,
	LS_FAILED, /* it cannot be started: every try failed; tried again, slowly */
	LS_ENDING
};

/* A NIC that is coupled, the uplink, or who is at an outlet, as the LAN's process knows
 * it. */
struct lan_member {
	struct list node; /* in lan->members */
	uint32_t id;
	char userid[USERID_MAX + 1]; /* "" for the uplink, services and outlets */
	uint16_t vdev;
	char name[LAN_NAME]; /* "ALPHA.0600", "UPLINK", of an outlet "*.QEMU1" */
	bool plugged;        /* the process has it */
	bool left;           /* it is being uncoupled: no member any more for anybody */
	uint32_t mirror;     /* id of the member that gets copies; 0: none */
	struct lan *lan;
	struct lan_op *op; /* what is under way with it, or NULL (cp/lan_plug.c) */
	struct allowance replugged; /* without anybody asking for it */
};

/* A socket that is listened on while nobody is plugged in there. */
struct lan_outlet {
	struct list node; /* in lan->outlets, by definition */
	struct lan_outlet_def def;
	struct lan *lan;
	struct loop_fd watch;    /* fd -1: it cannot be listened on */
	uint64_t inode;          /* of the socket */
	uint64_t since;          /* loop_now() when the present connection came */
	struct allowance brief;  /* connections that end at once */
	bool storm;              /* they were too many, and that was said */
	struct loop_timer pause; /* until the next one is taken */
};

struct lan {
	struct list node; /* in cp->lans */
	struct cp *cp;
	struct lan_def def;
	enum lan_state state;
	pid_t pid;
	int restarts; /* of its process */
	struct list members;
	int n_nics;          /* of them that count for MAXCONN: NICs and outlets' */
	struct list outlets; /* struct lan_outlet.node */
	uint32_t last_id;
	uint64_t features;     /* of its vhost-user ports */
	struct lan_link *link; /* the engine's own: process, wire, requests */
	struct list traces;    /* struct trace.node (cp/trace.h) */
	struct list replays;   /* struct replay.node (cp/replay.h) */
	uint32_t last_replay;
};

/* The directory of their records, and what they are started with; cp->lans is an empty
 * list.  0, or a message's number with nothing left behind. */
int lans_start(struct cp *cp, struct message *err);
void lans_adopt(struct cp *cp); /* after the partitions: those of an earlier cpd */
/* All that the configuration says of them is done: what was defined meanwhile
 * (cp->configuring) is no more undone by the next cpd. */
void lans_configured(struct cp *cp);
void lans_stop(struct cp *cp); /* leaves the processes running, and forgets them */
/* SHUTDOWN: ends all; `done` is called once, when none is left. */
void lans_end(struct cp *cp, void (*done)(void *ctx), void *ctx);

struct lan *lan_find(struct cp *cp, const char *owner, const char *name);
/* What "LAN name" means to a user: one's own, else SYSTEM's. */
struct lan *lan_find_for(struct cp *cp, const char *userid, const char *name);
const char *lan_state_name(const struct lan *lan); /* "active", "starting", "failed" */
const char *lan_word(const struct lan_def *def);   /* "LAN" or "VSWITCH" */

/* `done`: its process is ready, or not to be had (then it is not defined). */
int lan_define(struct cp *cp, const struct lan_def *def, part_done *done, void *ctx,
	struct message *err);
/* Uncouples all, ends the process and forgets the LAN. */
int lan_detach(struct lan *lan, part_done *done, void *ctx, struct message *err);

/* Changes lan->def; who is not permitted any more is uncoupled at once, and told. */
int lan_grant(struct lan *lan, const struct lan_grant *g, struct message *err);
int lan_revoke(struct lan *lan, const char *userid, struct message *err);
int lan_set(struct lan *lan, bool isolation, bool protect, struct message *err);
int lan_mirror(struct lan *lan, const char *userid, uint16_t vdev, const char *to,
	uint16_t to_vdev, struct message *err); /* to NULL: no more */
/* Addresses and names are served to it, in this network; net NULL: no more. */
int lan_dhcp(struct lan *lan, const char *net, struct message *err);
const struct lan_grant *lan_granted(const struct lan *lan, const char *userid);

/* NICs.  COUPLE refuses, in this order: no such NIC, coupled already, no such LAN, not
 * authorized, full, a backend that lacks a feature. */
int lan_couple(struct partition *p, uint16_t vdev, struct lan *lan, part_done *done,
	void *ctx, struct message *err);
int lan_uncouple(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err);
/* Rate, impairment, link or VLANs of a NIC changed in p->dev: made to hold. */
void lan_nic_changed(struct partition *p, uint16_t vdev);
void lan_partition_ends(struct partition *p); /* its NICs leave their LANs */
/* Before the IPL: what NICDEF says is coupled; what cannot be is told.  `then` is called
 * once, maybe before it returns; the partition may have ended by then. */
void lan_couple_all(struct partition *p, void (*then)(void *ctx), void *ctx);

/* Where a NIC is; NULL: not coupled. */
struct lan *lan_of_nic(struct partition *p, uint16_t vdev, struct lan_member **member);
struct lan_member *lan_member_find(struct lan *lan, const char *userid, uint16_t vdev);
/* What its process is told of a member: VLANs, rates, impairments and all. */
void lan_member_port(
	const struct lan *lan, const struct lan_member *member, struct lan_port *out);

/* Outlets: defined, they are listened on as long as the LAN is there.  A message's
 * number, or 0. */
int lan_outlet_define(
	struct lan *lan, const struct lan_outlet_def *def, struct message *err);
int lan_outlet_detach(struct lan *lan, const char *name, struct message *err);
struct lan_outlet *lan_outlet_find(struct lan *lan, const char *name); /* or NULL */
/* The one this member is at; NULL: it is a NIC, an uplink or a service. */
struct lan_outlet *lan_outlet_of(const struct lan_member *m);
/* Who is plugged in there, or NULL. */
struct lan_member *lan_outlet_member(const struct lan_outlet *o);
const char *lan_outlet_state(const struct lan_outlet *o); /* "connected", "waiting" */
/* What its member is called: "*.QEMU1", which no NIC is. */
void lan_outlet_member_name(const struct lan_outlet_def *def, char name[LAN_NAME]);

/* Asks its process once; lan_stat_all() and lan_fdb_all() ask as often as it takes. */
typedef void lan_bytes(void *ctx, const struct message *m, const void *bytes, size_t len);
int lan_ask(struct lan *lan, uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, const int *fds, int n_fds, lan_bytes *done,
	void *ctx, struct message *err);
int lan_stat_all(struct lan *lan, lan_bytes *done, void *ctx,
	struct message *err); /* one lan_stat, then lan_stat_port of all */
int lan_fdb_all(struct lan *lan, lan_bytes *done, void *ctx, struct message *err);

/* Hooks of the front end (cp/trace.c): the process was started anew and gets its ports
 * next; an event of a trace or replay came. */
void trace_lan_ready(struct lan *lan);
void trace_event(struct lan *lan, const struct lan_event *ev, const char *text);
void trace_lan_gone(struct lan *lan);

#endif
