/* Addresses of both families: what they are, and as text.  Pure. */
#ifndef CMS_ADDR_H
#define CMS_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAMILY_NONE = 0, IPV4 = 4, IPV6 = 6 };

#define MAC_SIZE  6
#define ADDR_TEXT 48 /* characters of an address with its length, and NUL */

struct addr {
	uint8_t family;
	uint8_t b[16]; /* in network order; what IPv4 does not use is 0 */
};

struct addr addr_make(uint8_t family, const uint8_t *bytes);
struct addr addr_any(uint8_t family);
struct addr addr_broadcast(void);       /* 255.255.255.255 */
struct addr addr_all_nodes(void);       /* ff02::1 */
struct addr addr_all_routers(void);     /* ff02::2 */
struct addr addr_all_hosts(void);       /* 224.0.0.1 */
size_t addr_size(const struct addr *a); /* 4 or 16 bytes; 0 */
unsigned addr_bits(const struct addr *a);

bool addr_same(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a); /* 0.0.0.0, :: or none */
bool addr_is_multicast(const struct addr *a);
bool addr_is_link_local(const struct addr *a); /* of IPv6, not multicast */
bool addr_is_link_group(const struct addr *a); /* multicast that no router passes on */

/* May it be an interface's, or the source of a packet that is answered? */
bool addr_is_host(const struct addr *a);

/* Do the first `len` bits agree? */
bool addr_in(const struct addr *a, const struct addr *net, unsigned len);

/* The network: all behind the first `len` bits cleared, or set. */
struct addr addr_network(const struct addr *a, unsigned len);
struct addr addr_last(const struct addr *a, unsigned len);

/* IPv6 addresses made of others: RFC 4291, 2.7.1; a network of 64 bits and the modified
 * EUI-64 of a MAC (appendix A). */
struct addr addr_solicited(const struct addr *a);
struct addr addr_eui64(const struct addr *network, const uint8_t mac[MAC_SIZE]);

/* Where frames to a group go (RFC 1112, 6.4; RFC 2464, 7). */
void addr_group_mac(const struct addr *a, uint8_t mac[MAC_SIZE]);

/* The text must be an address, and nothing else.  *out is set on success only.  For
 * addr_parse_net() "/len" must follow. */
bool addr_parse(const char *text, struct addr *out);
bool addr_parse_net(const char *text, struct addr *out, unsigned *len);

/* Text (IPv6 as RFC 5952 wants it); returns `to`. */
char *addr_text(const struct addr *a, char to[ADDR_TEXT]);

#endif
