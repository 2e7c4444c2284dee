/* A stream of fields from anywhere.  What is accepted is written again, and then reads
 * the same. */
#include "cp/lib/snap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct thing {
	uint64_t d;
	uint32_t c;
	uint16_t b;
	uint8_t a;
	bool on;
	uint8_t mac[6];
	uint8_t text[16];
	size_t text_len;
};

static void snap_thing(struct snap *s, struct thing *t)
{
	uint32_t version = snap_begin(s, "thing", 2);

	if (!version)
		return;
	snap_bool(s, "on", &t->on);
	snap_u8(s, "a", &t->a);
	snap_u16(s, "b", &t->b);
	if (version >= 2)
		snap_u32(s, "c", &t->c);
	snap_u64(s, "d", &t->d);
	snap_bytes(s, "mac", t->mac, sizeof(t->mac));
	snap_blob(s, "text", t->text, &t->text_len, sizeof(t->text));
	snap_check(s, "text", t->text_len <= sizeof(t->text));
	snap_end(s);
}

static void write_and_compare(const struct thing *t)
{
	struct thing copy, back;
	struct snap s, l;

	memcpy(&copy, t, sizeof(copy));
	memset(&back, 0, sizeof(back));
	snap_init_save(&s);
	snap_thing(&s, &copy);
	snap_init_load(&l, s.buf, s.len);
	snap_thing(&l, &back);
	if (s.err || l.err || memcmp(t, &back, sizeof(back)))
		abort();
	snap_fini(&l);
	snap_fini(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct thing t;
	struct snap s;

	memset(&t, 0, sizeof(t));
	snap_init_load(&s, data, size);
	snap_has(&s, "other");
	snap_thing(&s, &t);
	if (!s.err)
		write_and_compare(&t);
	else if (strnlen(s.where, sizeof(s.where)) == sizeof(s.where))
		abort();
	snap_fini(&s);
	return 0;
}
