/* What a vhost-user frontend shares: its regions, mapped.
 *
 * It is hostile in what it says of them, and may take pages away from under us at any
 * time.  Who touches such a page finds zeros in all of the region from then on, and the
 * memory marked as cut: its owner looks after each piece of work, and has done with it.
 */
#ifndef VLAN_VHOST_MEMORY_H
#define VLAN_VHOST_MEMORY_H

#include "cp/lib/gmem.h"
#include "cp/lib/list.h"
#include "cp/lib/vhost_user.h"

#include <signal.h>

#define VHOST_MAX_REGIONS GMEM_MAX_REGIONS
#define VHOST_MAX_BYTES   (UINT64_C(512) << 30) /* of one frontend */

struct vhost_region {
	struct vhost_user_region conf;
	void *map;
	size_t map_size;
	size_t skip; /* bytes of it before the region */
};

struct vhost_map {
	struct gmem gmem; /* by guest address */
	int n;
	struct vhost_region region[VHOST_MAX_REGIONS];
	uint64_t bytes;
};

struct vhost_memory {
	struct list node; /* among those whose faults are handled */
	struct vhost_map map;
	volatile sig_atomic_t cut;
};

/* Empty.  It installs the process's handler of SIGBUS, if that is not there yet. */
void vhost_memory_init(struct vhost_memory *m);
void vhost_memory_fini(struct vhost_memory *m); /* unmaps everything */

/* Takes regions in place of what there was, or one more, in place of one with the same
 * addresses; the descriptors stay the caller's.  0; -EINVAL: not memory of a kind that is
 * mapped (memfd, tmpfs, huge pages), empty or longer than the file, or the number of
 * descriptors is another; -EEXIST: overlapping; -ENOSPC: too many, or over
 * VHOST_MAX_BYTES; or -errno of mmap().  After an error everything is as it was. */
int vhost_memory_set(struct vhost_memory *m, const struct vhost_user_region *region,
	int n, const int *fds, int n_fds);
int vhost_memory_add(
	struct vhost_memory *m, const struct vhost_user_region *region, int fd);

/* The region with these addresses and size, if it is there. */
void vhost_memory_remove(struct vhost_memory *m, const struct vhost_user_region *region);

/* The guest address of what the frontend has at `user`; false: nowhere. */
bool vhost_memory_find(const struct vhost_memory *m, uint64_t user, gpa_t *gpa);

#endif
