/* How busy the host's processors are. */
#include "cp/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void load_read(struct cpu_times *out)
{
	FILE *f = fopen("/proc/stat", "re");
	char line[512] = "";

	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
	}
	load_parse(line, out);
}

/* user nice system idle iowait irq softirq steal; guest time is in user already. */
void load_parse(const char *line, struct cpu_times *out)
{
	uint64_t t[8] = { 0 };

	*out = (struct cpu_times) { 0 };
	if (sscanf(line,
		    "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		    " %" SCNu64 " %" SCNu64 " %" SCNu64,
		    &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) < 4)
		return;
	out->idle = t[3] + t[4];
	out->busy = t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
}

double load_percent(const struct cpu_times *before, const struct cpu_times *after)
{
	double busy = (double)after->busy - (double)before->busy;
	double idle = (double)after->idle - (double)before->idle;

	if (busy < 0 || idle < 0 || busy + idle <= 0)
		return 0;
	return 100.0 * busy / (busy + idle);
}
