/* The order of sandbox_enter(): each step still has the privilege it needs, and none that
 * a later one takes away. */
#include "cp/lib/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_ROOT   "/proc" /* any directory would do; this one every host has */
#define ROOT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int load_filter(int fd, struct sock_fprog *f, uint32_t n);
static int close_others(int first);
static int set_limits(const struct sandbox_rest *rest);
static int empty_root(void);
static int drop_bounding_set(void);
static int drop_groups(void);
static int drop_capabilities(void);
static void note_missing(struct sandbox *s, const char *what, int err);

static int read_all(int fd, void *to, size_t len)
{
	uint8_t *p = to;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int say(char why[SANDBOX_WHY], const char *what, int err)
{
	snprintf(why, SANDBOX_WHY, "%s: %s", what, strerrorname_np(-err));
	return err;
}

int sandbox_load(struct sandbox *s, int fd, int n_roles, char why[SANDBOX_WHY])
{
	uint32_t count[SANDBOX_ROLES];
	int err;

	assert(n_roles <= SANDBOX_ROLES);
	*s = (struct sandbox) { 0 };
	err = read_all(fd, count, (size_t)n_roles * sizeof(count[0]));
	for (int role = 0; role < n_roles && !err; role++)
		err = load_filter(fd, &s->filter[role], count[role]);
	if (!err)
		return 0;
	sandbox_fini(s);
	return say(why, "the seccomp programs cannot be read", err);
}

void sandbox_fini(struct sandbox *s)
{
	for (int role = 0; role < SANDBOX_ROLES; role++)
		free(s->filter[role].filter);
	*s = (struct sandbox) { 0 };
}

static int step_ids(uid_t uid, gid_t gid)
{
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/* A failed step: what an unprivileged process is not permitted is only noted. */
static int judge(struct sandbox *s, bool privileged, const char *what, int err,
	char why[SANDBOX_WHY])
{
	if (!err)
		return 0;
	if (err == -EPERM && !privileged) {
		note_missing(s, what, err);
		return 0;
	}
	return say(why, what, err);
}

int sandbox_enter(
	struct sandbox *s, const struct sandbox_rest *rest, char why[SANDBOX_WHY])
{
	bool root = geteuid() == 0;
	int err = judge(s, true, "descriptors", close_others(rest->first_free), why);

	if (!err)
		err = judge(s, true, "limits", set_limits(rest), why);
	if (!err && !rest->keeps_files)
		err = judge(s, root, "empty root", empty_root(), why);
	if (!err)
		err = judge(s, root, "bounding set", drop_bounding_set(), why);
	if (!err)
		err = judge(s, false, "supplementary groups", drop_groups(), why);
	if (!err)
		err = judge(s, root, "uid and gid", step_ids(rest->uid, rest->gid), why);
	if (!err)
		err = judge(s, true, "capabilities", drop_capabilities(), why);
	if (!err && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		err = judge(s, true, "dumpable", -errno, why);
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = judge(s, true, "no_new_privs", -errno, why);
	return err;
}

int sandbox_close(const struct sandbox *s, int role)
{
	const struct sock_fprog *f = &s->filter[role];

	if (!f->len)
		return 0;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, f) ? -errno : 0;
}

static int load_filter(int fd, struct sock_fprog *f, uint32_t n)
{
	if (n > BPF_MAXINSNS)
		return -E2BIG;
	if (!n)
		return 0;
	f->filter = calloc(n, sizeof(*f->filter));
	if (!f->filter)
		return -ENOMEM;
	f->len = (unsigned short)n;
	return read_all(fd, f->filter, n * sizeof(*f->filter));
}

static int close_others(int first)
{
	return close_range((unsigned)first, ~0u, 0) ? -errno : 0;
}

static int set_limits(const struct sandbox_rest *rest)
{
	const struct rlimit no_core = { 0, 0 };
	const struct rlimit tasks = { rest->max_tasks, rest->max_tasks };
	struct rlimit files;

	if (setrlimit(RLIMIT_CORE, &no_core) || setrlimit(RLIMIT_NPROC, &tasks) ||
		getrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	if (files.rlim_max > rest->max_fds)
		files.rlim_max = rest->max_fds;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

/* Whoever started us gave us a mount namespace; one more makes sure that what follows can
 * never be done to the host's.  With both names of pivot_root() the same, the old root
 * lies on top of the new one and is what "." unmounts. (pivot_root(2), NOTES) */
static int empty_root(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (mount("none", NEW_ROOT, "tmpfs", ROOT_FLAGS, "size=4k,nr_inodes=1,mode=0555"))
		return -errno;
	if (chdir(NEW_ROOT) || syscall(SYS_pivot_root, ".", ".") ||
		umount2(".", MNT_DETACH) || chdir("/"))
		return -errno;
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | ROOT_FLAGS, NULL))
		return -errno;
	return 0;
}

static int drop_bounding_set(void)
{
	for (unsigned long cap = 0;; cap++) {
		if (!prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			continue;
		return errno == EINVAL && cap ? 0 : -errno;
	}
}

/* A user namespace made without privilege may forbid this; then the groups are those of
 * the user who started all this. */
static int drop_groups(void)
{
	if (getgroups(0, NULL) == 0 || !setgroups(0, NULL))
		return 0;
	return -errno;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

static void note_missing(struct sandbox *s, const char *what, int err)
{
	size_t len = strlen(s->missing);

	snprintf(s->missing + len, sizeof(s->missing) - len, "%s%s (%s)", len ? ", " : "",
		what, strerrorname_np(-err));
}
