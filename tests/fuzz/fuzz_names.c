/* The server of names against frames: what it answers is well formed, and no client has
 * another's address.
 * Input: records of a length byte and as many frame bytes, most for the server itself. */
#include "vlan/uplink/names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "net=10.1.2.0/28\nmac=02:00:00:00:00:01\n"
			   "host=ALPHA:02:00:00:00:00:0a\nhost=BETA:02:00:00:00:00:0b\n";

static struct names *make(void)
{
	static struct uplink_conf conf;
	struct names *n;
	const char *bad;

	memcpy(conf.text, text, sizeof(text));
	conf.len = sizeof(text) - 1;
	for (size_t i = 0; i < conf.len; i++) {
		if (conf.text[i] == '\n')
			conf.text[i] = 0;
	}
	if (names_create(&conf, &n, &bad))
		abort();
	return n;
}

static void check_table(const struct names *n, uint64_t now)
{
	for (int i = 0; i < NAMES_LEASES; i++) {
		const struct names_lease *a = &n->lease[i];

		if (!a->ip || a->until <= now)
			continue;
		if ((a->ip & n->mask) != n->net || a->ip == n->own)
			abort();
		for (int j = 0; j < n->n_hosts; j++) {
			if (n->host[j].ip == a->ip)
				abort();
		}
		for (int j = 0; j < i; j++) {
			if (n->lease[j].ip == a->ip && n->lease[j].until > now)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names *n = make();
	uint64_t now = 1000;
	uint8_t out[NAMES_FRAME];

	for (size_t at = 0; at + 2 <= size; now += 7) {
		size_t len = (size_t)(data[at] << 8 | data[at + 1]) & 0x7ff, got;
		uint8_t *frame;

		at += 2;
		len = len < size - at ? len : size - at;
		frame = malloc(len + 1); /* of just its size, for the sanitizer */
		if (!frame)
			abort();
		memcpy(frame, data + at, len);
		got = names_answer(n, frame, len, now, out);
		if (got > NAMES_FRAME ||
			(got && (got < 42 || memcmp(out + 6, n->mac, 6))))
			abort();
		check_table(n, now);
		free(frame);
		at += len;
	}
	free(n);
	return 0;
}
