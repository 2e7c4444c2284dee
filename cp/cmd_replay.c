/* REPLAY: a capture file is sent into a guest LAN. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_use.h"
#include "cp/replay.h"
#include "cp/trace_files.h"

#include <stdlib.h>
#include <string.h>

#define SPEED_AS_RECORDED 100
#define SPEED_MAX         100000 /* a thousand times as fast */

enum { BIT_OWNER = 1 << 0, BIT_NIC = 1 << 1, BIT_SPEED = 1 << 2 };

/* One REPLAY under way: the file is opened, then sent. */
struct replaying {
	struct request *rq;
	char owner[USERID_MAX + 1], lan[USERID_MAX + 1]; /* owner "": not said */
	char userid[USERID_MAX + 1];                     /* of the NIC; "": none */
	uint16_t vdev;
	uint32_t speed;
	struct trace_files files;
};

static int stop(struct request *rq, struct operands *ops);
static int op_where(struct request *rq, struct operands *ops, struct replaying *r);
static struct lan *find_lan(struct replaying *r);
static void on_file(void *ctx, const struct message *m);
static void on_done(void *ctx, const struct replay *r, const struct message *m);
static void cancel(struct request *rq, void *ctx);
static void finish(struct replaying *r, int rc);

/* FILE f TO LAN n [OWNERid o] [NIC u vdev] [SPEED x] | STOP TO LAN n [OWNERid o] */
int cmd_replay(struct request *rq, struct operands *ops)
{
	struct replaying *r;
	struct message m;
	int rc = 0;

	if (op_keyword(ops, "STOP"))
		return stop(rq, ops);
	if (!op_keyword(ops, "FILE"))
		return request_expects(rq, ops, "FILE or STOP");
	r = calloc(1, sizeof(*r));
	if (!r)
		return result_say(&rq->result, MSG_NO_MEMORY, "REPLAY");
	*r = (struct replaying) { .rq = rq, .speed = SPEED_AS_RECORDED };
	if (scan_file(ops, "file", r->files.name, sizeof(r->files.name), &m))
		rc = result_message(&rq->result, &m);
	if (!rc)
		rc = op_where(rq, ops, r);
	if (!rc && !find_lan(r))
		rc = rq->result.rc;
	if (rc) {
		free(r);
		return rc;
	}
	r->files.rq = rq;
	r->files.done = on_file;
	r->files.ctx = r;
	trace_files_open(&r->files);
	return REQUEST_PENDING;
}

/* Ends what one may end on that LAN: class C all, others their own. */
static int stop(struct request *rq, struct operands *ops)
{
	struct replaying where = { .rq = rq };
	struct list *pos, *tmp;
	struct lan *lan;
	struct message m;
	int rc = op_where(rq, ops, &where), n = 0;

	lan = rc ? NULL : find_lan(&where);
	if (!lan)
		return rq->result.rc;
	list_for_each_safe (pos, tmp, &lan->replays) {
		struct replay *r = container_of(pos, struct replay, node);

		if (!request_has_class(rq, "C") && strcmp(r->userid, rq->userid) != 0)
			continue;
		msg_set(&m, MSG_REPLAY_BROKEN, r->file, "REPLAY STOP");
		replay_end(r, &m);
		n++;
	}
	if (!n)
		return result_say(
			&rq->result, MSG_NO_REPLAY, lan->def.owner, lan->def.name);
	result_line(&rq->result, "REPLAYs ended: %d", n);
	return 0;
}

static struct lan *find_lan(struct replaying *r)
{
	return request_traced_lan(r->rq, r->owner[0] ? r->owner : NULL, r->lan);
}

static void on_file(void *ctx, const struct message *opened)
{
	struct replaying *r = ctx;
	struct request *rq = r->rq;
	struct lan_replay head = { .speed = r->speed };
	struct lan *lan = opened->number ? NULL : find_lan(r);
	struct lan_member *nic = NULL;
	struct message m = *opened;
	int rc;

	if (lan && r->userid[0])
		nic = lan_member_find(lan, r->userid, r->vdev);
	if (lan && r->userid[0] && !nic)
		msg_set(&m, MSG_NIC_NOT_COUPLED, r->userid, r->vdev);
	if (m.number || !lan) {
		finish(r, m.number ? result_message(&rq->result, &m) : rq->result.rc);
		return;
	}
	head.port = nic ? nic->id : 0;
	rq->cancel = cancel;
	rc = replay_start(
		lan, rq->userid, &head, r->files.name, r->files.fd[0], on_done, rq, &m);
	finish(r, REQUEST_PENDING);
	if (rc)
		request_outcome(rq, &m);
}

static void on_done(void *ctx, const struct replay *r, const struct message *m)
{
	struct request *rq = ctx;
	json_t *rec;

	if (!m->number || r->sent) {
		rec = result_record(&rq->result);
		rec_str(rec, "file", r->file);
		rec_str(rec, "lan", r->lan->def.name);
		rec_str(rec, "lan_owner", r->lan->def.owner);
		rec_u64(rec, "frames", r->sent);
		result_line(&rq->result, "REPLAY of %s: frames sent %llu", r->file,
			(unsigned long long)r->sent);
	}
	request_outcome(rq, m);
}

/* Nobody waits for it any more: it ends. */
static void cancel(struct request *rq, void *ctx)
{
	struct message m = { 0 };
	struct list *pos;

	(void)ctx;
	list_for_each (pos, &rq->cp->lans) {
		struct replay *r = replay_of(container_of(pos, struct lan, node), rq);

		if (r) {
			replay_end(r, &m);
			return;
		}
	}
}

static void finish(struct replaying *r, int rc)
{
	struct request *rq = r->rq;

	trace_files_close(&r->files);
	free(r);
	if (rc != REQUEST_PENDING)
		request_finish(rq, rc);
}

static int opt_owner(struct operands *ops, void *ctx, struct message *err)
{
	struct replaying *r = ctx;

	return scan_name(ops, "owner", r->owner, err);
}

static int opt_nic(struct operands *ops, void *ctx, struct message *err)
{
	struct replaying *r = ctx;
	int rc = scan_userid(ops, r->userid, err);

	return rc ? rc : scan_vdev(ops, &r->vdev, err);
}

/* Times as fast as recorded, or as fast as it goes. */
static int opt_speed(struct operands *ops, void *ctx, struct message *err)
{
	struct replaying *r = ctx;
	const char *word;
	int rc;

	r->speed = 0;
	if (op_keyword(ops, "MAX"))
		return 0;
	rc = scan_word(ops, "speed", &word, err);
	if (rc || (!word_hundredths(word, SPEED_MAX, &r->speed) && r->speed))
		return rc;
	ops->next--;
	return msg_set(
		err, MSG_INVALID_OPERAND, word, "MAX or a number from 0.01 to 1000");
}

/* TO LAN n ... */
static int op_where(struct request *rq, struct operands *ops, struct replaying *r)
{
	static const struct scan_option options[] = {
		{ "OWNERid", BIT_OWNER, opt_owner },
		{ "NIC", BIT_NIC, opt_nic },
		{ "SPEED", BIT_SPEED, opt_speed },
		{ NULL, 0, NULL },
	};
	struct message m;

	if (!op_keyword(ops, "TO"))
		return request_expects(rq, ops, "TO");
	if (!op_keyword(ops, "LAN"))
		return request_expects(rq, ops, "LAN");
	if (scan_name(ops, "LAN", r->lan, &m) || scan_options(ops, options, r, &m))
		return result_message(&rq->result, &m);
	return 0;
}
