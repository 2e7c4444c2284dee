/* What the files of the engine share among themselves: the events of a partition, the
 * requests to its process, its start and its end.  Everybody else uses cp/partition.h.
 *
 * A partition is never freed inside a command or a callback of its process, only from the
 * loop when it has ended: who holds one may go on using it until then. */
#ifndef CP_ENGINE_H
#define CP_ENGINE_H

#include "cp/account.h"
#include "cp/conring.h"
#include "cp/host.h"
#include "cp/partition.h"
#include "cp/process.h"
#include "cp/session.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- Life (cp/partition.c) -------------------------------------------------------- */

enum end_reason {
	END_FORCED,
	END_SIGNALLED,  /* the guest shut down when signalled */
	END_EXPIRED,    /* it did not, in its time */
	END_IPL_FAILED, /* there was nothing to run */
	END_LOST,       /* the process died */
	END_BROKEN,     /* the process broke the protocol, and is killed */
	END_UNSTARTED,  /* it never came into being */
};

/* What comes with an event; most of it is nothing for most of them. */
struct part_args {
	/* commands */
	const char *verb; /* as people know it, for refusals */
	uint32_t cpu;     /* or PART_ALL_CPUS */
	const struct ipl *ipl;
	bool stop;
	enum part_reset_kind kind;
	uint16_t vdev;
	unsigned seconds;
	bool sent; /* SIGNAL: done when it has been passed on, not at the end */
	const char *by;
	part_done *done;
	void *ctx;
	/* what happened */
	const struct part_event *event;
	const char *text;          /* what the process says to it */
	const struct message *why; /* of a failure, or of the loss; FORCE: or NULL */
	bool kill;                 /* LOST: the process may still be alive */
};

/* The one way by which a partition changes its state.  0, or a message's number where the
 * table refuses the event; refused events of the process change nothing. */
int partition_event(struct partition *p, enum part_ev ev, const struct part_args *a,
	struct message *err);

const char *part_state_name(enum part_state s); /* "DISABLED_WAIT" */
const char *part_event_name(enum part_ev ev);

/* A partition with nothing in it, not in cp->partitions; NULL: no memory. */
struct partition *partition_new(struct cp *cp, const char *userid);
void partition_free(struct partition *p);

/* Says a message to who watches the console and, through the operator, to the log.  What
 * guests can cause is limited, and what is left out is counted and said. */
void part_tell(struct partition *p, const struct message *m);

/* ---- Start (cp/logon.c) ----------------------------------------------------------- */

#define START_SECONDS 60 /* to activate; and one more per GiB of storage */

/* While a partition is STARTING. */
struct part_start {
	struct process_ready ready;   /* PART_FD_READY */
	uint32_t flags;               /* PART_ACT_* */
	uint32_t max_vcpus;           /* MACHINE KVM n */
	int dev_fd[PART_MAX_DEVICES]; /* for ACTIVATE, by index into p->dev; -1 */
	struct ipl ipl;               /* to be loaded then */
	bool synch;
	part_done *done;
	void *ctx;
};

void part_start_activated(struct partition *p);
void part_start_last_words(
	struct partition *p); /* its process has ended: did it say why? */
void part_start_stop(
	struct partition *p); /* closes what it has; `done` is still to call */
void part_start_free(struct partition *p); /* both accept one without */

/* ---- End (cp/part_end.c) ---------------------------------------------------------- */

struct part_finish {
	enum end_reason reason;
	char by[USERID_MAX + 1];
	/* IPL_FAILED; BROKEN, UNSTARTED, LOST; number 0: its status says it */
	struct message why;
	bool ended; /* the process is gone, or there is none */
	bool status_known;
	int code, status; /* si_code and si_status of waitid(2) */
	bool cpu_known;
	uint64_t cpu_ns;
	int tries; /* to remove the control group */
	struct loop_call call;
};

/* Enters ENDING: everybody who waits for an answer gets one, the process is killed (with
 * `kill`, or when it has not gone by itself within a second), and once it has gone all it
 * held is released and the partition freed.  `why` may be NULL. */
void part_end(struct partition *p, enum end_reason reason, const char *by,
	const struct message *why, bool kill);

/* Who is called when it has ended; NULL is nobody.  0 or -ENOMEM. */
int part_end_wait(struct partition *p, part_done *done, void *ctx);

/* Tells those who wait, before the end: there will be none. */
void part_end_told(struct partition *p, const struct message *why);

/* Sets the timer of p->signal_deadline.  0 or -ENOMEM. */
int part_arm_signal(struct partition *p);

/* Watches the process of p->pidfd.  0 or -errno. */
int part_watch_process(struct partition *p);

/* Gives back storage, uid, socket, pid file and, last, the record.  Accepts a half-made
 * one. */
void part_release(struct partition *p);

/* ---- Requests (cp/part_link.c) ---------------------------------------------------- */

#define PART_MAX_PENDING 256

/* Opens the connection to the process on `fd`, which it owns from here on, also on
 * failure.  0 or -errno. */
int part_link_open(struct partition *p, int fd);

/* Connects to the process's socket and checks with the kernel that p->pid and p->uid are
 * at the other end.  0; -errno; -EPERM: it is another. */
int part_link_connect(struct partition *p);

/* Closes it: what waits for an answer gets `why`.  Accepts one that is not open. */
void part_link_close(struct partition *p, const struct message *why);

/* Asks.  0, or a message's number with nothing asked. */
int part_link_ask(struct partition *p, const struct link_ask *ask, struct message *err);

/* Sends what has no answer; what a slow process does not take is dropped.  0 or -errno.
 */
int part_link_send(
	struct partition *p, uint16_t type, uint32_t id, const void *bytes, size_t len);

void part_link_init(struct partition *p);
void part_link_free(struct partition *p);
int part_link_pending(const struct partition *p);

/* A record of a process that is no answer (cp/part_event.c).  0, or -EPROTO with the
 * reason in *what: the process broke the protocol. */
int part_happened(struct partition *p, const struct wire_msg *msg, const char **what);

/* Words a PART_FAIL; `verb` is what failed. */
void part_fail_message(const struct partition *p, const char *verb, const void *bytes,
	size_t len, struct message *out);

/* ---- Loading (cp/part_ipl.c) ------------------------------------------------------ */

/* Remembers it in p->ipl, for people and for the record, which hold text only.  False:
 * something of it could not be kept. */
bool part_keep_ipl(struct partition *p, const struct ipl *ipl);

/* Its start has come to the end of the IPL that was left to do, however that ended.
 * False: there was none. */
bool part_ipl_was_last(struct partition *p);

/* Opens what is to be loaded and asks the process to.  0, or a message's number. */
int part_ipl_ask(struct partition *p, const struct ipl *ipl, bool stop, link_answered *fn,
	part_done *done, void *ctx, struct message *err);

/* ---- Devices (cp/part_dev.c, cp/part_plug.c) -------------------------------------- */

/* Makes p->dev of the directory entry and opens what is behind them: fd[i] for p->dev[i]
 * or -1.  Links that are not to be had are told and left out.  0, or a message's number
 * with everything closed. */
int part_devices(struct partition *p, const struct dir_user *u, int fd[PART_MAX_DEVICES],
	struct message *err);

/* The address of a NIC CP has the choice of: the same for the same userid and vdev,
 * unless somebody has it. */
void part_choose_mac(const struct partition *p, uint16_t vdev, uint8_t mac[6]);

/* The device as its process is told; fd_index is the place of its descriptor, or -1. */
struct part_device part_device_of(const struct part_dev *d, int fd_index);

/* An earlier cpd ended while a NIC came or went (p->changing): it is taken away. */
void part_plug_settle(struct partition *p);

/* Opens the disk of this device for p as `mode` allows, and makes it if it has a size and
 * is not there: d->file, size, read_only.  *fd is -1 where others' use of it forbids the
 * link: that is told, and is no error.  0, or a message's number. */
int part_disk_open(struct partition *p, const struct dir_device *disk, const char *mode,
	struct part_dev *d, int *fd, struct message *err);

enum link_verdict { LINK_RW, LINK_RO, LINK_FORCED_RO, LINK_REFUSED };

/* What z/VM's LINK gives for `mode` when others have the disk read-only or write to it.
 * An unknown mode is as "RR". */
enum link_verdict link_mode(const char *mode, bool readers, bool writers);

/* ---- Consoles (cp/part_console.c) ------------------------------------------------- */

/* Output of the console arrived.  0, or -EINVAL: its offset is not possible. */
int part_console_output(
	struct partition *p, uint64_t offset, const void *bytes, size_t len);
void part_console_told(struct partition *p, const char *line); /* to who watches */
void part_console_gone(struct partition *p, const char *why);  /* and forgets them */

/* ---- The process (cp/usage.c) ----------------------------------------------------- */

#define PART_OVERHEAD    (UINT64_C(64) << 20) /* memory of a process beside the storage */
#define PART_SPARE_TASKS 64                   /* threads beside the vCPUs */

/* Paths in RUNDIR/partitions. */
enum part_file { PART_FILE_SOCK, PART_FILE_RECORD, PART_FILE_PID };
const char *part_path(
	const struct cp *cp, const char *userid, enum part_file f, char *buf, size_t len);

/* Does every vCPU thread sleep? */
bool part_idle(const struct partition *p);

#endif
