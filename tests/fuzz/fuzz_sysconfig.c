/* A system configuration from anywhere, and against a directory. */
#include "cp/sysconfig.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char users[] = "USER ALPHA NOLOG 16M\nUSER BETA NOLOG 16M\n";

static struct directory *small_directory(void)
{
	struct directory *d = NULL;
	struct source src;

	if (!source_from(&src, "users", users, sizeof(users) - 1))
		d = directory_parse(&src);
	source_close(&src);
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct directory *d = small_directory();
	struct source src;
	struct sysconfig *c;

	if (!d || source_from(&src, "fuzz", (const char *)data, size)) {
		directory_free(d);
		return 0;
	}
	c = sysconfig_parse(&src);
	assert((c != NULL) == (src.errors == 0));
	if (c) {
		int errors = config_check_against(c, d, &src);

		assert(errors == src.errors);
		assert(*c->system && *c->operator_id && *c->operator_classes &&
			*c->user_classes);
		assert(c->pool_percent <= 10000);
		for (const struct cfg_command *cmd = c->commands; cmd; cmd = cmd->next)
			assert(!strncmp(cmd->text, "DEFINE ", 7) ||
				!strncmp(cmd->text, "SET ", 4));
	}
	sysconfig_free(c);
	directory_free(d);
	source_close(&src);
	return 0;
}
