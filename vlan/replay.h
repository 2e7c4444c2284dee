/* Frames out of a capture file, sent as if a port had sent them.  The file is hostile;
 * classic pcap (micro- and nanoseconds, both byte orders) and pcapng, Ethernet only.
 *
 * Of a file that Bulkhead wrote, what NICs got is left out: it is there already, as what
 * others sent.  A frame of which a file has only the beginning is filled up with zeros.
 * Times that go back count as the one before. */
#ifndef VLAN_REPLAY_H
#define VLAN_REPLAY_H

#include "vlan/switch.h"

struct replay;

/* Owns `fd`, also on failure; it must be a file, and is read by a thread, whose first
 * call is started(ctx) where that is set.  The first frame is due at `now`.  0; -EPROTO
 * with a text in *why; or -errno. */
int replay_open(int fd, uint32_t speed, uint64_t now, int (*started)(void *ctx),
	void *ctx, struct replay **out, const char **why);
void replay_close(struct replay *r);

/* Readable when something was read: replay_look(), and ask again what follows. */
int replay_fd(const struct replay *r);
void replay_look(struct replay *r);

/* Has the file's beginning been read?  Then *err is 0; or -EPROTO with a text in *why
 * that names the place (a constant), or -errno with one.  Before that it is of no use. */
bool replay_begun(const struct replay *r, int *err, const char **why);

/* When the next frame is due; UINT64_MAX: none has been read yet, or all is over. */
uint64_t replay_next(const struct replay *r);

/* There is no more: none is left, or the file broke off (replay_why() is then not ""). */
bool replay_over(const struct replay *r);
const char *replay_why(const struct replay *r);

/* Sends what is due, at most FRAME_BURST frames.  How many. */
int replay_run(struct replay *r, struct lan_switch *sw, struct port *from, uint64_t now);
uint64_t replay_count(const struct replay *r); /* frames sent so far */

#endif
