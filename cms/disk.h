/* Minidisks: virtio block devices, named by their vdev (virtio 1.2, 5.2). */
#ifndef CMS_DISK_H
#define CMS_DISK_H

#include "cms/virtio.h"
#include "cms/wait.h"

#define DISKS_MAX  26
#define DISK_BLOCK 4096u

struct disk {
	uint16_t vdev;
	bool read_only;
	uint64_t blocks; /* of DISK_BLOCK */
	struct virtio virtio;
	struct virtq queue;
	const struct timer *timer;
	struct disk_request *request;
};

struct disks {
	bool started;
	int n;
	struct disk *disk[DISKS_MAX];
};

/* Starts all disks there are, the first time it is called. */
void disks_start(struct disks *d, struct mem *mem, const struct timer *timer);

struct disk *disks_find(struct disks *d, uint64_t vdev); /* NULL: none */

/* Transfers a block to or from storage, or makes what was written permanent, and waits
 * for it.  False: the disk could not, or did not within a minute. */
enum disk_operation { DISK_READ = 0, DISK_WRITE = 1, DISK_FLUSH = 4, DISK_IDENTIFY = 8 };
bool disk_do(struct disk *d, enum disk_operation operation, uint64_t block, void *data);

#endif
