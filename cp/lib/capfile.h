/* Packets out of a capture file: classic pcap (micro- and nanoseconds) and pcapng, in
 * both byte orders, of Ethernet interfaces only.
 *
 * The file is hostile.  Every length is checked before it is used, and memory is bounded
 * by CAPFILE_BLOCK and CAPFILE_INTERFACES whatever the file says. */
#ifndef CP_LIB_CAPFILE_H
#define CP_LIB_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CAPFILE_BLOCK      (1u << 20) /* bytes of a block that is looked at */
#define CAPFILE_INTERFACES 65536

struct capfile;

struct capfile_packet {
	uint64_t time;        /* ns since 1970 */
	uint32_t caplen, len; /* bytes there are in the file, and were on the wire */
	const uint8_t *bytes; /* valid until the next call */
	bool inbound;         /* marked as received by its interface... */
	bool ours;            /* ...in a section that Bulkhead wrote */
};

/* Reads as read(2) does, but for its errors: -errno. */
typedef ssize_t capfile_source(void *ctx, void *buf, size_t len);

/* Reads the file's header.  0; -EPROTO with a text that names the place in *why (a
 * constant); -ENOMEM, or what the source says. */
int capfile_open(
	capfile_source *source, void *ctx, struct capfile **out, const char **why);
void capfile_close(struct capfile *f); /* accepts NULL */

/* The next packet.  1; 0: the end; or as capfile_open(), and then the same ever again. */
int capfile_next(struct capfile *f, struct capfile_packet *out, const char **why);

#endif
