/* What the kernel says of a partition's process: the truth of accounting. */
#include "cp/engine.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int read_file(const char *dir, const char *name, char *buf, size_t size);
static uint64_t read_resident(pid_t pid);
static int each_vcpu(
	pid_t pid, void (*fn)(unsigned vcpu, const char *dir, void *ctx), void *ctx);

int process_cpu(pid_t pid, uint64_t *ns)
{
	struct timespec ts;
	clockid_t clock;
	int err = clock_getcpuclockid(pid, &clock);

	if (err)
		return -err;
	if (clock_gettime(clock, &ts))
		return -errno;
	*ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	return 0;
}

/* Field 3 of a stat file, after the last ')': the name before it may hold anything. */
static const char *third_field(const char *text)
{
	const char *at = strrchr(text, ')');

	return at && at[1] == ' ' && at[2] ? at + 2 : NULL;
}

int stat_parse(const char *text, pid_t *pid, uint64_t *ticks)
{
	const char *at = third_field(text);

	for (int field = 3; at && field < 22; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	if (!at || sscanf(text, "%d", pid) != 1 || sscanf(at, "%lu", ticks) != 1)
		return -EPROTO;
	return *pid > 0 ? 0 : -EPROTO;
}

int process_start(pid_t pid, uint64_t *ticks)
{
	char dir[32], text[1024];
	pid_t same;
	int err;

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	err = read_file(dir, "stat", text, sizeof(text));
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	return stat_parse(text, &same, ticks);
}

int process_uid(pid_t pid, uid_t *uid)
{
	char dir[32], text[4096];
	const char *at;
	int err;

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	err = read_file(dir, "status", text, sizeof(text));
	if (err)
		return err;
	at = strstr(text, "\nUid:");
	return at && sscanf(at + 5, "%u", uid) == 1 ? 0 : -EPROTO;
}

static char thread_state(const char *dir)
{
	char text[1024];
	const char *at;

	if (read_file(dir, "stat", text, sizeof(text)))
		return '?';
	at = third_field(text);
	return at ? *at : '?';
}

static void fill_vcpu(unsigned vcpu, const char *dir, void *ctx)
{
	struct part_usage *out = ctx;
	char text[128];

	if ((int)vcpu >= out->n_vcpus)
		out->n_vcpus = (int)vcpu + 1;
	out->vcpu[vcpu].state = thread_state(dir);
	if (!read_file(dir, "schedstat", text, sizeof(text)))
		sscanf(text, "%lu %lu", &out->vcpu[vcpu].cpu_ns,
			&out->vcpu[vcpu].wait_ns);
}

int partition_usage(const struct partition *p, struct part_usage *out)
{
	int err;

	*out = (struct part_usage) { 0 };
	if (p->pid <= 0)
		return -ESRCH;
	err = process_cpu(p->pid, &out->cpu_ns);
	if (err)
		return err;
	out->resident = read_resident(p->pid);
	return each_vcpu(p->pid, fill_vcpu, out);
}

struct sleepers {
	unsigned seen, asleep;
};

static void count_sleeper(unsigned vcpu, const char *dir, void *ctx)
{
	struct sleepers *s = ctx;

	(void)vcpu;
	s->seen++;
	s->asleep += thread_state(dir) == 'S';
}

bool part_idle(const struct partition *p)
{
	struct sleepers s = { 0, 0 };

	if (p->pid <= 0 || each_vcpu(p->pid, count_sleeper, &s))
		return false;
	return s.seen && s.seen == s.asleep;
}

static int read_file(const char *dir, const char *name, char *buf, size_t size)
{
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n ? 0 : -ENODATA;
}

/* The exact sum where the kernel makes one, else its counters, which lag a little. */
static uint64_t read_resident(pid_t pid)
{
	char dir[32], text[2048];
	unsigned long pages;
	const char *at;

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	if (!read_file(dir, "smaps_rollup", text, sizeof(text)) &&
		(at = strstr(text, "\nRss:")))
		return strtoull(at + 5, NULL, 10) << 10;
	if (!read_file(dir, "statm", text, sizeof(text)) &&
		sscanf(text, "%*u %lu", &pages) == 1)
		return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

/* Calls fn for each thread named "vcpuN", N below PART_MAX_VCPUS. */
static int each_vcpu(
	pid_t pid, void (*fn)(unsigned vcpu, const char *dir, void *ctx), void *ctx)
{
	char dir[64], name[32], *end;
	struct dirent *e;
	unsigned long n;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/task", pid);
	d = opendir(dir);
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		snprintf(dir, sizeof(dir), "/proc/%d/task/%.16s", pid, e->d_name);
		if (e->d_name[0] == '.' || read_file(dir, "comm", name, sizeof(name)) ||
			strncmp(name, "vcpu", 4) || !isdigit((unsigned char)name[4]))
			continue;
		n = strtoul(name + 4, &end, 10);
		if (*end == '\n' && n < PART_MAX_VCPUS)
			fn((unsigned)n, dir, ctx);
	}
	closedir(d);
	return 0;
}
