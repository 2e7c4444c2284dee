/* Blocks of a pcapng file. */
#include "cp/lib/pcapng.h"

#include <string.h>

#define COMMENT_MAX 4096 /* bytes of one text */
#define RESOLUTION  9    /* if_tsresol: ns */

struct section_head {
	uint32_t order;
	uint16_t major, minor;
	uint64_t length;
};

struct interface_head {
	uint16_t link, reserved;
	uint32_t snaplen;
};

struct statistics_head {
	uint32_t interface, high, low;
};

static struct pcapng begin(const struct pcapng *p, uint32_t type);
static void *put(struct pcapng *b, const void *bytes, size_t len);
static void option(struct pcapng *b, uint16_t code, const void *bytes, size_t len);
static void text(struct pcapng *b, uint16_t code, const char *s);
static bool end(struct pcapng *p, struct pcapng *b);

bool pcapng_section(struct pcapng *p, const char *application, const char *comment)
{
	const struct section_head head = {
		.order = PCAPNG_ORDER, .major = 1, .length = UINT64_MAX
	};
	struct pcapng b = begin(p, PCAPNG_SECTION);

	put(&b, &head, sizeof(head));
	text(&b, PCAPNG_OPT_COMMENT, comment);
	text(&b, PCAPNG_SHB_APPL, application);
	option(&b, PCAPNG_OPT_END, NULL, 0);
	return end(p, &b);
}

bool pcapng_interface(struct pcapng *p, const char *name, uint32_t snaplen)
{
	const struct interface_head head = { .link = PCAPNG_ETHERNET,
		.snaplen = snaplen };
	struct pcapng b = begin(p, PCAPNG_INTERFACE);
	const uint8_t resolution = RESOLUTION;

	put(&b, &head, sizeof(head));
	text(&b, PCAPNG_IF_NAME, name);
	option(&b, PCAPNG_IF_TSRESOL, &resolution, 1);
	option(&b, PCAPNG_OPT_END, NULL, 0);
	return end(p, &b);
}

static void time_option(struct pcapng *b, uint16_t code, uint64_t ns)
{
	const uint32_t parts[2] = { (uint32_t)(ns >> 32), (uint32_t)ns };

	option(b, code, parts, sizeof(parts));
}

bool pcapng_statistics(struct pcapng *p, const struct pcapng_statistics *s)
{
	const struct statistics_head head = { .interface = s->interface,
		.high = (uint32_t)(s->end >> 32),
		.low = (uint32_t)s->end };
	struct pcapng b = begin(p, PCAPNG_STATISTICS);

	put(&b, &head, sizeof(head));
	text(&b, PCAPNG_OPT_COMMENT, s->comment);
	time_option(&b, PCAPNG_ISB_START, s->start);
	time_option(&b, PCAPNG_ISB_END, s->end);
	option(&b, PCAPNG_ISB_RECV, &s->received, 8);
	option(&b, PCAPNG_ISB_DROP, &s->lost, 8);
	option(&b, PCAPNG_OPT_END, NULL, 0);
	return end(p, &b);
}

void *pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	const struct pcapng_packet_head head = { .interface = packet->interface,
		.high = (uint32_t)(packet->time >> 32),
		.low = (uint32_t)packet->time,
		.caplen = packet->caplen,
		.len = packet->len };
	struct pcapng b = begin(p, PCAPNG_PACKET);
	void *bytes;

	put(&b, &head, sizeof(head));
	bytes = put(&b, NULL, packet->caplen);
	if (packet->flags)
		option(&b, PCAPNG_EPB_FLAGS, &packet->flags, 4);
	for (int i = 0; i < PCAPNG_COMMENTS; i++)
		text(&b, PCAPNG_OPT_COMMENT, packet->comment[i]);
	option(&b, PCAPNG_OPT_END, NULL, 0);
	return end(p, &b) ? bytes : NULL;
}

/* A block under way is written behind what is there; nothing of it counts until end().
 * Its `max` is 0 once something did not fit. */
static struct pcapng begin(const struct pcapng *p, uint32_t type)
{
	struct pcapng b = { .buf = p->buf + p->len, .max = p->max - p->len };
	const struct pcapng_head head = { .type = type };

	put(&b, &head, sizeof(head));
	return b;
}

/* Adds bytes (NULL: leaves room for them) and pads them with zeros.  NULL: no room. */
static void *put(struct pcapng *b, const void *bytes, size_t len)
{
	size_t pad = -len & 3;
	uint8_t *to = b->buf + b->len;

	if (b->max < b->len || len > b->max - b->len || pad > b->max - b->len - len) {
		b->max = 0;
		return NULL;
	}
	if (bytes)
		memcpy(to, bytes, len);
	memset(to + len, 0, pad);
	b->len += len + pad;
	return to;
}

static void option(struct pcapng *b, uint16_t code, const void *bytes, size_t len)
{
	const uint16_t head[2] = { code, (uint16_t)len };

	put(b, head, sizeof(head));
	if (len)
		put(b, bytes, len);
}

static void text(struct pcapng *b, uint16_t code, const char *s)
{
	if (s)
		option(b, code, s, strnlen(s, COMMENT_MAX));
}

static bool end(struct pcapng *p, struct pcapng *b)
{
	uint32_t total = (uint32_t)(b->len + sizeof(total));

	if (!put(b, &total, sizeof(total)))
		return false;
	memcpy(b->buf + offsetof(struct pcapng_head, total), &total, sizeof(total));
	p->len += b->len;
	return true;
}
