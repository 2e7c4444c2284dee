/* SHUTDOWN: the ordered end of every partition, then of CP. */
#ifndef CP_SHUTDOWN_H
#define CP_SHUTDOWN_H

struct cp;

#define SHUTDOWN_SECONDS     30 /* for guests that listen, where WITHIN is not given */
#define SHUTDOWN_MAX_SECONDS 65535

/* Starts it: no partition is started any more; guests that listen are told and have
 * `seconds`, the others are forced.  Once the last has ended, clients are told, and the
 * loop stops.  0 or -ENOMEM with nothing done. */
int shutdown_start(struct cp *cp, const char *by, unsigned seconds);

#endif
