/* Shares of the host's processors: what the directory promises a user, and what that is
 * worth beside the partitions there are.  Pure but for share_show(). */
#ifndef CP_SHARE_H
#define CP_SHARE_H

#include "cp/directory.h"

struct cp;
struct request;

/* The part of the shared processors, in percent, that is `u`'s when it and every
 * partition there is want all they can get: absolute shares first, relative ones divide
 * the rest. */
double share_entitlement(const struct cp *cp, const struct dir_user *u);

/* QUERY SHARE: the record and the lines. */
void share_show(struct request *rq, const struct dir_user *u);

#endif
