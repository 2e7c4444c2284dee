/* Traces on a switch that only has a tap: frames are made here. */
#ifndef TESTS_UNIT_VLAN_CAPTURE_FIXTURE_H
#define TESTS_UNIT_VLAN_CAPTURE_FIXTURE_H

#include "vlan/capture.h"

#include "cp/lib/capfile.h"
#include "cp/lib/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_MAX (8u << 20)

/* The switch, and what was heard of traces. */
static struct {
	void (*tap)(void *ctx, const struct switch_event *ev);
	void *ctx;
	struct captures *c;
	int n_broken, n_done;
	uint32_t broken;
	char why[64];
} lan;

static struct port alpha = {
	.conf = { .id = 1, .name = "ALPHA.0600" },
};
static struct port beta = {
	.conf = { .id = 2, .name = "BETA.0600" },
};
void switch_tap(struct lan_switch *sw,
	void (*tap)(void *ctx, const struct switch_event *ev), void *ctx)
{
	(void)sw;
	lan.tap = tap;
	lan.ctx = ctx;
}

static void on_broken(void *ctx, uint32_t id, const char *why)
{
	(void)ctx;
	lan.n_broken++;
	lan.broken = id;
	snprintf(lan.why, sizeof(lan.why), "%s", why);
}

static const struct captures_ops lan_ops = { .broken = on_broken };

static void on_done(void *ctx)
{
	(void)ctx;
	lan.n_done++;
}

static int lan_make(void **state)
{
	(void)state;
	memset(&lan, 0, sizeof(lan));
	return captures_create(NULL, &lan_ops, NULL, &lan.c);
}

static int lan_unmake(void **state)
{
	(void)state;
	captures_destroy(lan.c);
	return 0;
}

/* A frame of `len` bytes, contiguous but for its head, each byte another. */
struct made {
	struct frame frame;
	struct iovec iov;
	uint8_t bytes[FRAME_MAX];
};

static struct made *make_frame(struct made *m, uint32_t len, uint16_t vlan)
{
	memset(&m->frame, 0, sizeof(m->frame));
	for (uint32_t i = 0; i < len; i++)
		m->bytes[i] = (uint8_t)i;
	m->iov = (struct iovec) { m->bytes, len };
	m->frame.len = len;
	m->frame.head_len = (uint16_t)(len < FRAME_HEAD ? len : FRAME_HEAD);
	m->frame.seg = &m->iov;
	m->frame.n_seg = 1;
	m->frame.seg_at = m->frame.head_len;
	m->frame.vlan = vlan;
	memcpy(m->frame.head, m->bytes, m->frame.head_len);
	return m;
}

static void event(const struct switch_event *ev)
{
	if (lan.tap)
		lan.tap(lan.ctx, ev);
}

static inline void sent(
	const struct port *p, const struct made *m, enum lan_drop drop, uint64_t now)
{
	event(&(struct switch_event) {
		.port = p, .frame = &m->frame, .drop = drop, .now = now });
}

static inline void got(const struct port *p, const struct made *m, bool tagged,
	enum lan_drop drop, uint64_t now)
{
	const struct egress e = {
		.frame = &m->frame, .tagged = tagged, .tci = m->frame.vlan
	};

	event(&(struct switch_event) {
		.port = p, .frame = &m->frame, .egress = &e, .drop = drop, .now = now });
}

/* Adds a trace into a file; the descriptor is a second one on it. */
static int add_trace(const struct lan_trace *conf)
{
	int fd = memfd_create("trace", MFD_CLOEXEC), mine = dup(fd);

	assert_int_equal(capture_add(lan.c, conf, NULL, &fd, 1), 0);
	return mine;
}

static inline void heard(const int *count, int n)
{
	struct pollfd p = { .fd = captures_fd(lan.c), .events = POLLIN };

	while (*count < n) {
		assert_int_equal(poll(&p, 1, 60000), 1);
		captures_poll(lan.c);
	}
}

static void end_trace(uint32_t id)
{
	int n = lan.n_done;

	assert_int_equal(capture_del(lan.c, id, on_done, NULL), 0);
	heard(&lan.n_done, n + 1);
}

/* A file as it was read back. */
struct back {
	uint8_t *bytes;
	size_t len, at;
	struct capfile *file;
	struct capfile_packet p;
};

static ssize_t read_back(void *ctx, void *buf, size_t len)
{
	struct back *b = ctx;
	size_t n = b->len - b->at < len ? b->len - b->at : len;

	memcpy(buf, b->bytes + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static void back_open(struct back *b, int fd)
{
	const char *why;
	ssize_t n;

	*b = (struct back) { .bytes = malloc(FILE_MAX) };
	n = pread(fd, b->bytes, FILE_MAX, 0);
	assert_in_range(n, 1, FILE_MAX - 1);
	b->len = (size_t)n;
	assert_int_equal(capfile_open(read_back, b, &b->file, &why), 0);
}

static bool back_next(struct back *b)
{
	const char *why;
	int rc = capfile_next(b->file, &b->p, &why);

	assert_in_range(rc, 0, 1);
	return rc;
}

static void back_close(struct back *b)
{
	capfile_close(b->file);
	free(b->bytes);
}

/* How often a text is in the file. */
static inline int times(const struct back *b, const char *text)
{
	const uint8_t *at = b->bytes;
	int n = 0;

	while ((at = memmem(at, b->len - (size_t)(at - b->bytes), text, strlen(text)))) {
		at++;
		n++;
	}
	return n;
}

#endif
