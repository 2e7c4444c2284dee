/* Landlock by its system calls, for which the C library has no functions. */
#include "vlan/uplink/landlock.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* All that version 1 knows, from executing to making links. */
#define ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int allow(int rules, const char *path)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = READ };
	int err = 0;

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath,
		    0))
		err = -errno;
	close(beneath.parent_fd);
	return err;
}

int landlock_enter(char why[SANDBOX_WHY])
{
	const struct landlock_ruleset_attr attr = { .handled_access_fs = ALL };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0),
	    err;

	if (rules < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		log_warn("main",
			"this kernel has no Landlock: files are protected by uid");
		return 0;
	}
	if (rules < 0)
		return -errno;
	err = allow(rules, "/etc");
	if (!err)
		err = allow(rules, "/run");
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(rules);
	if (err)
		snprintf(why, SANDBOX_WHY, "Landlock: %s", strerror(-err));
	return err;
}
