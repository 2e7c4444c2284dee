/* virtio-console with several ports (virtio 1.2, 5.3): the console, and CP's port. */
#ifndef CMS_VCON_H
#define CMS_VCON_H

#include "cms/pipe.h"

struct vcon {
	struct virtio virtio;
	struct virtq queue[6];
	struct pipe console, control, cp;
	bool console_open, cp_open;
};

/* Starts the device and asks it for its ports.  False: there is none like it. */
bool vcon_start(struct vcon *v, struct mem *mem, const struct timer *timer);

/* Handles what the device says of its ports. */
void vcon_poll(struct vcon *v);

#endif
