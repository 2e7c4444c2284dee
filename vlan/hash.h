/* Hashing what guests choose: with a secret, so that they cannot choose what collides. */
#ifndef VLAN_HASH_H
#define VLAN_HASH_H

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

struct hash {
	uint64_t secret[2];
};

/* The kernel gives each process 16 random bytes: that takes no call and no descriptor. */
static inline void hash_init(struct hash *h)
{
	memcpy(h->secret, (const void *)getauxval(AT_RANDOM), sizeof(h->secret));
	h->secret[1] |= 1;
}

/* A product of 128 bits, folded: every bit of the key reaches the low bits. */
static inline uint32_t hash_of(const struct hash *h, uint64_t key)
{
	unsigned __int128 p = (unsigned __int128)(key ^ h->secret[0]) * h->secret[1];

	return (uint32_t)((uint64_t)p ^ (uint64_t)(p >> 64));
}

#endif
