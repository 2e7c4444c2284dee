/* Packets out of a capture file: the file as a stream, and classic pcap. */
#include "cp/lib/capfile_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du

struct classic_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, figures, snaplen, link;
};

struct classic_packet {
	uint32_t seconds, fraction, caplen, len;
};

static int begin(struct capfile *f);
static int classic_begin(struct capfile *f, uint32_t magic);
static int classic_next(struct capfile *f, struct capfile_packet *out);

int capfile_open(
	capfile_source *source, void *ctx, struct capfile **out, const char **why)
{
	struct capfile *f = calloc(1, sizeof(*f));
	int err;

	*why = "";
	if (!f)
		return -ENOMEM;
	f->source = source;
	f->ctx = ctx;
	err = begin(f);
	if (err) {
		*why = f->why ? f->why : "";
		capfile_close(f);
		return err;
	}
	*out = f;
	return 0;
}

void capfile_close(struct capfile *f)
{
	if (!f)
		return;
	free(f->interface);
	free(f->block);
	free(f);
}

int capfile_next(struct capfile *f, struct capfile_packet *out, const char **why)
{
	int rc = f->err;

	if (!rc)
		rc = f->blocks ? capfile_ng_next(f, out) : classic_next(f, out);
	if (rc < 0)
		f->err = rc;
	*why = f->why ? f->why : "";
	return rc;
}

int capfile_bad(struct capfile *f, const char *why)
{
	f->why = why;
	return -EPROTO;
}

static int fill(struct capfile *f)
{
	ssize_t n = f->source(f->ctx, f->in, sizeof(f->in));

	if (n < 0)
		return (int)n;
	f->at = 0;
	f->got = (size_t)n;
	return n > 0;
}

int capfile_take(struct capfile *f, void *to, size_t len)
{
	size_t done = 0, n;
	int rc;

	while (done < len) {
		if (f->at == f->got) {
			rc = fill(f);
			if (rc < 0)
				return rc;
			if (!rc && !done)
				return 0;
			if (!rc)
				return capfile_bad(f, "the file breaks off");
		}
		n = f->got - f->at < len - done ? f->got - f->at : len - done;
		if (to)
			memcpy((uint8_t *)to + done, f->in + f->at, n);
		f->at += n;
		done += n;
	}
	return 1;
}

int capfile_need(struct capfile *f, void *to, size_t len)
{
	int rc = len ? capfile_take(f, to, len) : 1;

	return rc ? rc : capfile_bad(f, "the file breaks off");
}

int capfile_room(struct capfile *f, size_t len)
{
	uint8_t *block;

	if (f->block && len <= f->block_max)
		return 0;
	block = realloc(f->block, len + 1); /* also of none there is a pointer */
	if (!block)
		return -ENOMEM;
	f->block = block;
	f->block_max = len;
	return 0;
}

static int begin(struct capfile *f)
{
	uint32_t magic;
	int rc = capfile_take(f, &magic, sizeof(magic));

	if (rc < 0)
		return rc;
	if (!rc)
		return capfile_bad(f, "the file is empty");
	if (magic != PCAPNG_SECTION)
		return classic_begin(f, magic);
	f->blocks = true;
	return capfile_ng_begin(f);
}

static int classic_begin(struct capfile *f, uint32_t magic)
{
	struct classic_head h = { .magic = magic };
	int rc;

	f->swapped = magic == __builtin_bswap32(MAGIC_US) ||
		     magic == __builtin_bswap32(MAGIC_NS);
	magic = capfile_u32(f, magic);
	if (magic != MAGIC_US && magic != MAGIC_NS)
		return capfile_bad(f, "file header: neither pcap nor pcapng");
	f->unit = magic == MAGIC_US ? 1000 : 1;
	rc = capfile_need(f, (uint8_t *)&h + sizeof(magic), sizeof(h) - sizeof(magic));
	if (rc < 0)
		return rc;
	if (capfile_u16(f, h.major) != 2)
		return capfile_bad(f, "file header: not version 2");
	/* above are the length of a checksum behind each frame, and whether there is */
	if ((capfile_u32(f, h.link) & 0xffff) != PCAPNG_ETHERNET)
		return capfile_bad(f, "file header: not of Ethernet");
	return 0;
}

static int classic_next(struct capfile *f, struct capfile_packet *out)
{
	struct classic_packet h;
	uint32_t caplen;
	int rc = capfile_take(f, &h, sizeof(h));

	if (rc <= 0)
		return rc;
	caplen = capfile_u32(f, h.caplen);
	if (caplen > CAPFILE_BLOCK)
		return capfile_bad(f, "packet: longer than any frame");
	rc = capfile_room(f, caplen);
	if (!rc)
		rc = capfile_need(f, f->block, caplen);
	if (rc < 0)
		return rc;
	*out = (struct capfile_packet) {
		.time = capfile_u32(f, h.seconds) * UINT64_C(1000000000) +
			capfile_u32(f, h.fraction) * f->unit,
		.caplen = caplen,
		.len = capfile_u32(f, h.len),
		.bytes = f->block,
	};
	if (out->len < caplen)
		return capfile_bad(f, "packet: there is more of it than was sent");
	return 1;
}
