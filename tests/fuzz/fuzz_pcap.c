/* A capture file from anywhere: whatever it says, packets lie within what was read. */
#include "cp/lib/capfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t left;
};

static ssize_t read_bytes(void *ctx, void *buf, size_t len)
{
	struct bytes *b = ctx;
	size_t n = b->left < len ? b->left : len;

	if (n)
		memcpy(buf, b->at, n);
	b->at += n;
	b->left -= n;
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { .at = data, .left = size };
	struct capfile_packet p;
	struct capfile *f;
	const char *why;
	size_t sum = 0;
	int rc;

	rc = capfile_open(read_bytes, &b, &f, &why);
	if (rc)
		return 0;
	while ((rc = capfile_next(f, &p, &why)) == 1) {
		uint8_t *copy = malloc(p.caplen + 1);

		if (!copy)
			abort();
		memcpy(copy, p.bytes, p.caplen);
		free(copy);
		sum += p.caplen;
		if (p.caplen > p.len)
			abort();
	}
	/* a packet takes its bytes of the file */
	if (sum > size || (rc && !*why))
		abort();
	capfile_close(f);
	return 0;
}
