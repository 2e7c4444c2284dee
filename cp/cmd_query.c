/* Commands: QUERY, INDICATE, SET, DEFINE and DETACH find their operand in a table of
 * their own; and what QUERY says about users, CP and the time. */
#include "cp/commands.h"
#include "cp/host.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/session.h"
#include "cp/sysconfig.h"
#include "cp/when.h"

#include <errno.h>
#include <string.h>

#define NAMES_IN_LINE 4

static int by_table(struct request *rq, struct operands *ops, const char *verb);
static int query_user(struct request *rq, struct operands *ops);
static const char *connection(const struct partition *p);
static void add_name(struct result *r, struct partition *p);

int cmd_query(struct request *rq, struct operands *ops)
{
	int rc = request_subcommand(rq, ops, "QUERY");

	return rc == -ENOENT ? query_user(rq, ops) : rc;
}

int cmd_set(struct request *rq, struct operands *ops)
{
	return by_table(rq, ops, "SET");
}

int cmd_define(struct request *rq, struct operands *ops)
{
	return by_table(rq, ops, "DEFINE");
}

int cmd_detach(struct request *rq, struct operands *ops)
{
	return by_table(rq, ops, "DETACH");
}

int cmd_indicate(struct request *rq, struct operands *ops)
{
	if (op_more(ops))
		return by_table(rq, ops, "INDICATE");
	request_name(rq, "LOAD");
	return indicate_load(rq, ops);
}

int query_names(struct request *rq, struct operands *ops)
{
	struct result *r = &rq->result;
	char line[NAMES_IN_LINE * 24] = "";
	const struct list *pos;
	int n = 0, rc = op_end(rq, ops);

	if (rc)
		return rc;
	list_for_each (pos, &rq->cp->partitions) {
		struct partition *p = container_of(pos, struct partition, node);
		size_t len = strlen(line);

		snprintf(line + len, sizeof(line) - len, "%s%-8s - %-4s", len ? ", " : "",
			p->userid, connection(p));
		if (++n % NAMES_IN_LINE == 0 || pos->next == &rq->cp->partitions) {
			result_line(r, "%s", line);
			line[0] = '\0';
		}
		add_name(r, p);
	}
	if (!n)
		result_line(r, "No partition is logged on");
	return 0;
}

int query_userid(struct request *rq, struct operands *ops)
{
	struct result *r = &rq->result;
	int rc = op_end(rq, ops);
	json_t *rec;

	if (rc)
		return rc;
	rec = result_record(r);
	rec_str(rec, "userid", rq->userid);
	rec_str(rec, "system", rq->cp->config->system);
	rec_str(rec, "classes", rq->classes);
	result_line(r, "%-8s AT %s", rq->userid[0] ? rq->userid : "nobody",
		rq->cp->config->system);
	return 0;
}

int query_cplevel(struct request *rq, struct operands *ops)
{
	struct result *r = &rq->result;
	int rc = op_end(rq, ops);
	char stamp[48];
	json_t *rec;

	if (rc)
		return rc;
	rec = result_record(r);
	rec_str(rec, "name", "Bulkhead");
	rec_str(rec, "version", BULKHEAD_VERSION);
	rec_time(rec, "start_time", rq->cp->started);
	rec_str(rec, "host_kvm", rq->cp->host->kvm);
	result_line(r, "Bulkhead Version %s, system %s", BULKHEAD_VERSION,
		rq->cp->config->system);
	result_line(r, "Started at %s, on %s",
		when_stamp(rq->cp->started, stamp, sizeof(stamp)), rq->cp->host->kvm);
	return 0;
}

int query_time(struct request *rq, struct operands *ops)
{
	const struct partition *p = partition_find(rq->cp, rq->userid);
	struct result *r = &rq->result;
	uint64_t now = when_now();
	struct part_usage usage;
	char when[64], connect[32], cpu[32];
	int rc = op_end(rq, ops);
	json_t *rec;

	if (rc)
		return rc;
	rec = result_record(r);
	rec_time(rec, "time", now);
	result_line(r, "TIME IS %s", when_long(when, sizeof(when)));
	if (!p || partition_usage(p, &usage))
		return 0;
	rec_u64(rec, "connect_ns", now - p->logon_time);
	rec_u64(rec, "cpu_ns", usage.cpu_ns);
	result_line(r, "CONNECT= %s CPU= %s",
		when_span(now - p->logon_time, connect, sizeof(connect)),
		when_span(usage.cpu_ns, cpu, sizeof(cpu)));
	return 0;
}

/* The row of the table, or that there is no such command. */
static int by_table(struct request *rq, struct operands *ops, const char *verb)
{
	int rc = request_subcommand(rq, ops, verb);

	if (rc != -ENOENT)
		return rc;
	request_name(rq, op_peek(ops));
	return request_unknown(rq);
}

/* QUERY userid.  A word that is a keyword, if only for others, is not a userid: it is as
 * unknown as any. */
static int query_user(struct request *rq, struct operands *ops)
{
	char userid[USERID_MAX + 1], line[MSG_TEXT_MAX + 16];
	const char *word = op_peek(ops);
	struct partition *p;
	int rc;

	if (word_userid(word, userid) || userid_reserved(userid)) {
		request_name(rq, word);
		return request_unknown(rq);
	}
	request_name(rq, userid);
	rc = request_before_logon(rq);
	if (!rc)
		rc = request_partition(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (rc)
		return rc;
	add_name(&rq->result, p);
	result_line(&rq->result, "%-8s - %-8s %s", p->userid, connection(p),
		partition_shown(p));
	if (p->why.number)
		result_line(&rq->result, "%s", msg_line(&p->why, line, sizeof(line)));
	return 0;
}

/* Who has the keyboard, or that nobody is at the console. */
static const char *connection(const struct partition *p)
{
	if (p->driver)
		return p->driver_name[0] ? p->driver_name : "CONS";
	return session_watches(p->cp, p->userid) ? "CONS" : "DSC";
}

static void add_name(struct result *r, struct partition *p)
{
	json_t *rec = result_record(r);

	rec_str(rec, "userid", p->userid);
	rec_str(rec, "state", partition_shown(p));
	rec_str(rec, "engine", "KVM");
	rec_u64(rec, "pid", (uint64_t)p->pid);
	rec_u64(rec, "vcpus", p->n_vcpus);
	rec_u64(rec, "storage", p->storage);
	rec_str(rec, "console", session_watches(p->cp, p->userid) ? "connected" : "disc");
	rec_time(rec, "logon_time", p->logon_time);
	rec_str(rec, "logon_by", p->logon_by);
}
