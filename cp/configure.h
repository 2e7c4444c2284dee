/* The commands of the system configuration. */
#ifndef CP_CONFIGURE_H
#define CP_CONFIGURE_H

#include "cp/cp.h"
#include "cp/msg.h"

/* Issues them as the operator, one after the other, and waits for each.  The operator is
 * told which fail and why.  What concerns LANs of an earlier cpd that are there already
 * is left out: they stay as they are.  Only before the loop runs.  0; or a message's
 * number: the start cannot go on. */
int configure(struct cp *cp, struct message *err);

#endif
