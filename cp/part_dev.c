/* The devices of a partition, from its directory entry.
 *
 * PCI slots are given in a fixed order: the console 1, the entropy device 2, then the
 * others as the directory has them, links that are not to be had included.  So a device
 * is where it was at the last logon. */
#include "cp/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RNG_VDEV   0x000b
#define FIRST_SLOT 3

/* Locally administered; of a MACID, and of CP's own choice. */
#define MAC_GIVEN  0x020000
#define MAC_CHOSEN 0x020001

static int add_device(struct partition *p, const struct dir_device *from, uint16_t slot,
	int *fd, struct message *err);
static void add_nic(
	struct partition *p, const struct dir_device *from, struct part_dev *d);

/* The entropy device's number, unless the directory gives it to another. */
static uint16_t rng_vdev(const struct dir_user *u)
{
	uint16_t vdev = RNG_VDEV;

	for (int i = 0; i < u->n_devices; i++) {
		if (u->device[i].vdev == vdev) {
			vdev++;
			i = -1;
		}
	}
	return vdev;
}

static int add_rng(
	struct partition *p, const struct dir_user *u, int *fd, struct message *err)
{
	*fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return msg_set(err, MSG_FILE_UNREADABLE, "/dev/urandom", strerror(errno));
	p->dev[p->n_dev++] = (struct part_dev) {
		.vdev = rng_vdev(u), .slot = 2, .type = PART_DEV_RNG
	};
	return 0;
}

int part_devices(struct partition *p, const struct dir_user *u, int fd[PART_MAX_DEVICES],
	struct message *err)
{
	uint16_t slot = FIRST_SLOT;
	int rc;

	for (int i = 0; i < PART_MAX_DEVICES; i++)
		fd[i] = -1;
	rc = u->n_devices < PART_MAX_DEVICES
		     ? add_rng(p, u, &fd[0], err)
		     : msg_set(err, MSG_DEVICES_TOO_MANY, p->userid, PART_MAX_DEVICES);
	for (int i = 0; i < u->n_devices && !rc; i++) {
		bool console = u->device[i].type == DIR_CONSOLE;

		rc = add_device(
			p, &u->device[i], console ? 1 : slot++, fd + p->n_dev, err);
	}
	if (!rc)
		return 0;
	for (int i = 0; i < PART_MAX_DEVICES; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
	return rc;
}

static const struct dir_device *find_disk(const struct dir_user *u, uint16_t vdev)
{
	for (int i = 0; u && i < u->n_devices; i++) {
		if (u->device[i].type == DIR_MDISK && u->device[i].vdev == vdev)
			return &u->device[i];
	}
	return NULL;
}

/* The minidisk of another that is linked; NULL, and told, if there is none. */
static const struct dir_device *linked_disk(
	struct partition *p, const struct dir_device *link, struct part_dev *d)
{
	const struct dir_device *disk = find_disk(
		directory_find(p->cp->directory, link->owner), link->owner_vdev);
	struct message m;

	snprintf(d->link_owner, sizeof(d->link_owner), "%s", link->owner);
	d->link_vdev = link->owner_vdev;
	if (!disk) {
		msg_set(&m, MSG_LINK_NO_OWNER_DISK, p->userid, link->vdev, link->owner,
			link->owner_vdev);
		operator_tell(p->cp, &m);
	}
	return disk;
}

static int add_device(struct partition *p, const struct dir_device *from, uint16_t slot,
	int *fd, struct message *err)
{
	struct part_dev *d = &p->dev[p->n_dev];
	const struct dir_device *disk = from;
	int rc;

	*d = (struct part_dev) { .vdev = from->vdev, .slot = slot };
	switch (from->type) {
	case DIR_CONSOLE: d->type = PART_DEV_CONSOLE; break;
	case DIR_NIC: add_nic(p, from, d); break;
	case DIR_LINK:
		disk = linked_disk(p, from, d);
		if (!disk)
			return 0;
		/* fall through */
	case DIR_MDISK:
		d->type = PART_DEV_DISK;
		rc = part_disk_open(p, disk, from->mode, d, fd, err);
		if (rc || *fd < 0)
			return rc;
		break;
	}
	p->n_dev++;
	return 0;
}

static bool mac_taken(const struct cp *cp, const uint8_t mac[6])
{
	const struct list *pos;

	list_for_each (pos, &cp->partitions) {
		const struct partition *p = container_of(
			pos, const struct partition, node);

		for (int i = 0; i < p->n_dev; i++) {
			if (!memcmp(p->dev[i].mac, mac, 6))
				return true;
		}
		if (!memcmp(p->changing.mac, mac, 6))
			return true;
	}
	return false;
}

static void make_mac(uint32_t prefix, uint32_t id, uint8_t mac[6])
{
	for (int i = 0; i < 3; i++) {
		mac[i] = (uint8_t)(prefix >> (16 - 8 * i));
		mac[3 + i] = (uint8_t)(id >> (16 - 8 * i));
	}
}

/* FNV-1a, 32 bits. */
void part_choose_mac(const struct partition *p, uint16_t vdev, uint8_t mac[6])
{
	uint32_t hash = 2166136261u;

	for (const char *c = p->userid; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	hash = (hash ^ vdev) * 16777619u;
	do
		make_mac(MAC_CHOSEN, hash++, mac);
	while (mac_taken(p->cp, mac));
}

/* Not coupled: lan_couple_all() does that. */
static void add_nic(
	struct partition *p, const struct dir_device *from, struct part_dev *d)
{
	d->type = PART_DEV_NIC;
	if (from->mac_id)
		make_mac(MAC_GIVEN, from->mac_id, d->mac);
	else
		part_choose_mac(p, d->vdev, d->mac);
	snprintf(d->nic.vlans, sizeof(d->nic.vlans), "%s", from->vlans);
	d->nic.rate.bps = from->rate_bps;
}

struct part_device part_device_of(const struct part_dev *d, int fd_index)
{
	struct part_device out = { .type = d->type,
		.vdev = d->vdev,
		.slot = d->slot,
		.flags = d->read_only ? PART_DEVICE_RO : 0,
		.fd_index = fd_index,
		.size = d->size };

	memcpy(out.mac, d->mac, sizeof(out.mac));
	return out;
}
