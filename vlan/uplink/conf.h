/* The configuration of an uplink: lines of key=value (cp/uplink_proto.h). */
#ifndef VLAN_UPLINK_CONF_H
#define VLAN_UPLINK_CONF_H

#include "cp/uplink_proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uplink_conf {
	char text[UPLINK_CONF_MAX + 1]; /* lines ended by 0 */
	size_t len;
};

/* Reads up to the end of `fd`.  0; -E2BIG; -EINVAL: a line without =, or with a 0 in it;
 * or -errno. */
int conf_read(struct uplink_conf *c, int fd);

/* The value of the next line with this key, from *at (begin with 0), or NULL. */
const char *conf_next(const struct uplink_conf *c, const char *key, size_t *at);
const char *conf_get(const struct uplink_conf *c, const char *key); /* the first */

/* 0 or -EINVAL; *out is changed only on success. */
int conf_number(const char *text, uint32_t min, uint32_t max, uint32_t *out);
int conf_mac(const char *text, uint8_t out[6]);

/* "10.1.2.0/24": host order, bits 8 to 30, none set beyond. */
int conf_net(const char *text, uint32_t *net, uint32_t *mask);

#endif
