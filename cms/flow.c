/* Numbers of datagrams. */
#include "cms/flow.h"

#include "cms/octets.h"
#include "cms/string.h"
#include "cms/timer.h"

#define MAGIC  0x434d5355u /* CMSU */
#define SILENT NS_PER_S

static bool test_and_set(struct flow *f, uint64_t seq);
static void advance(struct flow *f, uint64_t seq);
static void count_jitter(struct flow *f, const struct flow_stamp *s, uint64_t now);

void flow_put(uint8_t to[FLOW_STAMP], const struct flow_stamp *s)
{
	put32(to, MAGIC);
	put32(to + 4, s->run);
	put64(to + 8, s->seq);
	put64(to + 16, s->count);
	put64(to + 24, s->at);
}

bool flow_get(struct flow_stamp *s, const uint8_t *data, size_t len)
{
	if (len < FLOW_STAMP || get32(data) != MAGIC)
		return false;
	*s = (struct flow_stamp) { get32(data + 4), get64(data + 8), get64(data + 16),
		get64(data + 24) };
	return s->seq < s->count;
}

/* One that comes too late to be known is counted as late. */
void flow_take(struct flow *f, const struct flow_stamp *s, uint64_t now)
{
	f->count = s->count;
	f->last_at = now;
	if (s->seq >= f->top) {
		advance(f, s->seq);
	} else if (f->top - s->seq <= FLOW_WINDOW && test_and_set(f, s->seq)) {
		f->duplicated++;
		return;
	} else {
		f->reordered++;
	}
	f->received++;
	count_jitter(f, s, now);
}

uint64_t flow_lost(const struct flow *f, uint64_t now)
{
	uint64_t expected = now - f->last_at >= SILENT ? f->count : f->top;

	return expected > f->received ? expected - f->received : 0;
}

static bool test_and_set(struct flow *f, uint64_t seq)
{
	uint8_t *byte = &f->seen[seq % FLOW_WINDOW / 8], bit = (uint8_t)(1u << seq % 8);
	bool was = *byte & bit;

	*byte |= bit;
	return was;
}

/* Numbers that enter the window are not seen yet. */
static void advance(struct flow *f, uint64_t seq)
{
	if (seq - f->top >= FLOW_WINDOW)
		memset(f->seen, 0, sizeof(f->seen));
	else
		for (uint64_t i = f->top; i < seq; i++)
			f->seen[i % FLOW_WINDOW / 8] &= (uint8_t) ~(1u << i % 8);
	f->seen[seq % FLOW_WINDOW / 8] |= (uint8_t)(1u << seq % 8);
	f->top = seq + 1;
}

static void count_jitter(struct flow *f, const struct flow_stamp *s, uint64_t now)
{
	int64_t transit = (int64_t)(now - s->at);
	uint64_t d = (uint64_t)(transit > f->transit ? transit - f->transit
						     : f->transit - transit);

	if (f->received > 1)
		f->jitter += d - (f->jitter + 8) / 16;
	f->transit = transit;
}
