/* Waiting for a device, whatever else happens meanwhile. */
#ifndef CMS_WAIT_H
#define CMS_WAIT_H

#include "cms/timer.h"

/* Waits until done(ctx), which looks at the device, for at most so many seconds.  What
 * other devices have done meanwhile stays pending.  Was it done? */
bool wait_device(
	const struct timer *timer, unsigned seconds, bool (*done)(void *ctx), void *ctx);

#endif
