/* How busy the host's processors are, between two looks. */
#ifndef CP_LOAD_H
#define CP_LOAD_H

#include <stdint.h>

struct cpu_times {
	uint64_t busy, idle; /* ticks of all processors since boot */
};

void load_read(struct cpu_times *out); /* zeros where the host does not say */

/* From the first line of /proc/stat. */
void load_parse(const char *line, struct cpu_times *out);

double load_percent(const struct cpu_times *before, const struct cpu_times *after);

#endif
