/* What is loaded: cpd opens it and looks only whether it is an image at all; the process,
 * in its sandbox, parses it. */
#include "cp/engine.h"

#include "cp/own_file.h"
#include "cp/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BZIMAGE_MAGIC 0x202                /* "HdrS" (Linux/x86 boot protocol, 1) */
#define LOAD_RATE     (UINT64_C(64) << 20) /* bytes of an image read in a second */

static int open_images(struct partition *p, const struct ipl *ipl, int fd[2],
	struct part_ipl *head, unsigned *seconds, struct message *err);
static int open_image(struct partition *p, const struct ipl *ipl, const char *name,
	struct message *err);
static void name_cms(const struct partition *p, char *buf, size_t len);
static uint32_t image_kind(int fd);

int part_ipl_ask(struct partition *p, const struct ipl *ipl, bool stop, link_answered *fn,
	part_done *done, void *ctx, struct message *err)
{
	struct part_ipl head = { .flags = stop ? PART_IPL_STOP : 0,
		.parm_len = (uint32_t)strlen(ipl->parm) };
	int fd[2] = { -1, -1 };
	unsigned seconds = LINK_SECONDS;
	int rc = open_images(p, ipl, fd, &head, &seconds, err);

	if (!rc)
		rc = part_link_ask(p,
			&(struct link_ask) { .type = PART_IPL,
				.verb = "IPL",
				.head = &head,
				.head_len = sizeof(head),
				.more = ipl->parm,
				.more_len = head.parm_len,
				.fds = fd,
				.n_fds = head.has_initrd ? 2 : 1,
				.seconds = seconds,
				.fn = fn,
				.note = stop,
				.done = done,
				.ctx = ctx },
			err);
	for (int i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return rc;
}

bool part_keep_ipl(struct partition *p, const struct ipl *ipl)
{
	p->ipl = *ipl;
	text_clean(p->ipl.kernel, "");
	text_clean(p->ipl.initrd, "");
	text_clean(p->ipl.parm, "");
	return !strcmp(p->ipl.kernel, ipl->kernel) &&
	       !strcmp(p->ipl.initrd, ipl->initrd) && !strcmp(p->ipl.parm, ipl->parm);
}

bool part_ipl_was_last(struct partition *p)
{
	bool was = p->todo == TODO_IPL || p->todo == TODO_IPL_UNKNOWN;

	if (was)
		p->todo = TODO_NOTHING;
	return was;
}

static unsigned load_seconds(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return 0;
	return (unsigned)((uint64_t)st.st_size / LOAD_RATE);
}

static int open_images(struct partition *p, const struct ipl *ipl, int fd[2],
	struct part_ipl *head, unsigned *seconds, struct message *err)
{
	char vdev[8], cms[4096];
	const char *kernel = ipl->kernel;

	switch (ipl->kind) {
	case IPL_NONE: return msg_set(err, MSG_NOTHING_LOADED, p->userid);
	case IPL_VDEV:
		snprintf(vdev, sizeof(vdev), "%04X", ipl->vdev);
		return msg_set(err, MSG_IPL_NOT_IN_FORCE, vdev, "disks");
	case IPL_NAME:
		return msg_set(err, MSG_IPL_NOT_IN_FORCE, ipl->name, "saved systems");
	case IPL_CMS:
		name_cms(p, cms, sizeof(cms));
		kernel = cms;
		break;
	case IPL_KERNEL: break;
	}
	fd[0] = open_image(p, ipl, kernel, err);
	if (fd[0] < 0)
		return err->number;
	head->kind = image_kind(fd[0]);
	if (!head->kind)
		return msg_set(err, MSG_IMAGE_UNKNOWN, kernel);
	*seconds += load_seconds(fd[0]);

	head->has_initrd = ipl->kind == IPL_KERNEL && ipl->initrd[0];
	if (!head->has_initrd)
		return 0;
	fd[1] = open_image(p, ipl, ipl->initrd, err);
	if (fd[1] < 0)
		return err->number;
	*seconds += load_seconds(fd[1]);
	return 0;
}

static void name_cms(const struct partition *p, char *buf, size_t len)
{
	snprintf(buf, len, "%s/cms", p->cp->libdir);
}

/* The descriptor, or -1 and a message. */
static int open_image(
	struct partition *p, const struct ipl *ipl, const char *name, struct message *err)
{
	bool absolute = name[0] == '/' || ipl->kind == IPL_CMS;
	struct stat st;
	int fd;

	if (absolute && ipl->kind != IPL_CMS && !ipl->absolute) {
		msg_set(err, MSG_FILE_OUTSIDE, name);
		return -1;
	}
	fd = absolute ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
		      : own_file_open(p->cp, p->userid, name, O_RDONLY, 0);
	if (absolute && fd < 0)
		fd = -errno;
	if (fd < 0) {
		msg_set(err, MSG_FILE_UNREADABLE, name, strerror(-fd));
		return -1;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	msg_set(err, MSG_IMAGE_UNKNOWN, name);
	return -1;
}

/* enum part_ipl_kind, or 0. */
static uint32_t image_kind(int fd)
{
	char magic[4];

	if (pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4))
		return PART_IPL_ELF;
	if (pread(fd, magic, 4, BZIMAGE_MAGIC) == 4 && !memcmp(magic, "HdrS", 4))
		return PART_IPL_BZIMAGE;
	return 0;
}
