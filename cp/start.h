/* The start of CP as a list of steps, and its end. */
#ifndef CP_START_H
#define CP_START_H

#include "cp/cp.h"
#include "cp/options.h"

/* Builds everything CP consists of, adopts the partitions there are, listens on the
 * socket and starts those of AUTOLOG.  0; or -1 with the reason on standard error and
 * nothing left behind but partitions. */
int cp_start(struct cp *cp, const struct options *o);

/* Leaves the partitions running.  Accepts what a failed start left. */
void cp_stop(struct cp *cp);

/* Reads the directory again.  One with errors is not taken, and the operator is told. */
void cp_reload(struct cp *cp);

#endif
