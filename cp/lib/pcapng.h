/* Blocks of a pcapng file (draft-ietf-opsawg-pcapng), written into memory.
 *
 * A file is a section header, an interface description for each interface before its
 * first packet, packets, and statistics at its end.  All is in this machine's byte order,
 * which the section header tells.  Interfaces are Ethernet, times are nanoseconds. */
#ifndef CP_LIB_PCAPNG_H
#define CP_LIB_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pcapng_type {
	PCAPNG_INTERFACE = 1,
	PCAPNG_PACKET_OLD = 2,
	PCAPNG_SIMPLE = 3,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	PCAPNG_SECTION = 0x0a0d0d0a
};

#define PCAPNG_ORDER    0x1a2b3c4du
#define PCAPNG_ETHERNET 1          /* LINKTYPE_ETHERNET */
#define PCAPNG_WRITER   "Bulkhead" /* how the application's name begins */

enum pcapng_option {
	PCAPNG_OPT_END = 0,
	PCAPNG_OPT_COMMENT = 1,
	PCAPNG_SHB_APPL = 4,
	PCAPNG_IF_NAME = 2,
	PCAPNG_IF_TSRESOL = 9,
	PCAPNG_IF_TSOFFSET = 14,
	PCAPNG_EPB_FLAGS = 2,
	PCAPNG_ISB_START = 2,
	PCAPNG_ISB_END = 3,
	PCAPNG_ISB_RECV = 4,
	PCAPNG_ISB_DROP = 5
};

#define PCAPNG_DIRECTION 0x3u /* of the flags of a packet: */
#define PCAPNG_INBOUND   0x1u
#define PCAPNG_OUTBOUND  0x2u

/* What every block begins with; it ends with `total` once more. */
struct pcapng_head {
	uint32_t type, total;
};

/* After the head of a PCAPNG_PACKET, then the packet, padded to 4 bytes, and options. */
struct pcapng_packet_head {
	uint32_t interface, high, low, caplen, len;
};

/* Where blocks are put, one after the other, from a multiple of 4 on.  A block that does
 * not fit is left out whole. */
struct pcapng {
	uint8_t *buf;
	size_t len, max;
};

#define PCAPNG_COMMENTS 4

struct pcapng_packet {
	uint32_t interface;
	uint64_t time;        /* ns since 1970 */
	uint32_t caplen, len; /* bytes there are here, and were on the wire */
	uint32_t flags;
	const char *comment[PCAPNG_COMMENTS]; /* NULL: none */
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t start, end;     /* of the trace, ns since 1970 */
	uint64_t received, lost; /* lost: had no room; received: with these */
	const char *comment;     /* or NULL */
};

/* All return false, and add nothing, where there is no room.  `comment` may be NULL. */
bool pcapng_section(struct pcapng *p, const char *application, const char *comment);
/* snaplen 0: none. */
bool pcapng_interface(struct pcapng *p, const char *name, uint32_t snaplen);
bool pcapng_statistics(struct pcapng *p, const struct pcapng_statistics *s);

/* Adds a packet but for its bytes: the caller puts `caplen` of them where this points.
 * NULL where there is no room. */
void *pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet);

/* The time of a packet, in its head. */
static inline uint64_t pcapng_time(const struct pcapng_packet_head *h)
{
	return (uint64_t)h->high << 32 | h->low;
}

#endif
