/* Taking over the partitions of an earlier cpd, and undoing what it left half made.
 *
 * The record says what there should be; the kernel says what there is.  A process is only
 * ever killed when it is certainly one of ours: it is in the partition's control group,
 * it wrote the locked pid file, or it listens on the socket in our directory.  The pid of
 * a record alone proves nothing: a false record must not lead us to somebody else. */
#include "cp/engine.h"

#include "cp/lan_engine.h"
#include "cp/lib/log.h"
#include "cp/record_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_NS (5 * NS_PER_S) /* for all of them, before clients are let in */

static void adopt_file(struct cp *cp, const char *name);
static void adopt_record(struct cp *cp, const struct record *r);
static int take_over(struct partition *p);
static void undo(struct partition *p, enum end_reason reason, const struct message *why);
static void wait_for_answers(struct cp *cp);

void partitions_adopt(struct cp *cp)
{
	char path[4096];
	struct dirent **names = NULL;
	int n;

	snprintf(path, sizeof(path), "%s/partitions", cp->rundir);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		adopt_file(cp, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	wait_for_answers(cp);
}

/* "ALPHA.rec" -> "ALPHA" */
static bool record_name(const char *name, char userid[USERID_MAX + 1])
{
	size_t len = strcspn(name, ".");
	char upper[USERID_MAX + 1];

	if (strcmp(name + len, ".rec") || !len || len > USERID_MAX)
		return false;
	memcpy(userid, name, len);
	userid[len] = '\0';
	return !word_userid(userid, upper) && !strcmp(userid, upper);
}

static struct partition *bare_partition(struct cp *cp, const char *userid)
{
	struct partition *p = partition_new(cp, userid);

	if (!p)
		operator_say(cp, MSG_NO_MEMORY, userid);
	return p;
}

/* Renames a record that is not true and ends what runs under it. */
static void set_aside(struct cp *cp, const char *userid, const char *why)
{
	char path[4096], bad[4096 + 8];
	struct partition *p = bare_partition(cp, userid);
	struct message m;

	part_path(cp, userid, PART_FILE_RECORD, path, sizeof(path));
	snprintf(bad, sizeof(bad), "%.*s.bad", (int)(strlen(path) - 4), path);
	if (rename(path, bad))
		log_error("record", "%s: %s", path, strerror(errno));
	operator_say(cp, MSG_RECORD_FALSE, path, why);
	if (!p)
		return;
	cgroup_name(cp->cgroups, userid, &p->cgroup);
	msg_set(&m, MSG_PARTITION_LOST, userid, "its record is not true");
	undo(p, END_UNSTARTED, &m);
}

static void adopt_file(struct cp *cp, const char *name)
{
	char path[4096], text[200], *buf, userid[USERID_MAX + 1];
	size_t len = strlen(name);
	struct record *r;
	const char *why;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/partitions/%s", cp->rundir, name);
	if (len > 4 && !strcmp(name + len - 4, ".tmp"))
		unlink(path); /* never was a record */
	if (!record_name(name, userid))
		return;
	buf = malloc(RECORD_MAX);
	r = malloc(sizeof(*r));
	n = buf && r ? record_read(path, buf, RECORD_MAX) : -ENOMEM;
	if (n < 0) {
		set_aside(cp, userid, strerror((int)-n));
	} else if (record_parse(buf, (size_t)n, userid, r, &why)) {
		snprintf(text, sizeof(text), "%s cannot be so", why);
		set_aside(cp, userid, text);
	} else if (cgroup_adopt(cp->cgroups, userid, &r->p.cgroup)) {
		set_aside(cp, userid, "cgroup cannot be so");
	} else {
		adopt_record(cp, r);
	}
	free(buf);
	free(r);
}

/* Those that are there stay in the order in which they logged on. */
static void insert(struct cp *cp, struct partition *p)
{
	struct list *pos = cp->partitions.prev;

	while (pos != &cp->partitions &&
		container_of(pos, struct partition, node)->logon_time > p->logon_time)
		pos = pos->prev;
	list_append(pos->next, &p->node);
}

static struct partition *from_record(struct cp *cp, const struct record *r)
{
	struct partition *p = bare_partition(cp, r->p.userid);

	if (!p)
		return NULL;
	p->storage = r->p.storage;
	p->n_vcpus = r->p.n_vcpus;
	p->ipl = r->p.ipl;
	p->todo = r->p.todo;
	p->loaded = r->p.loaded;
	memcpy(p->dev, r->p.dev, sizeof(p->dev));
	p->n_dev = r->p.n_dev;
	p->changing = r->p.changing;
	p->used_slots = r->p.used_slots;
	p->logon_time = r->p.logon_time;
	p->signal_deadline = r->p.signal_deadline;
	p->signal_seconds = r->p.signal_seconds;
	p->pid = r->p.pid;
	p->start_ticks = r->p.start_ticks;
	p->uid = r->p.uid;
	p->cgroup = r->p.cgroup;
	p->adopted = true;
	memcpy(p->classes, r->p.classes, sizeof(p->classes));
	memcpy(p->logon_by, r->p.logon_by, sizeof(p->logon_by));
	memcpy(p->account, r->p.account, sizeof(p->account));
	memcpy(p->observer, r->p.observer, sizeof(p->observer));
	memcpy(p->secuser, r->p.secuser, sizeof(p->secuser));
	return p;
}

/* It ended while nobody looked. */
static void lose(struct partition *p, const char *what)
{
	struct message why, ignored;

	p->pid = 0;
	p->finish->ended = true;
	insert(p->cp, p);
	msg_set(&why, MSG_PARTITION_LOST, p->userid, what);
	partition_event(p, PE_LOST, &(struct part_args) { .why = &why }, &ignored);
}

/* What was claimed by a record that is not true. */
static void disclaim(struct partition *p)
{
	if (!p->reserved)
		return;
	host_release(p->cp->host, p->storage);
	if (p->cp->privileged)
		host_release_uid(p->cp->host, p->uid);
}

static void adopt_record(struct cp *cp, const struct record *r)
{
	char boot_id[BOOT_ID_LEN + 1];
	struct partition *p = from_record(cp, r);
	struct message why;
	int err;

	if (!p)
		return;
	boot_id_read(boot_id);
	if (strcmp(boot_id, r->boot_id)) {
		lose(p, "the host was started anew");
		return;
	}
	if (r->phase == RECORD_INTENT) {
		msg_set(&why, MSG_START_UNDONE, p->userid);
		undo(p, END_UNSTARTED, &why);
		return;
	}
	err = take_over(p);
	if (err == -ESRCH) {
		lose(p, "its process ended while no cpd was there");
	} else if (err == -EPERM) {
		disclaim(p);
		partition_free(p);
		set_aside(cp, r->p.userid, "it is about another process");
	} else if (err) {
		msg_set(&why, MSG_PARTITION_LOST, p->userid, strerror(-err));
		undo(p, END_BROKEN, &why);
	}
}

/* ---- What goes on ----------------------------------------------------------------- */

/* Who logged on by itself finds its partition stopped, as without the interruption. */
static void answered_first_ipl(void *ctx, const struct message *m)
{
	struct partition *p = ctx;
	struct message ignored;

	if (!m->number || m->severity == 'I' || p->state == PS_ENDING)
		return;
	part_tell(p, m);
	if (strcmp(p->logon_by, p->userid) != 0)
		partition_give_up(p, m, NULL, NULL, &ignored);
}

/* An earlier cpd ended between the activation and the end of the IPL.  An IPL asked for
 * twice is none too many: the process stands still, so nothing runs of the first. */
static void finish_start(struct partition *p)
{
	struct message m;
	struct ipl ipl;

	if (p->todo != TODO_IPL) {
		msg_set(&m, MSG_START_UNDONE, p->userid);
		part_end(p, END_UNSTARTED, "", &m, true);
		return;
	}
	operator_say(p->cp, MSG_START_FINISHED, p->userid, (int)p->pid);
	ipl = p->ipl;
	if (partition_ipl(p, &ipl, false, answered_first_ipl, p, &m))
		answered_first_ipl(p, &m);
}

static void go_on(struct partition *p, const struct part_hello_answer *answer)
{
	static const enum part_state states[] = {
		[PART_STOPPED] = PS_STOPPED,
		[PART_RUNNING] = PS_RUNNING,
		[PART_DISABLED_WAIT] = PS_DISABLED_WAIT,
		[PART_CHECKSTOPPED] = PS_CHECKSTOPPED,
	};

	bool loaded = p->loaded;

	p->state = states[answer->run];
	p->loaded |= p->state != PS_STOPPED;
	p->signal_enabled = answer->signal_enabled != 0;
	if (p->todo == TODO_MORE || (p->todo && p->state == PS_STOPPED)) {
		finish_start(p);
		return;
	}
	if (p->todo || p->loaded != loaded) {
		p->todo = TODO_NOTHING;
		record_update(p);
	}
	if (p->signal_deadline && p->state != PS_RUNNING) {
		/* It did as it was told while no cpd was there. */
		part_end(p, END_SIGNALLED, "", NULL, true);
		return;
	}
	if (p->state == PS_RUNNING && p->signal_deadline && !part_arm_signal(p))
		p->state = PS_SIGNALLED;
	else
		p->signal_deadline = 0;
	operator_say(p->cp, MSG_ADOPTED, p->userid, partition_shown(p), (int)p->pid);
	lan_partition_back(p);
}

static void break_off(struct partition *p, const char *what)
{
	struct message why, ignored;

	msg_set(&why, MSG_PARTITION_LOST, p->userid, what);
	partition_event(
		p, PE_LOST, &(struct part_args) { .why = &why, .kill = true }, &ignored);
}

static void answered_hello(
	void *owner, struct link_pending *rq, const struct link_reply *reply)
{
	struct partition *p = owner;
	struct part_hello_answer answer;

	(void)rq;
	memset(&answer, 0, sizeof(answer));
	if (!reply->why->number)
		memcpy(&answer, reply->bytes,
			reply->len < sizeof(answer) ? reply->len : sizeof(answer));
	if (answer.version < PART_OLDEST || answer.version > PART_VERSION ||
		answer.run == PART_EMPTY || answer.run > PART_CHECKSTOPPED ||
		answer.n_vcpus != p->n_vcpus) {
		break_off(p, "its process does not speak as it must");
		return;
	}
	p->version = answer.version;
	part_plug_settle(p);
	go_on(p, &answer);
}

/* Storage and uid are the partition's already.  -EPERM: another has this uid. */
static int claim(struct partition *p)
{
	if (p->cp->privileged && host_claim_uid(p->cp->host, p->uid)) {
		p->uid = 0; /* not ours to release */
		return -EPERM;
	}
	host_claim(p->cp->host, p->storage);
	p->reserved = true;
	return 0;
}

static void be_process(struct partition *p, const struct process_id *id)
{
	p->pid = id->pid;
	p->pidfd = id->pidfd;
	p->start_ticks = id->start_ticks;
}

/* 0; -ESRCH: it is gone; -EPERM: the record tells of another; else it is ours, but of no
 * use any more. */
static int take_over(struct partition *p)
{
	struct part_hello hello = { .version = PART_VERSION };
	struct message ignored;
	struct process_id id = { p->pid, -1, p->start_ticks };
	uid_t uid;
	int err = process_open(&id);

	if (err)
		return err;
	be_process(p, &id);
	if (process_uid(p->pid, &uid) || uid != p->uid)
		return -EPERM;
	err = claim(p);
	if (!err)
		err = part_link_connect(p);
	if (!err)
		err = part_watch_process(p);
	if (err)
		return err;
	insert(p->cp, p);
	if (part_link_ask(p,
		    &(struct link_ask) { .type = PART_HELLO,
			    .verb = "HELLO",
			    .head = &hello,
			    .head_len = sizeof(hello),
			    .fn = answered_hello },
		    &ignored))
		break_off(p, "its process does not listen");
	return 0;
}

/* ---- What does not ---------------------------------------------------------------- */

static void find(struct partition *p)
{
	char pid_file[4096], sock[4096];
	struct process_id id = { p->pid, -1, p->start_ticks };

	process_find(
		part_path(p->cp, p->userid, PART_FILE_PID, pid_file, sizeof(pid_file)),
		&p->cgroup,
		part_path(p->cp, p->userid, PART_FILE_SOCK, sock, sizeof(sock)), &id);
	be_process(p, &id);
}

/* Ends what there is of it, and gives back what it held. */
static void undo(struct partition *p, enum end_reason reason, const struct message *why)
{
	if (p->pidfd < 0)
		find(p);
	if (p->pidfd < 0 && !p->storage) { /* a record that said nothing */
		cgroup_remove(&p->cgroup);
		part_release(p);
		partition_free(p);
		return;
	}
	if (p->storage && !p->reserved)
		claim(p);
	insert(p->cp, p);
	if (p->pidfd < 0 || part_watch_process(p)) {
		p->pid = 0;
		p->finish->ended = true;
	}
	wire_close(&p->link.wire);
	part_end(p, reason, "", why, true);
}

static bool still_open(const struct cp *cp)
{
	const struct list *pos;

	list_for_each (pos, &cp->partitions) {
		const struct partition *p = container_of(
			pos, const struct partition, node);
		enum part_state s = p->state;

		if (s == PS_STARTING || s == PS_LOADING || s == PS_ENDING ||
			p->changing.type)
			return true;
	}
	return false;
}

/* Clients find everything settled, but for processes that do not answer. */
static void wait_for_answers(struct cp *cp)
{
	uint64_t now, end = loop_now(cp->loop) + ANSWER_NS;
	struct list *pos;

	while (still_open(cp) && (now = loop_now(cp->loop)) < end) {
		if (loop_once(cp->loop, (int)((end - now) / 1000000) + 1) < 0)
			break;
	}
	list_for_each (pos, &cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);

		if (p->state == PS_STARTING)
			operator_say(cp, MSG_ADOPTED_SILENT, p->userid, (int)p->pid);
	}
}
