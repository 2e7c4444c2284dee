/* What the kernel limits for a partition. */
#include "cp/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Files of a control group, by kind.  `failures` may hold lines of words ("max 3"). */
struct source {
	enum cgroup_kind kind;
	const char *name;
	const char *held, *max_held, *limit, *failures, *word;
};

static const struct source sources[] = {
	{ CGROUP_V1, "memory", "memory.usage_in_bytes", "memory.max_usage_in_bytes",
		"memory.limit_in_bytes", "memory.failcnt", "" },
	{ CGROUP_V1, "tasks", "pids.current", "pids.peak", "pids.max", "pids.events",
		"max" },
	{ CGROUP_V2, "memory", "memory.current", "memory.peak", "memory.max",
		"memory.events", "max" },
	{ CGROUP_V2, "tasks", "pids.current", "pids.peak", "pids.max", "pids.events",
		"max" },
};

static bool read_limit(const char *dir, const struct source *s, struct limit *out);
static bool read_number(
	const char *dir, const char *file, const char *word, uint64_t *out);
static bool parse_line(const char *line, const char *word, uint64_t *out);

int limits_read(const struct cgroup *c, struct limit out[LIMITS_MAX])
{
	int n = 0;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		for (int d = 0; sources[i].kind == c->kind && d < c->n; d++) {
			if (read_limit(c->dir[d], &sources[i], &out[n])) {
				n++;
				break;
			}
		}
	}
	return n;
}

/* False: this is not the directory of that controller.  A kernel that keeps no maximum
 * leaves what is held now. */
static bool read_limit(const char *dir, const struct source *s, struct limit *out)
{
	*out = (struct limit) { .name = s->name };
	if (!read_number(dir, s->held, "", &out->held) ||
		!read_number(dir, s->limit, "", &out->limit))
		return false;
	if (!read_number(dir, s->max_held, "", &out->max_held))
		out->max_held = out->held;
	read_number(dir, s->failures, s->word, &out->failures);
	return true;
}

/* The number in a file, or behind a word at the begin of one of its lines. */
static bool read_number(
	const char *dir, const char *file, const char *word, uint64_t *out)
{
	char path[600], line[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = parse_line(line, word, out);
	fclose(f);
	return found;
}

/* "max", where a number stands, is no limit. */
static bool parse_line(const char *line, const char *word, uint64_t *out)
{
	size_t len = strlen(word);

	if (len)
		return !strncmp(line, word, len) &&
		       sscanf(line + len, " %" SCNu64, out) == 1;
	if (strncmp(line, "max", 3))
		return sscanf(line, "%" SCNu64, out) == 1;
	*out = UINT64_MAX;
	return true;
}
