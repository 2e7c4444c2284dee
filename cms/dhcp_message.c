/* Fields and options. */
#include "cms/dhcp_message.h"

#include "cms/octets.h"
#include "cms/string.h"

#define BOOT_REQUEST 1
#define BOOT_REPLY   2
#define XID_AT       4
#define FLAGS_AT     8
#define CLIENT_AT    12 /* our address */
#define YOURS_AT     16
#define MAC_AT       28
#define COOKIE_AT    236
#define OPTIONS_AT   240
#define COOKIE       0x63825363u
#define BROADCAST    0x8000u /* we hear nothing else yet */
#define LEN_USUAL    24

enum dhcp_option {
	PAD = 0,
	MASK = 1,
	ROUTER = 3,
	DNS = 6,
	REQUESTED = 50,
	LEASE = 51,
	TYPE = 53,
	SERVER = 54,
	WANTED = 55,
	T1 = 58,
	T2 = 59,
	END = 255
};

static void take_option(
	struct dhcp_reply *r, uint8_t option, const uint8_t *data, size_t len);
static unsigned mask_length(uint32_t mask);
static uint8_t *put_option(
	uint8_t *at, enum dhcp_option option, const void *data, size_t len);

bool dhcp_read(struct dhcp_reply *r, const uint8_t *data, size_t len)
{
	size_t at = OPTIONS_AT;

	memset(r, 0, sizeof(*r));
	if (len < OPTIONS_AT || data[0] != BOOT_REPLY ||
		get32(data + COOKIE_AT) != COOKIE)
		return false;
	r->xid = get32(data + XID_AT);
	r->addr = addr_make(IPV4, data + YOURS_AT);
	r->len = LEN_USUAL;
	memcpy(r->mac, data + MAC_AT, MAC_SIZE);
	while (at < len && data[at] != END) {
		size_t size;

		if (data[at] == PAD) {
			at++;
			continue;
		}
		if (len - at < 2)
			return false;
		size = data[at + 1];
		if (size > len - at - 2)
			return false;
		take_option(r, data[at], data + at + 2, size);
		at += 2 + size;
	}
	return r->type;
}

void dhcp_write(uint8_t *to, const struct dhcp *d, const uint8_t mac[MAC_SIZE],
	enum dhcp_type type, bool have)
{
	static const uint8_t wanted[] = { MASK, ROUTER, DNS, LEASE, T1, T2 };
	const uint8_t kind = (uint8_t)type;
	uint8_t *at = to + OPTIONS_AT;

	memset(to, 0, DHCP_SIZE);
	to[0] = BOOT_REQUEST;
	to[1] = 1; /* Ethernet */
	to[2] = MAC_SIZE;
	put32(to + XID_AT, d->xid);
	put16(to + FLAGS_AT, have ? 0 : BROADCAST);
	if (have)
		memcpy(to + CLIENT_AT, d->addr.b, 4);
	memcpy(to + MAC_AT, mac, MAC_SIZE);
	put32(to + COOKIE_AT, COOKIE);
	at = put_option(at, TYPE, &kind, 1);
	if (type == DHCP_REQUEST && !have)
		at = put_option(at, REQUESTED, d->addr.b, 4);
	if (type == DHCP_RELEASE || (type == DHCP_REQUEST && !have))
		at = put_option(at, SERVER, d->server.b, 4);
	if (type != DHCP_RELEASE)
		at = put_option(at, WANTED, wanted, sizeof(wanted));
	*at = END;
}

/* One that is too short is as if it was not there. */
static void take_option(
	struct dhcp_reply *r, uint8_t option, const uint8_t *data, size_t len)
{
	if (option == TYPE && len >= 1)
		r->type = data[0];
	if (len < 4)
		return;
	switch (option) {
	case MASK: r->len = mask_length(get32(data)); break;
	case ROUTER: r->router = addr_make(IPV4, data); break;
	case DNS: r->dns = addr_make(IPV4, data); break;
	case LEASE: r->lease = get32(data); break;
	case SERVER: r->server = addr_make(IPV4, data); break;
	case T1: r->t1 = get32(data); break;
	case T2: r->t2 = get32(data); break;
	default: break;
	}
}

static unsigned mask_length(uint32_t mask)
{
	unsigned len = 0;

	for (; mask & 0x80000000; mask <<= 1)
		len++;
	return len;
}

static uint8_t *put_option(
	uint8_t *at, enum dhcp_option option, const void *data, size_t len)
{
	*at++ = (uint8_t)option;
	*at++ = (uint8_t)len;
	memcpy(at, data, len);
	return at + len;
}
