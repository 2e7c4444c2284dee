/* Reading the sandbox back. */
#include "cp/sandbox.h"

#include "cp/partition.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The seccomp modes of a process's threads. */
struct modes {
	int threads, filtered, strict, unreadable;
};

static void read_status(pid_t pid, struct sandbox_view *out);
static void read_namespaces(pid_t pid, struct sandbox_view *out);
static void read_seccomp(pid_t pid, struct sandbox_view *out);
static void read_root(pid_t pid, struct sandbox_view *out);

const char *sandbox_ns_name(enum sandbox_ns ns)
{
	static const char *const names[SANDBOX_NAMESPACES] = {
		[SANDBOX_MNT] = "mnt",
		[SANDBOX_PID] = "pid",
		[SANDBOX_NET] = "net",
		[SANDBOX_IPC] = "ipc",
		[SANDBOX_UTS] = "uts",
		[SANDBOX_USER] = "user",
	};

	return names[ns];
}

void sandbox_read(const struct partition *p, struct sandbox_view *out)
{
	sandbox_read_pid(p->pid, out);
	snprintf(out->userid, sizeof(out->userid), "%s", p->userid);
}

void sandbox_read_pid(pid_t pid, struct sandbox_view *out)
{
	*out = (struct sandbox_view) { .pid = pid };
	read_status(pid, out);
	read_namespaces(pid, out);
	read_seccomp(pid, out);
	read_root(pid, out);
}

/* The value of a line "Key:\tvalue" of /proc/PID[/task/TID]/status.  0 or -errno. */
static int status_value(const char *dir, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	size_t len = strlen(key);
	FILE *f;
	int err = -ENODATA;

	snprintf(path, sizeof(path), "%s/status", dir);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s",
			line + len + 1 + strspn(line + len + 1, "\t "));
		err = 0;
	}
	fclose(f);
	return err;
}

static void add_capabilities(char *buf, size_t size, const char *what, const char *hex)
{
	unsigned long long set = strtoull(hex, NULL, 16);
	size_t at = strlen(buf);

	if (!set)
		return;
	snprintf(buf + at, size - at, "%s%s:", at ? "; " : "", what);
	for (unsigned cap = 0; cap < 64; cap++) {
		const char *name = capng_capability_to_name(cap);

		if (!(set >> cap & 1))
			continue;
		at = strlen(buf);
		snprintf(buf + at, size - at, " %s", name ? name : "unknown");
	}
}

static void read_status(pid_t pid, struct sandbox_view *out)
{
	static const char *const sets[][2] = { { "CapEff", "effective" },
		{ "CapPrm", "permitted" }, { "CapInh", "inheritable" },
		{ "CapBnd", "bounding" }, { "CapAmb", "ambient" } };
	char dir[32], value[64];
	int err = 0;

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	if (!status_value(dir, "Uid", value, sizeof(value))) {
		out->uid_known = true;
		out->uid = (uid_t)strtoul(value, NULL, 10);
	}
	if (!status_value(dir, "NoNewPrivs", value, sizeof(value)))
		out->no_new_privs = value[0] == '1' ? FACT_YES : FACT_NO;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]) && !err; i++) {
		err = status_value(dir, sets[i][0], value, sizeof(value));
		if (!err)
			add_capabilities(out->capabilities, sizeof(out->capabilities),
				sets[i][1], value);
	}
	if (err)
		snprintf(out->capabilities, sizeof(out->capabilities), "unreadable: %s",
			strerror(-err));
	else if (!out->capabilities[0])
		snprintf(out->capabilities, sizeof(out->capabilities), "none");
}

static void read_namespaces(pid_t pid, struct sandbox_view *out)
{
	char theirs[48], ours[48];
	struct stat a, b;

	for (int ns = 0; ns < SANDBOX_NAMESPACES; ns++) {
		const char *name = sandbox_ns_name((enum sandbox_ns)ns);

		snprintf(theirs, sizeof(theirs), "/proc/%d/ns/%s", pid, name);
		snprintf(ours, sizeof(ours), "/proc/self/ns/%s", name);
		if (stat(theirs, &a) || stat(ours, &b))
			continue;
		out->own_ns[ns] = a.st_ino != b.st_ino || a.st_dev != b.st_dev ? FACT_YES
									       : FACT_NO;
	}
}

static void count_thread(const char *dir, struct modes *m)
{
	char mode[16];

	m->threads++;
	if (status_value(dir, "Seccomp", mode, sizeof(mode)))
		m->unreadable++;
	else if (mode[0] == '2')
		m->filtered++;
	else if (mode[0] == '1')
		m->strict++;
}

static void read_seccomp(pid_t pid, struct sandbox_view *out)
{
	char path[320];
	struct modes m = { 0 };
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d) {
		snprintf(out->seccomp, sizeof(out->seccomp), "unreadable: %s",
			strerror(errno));
		return;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s", pid, e->d_name);
		count_thread(path, &m);
	}
	closedir(d);
	if (m.unreadable)
		snprintf(out->seccomp, sizeof(out->seccomp),
			"unreadable for %d of %d threads", m.unreadable, m.threads);
	else if (m.filtered == m.threads)
		snprintf(out->seccomp, sizeof(out->seccomp), "filter on all %d threads",
			m.threads);
	else if (!m.filtered && !m.strict)
		snprintf(out->seccomp, sizeof(out->seccomp), "none");
	else
		snprintf(out->seccomp, sizeof(out->seccomp),
			"filter on %d of %d threads, strict on %d", m.filtered, m.threads,
			m.strict);
}

static void read_root(pid_t pid, struct sandbox_view *out)
{
	char path[32];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/root/", pid);
	d = opendir(path);
	if (!d) {
		snprintf(out->root, sizeof(out->root), "unreadable: %s", strerror(errno));
		return;
	}
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	if (n)
		snprintf(out->root, sizeof(out->root), "%d entries", n);
	else
		snprintf(out->root, sizeof(out->root), "empty");
}
