/* The reading half of a replay: a thread that reads packets ahead, so that a slow disk,
 * or a file of which there is much to be passed over, never holds up a frame. */
#ifndef VLAN_REPLAY_READER_H
#define VLAN_REPLAY_READER_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_AHEAD (1u << 20) /* bytes of packets that are kept ready, and one more */

struct replay_reader;

struct replay_packet {
	struct replay_packet *next;
	uint64_t time; /* ns since 1970 */
	uint32_t caplen, len;
	uint8_t bytes[]; /* caplen of them */
};

struct replay_reader_conf {
	int fd;                    /* a file, owned by it from here on, also on failure */
	int (*started)(void *ctx); /* first thing on its thread; 0 or -errno */
	void *ctx;
};

int replay_reader_create(
	const struct replay_reader_conf *conf, struct replay_reader **out);

/* Does not wait: a thread that hangs in the file's reading goes when that comes back. */
void replay_reader_destroy(struct replay_reader *r);

/* Readable when there may be something new; replay_reader_seen() before looking. */
int replay_reader_fd(const struct replay_reader *r);
void replay_reader_seen(struct replay_reader *r);

/* Has the file's beginning been read?  Then *err is 0, or why it is no capture file:
 * -EPROTO with a text in *why (a constant), or -errno. */
bool replay_reader_begun(struct replay_reader *r, int *err, const char **why);

/* The next packet that is to be sent, for free(); NULL: none is ready, or, where *over,
 * there will be none (*why as above, "" at the file's end). */
struct replay_packet *replay_reader_take(
	struct replay_reader *r, bool *over, const char **why);

#endif
