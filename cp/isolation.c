/* What keeps partitions apart on this host, each with the answer to "is that so here?".
 */
#include "cp/isolation.h"

#include "cp/cgroup.h"
#include "cp/host.h"
#include "cp/lan.h"
#include "cp/partition.h"
#include "cp/request.h"
#include "cp/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LANS_SHOWN 4 /* by name */

static void say(struct request *rq, const char *what, bool in_force, const char *text);
static void say_lans(struct request *rq);
static void say_smt(struct request *rq);
static void say_core_scheduling(struct request *rq);
static void say_process(struct request *rq, const struct partition *p);

void isolation_show(struct request *rq, const struct partition *p)
{
	const struct cp *cp = rq->cp;
	bool cgroups = cgroups_kind(cp->cgroups) != CGROUP_NONE;

	say(rq, "process", true,
		"each partition is a process of its own, with one guest in it");
	say(rq, "uid", cp->privileged,
		cp->privileged ? "each partition has a host uid of its own"
			       : "partitions run as the uid of CP: it is not root");
	say(rq, "storage", true,
		"reserved in full at logon, never shared, zeros at the start");
	say_lans(rq);
	say(rq, "cgroup", cgroups, cgroups_text(cp->cgroups));
	say(rq, "processors", false,
		"shares are not enforced: the host's scheduler divides the processors evenly");
	say_smt(rq);
	say_core_scheduling(rq);
	say(rq, "caches", false, "the last cache and memory bandwidth are shared");
	say(rq, "kernel", false, "the host's kernel, and KVM in it, is shared by all");
	if (p)
		say_process(rq, p);
}

static void say(struct request *rq, const char *what, bool in_force, const char *text)
{
	json_t *rec = result_record(&rq->result);

	rec_str(rec, "what", what);
	rec_bool(rec, "in_force", in_force);
	rec_str(rec, "text", text);
	result_line(&rq->result, "%-12s %-13s %s", what,
		in_force ? "in force" : "not in force", text);
}

/* The process of a LAN that is SHARED has the storage of its members mapped. */
static void say_lans(struct request *rq)
{
	char names[LANS_SHOWN * 2 * (USERID_MAX + 2)] = "", more[32] = "", text[224];
	const struct list *pos;
	int n = 0;

	list_for_each (pos, &rq->cp->lans) {
		const struct lan *lan = container_of(pos, const struct lan, node);
		size_t len = strlen(names);

		if (lan->def.bounce || n++ >= LANS_SHOWN)
			continue;
		snprintf(names + len, sizeof(names) - len, "%s%s %s", len ? ", " : "",
			lan->def.owner, lan->def.name);
	}
	if (n > LANS_SHOWN)
		snprintf(more, sizeof(more), ", and of %d others,", n - LANS_SHOWN);
	snprintf(text, sizeof(text),
		"members of LAN %s%s map each other's storage through its process", names,
		more);
	say(rq, "lans", !n, n ? text : "no process of a LAN maps the storage of a guest");
}

/* Two threads of one core see much of each other. */
static void say_smt(struct request *rq)
{
	FILE *f = fopen("/sys/devices/system/cpu/smt/active", "re");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	if (c == '0')
		say(rq, "smt", true, "no two partitions share a core: it has one thread");
	else if (c == '1')
		say(rq, "smt", false,
			"cores have several threads, which partitions may share");
	else
		say(rq, "smt", false,
			"unknown: the host does not say whether cores have threads");
}

static void say_core_scheduling(struct request *rq)
{
	unsigned long cookie;

	if (!prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, 0, &cookie))
		say(rq, "core_sched", false,
			"this host's kernel has it, CP does not use it");
	else
		say(rq, "core_sched", false, "this host's kernel has no core scheduling");
}

static void say_process(struct request *rq, const struct partition *p)
{
	struct sandbox_view v;
	char text[256] = "";
	int n = 0;

	sandbox_read(p, &v);
	for (enum sandbox_ns ns = 0; ns < SANDBOX_NAMESPACES; ns++) {
		size_t len = strlen(text);

		if (v.own_ns[ns] != FACT_YES)
			continue;
		snprintf(text + len, sizeof(text) - len, " %s", sandbox_ns_name(ns));
		n++;
	}
	say(rq, "namespaces", n >= SANDBOX_USER, n ? text + 1 : "none of its own");
	say(rq, "capabilities", !strcmp(v.capabilities, "none"), v.capabilities);
	say(rq, "no_new_privs", v.no_new_privs == FACT_YES,
		v.no_new_privs == FACT_YES ? "set" : "not set");
	say(rq, "seccomp", !strncmp(v.seccomp, "filter", 6), v.seccomp);
	say(rq, "root", !strcmp(v.root, "empty"), v.root);
}
