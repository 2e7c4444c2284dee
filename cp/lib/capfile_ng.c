/* Packets out of a pcapng file. */
#include "cp/lib/capfile_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define US       6    /* resolution where none is given */
#define BINARY   0x80 /* of a resolution: a power of 2 */

/* A block's body, without its head and what follows it, and how far it is read. */
struct body {
	struct capfile *f;
	const uint8_t *at;
	size_t left;
};

struct option {
	uint16_t code, len;
	const uint8_t *value;
};

static int section(struct capfile *f);
static int take_block(struct capfile *f, uint32_t type, struct capfile_packet *out);
static int interface(struct capfile *f, struct body *b);
static int packet(
	struct capfile *f, struct body *b, uint32_t type, struct capfile_packet *out);
static int simple(struct capfile *f, struct body *b, struct capfile_packet *out);
static uint64_t nanoseconds(const struct capfile_interface *i, uint64_t units);

int capfile_ng_begin(struct capfile *f)
{
	return section(f);
}

int capfile_ng_next(struct capfile *f, struct capfile_packet *out)
{
	uint32_t type;
	int rc;

	do {
		rc = capfile_take(f, &type, sizeof(type));
		if (rc <= 0)
			return rc;
		/* the same in both byte orders, one of which it begins */
		if (type == PCAPNG_SECTION)
			rc = section(f);
		else
			rc = take_block(f, capfile_u32(f, type), out);
	} while (!rc);
	return rc;
}

static bool have(struct body *b, void *to, size_t len)
{
	if (len > b->left)
		return false;
	memcpy(to, b->at, len);
	b->at += len;
	b->left -= len;
	return true;
}

static bool have_u32(struct body *b, uint32_t *out)
{
	if (!have(b, out, sizeof(*out)))
		return false;
	*out = capfile_u32(b->f, *out);
	return true;
}

static bool have_u16(struct body *b, uint16_t *out)
{
	if (!have(b, out, sizeof(*out)))
		return false;
	*out = capfile_u16(b->f, *out);
	return true;
}

/* The bytes of a packet, and what they are padded with. */
static bool have_bytes(struct body *b, uint32_t len, const uint8_t **out)
{
	size_t pad = -(size_t)len & 3;

	if (len > b->left)
		return false;
	*out = b->at;
	len += (uint32_t)(pad < b->left - len ? pad : b->left - len);
	b->at += len;
	b->left -= len;
	return true;
}

/* The next option; false: there is none that is whole. */
static bool next_option(struct body *b, struct option *o)
{
	return have_u16(b, &o->code) && have_u16(b, &o->len) &&
	       o->code != PCAPNG_OPT_END && have_bytes(b, o->len, &o->value);
}

/* Reads a block's body into f->block, of which the head and `had` bytes are read. */
static int read_body(struct capfile *f, uint32_t total, uint32_t had, struct body *b)
{
	size_t len = total - sizeof(struct pcapng_head) - had;
	uint32_t again;
	int rc = capfile_room(f, len);

	if (!rc)
		rc = capfile_need(f, f->block, len);
	if (rc < 0)
		return rc;
	len -= sizeof(again);
	memcpy(&again, f->block + len, sizeof(again));
	if (capfile_u32(f, again) != total)
		return capfile_bad(f, "block: its two lengths differ");
	*b = (struct body) { .f = f, .at = f->block, .left = len };
	return 0;
}

/* `least`: bytes of a block whose body has only what there must be. */
static int check_total(struct capfile *f, uint32_t total, uint32_t least)
{
	if (total < least || total % 4)
		return capfile_bad(f, "block: no possible length");
	return 0;
}

static void take_application(struct capfile *f, struct body *b)
{
	struct option o;

	f->ours = false;
	while (next_option(b, &o)) {
		if (o.code == PCAPNG_SHB_APPL)
			f->ours = o.len >= strlen(PCAPNG_WRITER) &&
				  !memcmp(o.value, PCAPNG_WRITER, strlen(PCAPNG_WRITER));
	}
}

/* After its type.  What was said of interfaces before does not hold any more. */
static int section(struct capfile *f)
{
	uint32_t head[2], total; /* of the block, and the byte order */
	uint16_t major, minor;
	uint64_t length;
	struct body b;
	int rc = capfile_need(f, head, sizeof(head));

	if (rc < 0)
		return rc;
	f->swapped = head[1] == __builtin_bswap32(PCAPNG_ORDER);
	if (capfile_u32(f, head[1]) != PCAPNG_ORDER)
		return capfile_bad(f, "section header: no byte order");
	total = capfile_u32(f, head[0]);
	rc = check_total(f, total, 28);
	if (!rc && total > CAPFILE_BLOCK)
		rc = capfile_bad(f, "section header: too long");
	if (!rc)
		rc = read_body(f, total, sizeof(head[1]), &b);
	if (rc)
		return rc;
	if (!have_u16(&b, &major) || !have_u16(&b, &minor) || major != 1 ||
		!have(&b, &length, sizeof(length)))
		return capfile_bad(f, "section header: not version 1");
	f->n_interfaces = 0;
	take_application(f, &b);
	return 0;
}

/* A block that is no section header, after its type.  1: it was a packet. */
static int take_block(struct capfile *f, uint32_t type, struct capfile_packet *out)
{
	uint32_t total;
	struct body b;
	int rc = capfile_need(f, &total, sizeof(total));

	if (rc < 0)
		return rc;
	total = capfile_u32(f, total);
	rc = check_total(f, total, sizeof(struct pcapng_head) + sizeof(total));
	if (rc)
		return rc;
	if (type != PCAPNG_INTERFACE && type != PCAPNG_PACKET &&
		type != PCAPNG_PACKET_OLD && type != PCAPNG_SIMPLE) {
		rc = capfile_need(f, NULL, total - sizeof(struct pcapng_head));
		return rc < 0 ? rc : 0;
	}
	if (total > CAPFILE_BLOCK)
		return capfile_bad(f, "block: longer than any frame needs");
	rc = read_body(f, total, 0, &b);
	if (rc)
		return rc;
	if (type == PCAPNG_INTERFACE)
		return interface(f, &b);
	return type == PCAPNG_SIMPLE ? simple(f, &b, out) : packet(f, &b, type, out);
}

static int more_interfaces(struct capfile *f)
{
	uint32_t max = f->max_interfaces ? f->max_interfaces * 2 : 8;
	struct capfile_interface *more;

	if (f->n_interfaces < f->max_interfaces)
		return 0;
	if (f->n_interfaces == CAPFILE_INTERFACES)
		return capfile_bad(f, "interface: there are too many");
	more = reallocarray(f->interface, max, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->interface = more;
	f->max_interfaces = max;
	return 0;
}

static void interface_option(
	const struct capfile *f, struct capfile_interface *i, const struct option *o)
{
	if (o->code == PCAPNG_IF_TSRESOL && o->len == 1) {
		i->resolution = o->value[0];
	} else if (o->code == PCAPNG_IF_TSOFFSET && o->len == 8) {
		memcpy(&i->offset, o->value, 8);
		if (f->swapped)
			i->offset = (int64_t)__builtin_bswap64((uint64_t)i->offset);
	}
}

static int interface(struct capfile *f, struct body *b)
{
	struct capfile_interface *i;
	uint16_t link, reserved;
	struct option o;
	uint32_t snaplen;
	int err;

	if (!have_u16(b, &link) || !have_u16(b, &reserved) || !have_u32(b, &snaplen))
		return capfile_bad(f, "interface: too short");
	if (link != PCAPNG_ETHERNET)
		return capfile_bad(f, "interface: not Ethernet");
	err = more_interfaces(f);
	if (err)
		return err;
	i = &f->interface[f->n_interfaces++];
	*i = (struct capfile_interface) { .snaplen = snaplen, .resolution = US };
	while (next_option(b, &o))
		interface_option(f, i, &o);
	return 0;
}

static void packet_options(struct body *b, struct capfile_packet *out)
{
	struct option o;
	uint32_t flags;

	while (next_option(b, &o)) {
		if (o.code != PCAPNG_EPB_FLAGS || o.len != sizeof(flags))
			continue;
		memcpy(&flags, o.value, sizeof(flags));
		out->inbound = (capfile_u32(b->f, flags) & PCAPNG_DIRECTION) ==
			       PCAPNG_INBOUND;
	}
}

/* Which interface it came from: 16 bits of an old block, the rest is a count. */
static bool have_interface(struct body *b, uint32_t type, uint32_t *out)
{
	uint16_t number, lost;

	if (type == PCAPNG_PACKET)
		return have_u32(b, out);
	if (!have_u16(b, &number) || !have_u16(b, &lost))
		return false;
	*out = number;
	return true;
}

static int packet(
	struct capfile *f, struct body *b, uint32_t type, struct capfile_packet *out)
{
	uint32_t number, high, low;

	*out = (struct capfile_packet) { .ours = f->ours };
	if (!have_interface(b, type, &number) || !have_u32(b, &high) ||
		!have_u32(b, &low) || !have_u32(b, &out->caplen) ||
		!have_u32(b, &out->len) || !have_bytes(b, out->caplen, &out->bytes))
		return capfile_bad(f, "packet: more bytes than its block");
	if (out->len < out->caplen)
		return capfile_bad(f, "packet: there is more of it than was sent");
	if (number >= f->n_interfaces)
		return capfile_bad(f, "packet: of an interface that there is not");
	f->time = nanoseconds(&f->interface[number], (uint64_t)high << 32 | low);
	out->time = f->time;
	packet_options(b, out);
	return 1;
}

/* No time and no options, and of the first interface. */
static int simple(struct capfile *f, struct body *b, struct capfile_packet *out)
{
	uint32_t snaplen;

	*out = (struct capfile_packet) { .ours = f->ours, .time = f->time };
	if (!f->n_interfaces)
		return capfile_bad(f, "packet: of an interface that there is not");
	snaplen = f->interface[0].snaplen;
	if (!have_u32(b, &out->len))
		return capfile_bad(f, "packet: more bytes than its block");
	out->caplen = snaplen && snaplen < out->len ? snaplen : out->len;
	if (!have_bytes(b, out->caplen, &out->bytes))
		return capfile_bad(f, "packet: more bytes than its block");
	return 1;
}

static uint64_t power_of_10(int n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* What no time in ns can hold is the first or the last that can. */
static uint64_t nanoseconds(const struct capfile_interface *i, uint64_t units)
{
	int n = i->resolution & ~BINARY;
	__int128 ns = units;

	if (i->resolution & BINARY)
		ns = (__int128)(ns * NS_PER_S) >> n;
	else if (n <= 9)
		ns *= power_of_10(9 - n);
	else
		ns /= n <= 9 + 19 ? (__int128)power_of_10(n - 9) : ns + 1;
	ns += (__int128)i->offset * (__int128)NS_PER_S;
	if (ns < 0)
		return 0;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}
