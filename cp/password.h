/* Checking a password without keeping anybody waiting: a hash is made to take its time,
 * so a process of its own works it out. */
#ifndef CP_PASSWORD_H
#define CP_PASSWORD_H

#include "cp/directory.h"
#include "cp/lib/loop.h"

#include <sys/types.h>

#define PASSWORD_CHECKS   4                    /* at once, and one of each host user */
#define PASSWORD_WRONG_NS UINT64_C(1000000000) /* before a wrong one is answered */

struct passwords;

int passwords_create(struct loop *loop, struct passwords **out); /* 0 or -errno */
/* Accepts NULL; what is being checked is answered as wrong. */
void passwords_destroy(struct passwords *p);

/* Does `text`, given by a process of host user `uid`, open what `user` has?  That nobody
 * has that name (NULL) is found out no sooner than that the password is wrong.  `done` is
 * called once, later, from the loop.  0; -EAGAIN: another one is being checked; or
 * -errno. */
int password_check(struct passwords *p, uid_t uid, const struct dir_user *user,
	const char *text, void (*done)(void *ctx, bool ok), void *ctx);

#endif
