/* QUERY: the machine CP divides, and what is promised about its division. */
#include "cp/cgroup.h"
#include "cp/commands.h"
#include "cp/host.h"
#include "cp/isolation.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/shutdown.h"
#include "cp/sysconfig.h"

#include <sys/utsname.h>

static uint64_t whole_megabytes(uint64_t bytes);
static void show_processor(struct result *r, int n, const struct host_cpu *cpu);

int query_processors(struct request *rq, struct operands *ops)
{
	const struct host *h = rq->cp->host;
	int rc = op_end(rq, ops);

	if (rc)
		return rc;
	for (int i = 0; i < h->n_cpus; i++) {
		if (h->cpu[i].present)
			show_processor(&rq->result, i, &h->cpu[i]);
	}
	return 0;
}

int query_storage(struct request *rq, struct operands *ops)
{
	const struct host *h = rq->cp->host;
	uint64_t left = h->pool > h->reserved ? h->pool - h->reserved : 0;
	char total[32], pool[32], reserved[32], free_text[32];
	int rc = op_end(rq, ops);
	json_t *rec;

	if (rc)
		return rc;
	rec = result_record(&rq->result);
	rec_u64(rec, "total", h->total);
	rec_u64(rec, "pool", h->pool);
	rec_u64(rec, "reserved", h->reserved);
	rec_u64(rec, "free", left);
	rec_u64(rec, "page_size", h->page_size);
	result_line(&rq->result, "STORAGE = %s POOL = %s RESERVED = %s FREE = %s",
		size_text(whole_megabytes(h->total), total, sizeof(total)),
		size_text(h->pool, pool, sizeof(pool)),
		size_text(h->reserved, reserved, sizeof(reserved)),
		size_text(left, free_text, sizeof(free_text)));
	return 0;
}

int query_cpupool(struct request *rq, struct operands *ops)
{
	int rc = op_end(rq, ops);

	if (!rc)
		result_line(&rq->result, "No CPU pool is defined");
	return rc;
}

int query_host(struct request *rq, struct operands *ops)
{
	const struct cp *cp = rq->cp;
	int rc = op_end(rq, ops);
	struct utsname host;
	char total[32];
	json_t *rec;

	if (rc)
		return rc;
	uname(&host);
	rec = result_record(&rq->result);
	rec_str(rec, "name", host.nodename);
	rec_str(rec, "kernel", host.release);
	rec_str(rec, "machine", host.machine);
	rec_u64(rec, "cpus", (uint64_t)cp->host->n_cpus);
	rec_u64(rec, "total", cp->host->total);
	rec_str(rec, "kvm", cp->host->kvm);
	rec_bool(rec, "kvm_ok", cp->host->kvm_ok);
	rec_str(rec, "cgroups", cgroups_text(cp->cgroups));
	rec_bool(rec, "privileged", cp->privileged);
	result_line(&rq->result, "HOST %s, Linux %s, %s", host.nodename, host.release,
		host.machine);
	result_line(&rq->result, "%d processors, %s of storage", cp->host->n_cpus,
		size_text(whole_megabytes(cp->host->total), total, sizeof(total)));
	result_line(&rq->result, "KVM: %s", cp->host->kvm);
	result_line(&rq->result, "Control groups: %s", cgroups_text(cp->cgroups));
	result_line(&rq->result, "CP runs %s",
		cp->privileged ? "as root" : "without privilege");
	return 0;
}

/* [USER u] */
int query_isolation(struct request *rq, struct operands *ops)
{
	struct partition *p = NULL;
	int rc = 0;

	if (op_more(ops))
		rc = request_target(rq, ops, &p);
	if (!rc)
		rc = op_end(rq, ops);
	if (!rc)
		isolation_show(rq, p);
	return rc;
}

int query_shutdowntime(struct request *rq, struct operands *ops)
{
	int rc = op_end(rq, ops);
	json_t *rec;

	if (rc)
		return rc;
	rec = result_record(&rq->result);
	rec_u64(rec, "shutdown_time_ns", UINT64_C(1000000000) * SHUTDOWN_SECONDS);
	result_line(&rq->result, "System shutdown time: %d seconds", SHUTDOWN_SECONDS);
	return 0;
}

/* For people: what the host has is no round number. */
static uint64_t whole_megabytes(uint64_t bytes)
{
	return bytes >> 20 << 20;
}

static void show_processor(struct result *r, int n, const struct host_cpu *cpu)
{
	static const char *const uses[] = {
		[CPU_SHARED] = "shared",
		[CPU_DEDICATED] = "dedicated",
		[CPU_HOST] = "host",
	};
	json_t *rec = result_record(r);
	char to[32] = "";

	rec_u64(rec, "cpu", (uint64_t)n);
	rec_str(rec, "state", cpu->online ? "online" : "offline");
	rec_str(rec, "use", uses[cpu->use]);
	if (cpu->use == CPU_DEDICATED) {
		rec_str(rec, "userid", cpu->userid);
		rec_u64(rec, "vcpu", (uint64_t)cpu->vcpu);
		snprintf(to, sizeof(to), " to %s %02X", cpu->userid, (unsigned)cpu->vcpu);
	} else {
		rec_null(rec, "userid");
		rec_null(rec, "vcpu");
	}
	result_line(r, "PROCESSOR %02X %s %s%s", (unsigned)n,
		cpu->online ? "online" : "offline", uses[cpu->use], to);
}
