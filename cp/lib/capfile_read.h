/* What the two kinds of capture file share.  Only for capfile.c and capfile_ng.c;
 * everybody else uses cp/lib/capfile.h. */
#ifndef CP_LIB_CAPFILE_READ_H
#define CP_LIB_CAPFILE_READ_H

#include "cp/lib/capfile.h"
#include "cp/lib/pcapng.h"

struct capfile_interface {
	uint32_t snaplen;
	uint8_t resolution; /* if_tsresol */
	int64_t offset;     /* if_tsoffset, s */
};

struct capfile {
	capfile_source *source;
	void *ctx;
	int err; /* it broke, for `why` */
	const char *why;
	bool blocks;   /* pcapng */
	bool swapped;  /* of the other byte order */
	uint64_t unit; /* classic: ns of a fraction */

	/* pcapng: of this section */
	struct capfile_interface *interface;
	uint32_t n_interfaces, max_interfaces;
	bool ours;
	uint64_t time; /* of the last packet: that of one without */

	uint8_t *block; /* a block's body, or a packet */
	size_t block_max;
	size_t at, got; /* of `in` */
	uint8_t in[65536];
};

static inline uint16_t capfile_u16(const struct capfile *f, uint16_t v)
{
	return f->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t capfile_u32(const struct capfile *f, uint32_t v)
{
	return f->swapped ? __builtin_bswap32(v) : v;
}

int capfile_bad(struct capfile *f, const char *why); /* -EPROTO */

/* The next bytes of the file (`to` NULL: skipped).  1; 0: the file has ended, where that
 * is no harm; or an error.  capfile_need(): its end is an error. */
int capfile_take(struct capfile *f, void *to, size_t len);
int capfile_need(struct capfile *f, void *to, size_t len);
int capfile_room(struct capfile *f, size_t len); /* in `block`: 0 or -ENOMEM */

int capfile_ng_begin(struct capfile *f); /* after the type of the first block */
int capfile_ng_next(struct capfile *f, struct capfile_packet *out);

#endif
