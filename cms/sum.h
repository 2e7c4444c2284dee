/* The checksum of the Internet protocols (RFC 1071).  Pure. */
#ifndef CMS_SUM_H
#define CMS_SUM_H

#include "cms/addr.h"

/* Adds bytes to a sum that began as 0.  Only the last piece may have an odd length. */
uint64_t sum_add(uint64_t sum, const void *data, size_t len);

/* Adds what UDP and ICMPv6 have in front of them (RFC 768; RFC 8200, 8.1). */
uint64_t sum_pseudo(
	const struct addr *from, const struct addr *to, uint8_t protocol, size_t len);

/* The checksum, to be put in network order.  0 if the bytes hold a right one. */
uint16_t sum_end(uint64_t sum);

#endif
