/* cpd --check: both files, every complaint. */
#include "cp/host.h"
#include "cp/sysconfig.h"

#define LINE_MAX_BYTES (MSG_TEXT_MAX + 4096 + 64)

static int print_complaints(const struct source *src, FILE *out)
{
	char line[LINE_MAX_BYTES];

	for (int i = 0; i < src->n_complaints; i++)
		fprintf(out, "%s\n",
			complaint_line(src, &src->complaints[i], line, sizeof(line)));
	return src->errors;
}

/* The machine at hand may be another than the one the files are for. */
static void check_machine(const struct sysconfig *c, struct source *src)
{
	char list[200];
	struct host *h;

	if (host_create(c, &h))
		return;
	if (host_lacks_cpus(h, c, list, sizeof(list)))
		source_complain_at(src, c->host_cpus_line, c->host_cpus_column,
			MSG_CPU_NOT_HERE, list);
	host_free(h);
}

int check_files(const char *config, const char *direct, FILE *out)
{
	struct source cfg_src, dir_src;
	struct sysconfig *c = NULL;
	struct directory *d = NULL;
	int errors;

	if (!source_open(&cfg_src, config))
		c = sysconfig_parse(&cfg_src);
	if (!source_open(&dir_src, direct))
		d = directory_parse(&dir_src);
	if (c && d)
		config_check_against(c, d, &cfg_src);
	if (c)
		check_machine(c, &cfg_src);
	errors = print_complaints(&cfg_src, out) + print_complaints(&dir_src, out);
	sysconfig_free(c);
	directory_free(d);
	source_close(&cfg_src);
	source_close(&dir_src);
	return errors;
}
