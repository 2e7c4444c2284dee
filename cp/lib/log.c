/* The log: a line is put together here and written with one write(2), so that lines of
 * several threads and processes do not mix.  Control characters become '?': nobody can
 * forge a line. */
#include "cp/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/* Who speaks: set once, before there are threads, and only read afterwards. */
static struct {
	char program[32], name[32];
	enum log_level level;
	bool journal;
} self = { "bulkhead", "", LOG_LVL_INFO, false };

struct line {
	size_t len;
	char text[LINE_MAX_BYTES];
};

static bool stderr_is_journal(void);
static void put_line(enum log_level level, const char *sub, uint32_t dropped,
	const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));
static bool limit_take(struct log_limit *limit, uint64_t now_ms);
static uint64_t clock_ms(void);

void log_init(const char *program, const char *name, enum log_level level)
{
	snprintf(self.program, sizeof(self.program), "%s", program);
	snprintf(self.name, sizeof(self.name), "%s", name ? name : "");
	self.level = level;
	self.journal = stderr_is_journal();
}

void log_line(enum log_level level, const char *sub, const char *fmt, ...)
{
	va_list ap;

	if (level > self.level)
		return;
	va_start(ap, fmt);
	put_line(level, sub, 0, fmt, ap);
	va_end(ap);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *sub,
	const char *fmt, ...)
{
	va_list ap;

	if (level > self.level || !limit_take(limit, clock_ms()))
		return;
	va_start(ap, fmt);
	put_line(level, sub, limit->dropped, fmt, ap);
	va_end(ap);
	limit->dropped = 0;
}

/* systemd names the journal's socket by device and inode. */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	char us[64];
	struct stat st;

	if (!env || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(us, sizeof(us), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(us, env);
}

__attribute__((format(printf, 2, 0))) static void vadd(
	struct line *l, const char *fmt, va_list ap)
{
	size_t room = sizeof(l->text) - l->len;
	int n = vsnprintf(l->text + l->len, room, fmt, ap);

	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void add(
	struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vadd(l, fmt, ap);
	va_end(ap);
}

static void make_harmless(struct line *l)
{
	for (size_t i = 0; i < l->len; i++) {
		unsigned char c = (unsigned char)l->text[i];

		if (c < 0x20 || c == 0x7f)
			l->text[i] = '?';
	}
}

static void write_line(const struct line *l)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, l->text, l->len);
	while (n < 0 && errno == EINTR);
}

static void put_line(enum log_level level, const char *sub, uint32_t dropped,
	const char *fmt, va_list ap)
{
	static const char priority[] = {
		[LOG_LVL_ERROR] = '3',
		[LOG_LVL_WARN] = '4',
		[LOG_LVL_INFO] = '6',
		[LOG_LVL_DEBUG] = '7',
	};
	int saved_errno = errno;
	struct line l = { 0 };

	if (self.journal)
		add(&l, "<%c>", priority[level]);
	add(&l, "%s", self.program);
	if (self.name[0])
		add(&l, "[%s]", self.name);
	add(&l, " %s: ", sub);
	if (dropped)
		add(&l, "(%u lines like this dropped) ", dropped);
	errno = saved_errno; /* for %m */
	vadd(&l, fmt, ap);
	make_harmless(&l);
	l.text[l.len++] = '\n'; /* takes the place of the terminating 0 */
	write_line(&l);
	errno = saved_errno;
}

/* Takes one line out of the bucket, after what has flowed in since. */
static bool limit_take(struct log_limit *limit, uint64_t now_ms)
{
	uint64_t refill;

	if (!limit->interval_ms)
		return true;

	refill = (now_ms - limit->last_ms) / limit->interval_ms;
	if (refill >= limit->used) {
		limit->used = 0;
		limit->last_ms = now_ms;
	} else {
		limit->used -= (uint32_t)refill;
		limit->last_ms += refill * limit->interval_ms;
	}
	if (limit->used >= limit->burst) {
		limit->dropped++;
		return false;
	}
	limit->used++;
	return true;
}

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
