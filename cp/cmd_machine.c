/* Commands: the front panel of a partition. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/partition.h"
#include "cp/request.h"

#include <string.h>

static int op_cpu(struct request *rq, struct operands *ops, const struct partition *p,
	uint32_t *cpu);
static int choose_ipl(struct request *rq, struct operands *ops, struct ipl *ipl);
static void on_reset(void *ctx, const struct message *m);
static void on_cleared(void *ctx, const struct message *m);

int cmd_ipl(struct request *rq, struct operands *ops)
{
	struct partition *p;
	struct message m;
	struct ipl ipl;
	int rc;

	rc = request_own(rq, &p);
	if (!rc)
		rc = choose_ipl(rq, ops, &ipl);
	if (rc)
		return rc;
	rc = partition_ipl(p, &ipl, false, request_outcome, rq, &m);
	return request_underway(rq, rc, &m);
}

int cmd_system(struct request *rq, struct operands *ops)
{
	part_done *done = request_outcome;
	enum part_reset_kind kind;
	struct partition *p;
	struct message m;
	int rc;

	if (op_keyword(ops, "RESET")) {
		kind = PART_RESET_SYSTEM;
		done = on_reset;
	} else if (op_keyword(ops, "CLear")) {
		kind = PART_RESET_CLEAR;
		done = on_cleared;
	} else if (op_keyword(ops, "RESTART")) {
		kind = PART_RESET_RESTART;
	} else {
		return request_expects(rq, ops, "RESET, CLEAR or RESTART");
	}
	rc = op_end(rq, ops);
	if (!rc)
		rc = request_own(rq, &p);
	if (rc)
		return rc;
	rc = partition_reset(p, kind, done, rq, &m);
	return request_underway(rq, rc, &m);
}

typedef int cpu_fn(struct partition *p, uint32_t cpu, part_done *done, void *ctx,
	struct message *err);

/* STOP and BEGIN: all of one's processors, or the one named. */
static int on_processors(struct request *rq, struct operands *ops, cpu_fn *fn)
{
	struct partition *p;
	struct message m;
	uint32_t cpu;
	int rc;

	rc = request_own(rq, &p);
	if (!rc)
		rc = op_cpu(rq, ops, p, &cpu);
	if (rc)
		return rc;
	rc = fn(p, cpu, request_outcome, rq, &m);
	return request_underway(rq, rc, &m);
}

int cmd_stop(struct request *rq, struct operands *ops)
{
	return on_processors(rq, ops, partition_stop);
}

int cmd_begin(struct request *rq, struct operands *ops)
{
	return on_processors(rq, ops, partition_begin);
}

int cmd_for(struct request *rq, struct operands *ops)
{
	struct partition *p;
	int rc;

	if (rq->for_depth)
		return request_unknown(rq);
	rc = request_partition(rq, ops, &p);
	if (rc)
		return rc;
	if (!op_keyword(ops, "CMD"))
		return request_expects(rq, ops, "CMD");
	if (!op_more(ops))
		return request_expects(rq, ops, "command");

	rq->for_depth++;
	rq->for_words = ops->next;
	snprintf(rq->userid, sizeof(rq->userid), "%s", p->userid);
	snprintf(rq->classes, sizeof(rq->classes), "%s", p->classes);
	request_name(rq, p->userid);
	request_name(rq, "CMD");
	return request_perform(rq, op_rest(ops));
}

/* [CPU n] and the end. */
static int op_cpu(struct request *rq, struct operands *ops, const struct partition *p,
	uint32_t *cpu)
{
	uint64_t n;
	int rc;

	*cpu = PART_ALL_CPUS;
	if (op_keyword(ops, "CPU")) {
		rc = op_number(rq, ops, "CPU", 0, p->n_vcpus - 1, &n);
		if (rc)
			return rc;
		*cpu = (uint32_t)n;
	}
	return op_end(rq, ops);
}

/* What the operands name; without them what the directory says, with another parameter
 * if one is given. */
static int choose_ipl(struct request *rq, struct operands *ops, struct ipl *ipl)
{
	const struct dir_user *u;
	char parm[DIR_PARM_MAX + 1];
	struct message m;

	if (scan_ipl(ops, ipl, &m) || scan_end(ops, &m))
		return result_message(&rq->result, &m);
	ipl->absolute = request_is_trusted(rq);
	if (ipl->kind != IPL_NONE)
		return 0;

	u = request_user(rq, rq->userid);
	if (!u)
		return MSG_NOT_IN_DIRECTORY;
	memcpy(parm, ipl->parm, sizeof(parm));
	*ipl = u->ipl;
	if (parm[0])
		memcpy(ipl->parm, parm, sizeof(parm));
	if (ipl->kind == IPL_NONE)
		return result_say(&rq->result, MSG_OPERAND_MISSING, "what to IPL");
	return 0;
}

static void on_reset(void *ctx, const struct message *m)
{
	struct request *rq = ctx;

	if (!m || !m->number)
		result_line(&rq->result, "System reset.");
	request_outcome(rq, m);
}

static void on_cleared(void *ctx, const struct message *m)
{
	struct request *rq = ctx;

	if (!m || !m->number)
		result_line(&rq->result, "Storage cleared - system reset.");
	request_outcome(rq, m);
}
