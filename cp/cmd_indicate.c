/* Commands: INDICATE, how the system and its partitions are used. */
#include "cp/commands.h"
#include "cp/host.h"
#include "cp/load.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/when.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS UINT64_C(200000000) /* over which the processors are looked at */

/* An INDICATE LOAD between its two looks. */
struct sample {
	struct request *rq;
	struct loop_timer timer;
	struct cpu_times before;
};

static void cancel_load(struct request *rq, void *ctx);
static void on_sampled(struct loop_timer *timer);
static void show_load(struct request *rq, double percent);
static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len);
static void show_user(
	struct request *rq, struct partition *p, const void *bytes, size_t len);
static void show_vcpus(json_t *rec, struct request *rq, const struct part_usage *usage);
static void show_stat(json_t *rec, struct request *rq, const uint8_t *bytes, size_t len);
static void show_io(json_t *io, struct request *rq, const struct part_stat_device *d);
static unsigned show_queue(struct request *rq, const struct partition *p);
static const char *thread_state(char state);

int indicate_load(struct request *rq, struct operands *ops)
{
	struct sample *s;
	struct loop *loop = rq->cp->loop;
	int rc = op_end(rq, ops);

	if (rc)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	s->rq = rq;
	s->timer.ctx = s;
	load_read(&s->before);
	rc = loop_timer_set(loop, &s->timer, loop_now(loop) + SAMPLE_NS, on_sampled, s);
	if (rc) {
		free(s);
		return result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	}
	rq->cancel = cancel_load;
	rq->cancel_ctx = s;
	return REQUEST_PENDING;
}

/* [u | USER u]: one's own without it. */
int indicate_user(struct request *rq, struct operands *ops)
{
	char userid[USERID_MAX + 1];
	struct partition *p;
	struct message m;
	int rc = 0;

	snprintf(userid, sizeof(userid), "%s", rq->userid);
	op_keyword(ops, "USER");
	if (op_more(ops))
		rc = op_userid(rq, ops, userid);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	if (strcmp(userid, rq->userid) && !request_names_others(rq))
		return request_unknown(rq);
	p = partition_find(rq->cp, userid);
	if (!p)
		return result_say(&rq->result, MSG_NOT_LOGGED_ON, userid);
	snprintf(rq->subject, sizeof(rq->subject), "%s", userid);
	if (partition_stat(p, on_stat, rq, &m))
		return result_message(&rq->result, &m);
	return REQUEST_PENDING;
}

int indicate_queues(struct request *rq, struct operands *ops)
{
	int rc = op_end(rq, ops);
	unsigned queued = 0;
	struct list *pos;

	if (rc)
		return rc;
	list_for_each (pos, &rq->cp->partitions)
		queued += show_queue(rq, container_of(pos, struct partition, node));
	if (!queued)
		result_line(&rq->result, "No virtual CPU runs or waits for a processor");
	return 0;
}

static void cancel_load(struct request *rq, void *ctx)
{
	struct sample *s = ctx;

	loop_timer_cancel(&s->timer);
	free(s);
	request_finish(rq, 0);
}

static void on_sampled(struct loop_timer *timer)
{
	struct sample *s = timer->ctx;
	struct request *rq = s->rq;
	struct cpu_times after;

	load_read(&after);
	show_load(rq, load_percent(&s->before, &after));
	free(s);
	request_finish(rq, 0);
}

static void show_load(struct request *rq, double percent)
{
	const struct host *h = rq->cp->host;
	double reserved = h->pool ? 100.0 * (double)h->reserved / (double)h->pool : 0;
	json_t *rec = result_record(&rq->result);
	unsigned partitions = 0, running = 0;
	const struct list *pos;

	list_for_each (pos, &rq->cp->partitions) {
		partitions++;
		running += container_of(pos, struct partition, node)->state == PS_RUNNING;
	}
	rec_real(rec, "cpu_percent", percent);
	rec_u64(rec, "partitions", partitions);
	rec_u64(rec, "running", running);
	rec_real(rec, "storage_reserved_percent", reserved);
	result_line(&rq->result, "AVGPROC-%03.0f%% %02d", percent, h->n_cpus);
	result_line(&rq->result, "PARTITIONS-%u  RUNNING-%u", partitions, running);
	result_line(&rq->result, "STORAGE-%03.0f%%", reserved);
}

static void on_stat(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct request *rq = ctx;
	struct partition *p = partition_find(rq->cp, rq->subject);
	int rc = 0;

	if (m && m->number)
		rc = result_message(&rq->result, m);
	else if (!p)
		rc = result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->subject);
	else
		show_user(rq, p, bytes, len);
	request_finish(rq, rc);
}

/* CPU time and memory are the kernel's figures; what the process counts is its word. */
static void show_user(
	struct request *rq, struct partition *p, const void *bytes, size_t len)
{
	json_t *rec = result_record(&rq->result);
	struct part_usage usage = { 0 };
	char storage[32], resident[32], cpu[32];

	partition_usage(p, &usage);
	rec_str(rec, "userid", p->userid);
	rec_u64(rec, "cpu_ns", usage.cpu_ns);
	rec_u64(rec, "storage", p->storage);
	rec_u64(rec, "resident", usage.resident);
	result_line(&rq->result, "USERID=%-8s STATE=%s STOR=%s RES=%s CPU=%s", p->userid,
		partition_shown(p), size_text(p->storage, storage, sizeof(storage)),
		size_text(usage.resident, resident, sizeof(resident)),
		when_span(usage.cpu_ns, cpu, sizeof(cpu)));
	show_vcpus(rec, rq, &usage);
	show_stat(rec, rq, bytes, len);
}

static void show_vcpus(json_t *rec, struct request *rq, const struct part_usage *usage)
{
	json_t *vcpus = rec_array(rec, "vcpus");

	for (int i = 0; i < usage->n_vcpus; i++) {
		json_t *vcpu = rec_item(vcpus);
		const char *state = thread_state(usage->vcpu[i].state);
		char cpu[32], waited[32];

		rec_u64(vcpu, "vcpu", (uint64_t)i);
		rec_u64(vcpu, "cpu_ns", usage->vcpu[i].cpu_ns);
		rec_u64(vcpu, "wait_ns", usage->vcpu[i].wait_ns);
		rec_str(vcpu, "state", state);
		result_line(&rq->result, "CPU %02X: CPU=%s WAIT=%s STATE=%s", (unsigned)i,
			when_span(usage->vcpu[i].cpu_ns, cpu, sizeof(cpu)),
			when_span(usage->vcpu[i].wait_ns, waited, sizeof(waited)), state);
	}
}

static void show_stat(json_t *rec, struct request *rq, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = bytes, *end = bytes + len;
	uint64_t exits = 0, user_exits = 0;
	struct part_stat stat = { 0 };
	struct part_stat_vcpu v;
	struct part_stat_device d;
	json_t *io = rec_object(rec, "io");

	if (len >= sizeof(stat)) {
		memcpy(&stat, at, sizeof(stat));
		at += sizeof(stat);
	}
	for (uint32_t i = 0; i < stat.n_vcpus && (size_t)(end - at) >= sizeof(v); i++) {
		memcpy(&v, at, sizeof(v));
		at += sizeof(v);
		exits += v.exits;
		user_exits += v.user_exits;
	}
	rec_u64(rec, "exits", exits);
	rec_u64(rec, "user_exits", user_exits);
	result_line(&rq->result, "EXITS=%" PRIu64 " USER=%" PRIu64, exits, user_exits);
	for (uint32_t i = 0; i < stat.n_devices && (size_t)(end - at) >= sizeof(d); i++) {
		memcpy(&d, at, sizeof(d));
		at += sizeof(d);
		show_io(io, rq, &d);
	}
}

static void show_io(json_t *io, struct request *rq, const struct part_stat_device *d)
{
	char vdev[8];
	json_t *rec;

	snprintf(vdev, sizeof(vdev), "%04X", d->vdev);
	rec = rec_object(io, vdev);
	rec_u64(rec, "in_ops", d->in_ops);
	rec_u64(rec, "out_ops", d->out_ops);
	rec_u64(rec, "in_bytes", d->in_bytes);
	rec_u64(rec, "out_bytes", d->out_bytes);
	rec_u64(rec, "errors", d->errors);
	result_line(&rq->result,
		"IO %s: IN=%" PRIu64 " (%" PRIu64 " bytes) OUT=%" PRIu64 " (%" PRIu64
		" bytes) "
		"ERRORS=%" PRIu64,
		vdev, d->in_ops, d->in_bytes, d->out_ops, d->out_bytes, d->errors);
}

/* A vCPU whose thread runs or waits for a processor is in the queue. */
static unsigned show_queue(struct request *rq, const struct partition *p)
{
	struct part_usage usage;
	unsigned queued = 0;

	if (partition_usage(p, &usage))
		return 0;
	for (int i = 0; i < usage.n_vcpus; i++) {
		const char *state = thread_state(usage.vcpu[i].state);
		json_t *rec;

		if (usage.vcpu[i].state != 'R')
			continue;
		rec = result_record(&rq->result);
		rec_str(rec, "userid", p->userid);
		rec_u64(rec, "vcpu", (uint64_t)i);
		rec_str(rec, "state", state);
		result_line(
			&rq->result, "%-8s CPU %02X %s", p->userid, (unsigned)i, state);
		queued++;
	}
	return queued;
}

/* The letter of /proc/PID/stat as a word. */
static const char *thread_state(char state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "idle";
	case 'D': return "blocked";
	case 'T':
	case 't': return "stopped";
	default: return "ended";
	}
}
