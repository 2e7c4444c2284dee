/* What the files of the engine of LANs share.  Everybody else uses cp/lan.h.
 *
 * A LAN is known as soon as it is to be defined.  Its process comes and goes; as long as
 * it is wanted it is started anew, and then every member is plugged in again.  A LAN is
 * freed from the loop only, when its process has ended. */
#ifndef CP_LAN_ENGINE_H
#define CP_LAN_ENGINE_H

#include "cp/engine.h"
#include "cp/lan.h"
#include "cp/lan_feeder.h"
#include "cp/service.h"

#define LAN_ID         18 /* bytes of "SYSTEM.LABNET", terminated: its name in files */
#define LAN_OUTLET_DIR "ports"               /* in RUNDIR: sockets of outlets */
#define LAN_MEMORY     (UINT64_C(256) << 20) /* of its process */
#define LAN_TASKS      (LAN_MAX_TRACES + 32)

/* The engine's own part of a LAN. */
struct lan_link {
	struct lan *lan;
	char id[LAN_ID];
	char shown[32]; /* "LAN SYSTEM LABNET", for messages */
	struct link link;
	struct service service;
	struct loop_timer timer; /* until its process is started anew */
	unsigned failures;       /* in a row, of its process */
	uint64_t since;          /* loop_now() when it became ready */
	bool defined;            /* it was ready once: it outlives its process */
	bool intended;           /* so is its record: the configuration is not done */
	bool adopted;            /* the process is an earlier cpd's, not yet asked */
	bool ended;              /* of a LAN that ends: its process has */
	/* Who waits; NULL: nobody, or called.  SHUTDOWN may wait for the end of a DETACH.
	 */
	part_done *define_done, *detach_done, *shutdown_done;
	void *define_ctx, *detach_ctx, *shutdown_ctx;
	struct lan_feeder *feeder[FEEDERS]; /* or NULL */
};

/* ---- cp/lan.c ---- */

/* A LAN with nothing in it, in cp->lans; NULL: no memory. */
struct lan *lan_new(struct cp *cp, const struct lan_def *def);
void lan_free(struct lan *lan);

/* Calls a done-function once. */
void lan_tell_done(part_done **done, void *ctx, const struct message *m);

/* ---- The process (cp/lan_process.c) ---- */

enum lan_file { LAN_FILE_SOCK, LAN_FILE_RECORD, LAN_FILE_PID };
const char *lan_path(
	const struct cp *cp, const char *id, enum lan_file f, char *buf, size_t len);

void lan_process_init(struct lan *lan);
int lan_process_start(struct lan *lan); /* 0 or -errno */

/* The process of an earlier cpd, of the record.  0 or as service_adopt(). */
int lan_process_adopt(struct lan *lan);

/* Ends it; as the LAN is LS_ENDING, the end of the LAN follows. */
void lan_process_end(struct lan *lan, const char *why);

/* As the kernel says: the loop may not have heard of it yet. */
bool lan_process_has_ended(const struct lan *lan);

/* Of a LAN that ends something has ended: with the last of its processes it does. */
void lan_process_gone(struct lan *lan);

/* Its record is active: nobody looks for it by its pid file any more. */
void lan_process_recorded(const struct lan *lan);

/* It can be asked: its members are plugged in. */
void lan_is_ready(struct lan *lan);

/* What holds for the whole LAN, to the process if there is one. */
void lan_send_conf(struct lan *lan);

/* A request of our own: an answer that does not come in time, or cannot be, ends the
 * process.  `done` may be NULL; without a process it is called with a failure. */
void lan_tell_process(struct lan *lan, const struct link_ask *ask);

/* ---- Adoption (cp/lan_adopt.c) ---- */

/* An adopted process tells what ports it has: those that are nobody's are taken away, and
 * then it is as any other that is ready. */
void lan_compare(struct lan *lan);

/* For cp/adopt.c: a partition answered again, whose NICs may have to be plugged in. */
void lan_partition_back(struct partition *p);

/* ---- The record (cp/lan_record.c) ---- */

struct lan_record {
	bool active; /* else it was only intended */
	char boot_id[40];
	struct lan_def def;
	struct process_id id;
	uid_t uid;
	struct cgroup group;
	uint32_t last_id;
	int n_outlets;
	struct lan_outlet_def outlet[LAN_MAX_OUTLETS];
	uint64_t inode[LAN_MAX_OUTLETS]; /* of their sockets */
	int n_members;
	struct lan_member member[LAN_MAX_PORTS + 2];
};

#define LAN_RECORD_MAX (1 << 20) /* bytes */

char *lan_record_text(
	const struct lan *lan, bool active); /* malloc'ed; NULL: no memory */
int lan_record_parse(const char *text, size_t len, const char *id, struct lan_record *out,
	const char **why); /* as record_parse() */
/* One that is still intended stays so.  0 or -errno. */
int lan_record_write(const struct lan *lan, bool active);

void lan_record_update(const struct lan *lan); /* if there is one; a failure is logged */
void lan_record_remove(const struct lan *lan);

/* ---- Members (cp/lan_member.c, cp/lan_port.c) ---- */

/* NULL: no memory.  It is not plugged in yet. */
struct lan_member *lan_member_add(struct lan *lan, const char *userid, uint16_t vdev);

/* The same of what is no NIC, by its name. */
struct lan_member *lan_member_add_named(struct lan *lan, const char *name);

/* Has it as many members as MAXCONN says? */
bool lan_is_full(const struct lan *lan);
int lan_max_conn(const struct lan *lan);

/* Takes it out of the LAN and its process; what is under way with it fails with `why`. */
void lan_member_drop(struct lan_member *m, const struct message *why);

struct lan_member *lan_member_by_id(struct lan *lan, uint32_t id);

/* Gives it another id: they are not used again while a process lives. */
void lan_member_renumber(struct lan_member *m);

/* Copies go where m->mirror says, once both are plugged in. */
void lan_member_mirror(struct lan_member *m);

struct part_dev *lan_nic(struct partition *p, uint16_t vdev); /* or NULL */

/* May this user's NIC be in the LAN, and as what?  0 and *out (may be NULL), or a
 * message's number. */
int lan_port_of(const struct lan *lan, const char *userid, const struct part_dev *nic,
	struct lan_port *out, struct message *err);

/* The VLANs of an outlet are such as the LAN has.  0, or a message's number. */
int lan_outlet_check(
	const struct lan *lan, const struct lan_outlet_def *def, struct message *err);

/* The user whose NIC it is loses it: told, uncoupled on both sides. */
void lan_member_expel(struct lan_member *m, const struct message *why);

/* ---- Plugging in (cp/lan_plug.c) ---- */

enum lan_step {
	STEP_WAITING, /* for the process of the LAN */
	STEP_ADDING,  /* the LAN's process is asked */
	STEP_JOINING, /* the partition's process is asked */
	STEP_LEAVING, /* likewise */
};

/* What is under way with a member. */
struct lan_op {
	struct lan_member *m; /* NULL: it has gone meanwhile */
	enum lan_step step;
	bool fresh; /* it was not coupled before: where this fails it is not after */
	int fd;     /* the partition's end of the cable, or -1 */
	part_done *done;
	void *ctx;
};

/* Begins to plug it in; when `done` says so it is, or, where it was fresh, it is no
 * member any more.  0 or -ENOMEM. */
int lan_plug(struct lan_member *m, bool fresh, part_done *done, void *ctx);

/* How often a port is plugged in again without anybody asking for it. */
extern const struct allowance_rule lan_replug_rule;

/* The process of its LAN is ready: those that wait, and those it does not have. */
void lan_plug_all(struct lan *lan);

/* 0 or -ENOMEM; the member is not to be used after this. */
int lan_unplug(struct lan_member *m, struct partition *p, part_done *done, void *ctx);

/* The member's port was detached: it is plugged in again, or expelled where that happens
 * too often. */
void lan_replug(struct lan_member *m);

/* For cp/part_event.c: the partition says that the LAN of a NIC has gone. */
void lan_nic_lost(struct partition *p, uint16_t vdev);

/* For cp/part_plug.c: there is no such NIC any more. */
void lan_nic_gone(struct partition *p, const struct part_dev *nic);

/* ---- PART_NIC (cp/part_nic.c) ---- */

/* Asks the partition; fd -1: none.  0, or a message's number. */
int part_nic_ask(struct partition *p, const struct part_nic *head, int fd,
	part_done *done, void *ctx, struct message *err);

/* ---- What the process says (cp/lan_event.c) ---- */

int lan_happened(struct lan *lan, const struct wire_msg *msg, const char **what);

/* ---- Outlets (cp/lan_outlet.c) ---- */

/* Of the record: listened on anew; what its socket was may be there, and whose that was.
 */
void lan_outlet_adopt(struct lan *lan, const struct lan_outlet_def *def, uint64_t inode);
void lan_outlets_arm(struct lan *lan);  /* who may plug in now may have changed */
void lan_outlets_lost(struct lan *lan); /* the process of the LAN has gone */
void lan_outlet_gone(struct lan_member *m, const char *why); /* its port was detached */
void lan_outlets_end(struct lan *lan);  /* the LAN ends: without the sockets */
void lan_outlets_free(struct lan *lan); /* the sockets' files stay */

/* ---- Uplinks (cp/lan_uplink.c) ---- */

/* Can this be had here?  0, or a message's number. */
int lan_uplink_check(struct cp *cp, const struct lan_def *def, struct message *err);
void lan_uplink_start(struct lan *lan); /* the process of the LAN is ready */
void lan_uplink_stop(struct lan *lan);  /* it is not */
/* The LAN ends: what there is of them ends, also what an earlier cpd left.  True: nothing
 * is left; else lan_process_gone() is called when something has ended. */
bool lan_uplink_end(struct lan *lan);
void lan_uplink_gone(struct lan_member *m, const char *why); /* its port was detached */
void lan_uplink_free(struct lan *lan);

#endif
