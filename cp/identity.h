/* For whom CP takes a process of the host that connects to its socket.
 *
 * The kernel says which user it is.  Root, CP's own user where CP is not root, and
 * members of the group `bulkhead` are the operator; a user named by OPTION HOSTUID is
 * that userid; everybody else is nobody until LOGON. */
#ifndef CP_IDENTITY_H
#define CP_IDENTITY_H

#include "cp/lib/words.h"

#include <stdbool.h>
#include <sys/types.h>

struct cp;

#define OPERATOR_GROUP  "bulkhead"
#define PEER_MAX_GROUPS 64

struct peer {
	uid_t uid;
	gid_t group[PEER_MAX_GROUPS];
	int n_groups;
};

struct identity {
	char userid[USERID_MAX + 1]; /* "": nobody */
	char classes[36];
	bool host_operator;
};

/* The process at the other end of a UNIX socket.  0 or -errno.  Of more groups than
 * PEER_MAX_GROUPS only the first count. */
int peer_read(int fd, struct peer *out);

/* Who that is; pure.  `group`: the number of OPERATOR_GROUP, or (gid_t)-1. */
void identity_of(
	const struct cp *cp, const struct peer *peer, gid_t group, struct identity *out);

#endif
