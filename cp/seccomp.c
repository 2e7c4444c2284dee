/* Compiling the allowlists. */
#include "cp/seccomp.h"

#include "cp/lan_proto.h"
#include "cp/part_proto.h"
#include "cp/uplink_proto.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ROLES 4

/* Whoever makes a thread sets the one, and none of the others. */
#define CLONE_CHECKED                                                                 \
	(CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
		CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* A row of such a file. */
struct rule {
	int role;
	int call;
	/* of ioctl(2) or fcntl(2), or domain of socket(2); 0: any arguments */
	unsigned long request;
	int err;     /* it fails with this; 0: it is allowed */
	bool thread; /* clone(2): of threads only */
};

#define SYSCALL(role, name)     { ROLE(role), SCMP_SYS(name), 0, 0, false },
#define IOCTL(role, request)    { ROLE(role), SCMP_SYS(ioctl), request, 0, false },
#define FCNTL(role, command)    { ROLE(role), SCMP_SYS(fcntl), command, 0, false },
#define THREAD(role)            { ROLE(role), SCMP_SYS(clone), 0, 0, true },
#define REFUSE(role, name, err) { ROLE(role), SCMP_SYS(name), 0, err, false },
#define SOCKET(role, domain)    { ROLE(role), SCMP_SYS(socket), domain, 0, false },
#define EVERY(name) \
	SYSCALL(NAT, name) SYSCALL(IF, name) SYSCALL(VDE, name) SYSCALL(NAMES, name)

#define ROLE(role) PART_ROLE_##role
static const struct rule part_rules[] = {
#include "cp/part_syscalls.def"
};
#undef ROLE

#define ROLE(role) LAN_ROLE_##role
static const struct rule lan_rules[] = {
#include "cp/lan_syscalls.def"
};
#undef ROLE

#define ROLE(role) UPLINK_ROLE_##role
static const struct rule uplink_rules[] = {
#include "cp/uplink_syscalls.def"
};
#undef ROLE

#undef SYSCALL
#undef IOCTL
#undef FCNTL
#undef THREAD
#undef REFUSE
#undef SOCKET
#undef EVERY

#define N(rules) (sizeof(rules) / sizeof((rules)[0]))

static const struct allowlist {
	const struct rule *rules;
	size_t n;
	uint32_t n_roles;
} lists[SECCOMP_LISTS] = {
	[SECCOMP_PARTITION] = { part_rules, N(part_rules), PART_ROLES },
	[SECCOMP_LAN] = { lan_rules, N(lan_rules), LAN_ROLES },
	[SECCOMP_UPLINK] = { uplink_rules, N(uplink_rules), UPLINK_ROLES },
};

static int add_rule(scmp_filter_ctx ctx, const struct rule *r);
static int compile(const struct allowlist *list, int role, int fd, uint32_t *count);

int seccomp_programs(enum seccomp_list which)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	const struct allowlist *list = &lists[which];
	uint32_t count[MAX_ROLES] = { 0 };
	ssize_t head = (ssize_t)(list->n_roles * sizeof(count[0]));
	int fd = memfd_create("seccomp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (lseek(fd, head, SEEK_SET) < 0)
		err = -errno;
	for (int role = 0; role < (int)list->n_roles && !err; role++)
		err = compile(list, role, fd, &count[role]);
	if (!err && pwrite(fd, count, (size_t)head, 0) != head)
		err = -EIO;
	if (!err && fcntl(fd, F_ADD_SEALS, seals))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* A descriptor may be open in two processes as one, with one set of flags: who could make
 * it blocking could have the other wait for ever. */
static bool sets_flags(const struct rule *r)
{
	return r->call == SCMP_SYS(fcntl) && r->request == F_SETFL;
}

/* The kernel looks at the low half of a request, of a socket's domain, and of
 * clone's flags, only. */
static int add_rule(scmp_filter_ctx ctx, const struct rule *r)
{
	uint32_t action = r->err ? SCMP_ACT_ERRNO((uint32_t)r->err) : SCMP_ACT_ALLOW;

	if (r->thread)
		return seccomp_rule_add(ctx, action, r->call, 1,
			SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_CHECKED, CLONE_THREAD));
	if (!r->request)
		return seccomp_rule_add(ctx, action, r->call, 0);
	if (sets_flags(r))
		return seccomp_rule_add(ctx, action, r->call, 2,
			SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xffffffffu, r->request),
			SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_NONBLOCK, O_NONBLOCK));
	if (r->call == SCMP_SYS(socket))
		return seccomp_rule_add(ctx, action, r->call, 1,
			SCMP_A0_64(SCMP_CMP_MASKED_EQ, 0xffffffffu, r->request));
	return seccomp_rule_add(ctx, action, r->call, 1,
		SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xffffffffu, r->request));
}

/* Appends the program of a role; *count is its number of instructions. */
static int compile(const struct allowlist *list, int role, int fd, uint32_t *count)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	off_t from = lseek(fd, 0, SEEK_CUR), to;
	int err;

	if (!ctx)
		return -ENOMEM;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < list->n && !err; i++) {
		if (list->rules[i].role == role)
			err = add_rule(ctx, &list->rules[i]);
	}
	if (!err)
		err = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	to = lseek(fd, 0, SEEK_CUR);
	*count = (uint32_t)((size_t)(to - from) / sizeof(struct sock_filter));
	return err;
}
