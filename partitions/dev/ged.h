/* The generic event device of ACPI: how the machine calls its guest's attention. */
#ifndef PARTITIONS_DEV_GED_H
#define PARTITIONS_DEV_GED_H

#include "partitions/dev/device.h"

/* Something happened: GUEST_EVENT_*, one or several.  It is kept until the guest looks.
 */
void ged_event(struct device *d, uint8_t events);

#endif
