/* TRSOURCE: traces of guest LANs. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_use.h"
#include "cp/own_file.h"
#include "cp/text.h"
#include "cp/trace.h"
#include "cp/trace_files.h"
#include "cp/trace_filter.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_MIN 14
#define LENGTH_MAX 65553
#define NOTE_TEXT  256

/* Options that share a bit exclude each other. */
enum {
	BIT_OWNER = 1 << 0,
	BIT_NAME = 1 << 1,
	BIT_WHAT = 1 << 2,
	BIT_VLAN = 1 << 3,
	BIT_FILTER = 1 << 4,
	BIT_LENGTH = 1 << 5,
	BIT_FILE = 1 << 6,
	BIT_SIZE = 1 << 7,
	BIT_FILES = 1 << 8,
};

/* One TRSOURCE ID under way: the filter is compiled, then the files are opened, then the
 * LAN is told. */
struct tracing {
	struct request *rq;
	char id[USERID_MAX + 1];
	char owner[USERID_MAX + 1], lan[USERID_MAX + 1]; /* owner "": not said */
	struct lan_trace conf;
	char filter[WORD_MAX + 1];
	struct sock_filter *insn;
	struct trace_files files;
	uint64_t n_files, size;
};

static int define(struct request *rq, struct operands *ops);
static int change(struct request *rq, struct operands *ops, part_done *done);
static void on_enabled(void *ctx, const struct message *m);
static void on_disabled(void *ctx, const struct message *m);
static void on_dropped(void *ctx, const struct message *m);
static int note(struct request *rq, struct operands *ops);
static int op_trace(struct request *rq, struct operands *ops, struct trace **out);
static int op_define(struct tracing *t, struct operands *ops, struct message *err);
static struct lan *find_lan(struct tracing *t);
static void on_filter(
	void *ctx, struct sock_filter *insn, uint32_t n, const struct message *err);
static void on_files(void *ctx, const struct message *m);
static void start(struct tracing *t);
static void finish(struct tracing *t, int rc);

int cmd_trsource(struct request *rq, struct operands *ops)
{
	if (op_keyword(ops, "ID"))
		return define(rq, ops);
	if (op_keyword(ops, "ENABLE"))
		return change(rq, ops, on_enabled);
	if (op_keyword(ops, "DISABLE"))
		return change(rq, ops, on_disabled);
	if (op_keyword(ops, "DROP"))
		return change(rq, ops, on_dropped);
	if (op_keyword(ops, "NOTE"))
		return note(rq, ops);
	return request_expects(rq, ops, "ID, ENABLE, DISABLE, DROP or NOTE");
}

static int define(struct request *rq, struct operands *ops)
{
	struct tracing *t = calloc(1, sizeof(*t));
	struct message m;
	int rc;

	if (!t)
		return result_say(&rq->result, MSG_NO_MEMORY, "TRSOURCE");
	t->rq = rq;
	rc = op_define(t, ops, &m) ? result_message(&rq->result, &m) : 0;
	if (!rc && !find_lan(t))
		rc = rq->result.rc;
	if (rc) {
		free(t);
		return rc;
	}
	if (!t->filter[0])
		on_filter(t, NULL, 0, &(struct message) { 0 });
	else if (trace_filter_compile(
			 rq->cp->loop, t->filter, rq->cp->privileged, on_filter, t))
		finish(t, result_say(&rq->result, MSG_NO_MEMORY, "TRSOURCE"));
	return REQUEST_PENDING;
}

/* Does anybody wait for it yet? */
static bool is_wanted(const struct request *rq)
{
	return rq->session || rq->done;
}

/* Looked for again after each wait.  NULL with a message in the result. */
static struct lan *find_lan(struct tracing *t)
{
	struct request *rq = t->rq;
	struct lan *lan = request_traced_lan(rq, t->owner[0] ? t->owner : NULL, t->lan);

	if (!lan)
		return NULL;
	if (trace_find(rq->cp, rq->userid, t->id))
		result_say(&rq->result, MSG_TRACE_EXISTS, t->id);
	else if (traces_count(lan) >= LAN_MAX_TRACES)
		result_say(&rq->result, MSG_TRACES_TOO_MANY, lan->def.owner,
			lan->def.name, LAN_MAX_TRACES);
	else
		return lan;
	return NULL;
}

static void on_filter(
	void *ctx, struct sock_filter *insn, uint32_t n, const struct message *err)
{
	struct tracing *t = ctx;

	t->insn = insn;
	t->conf.n_insns = n;
	if (err->number || !is_wanted(t->rq)) {
		finish(t, err->number ? result_message(&t->rq->result, err) : 0);
		return;
	}
	t->files.rq = t->rq;
	t->files.create = true;
	t->files.n = (unsigned)t->n_files;
	t->files.size = t->size;
	t->files.done = on_files;
	t->files.ctx = t;
	trace_files_open(&t->files);
}

static void on_files(void *ctx, const struct message *m)
{
	struct tracing *t = ctx;

	if (m->number)
		finish(t, result_message(&t->rq->result, m));
	else if (!is_wanted(t->rq))
		finish(t, 0);
	else
		start(t);
}

/* A trace that somebody waits for has ended: that ends the command. */
static void on_live_ended(void *ctx, const struct message *m)
{
	request_outcome(ctx, m);
}

/* Who waited does so no more. */
static void cancel_live(struct request *rq, void *ctx)
{
	struct trace *t;
	struct list *l, *pos;

	(void)ctx;
	list_for_each (l, &rq->cp->lans) {
		list_for_each (pos, &container_of(l, struct lan, node)->traces) {
			t = container_of(pos, struct trace, node);
			if (t->ended == on_live_ended && t->ended_ctx == rq) {
				trace_end(t, NULL, NULL);
				return;
			}
		}
	}
}

static struct trace *make(struct tracing *t, struct lan *lan)
{
	struct trace *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->lan = lan;
	memcpy(made->id, t->id, sizeof(made->id));
	memcpy(made->userid, t->rq->userid, sizeof(made->userid));
	made->conf = t->conf;
	made->conf.size = t->files.size;
	made->file = strdup(t->files.name);
	made->filter = t->filter[0] ? strdup(t->filter) : NULL;
	if (!made->file || (t->filter[0] && !made->filter)) {
		free(made->file);
		free(made->filter);
		free(made);
		return NULL;
	}
	made->insn = t->insn;
	made->n_fds = t->files.n_fds;
	memcpy(made->fd, t->files.fd, sizeof(made->fd));
	made->room = t->files.room;
	t->insn = NULL;
	t->files.n_fds = 0;
	return made;
}

static void outcome(struct request *rq, const struct message *m, const char *what)
{
	if (!msg_failed(m))
		result_line(&rq->result, "Trace %s is %s", rq->subject, what);
	request_outcome(rq, m);
}

static void on_started(void *ctx, const struct message *m)
{
	outcome(ctx, m, "set");
}

/* The trace takes frames, and the command stays until it ends; if it is no more, that has
 * ended the command. */
static void on_live_started(void *ctx, const struct message *m)
{
	if (msg_failed(m))
		request_outcome(ctx, m);
}

static void start(struct tracing *t)
{
	bool live = trace_files_is_live(&t->files);
	struct request *rq = t->rq;
	struct lan *lan = find_lan(t);
	struct trace *made = lan ? make(t, lan) : NULL;
	struct message m;
	int rc;

	if (!made) {
		finish(t, lan ? result_say(&rq->result, MSG_NO_MEMORY, "TRSOURCE")
			      : rq->result.rc);
		return;
	}
	memcpy(rq->subject, made->id, sizeof(rq->subject));
	finish(t, REQUEST_PENDING);
	if (live) {
		made->ended = on_live_ended;
		made->ended_ctx = rq;
		rq->cancel = cancel_live;
	}
	rc = trace_start(made, live ? on_live_started : on_started, rq, &m);
	if (rc)
		request_outcome(rq, &m);
}

static void finish(struct tracing *t, int rc)
{
	struct request *rq = t->rq;

	trace_files_close(&t->files);
	free(t->insn);
	free(t);
	if (rc != REQUEST_PENDING)
		request_finish(rq, rc);
}

static void on_enabled(void *ctx, const struct message *m)
{
	outcome(ctx, m, "enabled");
}

static void on_disabled(void *ctx, const struct message *m)
{
	outcome(ctx, m, "disabled");
}

static void on_dropped(void *ctx, const struct message *m)
{
	(void)m; /* of a file that could not be completed it was told before */
	outcome(ctx, &(struct message) { 0 }, "dropped");
}

/* ENABLE | DISABLE | DROP ID x */
static int change(struct request *rq, struct operands *ops, part_done *done)
{
	struct trace *t;
	struct message m;
	int rc = op_trace(rq, ops, &t);

	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	memcpy(rq->subject, t->id, sizeof(rq->subject));
	if (done == on_dropped) {
		trace_end(t, done, rq);
		return REQUEST_PENDING;
	}
	rc = trace_enable(t, done == on_enabled, done, rq, &m);
	return request_underway(rq, rc, &m);
}

/* NOTE ID x text */
static int note(struct request *rq, struct operands *ops)
{
	char text[NOTE_TEXT];
	struct message m;
	struct trace *t;
	int rc = op_trace(rq, ops, &t);

	if (rc)
		return rc;
	if (scan_text(ops, "text", text, sizeof(text), &m))
		return result_message(&rq->result, &m);
	text_clean(text, "");
	rc = trace_note(t, text, request_outcome, rq, &m);
	return request_underway(rq, rc, &m);
}

/* ID x: one's own trace; with class C, where there is none, whoever's it is. */
static int op_trace(struct request *rq, struct operands *ops, struct trace **out)
{
	char id[USERID_MAX + 1];
	struct message m;

	if (!op_keyword(ops, "ID"))
		return request_expects(rq, ops, "ID");
	if (scan_name(ops, "id", id, &m))
		return result_message(&rq->result, &m);
	*out = trace_find(rq->cp, rq->userid, id);
	if (!*out && request_has_class(rq, "C"))
		*out = trace_find_any(rq->cp, id);
	return *out ? 0 : result_say(&rq->result, MSG_TRACE_NOT_HERE, id);
}

static int opt_owner(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	return scan_name(ops, "owner", t->owner, err);
}

static int opt_lanname(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	return scan_name(ops, "LAN", t->lan, err);
}

static int opt_nic(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;
	char userid[USERID_MAX + 1];
	uint16_t vdev;
	int rc = scan_userid(ops, userid, err);

	if (!rc)
		rc = scan_vdev(ops, &vdev, err);
	if (!rc)
		snprintf(t->conf.name, sizeof(t->conf.name), "%s.%04X", userid, vdev);
	return rc;
}

static int opt_trunk(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	(void)ops, (void)err;
	t->conf.flags |= LAN_TRACE_TRUNK;
	return 0;
}

static int opt_dropped(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	(void)ops, (void)err;
	t->conf.flags |= LAN_TRACE_DROPPED;
	return 0;
}

static int opt_vlan(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;
	uint64_t n = 0;
	int rc = scan_number(ops, "VLAN", 1, 4094, &n, err);

	t->conf.vlan = (uint32_t)n;
	return rc;
}

static int opt_filter(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	return scan_copy(ops, "filter", t->filter, sizeof(t->filter), err);
}

static int opt_length(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;
	uint64_t n = 0;
	int rc = scan_number(ops, "length", LENGTH_MIN, LENGTH_MAX, &n, err);

	t->conf.length = (uint32_t)n;
	return rc;
}

static int opt_file(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	return scan_file(ops, "file", t->files.name, sizeof(t->files.name), err);
}

static int opt_size(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;
	const char *word = op_peek(ops);
	int rc = scan_size(ops, "size", &t->size, err);

	if (rc || t->size >= CAPTURE_MIN)
		return rc;
	ops->next--;
	return msg_set(err, MSG_INVALID_OPERAND, word, "a size of at least 64K");
}

static int opt_files(struct operands *ops, void *ctx, struct message *err)
{
	struct tracing *t = ctx;

	return scan_number(ops, "number of files", 2, LAN_MAX_FILES, &t->n_files, err);
}

/* x TYPE LAN ... */
static int op_define(struct tracing *t, struct operands *ops, struct message *err)
{
	static const struct scan_option options[] = {
		{ "OWNERid", BIT_OWNER, opt_owner },
		{ "LANNAME", BIT_NAME, opt_lanname },
		{ "NIC", BIT_WHAT, opt_nic },
		{ "TRUNK", BIT_WHAT, opt_trunk },
		{ "DROPPED", BIT_WHAT, opt_dropped },
		{ "VLAN", BIT_VLAN, opt_vlan },
		{ "FILTER", BIT_FILTER, opt_filter },
		{ "LENGTH", BIT_LENGTH, opt_length },
		{ "FILE", BIT_FILE, opt_file },
		{ "SIZE", BIT_SIZE, opt_size },
		{ "FILES", BIT_FILES, opt_files },
		{ NULL, 0, NULL },
	};
	int rc = scan_name(ops, "id", t->id, err);

	if (rc)
		return rc;
	if (!op_keyword(ops, "TYPE"))
		return scan_unknown(ops, "TYPE", err);
	if (!op_keyword(ops, "LAN"))
		return scan_unknown(ops, "LAN", err);
	rc = scan_options(ops, options, t, err);
	if (rc)
		return rc;
	if (!t->lan[0])
		return msg_set(err, MSG_OPERAND_MISSING, "LANNAME");
	if (!t->files.name[0])
		return msg_set(err, MSG_OPERAND_MISSING, "FILE");
	if (t->n_files && !t->size)
		return msg_set(err, MSG_OPERAND_MISSING, "SIZE");
	return 0;
}
