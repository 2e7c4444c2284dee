/* Becoming a user of the directory: who may, with which password, and what then. */
#ifndef CP_BECOME_H
#define CP_BECOME_H

#include "cp/request.h"

struct dir_user;

enum become_scope {
	BECOME_IDENTITY,  /* speak as that user; its partition is not touched */
	BECOME_PARTITION, /* and bring it into being, or come back to it */
};

#define BECOME_TRIES 3 /* wrong passwords that end a session */

/* Is the session trusted to be this user without a password?  The host's operator is; so
 * is the host user of OPTION HOSTUID, and who is logged on as one of LOGONBY; nobody is
 * where the directory says NOLOG. */
bool become_is_trusted(const struct session *s, const struct dir_user *u);

/* As a command_fn.  `password` NULL: it is asked for; "" is no password. */
int become_user(struct request *rq, const char *userid, const char *password,
	enum become_scope scope);

#endif
