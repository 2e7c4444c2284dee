/* Bringing a user's partition into being, from the directory to its running guest:
 * process and storage, the COMMAND statements, IPL. */
#ifndef CP_BRINGUP_H
#define CP_BRINGUP_H

#include "cp/partition.h"

struct bringup {
	uint64_t storage;      /* 0: as the directory says */
	const struct ipl *ipl; /* NULL: as the directory says; kind IPL_NONE: none */
	const char *by;        /* the userid that asked */
	bool synch;            /* done after IPL, else as soon as there is a partition */
	bool keep;             /* a partition whose IPL failed stays, stopped */
};

/* 0 when under way: `done` is called once, maybe before this returns.  Or a message's
 * number, with the message in *err.  An IPL that fails after `done` is told to the
 * operator, and ends the partition unless `keep`. */
int bringup(struct cp *cp, const struct dir_user *u, const struct bringup *how,
	part_done *done, void *ctx, struct message *err);

/* XAUTOLOGs each userid of the system configuration that has no partition yet. */
void bringup_autolog(struct cp *cp);

#endif
