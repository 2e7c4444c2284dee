/* A record of a partition, as another cpd may find it: what is taken can be written, and
 * is then read as the same. */
#include "cp/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record first, second;
	const char *why;
	char *text, *again;

	if (record_parse((const char *)data, size, "ALPHA", &first, &why))
		return why ? 0 : (abort(), 0);
	text = record_text(&first.p, first.phase);
	if (!text || record_parse(text, strlen(text), "ALPHA", &second, &why))
		abort();
	again = record_text(&second.p, second.phase);
	if (!again || strcmp(text, again))
		abort();
	free(again);
	free(text);
	return 0;
}
