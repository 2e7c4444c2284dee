/* Which frames belong together: those of one flow keep their order. */
#ifndef VLAN_FLOW_H
#define VLAN_FLOW_H

#include "vlan/frame.h"

/* The same for all frames of a flow: by addresses, protocol and ports where it is IP, by
 * MAC addresses else; fragments by addresses. */
uint32_t flow_hash(const struct frame *f);

#endif
