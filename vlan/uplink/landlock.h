/* What of the host's files a process may still use that keeps them. */
#ifndef VLAN_UPLINK_LANDLOCK_H
#define VLAN_UPLINK_LANDLOCK_H

#include "cp/lib/sandbox.h"

/* From here on: reading below /etc and /run, and nothing else; for good.  Needs
 * no_new_privs.  0 (also where the kernel has no Landlock: the uid must do); or -errno
 * with the reason in `why`. */
int landlock_enter(char why[SANDBOX_WHY]);

#endif
