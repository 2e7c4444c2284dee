/* Who has which address. */
#include "vlan/uplink/names.h"

#include <string.h>

#define DECLINED_S 600

static bool in_pool(const struct names *n, uint32_t ip)
{
	return (ip & n->mask) == n->net && ip != n->net && ip != n->own &&
	       ip != (n->net | ~n->mask);
}

static bool is_free(const struct names *n, uint32_t ip, uint64_t now_s)
{
	for (int i = 0; i < n->n_hosts; i++) {
		if (n->host[i].ip == ip)
			return false;
	}
	for (int i = 0; i < NAMES_LEASES; i++) {
		if (n->lease[i].ip == ip && n->lease[i].until > now_s)
			return false;
	}
	return true;
}

/* A number that only the MAC address decides (FNV-1a). */
static uint32_t hash(const uint8_t mac[6])
{
	uint32_t h = UINT32_C(2166136261);

	for (int i = 0; i < 6; i++)
		h = (h ^ mac[i]) * UINT32_C(16777619);
	return h;
}

/* One of the next is free, or there are no more in all. */
static uint32_t find_free(const struct names *n, const uint8_t mac[6], uint64_t now_s)
{
	uint32_t size = ~n->mask + 1, at = hash(mac) % size;

	for (uint32_t tried = 0; tried < size; tried++, at = (at + 1) % size) {
		if (in_pool(n, n->net + at) && is_free(n, n->net + at, now_s))
			return n->net + at;
	}
	return 0;
}

/* Its own, or one that nobody needs: a free one rather than the oldest. */
static struct names_lease *find_lease(
	struct names *n, const uint8_t mac[6], uint64_t now_s)
{
	struct names_lease *best = NULL;

	for (int i = 0; i < NAMES_LEASES; i++) {
		struct names_lease *l = &n->lease[i];

		if (l->ip && !memcmp(l->mac, mac, 6))
			return l;
		if (l->ip && l->until > now_s)
			continue;
		if (!best || (best->ip && (!l->ip || l->until < best->until)))
			best = l;
	}
	return best;
}

const struct names_host *names_host_of(const struct names *n, const uint8_t mac[6])
{
	for (int i = 0; i < n->n_hosts; i++) {
		if (!memcmp(n->host[i].mac, mac, 6))
			return &n->host[i];
	}
	return NULL;
}

uint32_t names_address(struct names *n, const uint8_t mac[6], uint32_t wanted,
	uint64_t now_s, uint64_t seconds)
{
	const struct names_host *host = names_host_of(n, mac);
	struct names_lease *l;
	uint32_t ip;

	if (host)
		return host->ip;
	l = find_lease(n, mac, now_s);
	if (!l)
		return 0;
	if (l->ip && !memcmp(l->mac, mac, 6) &&
		(l->until > now_s || is_free(n, l->ip, now_s)))
		ip = l->ip;
	else if (in_pool(n, wanted) && is_free(n, wanted, now_s))
		ip = wanted;
	else
		ip = find_free(n, mac, now_s);
	if (!ip)
		return 0;
	if (l->ip != ip || memcmp(l->mac, mac, 6) || l->until < now_s + seconds)
		l->until = now_s + seconds;
	l->ip = ip;
	memcpy(l->mac, mac, 6);
	return ip;
}

void names_release(struct names *n, const uint8_t mac[6])
{
	for (int i = 0; i < NAMES_LEASES; i++) {
		if (n->lease[i].ip && !memcmp(n->lease[i].mac, mac, 6))
			n->lease[i].until = 0;
	}
}

void names_decline(struct names *n, const uint8_t mac[6], uint64_t now_s)
{
	for (int i = 0; i < NAMES_LEASES; i++) {
		struct names_lease *l = &n->lease[i];

		if (!l->ip || memcmp(l->mac, mac, 6))
			continue;
		memset(l->mac, 0, 6);
		l->until = now_s + DECLINED_S;
	}
}
