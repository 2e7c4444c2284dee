/* A directory from anywhere: every complaint is printable and has its place, and what is
 * taken keeps the bounds its readers rely on. */
#include "cp/directory.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_user(const struct dir_user *u)
{
	assert(*u->userid && strlen(u->userid) <= USERID_MAX &&
		!userid_reserved(u->userid));
	assert(u->storage && u->storage <= u->max_storage && u->storage % 4096 == 0);
	assert(u->n_cpus >= 1 && u->n_cpus <= u->max_cpus && u->max_cpus <= DIR_MAX_CPUS);
	assert(u->n_devices >= 1 && u->n_devices <= DIR_MAX_DEVICES);
	assert(*u->classes);
	for (int i = 0; i < u->n_devices; i++) {
		for (int k = 0; k < i; k++)
			assert(u->device[i].vdev != u->device[k].vdev);
		assert(u->device[i].type != DIR_MDISK || *u->device[i].file);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source src;
	struct directory *d;
	char line[MSG_TEXT_MAX + 64];

	if (source_from(&src, "fuzz", (const char *)data, size))
		return 0;
	d = directory_parse(&src);
	assert((d != NULL) == (src.errors == 0));
	for (const struct dir_user *u = d ? d->users : NULL; u; u = u->next)
		check_user(u);
	for (int i = 0; i < src.n_complaints; i++) {
		complaint_line(&src, &src.complaints[i], line, sizeof(line));
		assert(!strpbrk(line, "\n\r\x1b\x7f"));
	}
	directory_free(d);
	source_close(&src);
	return 0;
}
