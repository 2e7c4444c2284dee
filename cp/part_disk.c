/* Minidisks: whether a partition may have one as it wants, and the file behind it.
 *
 * Who has a disk is the sum of the partitions' devices, by the file's name. */
#include "cp/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR 512

/* Those who have a disk. */
struct users {
	int readers, writers;
	const char *reader, *writer; /* one of them */
};

static struct users find_users(const struct partition *p, const char *file);
static void tell_conflict(const struct partition *p, const struct part_dev *d,
	const struct users *u, bool refused);
static int open_file(const struct partition *p, const struct dir_device *disk,
	const struct part_dev *d, int *fd);
static int measure(int fd, uint64_t *size);

enum link_verdict link_mode(const char *mode, bool readers, bool writers)
{
	bool write = mode[0] == 'W' || mode[0] == 'M';
	bool fall_back = write && mode[1] == 'R';

	if (!write) /* RR bears a writer, R does not */
		return writers && !strcmp(mode, "R") ? LINK_REFUSED : LINK_RO;
	if (!strcmp(mode, "MW"))
		return LINK_RW;
	if (writers || (readers && mode[0] == 'W'))
		return fall_back ? LINK_FORCED_RO : LINK_REFUSED;
	return LINK_RW;
}

int part_disk_open(struct partition *p, const struct dir_device *disk, const char *mode,
	struct part_dev *d, int *fd, struct message *err)
{
	enum link_verdict verdict;
	struct users u;
	int rc;

	*fd = -1;
	if (disk->file[0] == '/')
		snprintf(d->file, sizeof(d->file), "%s", disk->file);
	else if ((size_t)snprintf(d->file, sizeof(d->file), "%s/%s", p->cp->statedir,
			 disk->file) >= sizeof(d->file))
		return msg_set(err, MSG_DISK_UNUSABLE, p->userid, d->vdev, disk->file,
			strerror(ENAMETOOLONG));

	u = find_users(p, d->file);
	verdict = link_mode(mode, u.readers, u.writers);
	if (verdict == LINK_REFUSED || verdict == LINK_FORCED_RO)
		tell_conflict(p, d, &u, verdict == LINK_REFUSED);
	if (verdict == LINK_REFUSED)
		return 0;
	d->read_only = verdict != LINK_RW;
	rc = open_file(p, disk, d, fd);
	if (!rc)
		rc = measure(*fd, &d->size);
	if (!rc)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return msg_set(
		err, MSG_DISK_UNUSABLE, p->userid, d->vdev, d->file, strerror(-rc));
}

/* By what the names lead to: a link or another spelling is the same disk. */
static bool same_disk(const char *a, const char *b)
{
	struct stat sa, sb;

	if (!strcmp(a, b))
		return true;
	return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static void count(struct users *u, const struct partition *p, const char *file)
{
	for (int i = 0; i < p->n_dev; i++) {
		if (p->dev[i].type != PART_DEV_DISK || !same_disk(p->dev[i].file, file))
			continue;
		if (p->dev[i].read_only) {
			u->readers++;
			u->reader = p->userid;
		} else {
			u->writers++;
			u->writer = p->userid;
		}
	}
}

/* The partition itself counts with the devices it has so far: it is not in the list yet.
 */
static struct users find_users(const struct partition *p, const char *file)
{
	struct users u = { 0 };
	struct list *pos;

	list_for_each (pos, &p->cp->partitions)
		count(&u, container_of(pos, struct partition, node), file);
	if (list_empty(&p->node))
		count(&u, p, file);
	return u;
}

/* "BETA", "3 users" */
static const char *who(const char *one, int n, char *buf, size_t len)
{
	if (n == 1)
		return one;
	snprintf(buf, len, "%d users", n);
	return buf;
}

static void tell_conflict(const struct partition *p, const struct part_dev *d,
	const struct users *u, bool refused)
{
	char buf[32];
	struct message m;

	if (u->writers)
		msg_set(&m, refused ? MSG_LINK_BUSY_RW : MSG_LINK_RO_BY_RW, p->userid,
			d->vdev, who(u->writer, u->writers, buf, sizeof(buf)));
	else
		msg_set(&m, refused ? MSG_LINK_BUSY_RO : MSG_LINK_RO_BY_RO, p->userid,
			d->vdev, who(u->reader, u->readers, buf, sizeof(buf)));
	operator_tell(p->cp, &m);
}

/* Names in the directory may lead anywhere if absolute; relative ones never out of
 * STATEDIR, whatever a link in it says (openat2(2)). */
static int open_beneath(const char *dir, const char *name, uint64_t flags, uint64_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS };
	int base, fd;

	if (name[0] == '/') {
		how.resolve = RESOLVE_NO_MAGICLINKS;
		fd = (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));
		return fd < 0 ? -errno : fd;
	}
	base = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, base, name, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(base);
	return fd;
}

/* In full, so that a full disk is met now and not by the guest; where the file system
 * cannot promise that, sparse. */
static int allocate(int fd, uint64_t size)
{
	if (!fallocate(fd, 0, 0, (off_t)size))
		return 0;
	if (errno == EOPNOTSUPP && !ftruncate(fd, (off_t)size))
		return 0;
	return -errno;
}

static int make_file(const struct partition *p, const struct dir_device *disk, int *fd)
{
	const char *dir = p->cp->statedir;
	int made = open_beneath(dir, disk->file, O_RDWR | O_CREAT | O_EXCL, 0600);
	char path[512];
	int err;

	if (made < 0)
		return made;
	err = allocate(made, disk->size);
	if (!err) {
		*fd = made;
		return 0;
	}
	close(made);
	if (disk->file[0] == '/')
		snprintf(path, sizeof(path), "%s", disk->file);
	else
		snprintf(path, sizeof(path), "%s/%s", dir, disk->file);
	unlink(path);
	return err;
}

static int open_file(const struct partition *p, const struct dir_device *disk,
	const struct part_dev *d, int *fd)
{
	const char *dir = p->cp->statedir;
	uint64_t flags = d->read_only ? O_RDONLY : O_RDWR;
	int err, opened = open_beneath(dir, disk->file, flags, 0);

	if (opened == -ENOENT && disk->size) {
		err = make_file(p, disk, &opened);
		if (err)
			return err;
		close(opened);
		opened = open_beneath(dir, disk->file, flags, 0);
	}
	if (opened < 0)
		return opened;
	*fd = opened;
	return 0;
}

/* Whole sectors of a file or a block device.  It was opened so that nothing could block;
 * its reads shall. */
static int measure(int fd, uint64_t *size)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) || fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		*size = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	else if (ioctl(fd, BLKGETSIZE64, size))
		return -errno;
	*size -= *size % SECTOR;
	return *size ? 0 : -ENODATA;
}
