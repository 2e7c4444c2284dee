/* Consoles seen by other users: an OBSERVER gets every line, a SECUSER those of a console
 * nobody is at.  Which users they are is in the partition. */
#ifndef CP_OBSERVER_H
#define CP_OBSERVER_H

struct partition;

/* Starts copying what the partition's console says from now on, if it has an observer or
 * secondary user and is not copied yet; stops if it has neither.  0 or -ENOMEM. */
int observer_update(struct partition *p);

#endif
