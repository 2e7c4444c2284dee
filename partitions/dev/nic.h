/* What the machine asks of a NIC (virtio_net), besides what it asks of every device.  To
 * be called on the loop's thread, with the machine's lock held. */
#ifndef PARTITIONS_DEV_NIC_H
#define PARTITIONS_DEV_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

#define NIC_WHY 128 /* bytes of a reason */

/* Couples the NIC to the LAN at the vhost-user socket `fd`, which it owns from here on
 * also on failure, instead of the one it is coupled to; -1: to none.  The driver runs on
 * and is told nothing.  `bounce`: the LAN gets none of the guest's storage.  0;
 * -EOPNOTSUPP and in `why` what the LAN lacks of what the driver has been promised; else
 * -errno; then the NIC is coupled to nothing. */
int nic_couple(struct device *d, int fd, bool bounce, char why[NIC_WHY]);

/* What the driver is told: the link; the MTU, when it starts. */
void nic_link(struct device *d, bool up);
void nic_mtu(struct device *d, uint16_t mtu);

#endif
