/* Guest storage as regions. */
#include "cp/lib/gmem.h"

#include <errno.h>
#include <string.h>

static gpa_t last_of(const struct gmem_region *r)
{
	return r->base + (r->size - 1);
}

int gmem_add(struct gmem *g, gpa_t base, uint64_t size, void *host)
{
	struct gmem_region new = { base, size, host };
	int at = 0;

	if (!size || size > UINT64_MAX - base)
		return -EINVAL;
	while (at < g->n && g->region[at].base < base)
		at++;
	if (at > 0 && last_of(&g->region[at - 1]) >= base)
		return -EEXIST;
	if (at < g->n && g->region[at].base <= last_of(&new))
		return -EEXIST;
	if (g->n == GMEM_MAX_REGIONS)
		return -ENOSPC;

	memmove(&g->region[at + 1], &g->region[at], (size_t)(g->n - at) * sizeof(new));
	g->region[at] = new;
	g->n++;
	return 0;
}

int gmem_remove(struct gmem *g, gpa_t base)
{
	for (int i = 0; i < g->n; i++) {
		struct gmem_region *r = &g->region[i];

		if (r->base != base)
			continue;
		g->n--;
		memmove(r, r + 1, (size_t)(g->n - i) * sizeof(*r));
		g->region[g->n] = (struct gmem_region) { 0 };
		return 0;
	}
	return -ENOENT;
}

void *gmem_at(const struct gmem *g, gpa_t gpa, uint64_t len)
{
	uint64_t run;
	void *host = gmem_span(g, gpa, len, &run);

	return host && run == len ? host : NULL;
}

const struct gmem_region *gmem_region(const struct gmem *g, gpa_t gpa)
{
	for (int i = 0; i < g->n; i++) {
		const struct gmem_region *r = &g->region[i];

		if (gpa >= r->base && gpa <= last_of(r))
			return r;
	}
	return NULL;
}

void *gmem_span(const struct gmem *g, gpa_t gpa, uint64_t len, uint64_t *run)
{
	const struct gmem_region *r = len ? gmem_region(g, gpa) : NULL;
	uint64_t left;

	if (!r)
		return NULL;
	left = r->size - (gpa - r->base);
	*run = left < len ? left : len;
	return (char *)r->host + (gpa - r->base);
}

int gmem_read(const struct gmem *g, gpa_t gpa, void *to, uint64_t len)
{
	uint64_t run;

	for (char *p = to; len; gpa += run, p += run, len -= run) {
		const void *host = gmem_span(g, gpa, len, &run);

		if (!host)
			return -EFAULT;
		memcpy(p, host, run);
	}
	return 0;
}

int gmem_write(const struct gmem *g, gpa_t gpa, const void *from, uint64_t len)
{
	uint64_t run;

	for (const char *p = from; len; gpa += run, p += run, len -= run) {
		void *host = gmem_span(g, gpa, len, &run);

		if (!host)
			return -EFAULT;
		memcpy(host, p, run);
	}
	return 0;
}

int gmem_zero(const struct gmem *g, gpa_t gpa, uint64_t len)
{
	uint64_t run;

	for (; len; gpa += run, len -= run) {
		void *host = gmem_span(g, gpa, len, &run);

		if (!host)
			return -EFAULT;
		memset(host, 0, run);
	}
	return 0;
}

uint64_t gmem_size(const struct gmem *g)
{
	uint64_t size = 0;

	for (int i = 0; i < g->n; i++)
		size += g->region[i].size;
	return size;
}
