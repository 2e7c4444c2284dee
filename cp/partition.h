/* A partition as CP sees it: its state, its process, what it holds.
 *
 * What may happen in which state is one table (cp/partition_states.def); every command
 * and every event goes through it.  Functions that ask something of a partition return 0
 * when it is under way (then `done` is called exactly once, maybe before they return) or
 * a message's number with the message in *err (then `done` is not called). */
#ifndef CP_PARTITION_H
#define CP_PARTITION_H

#include "cp/allowance.h"
#include "cp/cgroup.h"
#include "cp/cp.h"
#include "cp/directory.h"
#include "cp/lan_proto.h"
#include "cp/link.h"
#include "cp/msg.h"
#include "cp/part_proto.h"

#include <sys/types.h>

enum part_state {
#define STATE(name, shown) PS_##name,
#include "cp/partition_states.def"
#undef STATE
	PS_STATES
};

enum part_ev {
#define EVENT(name) PE_##name,
#include "cp/partition_states.def"
#undef EVENT
	PE_EVENTS
};

/* The kept end of a console's output: the byte at `offset` is data[offset %
 * PART_CONSOLE_KEEP]. */
struct conring {
	uint8_t *data;       /* PART_CONSOLE_KEEP bytes once something was written */
	uint64_t begin, end; /* offsets of the oldest and after the newest byte */
};

/* Who sees a partition's console; embedded in a client. */
struct watcher {
	struct list node;            /* in partition->watchers */
	struct partition *partition; /* NULL: not watching */
	bool drives;
	/* New output.  The watcher may leave from inside. */
	void (*output)(struct watcher *w, uint64_t offset, const void *bytes, size_t len);
	/* Its partition is gone, or another took the keyboard; text for the person. */
	void (*told)(struct watcher *w, const char *line);
	void (*gone)(struct watcher *w, const char *why);
	void *ctx;
};

/* What CP keeps of a NIC; it outlives the guest's resets and the LAN's process. */
struct part_nic_conf {
	char lan_owner[USERID_MAX + 1], lan[USERID_MAX + 1]; /* coupled to; or "" */
	char vlans[128];      /* NICDEF VLAN; "": as granted */
	bool link_down;       /* IMPAIR LINK DOWN */
	struct lan_rate rate; /* NICDEF RATE, SET NIC RATE: both directions */
	struct lan_impair in, out;
};

struct part_dev {
	uint16_t vdev;
	uint16_t slot;
	uint16_t type; /* enum part_device_type */
	bool read_only;
	uint64_t size;
	uint8_t mac[6];
	char file[512];                  /* disk: absolute path */
	char link_owner[USERID_MAX + 1]; /* disk by LINK */
	uint16_t link_vdev;
	struct part_nic_conf nic;
	bool broken; /* needs reset */
};

/* What is still to be done of the start of an activated partition: a cpd that adopts it
 * finishes that. */
enum part_todo {
	TODO_NOTHING,
	TODO_IPL,         /* p->ipl is to be IPLed, or is being */
	TODO_MORE,        /* and other things, which nobody else knows: it is undone */
	TODO_IPL_UNKNOWN, /* an IPL whose text cannot be kept, so nobody can repeat it */
};

#define TALK_RECEIVERS 8 /* of one guest's messages that are told apart */

/* How many of a guest's messages to this user were left out (cp/cmd_talk.c). */
struct talk_left {
	char to[USERID_MAX + 1];
	uint32_t n;
};

struct partition {
	struct list node; /* in cp->partitions */
	struct cp *cp;
	char userid[USERID_MAX + 1];
	enum part_state state;
	char classes[36]; /* as the directory said at logon */
	uint64_t storage;
	unsigned n_vcpus;
	struct ipl ipl;      /* what was IPLed last, or is to be */
	enum part_todo todo; /* of its start */
	bool loaded; /* since the last reset something was IPLed, or stored by hand */
	struct part_dev dev[PART_MAX_DEVICES];
	int n_dev;
	/* A NIC that comes or goes just now (cp/part_plug.c); type 0: there is none. */
	struct part_dev changing;
	/* PCI slots that no other device gets, a bit each, beside those of dev. */
	uint32_t used_slots;
	uint64_t logon_time; /* CLOCK_REALTIME ns */
	char logon_by[USERID_MAX + 1];
	char account[17];
	bool signal_enabled;      /* the guest listens for SIGNAL SHUTDOWN */
	uint64_t signal_deadline; /* loop_now() ns; 0: none pending */
	uint32_t signal_seconds;  /* that were given */

	pid_t pid;            /* on the host; 0: no process */
	uint64_t start_ticks; /* its start time, /proc/PID/stat field 22 */
	int pidfd;            /* -1 */
	uid_t uid;            /* it runs as */
	struct link link;     /* to the process: requests in progress (cp/part_link.c) */
	uint32_t version;     /* both speak */
	bool adopted;

	struct conring console;
	struct list watchers;
	struct watcher *driver; /* has the keyboard, or NULL */
	char driver_name[USERID_MAX + 1];
	char observer[USERID_MAX + 1], secuser[USERID_MAX + 1]; /* "" none */
	struct session *guest; /* the session of the guest's cp port */
	struct chatter talk;   /* what the guest says to others by it... */
	struct talk_left talk_left[TALK_RECEIVERS]; /* ...and who was not told of it */

	struct message why; /* what the last stop was about; number 0: nothing */

	/* The engine's own (cp/engine.h). */
	struct cgroup cgroup;       /* the process's control group */
	bool reserved;              /* `storage` is in the ledger */
	struct part_start *start;   /* while STARTING (cp/logon.c) */
	struct part_finish *finish; /* while ENDING (cp/part_end.c) */
	struct process_log *log;    /* what the process writes to standard error */
	struct chatter telling;     /* messages about it: a guest causes them */
	struct loop_timer timer;    /* of the start, the signal or the end */
	struct loop_fd pid_watch;
	struct list ends; /* struct part_end: who waits for the end */
};

/* m->number 0 or severity I: done.  Where one is passed it may be NULL. */
typedef link_done part_done;

struct logon_opts {
	uint64_t storage;      /* 0: as the directory says */
	const struct ipl *ipl; /* NULL: as the directory says; kind IPL_NONE: no IPL */
	const char *by;        /* userid that asked */
	bool synch;            /* done after the IPL, not after the activation */
	/* With IPL_NONE: what the caller IPLs by itself, or NULL.  `more`: after other
	 * things, and when they are done it calls partition_commands_done(). */
	const struct ipl *later;
	bool more;
};

/* What the engine has of its own: host, cgroups, accounting, the seccomp programs, the
 * directory of the sockets and records.  cp->loop, config, rundir, statedir and libdir
 * are set.  0, or a message's number with nothing left behind.  partitions_stop() leaves
 * the partitions running and forgets them; it accepts what a failed start left. */
int partitions_start(struct cp *cp, struct message *err);
void partitions_stop(struct cp *cp);

struct partition *partition_find(struct cp *cp, const char *userid);
const char *partition_shown(
	struct partition *p); /* the state as people see it: "idle"... */
const struct part_dev *partition_device(
	const struct partition *p, uint16_t vdev); /* or NULL */

/* Brings a partition into being: process, storage, devices, IPL.  When that fails, `done`
 * is called once nothing is left of it.  Who may log on, and COMMAND statements, are the
 * caller's: it logs on with IPL_NONE, issues them, then asks for the IPL. */
int partition_logon(struct cp *cp, const struct dir_user *u, const struct logon_opts *o,
	part_done *done, void *ctx, struct message *err);

/* Of its start nothing but the IPL of logon_opts.later, which this is, is to be done. */
void partition_commands_done(struct partition *p, const struct ipl *later);

int partition_ipl(struct partition *p, const struct ipl *ipl, bool stop, part_done *done,
	void *ctx, struct message *err);
int partition_begin(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err);
int partition_stop(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err);
int partition_reset(struct partition *p, enum part_reset_kind kind, part_done *done,
	void *ctx, struct message *err);
/* Asks the guest to shut down; after `seconds` the partition is forced. `done`: it has
 * ended, or goes on because its process refused (*m says why). */
int partition_signal(struct partition *p, unsigned seconds, part_done *done, void *ctx,
	struct message *err);
/* The same; `done`: its process has passed the signal on, or refused, or the partition
 * has ended before that (MSG_PART_GONE). */
int partition_signal_sent(struct partition *p, unsigned seconds, part_done *done,
	void *ctx, struct message *err);
/* Ends it: process killed, everything released, accounted.  `by`: who, for the message.
 */
int partition_force(struct partition *p, const char *by, part_done *done, void *ctx,
	struct message *err);
/* The same because its first IPL failed, for the reason in *why, which is told. */
int partition_give_up(struct partition *p, const struct message *why, part_done *done,
	void *ctx, struct message *err);

/* A NIC more, coupled to no LAN, and a NIC less, whatever the guest does with it.  When
 * `done` says so it is in p->dev, or no more; until the next logon, where the directory
 * says what there is. */
int partition_define_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err);
int partition_detach_nic(struct partition *p, uint16_t vdev, part_done *done, void *ctx,
	struct message *err);

/* Storage and registers.  The answer comes as bytes; `m` says what went wrong instead. */
typedef link_bytes part_bytes;
int partition_read(struct partition *p, uint64_t addr, uint32_t len, part_bytes *done,
	void *ctx, struct message *err);
int partition_write(struct partition *p, uint64_t addr, const void *bytes, uint32_t len,
	part_done *done, void *ctx, struct message *err);
int partition_regs(struct partition *p, uint32_t cpu, part_bytes *done, void *ctx,
	struct message *err); /* struct part_regs */
int partition_set_regs(struct partition *p, const struct part_regs *regs, part_done *done,
	void *ctx, struct message *err);
int partition_stat(struct partition *p, part_bytes *done, void *ctx,
	struct message *err); /* part_stat and what follows it */

void partition_input(struct partition *p, const void *bytes, size_t len); /* console */
int partition_smsg(
	struct partition *p, const char *from, const char *text, struct message *err);

/* Answers to the guest's cp port. */
void partition_guest_out(
	struct partition *p, uint32_t id, bool err, const void *bytes, size_t len);
void partition_guest_done(struct partition *p, uint32_t id, uint32_t rc);

/* Consoles.  Watching replays what is kept, through w->output. */
void partition_watch(struct partition *p, struct watcher *w);
void partition_unwatch(struct watcher *w);
int partition_drive(struct partition *p, struct watcher *w, bool force, const char *who,
	struct message *err); /* a takeover is announced to who had the keyboard */

/* What the kernel says of the process. */
struct part_usage {
	uint64_t cpu_ns;   /* all its threads, ended ones too */
	uint64_t resident; /* bytes */
	int n_vcpus;
	struct {
		uint64_t cpu_ns, wait_ns; /* /proc/PID/task/TID/schedstat */
		char state;               /* R S D ... */
	} vcpu[PART_MAX_VCPUS];
};
int partition_usage(const struct partition *p, struct part_usage *out); /* 0 or -errno */

/* Finds and takes over the partitions of an earlier cpd, before the first client. */
void partitions_adopt(struct cp *cp);

/* Hooks the front end provides (cp/session.c, cp/guest.c): what a guest's cp port says.
 */
void guest_command(
	struct partition *p, uint32_t id, uint16_t flags, const char *text, size_t len);
void guest_reset(struct partition *p); /* forget its commands in progress */
void guest_gone(struct partition *p);  /* the partition ends */

#endif
