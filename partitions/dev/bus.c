/* The buses of a machine: two sorted tables of ranges. */
#include "partitions/dev/bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BUS_SPACES 2
#define GROW_BY    16

struct range {
	uint64_t base, last; /* its first and last address */
	const struct bus_handler *handler;
	void *ctx;
};

/* The ranges of one space, by base; none overlap. */
struct space {
	struct range *range;
	int n, max;
};

struct bus {
	struct space space[BUS_SPACES];
};

static int find_after(const struct space *s, uint64_t addr);
static bool find(struct bus *b, enum bus_space space, uint64_t addr, unsigned len,
	struct range *out);
static int make_room(struct space *s);

int bus_create(struct bus **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void bus_destroy(struct bus *b)
{
	if (!b)
		return;
	for (int i = 0; i < BUS_SPACES; i++)
		free(b->space[i].range);
	free(b);
}

int bus_add(struct bus *b, enum bus_space space, uint64_t base, uint64_t size,
	const struct bus_handler *handler, void *ctx)
{
	struct space *s = &b->space[space];
	uint64_t last = base + size - 1;
	int at = find_after(s, base);
	int err;

	if (!size || last < base)
		return -EINVAL;
	if (at > 0 && s->range[at - 1].last >= base)
		return -EEXIST;
	if (at < s->n && s->range[at].base <= last)
		return -EEXIST;
	err = make_room(s);
	if (err)
		return err;

	memmove(&s->range[at + 1], &s->range[at],
		(size_t)(s->n - at) * sizeof(*s->range));
	s->range[at] = (struct range) { base, last, handler, ctx };
	s->n++;
	return 0;
}

void bus_del(struct bus *b, enum bus_space space, uint64_t base)
{
	struct space *s = &b->space[space];
	int at = find_after(s, base) - 1;

	if (at < 0 || s->range[at].base != base)
		return;
	s->n--;
	memmove(&s->range[at], &s->range[at + 1],
		(size_t)(s->n - at) * sizeof(*s->range));
}

void bus_read(
	struct bus *b, enum bus_space space, uint64_t addr, void *data, unsigned len)
{
	struct range r;

	if (find(b, space, addr, len, &r))
		r.handler->read(r.ctx, addr - r.base, data, len);
	else
		memset(data, 0xff, len);
}

void bus_write(struct bus *b, enum bus_space space, uint64_t addr, const void *data,
	unsigned len)
{
	struct range r;

	if (find(b, space, addr, len, &r))
		r.handler->write(r.ctx, addr - r.base, data, len);
}

/* The index of the first range that begins after `addr`. */
static int find_after(const struct space *s, uint64_t addr)
{
	int low = 0, high = s->n;

	while (low < high) {
		int mid = (low + high) / 2;

		if (s->range[mid].base <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Who answers.  A copy: a handler may move ranges, its own included. */
static bool find(struct bus *b, enum bus_space space, uint64_t addr, unsigned len,
	struct range *out)
{
	const struct space *s = &b->space[space];
	int at = find_after(s, addr) - 1;

	if (at < 0 || !len || s->range[at].last < addr ||
		s->range[at].last - addr < len - 1)
		return false;
	*out = s->range[at];
	return true;
}

static int make_room(struct space *s)
{
	size_t max = (size_t)s->max + GROW_BY;
	struct range *more;

	if (s->n < s->max)
		return 0;
	more = realloc(s->range, max * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->range = more;
	s->max = (int)max;
	return 0;
}
