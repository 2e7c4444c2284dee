/* Compiling the allowlists. */
#include "cp/seccomp.h"

#include "cp/part_proto.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

/* A row of cp/part_syscalls.def. */
struct rule {
	int role;
	int call;
	unsigned long request; /* of ioctl(2); 0: any arguments */
};

static const struct rule rules[] = {
#define SYSCALL(role, name)  { PART_ROLE_##role, SCMP_SYS(name), 0 },
#define IOCTL(role, request) { PART_ROLE_##role, SCMP_SYS(ioctl), request },
#include "cp/part_syscalls.def"
#undef SYSCALL
#undef IOCTL
};

static int add_rule(scmp_filter_ctx ctx, const struct rule *r);
static int compile(int role, int fd, uint32_t *count);

int seccomp_programs(void)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct part_seccomp head = { 0 };
	int fd = memfd_create("seccomp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (lseek(fd, sizeof(head), SEEK_SET) < 0)
		err = -errno;
	for (int role = 0; role < PART_ROLES && !err; role++)
		err = compile(role, fd, &head.count[role]);
	if (!err && pwrite(fd, &head, sizeof(head), 0) != sizeof(head))
		err = -EIO;
	if (!err && fcntl(fd, F_ADD_SEALS, seals))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* The kernel looks at the low half of an ioctl's request only. */
static int add_rule(scmp_filter_ctx ctx, const struct rule *r)
{
	if (!r->request)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 0);
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1,
		SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xffffffffu, r->request));
}

/* Appends the program of a role; *count is its number of instructions. */
static int compile(int role, int fd, uint32_t *count)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	off_t from = lseek(fd, 0, SEEK_CUR), to;
	int err;

	if (!ctx)
		return -ENOMEM;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && !err; i++) {
		if (rules[i].role == role)
			err = add_rule(ctx, &rules[i]);
	}
	if (!err)
		err = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	to = lseek(fd, 0, SEEK_CUR);
	*count = (uint32_t)((size_t)(to - from) / sizeof(struct sock_filter));
	return err;
}
