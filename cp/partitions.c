/* The engine as a whole: what it has besides the partitions. */
#include "cp/engine.h"

#include "cp/lib/log.h"
#include "cp/seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UID_STRIDE 4096

static int make_dir(const struct cp *cp)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/partitions", cp->rundir);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	return chmod(path, 0700) ? -errno : 0;
}

/* What every cpd of this system has in common, and no other: the directory of its
 * records. The uids of another system on this host start elsewhere in the range, most
 * likely. */
static int name_instance(struct cp *cp, char *buf, size_t len)
{
	struct stat st;

	if (stat(cp->rundir, &st))
		return -errno;
	snprintf(buf, len, "%lx-%lx", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	cp->host->uid_first = (unsigned)(st.st_ino * UID_STRIDE % HOST_UID_COUNT);
	return 0;
}

/* In order; *what names the step that failed. */
static int start(struct cp *cp, const char **what)
{
	char instance[32];
	int err;

	*what = "the host";
	err = host_create(cp->config, &cp->host);
	if (err)
		return err;
	*what = "control groups";
	err = name_instance(cp, instance, sizeof(instance));
	if (!err)
		err = cgroups_create(
			"/proc/self/mounts", "/proc/self/cgroup", instance, &cp->cgroups);
	if (err)
		return err;
	*what = "accounting";
	err = accounting_create(cp, &cp->accounting);
	if (err)
		return err;
	*what = "the seccomp programs";
	cp->seccomp_fd = seccomp_programs(SECCOMP_PARTITION);
	if (cp->seccomp_fd < 0)
		return cp->seccomp_fd;
	*what = "RUNDIR/partitions";
	return make_dir(cp);
}

int partitions_start(struct cp *cp, struct message *err)
{
	const char *what;
	int rc;

	cp->seccomp_fd = -1;
	list_init(&cp->partitions);
	rc = start(cp, &what);
	if (rc) {
		partitions_stop(cp);
		return msg_set(err, MSG_START_CP_FAILED, what, strerror(-rc));
	}
	if (cp->privileged && !cp->host->uids_ok) {
		log_warn("partition", "no uids of their own for partitions: cpd is in a "
				      "user namespace");
		cp->privileged = false;
	}
	log_info("partition", "%s; control groups: %s", cp->host->kvm,
		cgroups_text(cp->cgroups));
	return 0;
}

void partitions_stop(struct cp *cp)
{
	while (!list_empty(&cp->partitions)) {
		struct partition *p = container_of(
			cp->partitions.next, struct partition, node);

		part_link_close(p, &(struct message) { 0 });
		guest_gone(p);
		part_console_gone(p, "CP ends");
		partition_free(p);
	}
	accounting_free(cp->accounting);
	cgroups_free(cp->cgroups);
	host_free(cp->host);
	if (cp->seccomp_fd >= 0)
		close(cp->seccomp_fd);
	cp->accounting = NULL;
	cp->cgroups = NULL;
	cp->host = NULL;
	cp->seccomp_fd = -1;
}
