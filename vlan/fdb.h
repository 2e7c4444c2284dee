/* Which port has which address.
 *
 * Addresses of ports are static: they hold in every VLAN, never age and are never learned
 * elsewhere.  All others are learned by VLAN, each port no more than its limit, so that
 * one that floods takes nobody's entry.  Cost does not grow with entries: the table grows
 * a few buckets at a time, and what guests choose is hashed with a secret. */
#ifndef VLAN_FDB_H
#define VLAN_FDB_H

#include "cp/lan_proto.h"

#include <string.h>

#define FDB_NONE UINT16_MAX
#define FDB_ANY  0xfffu /* the VLAN of static entries; none by 802.1Q */

struct fdb; /* ports are numbers below LAN_MAX_PORTS here */

int fdb_create(struct fdb **out); /* 0 or -ENOMEM */
void fdb_destroy(struct fdb *f);  /* accepts NULL */

/* Addresses learned from here on are forgotten when not seen for `age_ns`; at most a
 * sixteenth of it earlier, since not every frame is noted. */
void fdb_set_age(struct fdb *f, uint64_t age_ns);

/* An address as a number, and back.  In two parts, each of which is loaded whole. */
static inline uint64_t fdb_mac(const uint8_t *mac)
{
	uint32_t first;
	uint16_t last;

	memcpy(&first, mac, 4);
	memcpy(&last, mac + 4, 2);
	return first | (uint64_t)last << 32;
}

static inline void fdb_mac_bytes(uint64_t n, uint8_t *mac)
{
	const uint32_t first = (uint32_t)n;
	const uint16_t last = (uint16_t)(n >> 32);

	memcpy(mac, &first, 4);
	memcpy(mac + 4, &last, 2);
}

/* The port with this address; FDB_NONE: nobody has it. */
uint16_t fdb_find(const struct fdb *f, uint16_t vlan, uint64_t mac, uint64_t now);
void fdb_prefetch(const struct fdb *f, uint64_t mac); /* of a static entry */

/* An address was seen at a port, which learns at most `limit`. */
void fdb_learn(struct fdb *f, uint16_t vlan, uint64_t mac, uint16_t port, uint32_t limit,
	uint64_t now);

/* 0; -EEXIST: it is another port's; -ENOMEM. */
int fdb_add_static(struct fdb *f, uint64_t mac, uint16_t port);
void fdb_forget_static(struct fdb *f, uint16_t port);
void fdb_forget_learned(struct fdb *f, uint16_t port); /* FDB_NONE: of all ports */

uint32_t fdb_learned(const struct fdb *f, uint16_t port); /* how many */
uint32_t fdb_count(const struct fdb *f);                  /* static ones included */

/* When the first entry is too old; UINT64_MAX: never.  fdb_age() forgets a bounded number
 * of those that are. */
uint64_t fdb_next(const struct fdb *f);
void fdb_age(struct fdb *f, uint64_t now);

struct fdb_entry {
	uint64_t mac, seen;
	uint16_t vlan, port; /* vlan FDB_ANY: static */
};

/* Entries after the first `after`; how many. */
int fdb_list(const struct fdb *f, uint32_t after, struct fdb_entry *out, int max);

#endif
