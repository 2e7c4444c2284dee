/* The audit log. */
#include "cp/audit.h"

#include "cp/lib/log.h"
#include "cp/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMITS     256 /* allowances, of guests and of host users */
#define AUDIT_LINE 1024

struct audit {
	int fd;
	struct log_limit failures;
	struct allowance guests[LIMITS], users[LIMITS];
};

static void time_text(char *buf, size_t len);

int audit_open(const char *statedir, struct audit **out)
{
	struct audit *a = calloc(1, sizeof(*a));
	char path[4096];
	int err;

	if (!a)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/audit", statedir);
	a->failures = (struct log_limit)LOG_LIMIT(3, 60000);
	a->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (a->fd < 0) {
		err = -errno;
		free(a);
		return err;
	}
	*out = a;
	return 0;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	close(a->fd);
	free(a);
}

/* FNV-1a, 32 bits, of a userid. */
struct allowance *audit_limit_of(struct audit *a, const char *guest, uid_t uid)
{
	uint32_t hash = 2166136261u;

	if (!guest)
		return &a->users[uid % LIMITS];
	for (; *guest; guest++)
		hash = (hash ^ (uint8_t)*guest) * 16777619u;
	return &a->guests[hash % LIMITS];
}

bool audit_allows(struct allowance *limit, uint64_t now_ns)
{
	static const struct allowance_rule rule = { 20, UINT64_C(1000000000) };

	return allowance_take(limit, &rule, now_ns);
}

void audit_write(struct audit *a, const char *who, const char *command,
	const char *verdict, uint32_t left_out)
{
	char line[AUDIT_LINE], when[40], before[48] = "";
	int len;

	if (left_out)
		snprintf(before, sizeof(before), " (%u lines before this left out)",
			left_out);
	time_text(when, sizeof(when));
	len = snprintf(line, sizeof(line) - 1, "%s %s: %s: %s%s", when, who, command,
		verdict, before);
	if (len < 0)
		return;
	text_clean(line, "");
	log_info("audit", "%s", line + strlen(when) + 1);
	if (!a)
		return;

	strcat(line, "\n");
	if (write(a->fd, line, strlen(line)) < 0)
		log_limited(&a->failures, LOG_LVL_ERROR, "audit", "cannot write: %s",
			strerror(errno));
}

static void time_text(char *buf, size_t len)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(buf, len, "%Y-%m-%dT%H:%M:%S%z", &tm);
}
