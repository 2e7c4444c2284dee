/* The log: free text for the people who keep the system, on standard error.
 *
 * Operators are told things by messages (cp/msg.h), never by the log.  A line is
 * "program[name] subsystem: text"; under systemd it carries the priority prefix. */
#ifndef CP_LIB_LOG_H
#define CP_LIB_LOG_H

#include <stdint.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* Once, in main(): the program's name, what it serves ("ALPHA", or NULL), the most
 * verbose level printed. */
void log_init(const char *program, const char *name, enum log_level level);

#define log_error(sub, ...) log_line(LOG_LVL_ERROR, sub, __VA_ARGS__)
#define log_warn(sub, ...)  log_line(LOG_LVL_WARN, sub, __VA_ARGS__)
#define log_info(sub, ...)  log_line(LOG_LVL_INFO, sub, __VA_ARGS__)
#define log_debug(sub, ...) log_line(LOG_LVL_DEBUG, sub, __VA_ARGS__)

void log_line(enum log_level level, const char *sub, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For what a guest or a client can cause: a bucket of `burst` lines, refilled with one
 * every `interval_ms`; what it drops is counted and said with the next line. */
struct log_limit {
	uint32_t burst, interval_ms;
	uint32_t used, dropped;
	uint64_t last_ms;
};
#define LOG_LIMIT(burst, interval_ms)           \
	{                                       \
		(burst), (interval_ms), 0, 0, 0 \
	}

void log_limited(struct log_limit *limit, enum log_level level, const char *sub,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
