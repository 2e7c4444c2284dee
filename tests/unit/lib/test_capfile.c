/* Capture files: what is written is read again, both byte orders, and what is no file. */
#include "cp/lib/capfile.h"
#include "cp/lib/pcapng.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

/* A file made by hand, in the byte order that is asked for, and given out in pieces. */
struct file {
	bool swap;
	size_t piece; /* bytes of one read; 0: all */
	size_t len, at;
	uint8_t bytes[8192];
};

static ssize_t read_file(void *ctx, void *buf, size_t len)
{
	struct file *f = ctx;
	size_t n = f->len - f->at < len ? f->len - f->at : len;

	if (f->piece && n > f->piece)
		n = f->piece;
	memcpy(buf, f->bytes + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void raw(struct file *f, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(f->bytes) - f->len);
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static void u16(struct file *f, uint16_t v)
{
	v = f->swap ? __builtin_bswap16(v) : v;
	raw(f, &v, sizeof(v));
}

static void u32(struct file *f, uint32_t v)
{
	v = f->swap ? __builtin_bswap32(v) : v;
	raw(f, &v, sizeof(v));
}

/* A block of these words. */
static void block(struct file *f, uint32_t type, const uint32_t *body, uint32_t n)
{
	u32(f, type);
	u32(f, 12 + n * 4);
	for (uint32_t i = 0; i < n; i++)
		u32(f, body[i]);
	u32(f, 12 + n * 4);
}

static void section(struct file *f)
{
	u32(f, PCAPNG_SECTION);
	u32(f, 28);
	u32(f, PCAPNG_ORDER);
	u16(f, 1);
	u16(f, 0);
	u32(f, UINT32_MAX);
	u32(f, UINT32_MAX);
	u32(f, 28);
}

/* With one option of one byte: the resolution. */
static void interface(struct file *f, uint8_t resolution)
{
	const uint8_t value[4] = { resolution };

	u32(f, PCAPNG_INTERFACE);
	u32(f, 32);
	u16(f, PCAPNG_ETHERNET);
	u16(f, 0);
	u32(f, 0);
	u16(f, PCAPNG_IF_TSRESOL);
	u16(f, 1);
	raw(f, value, 4);
	u32(f, PCAPNG_OPT_END);
	u32(f, 32);
}

/* Of 4 bytes, of 60 on the wire. */
static void packet(struct file *f, uint32_t number, uint64_t time)
{
	u32(f, PCAPNG_PACKET);
	u32(f, 36);
	u32(f, number);
	u32(f, (uint32_t)(time >> 32));
	u32(f, (uint32_t)time);
	u32(f, 4);
	u32(f, 60);
	raw(f, "abcd", 4);
	u32(f, 36);
}

static void classic(struct file *f, uint32_t magic, uint32_t link)
{
	u32(f, magic);
	u16(f, 2);
	u16(f, 4);
	u32(f, 0);
	u32(f, 0);
	u32(f, 65535);
	u32(f, link);
}

static void classic_packet(struct file *f, uint32_t s, uint32_t fraction)
{
	u32(f, s);
	u32(f, fraction);
	u32(f, 4);
	u32(f, 60);
	raw(f, "abcd", 4);
}

static struct capfile *open_ok(struct file *f)
{
	struct capfile *c = NULL;
	const char *why;

	f->at = 0;
	assert_int_equal(capfile_open(read_file, f, &c, &why), 0);
	return c;
}

/* The time of the next packet, which is the one above. */
static uint64_t next_time(struct capfile *c)
{
	struct capfile_packet p;
	const char *why;

	assert_int_equal(capfile_next(c, &p, &why), 1);
	assert_int_equal(p.caplen, 4);
	assert_int_equal(p.len, 60);
	assert_memory_equal(p.bytes, "abcd", 4);
	return p.time;
}

static void no_more(struct capfile *c)
{
	struct capfile_packet p;
	const char *why;

	assert_int_equal(capfile_next(c, &p, &why), 0);
	capfile_close(c);
}

/* Says why not, after what is good of it. */
static const char *refusal(struct file *f)
{
	struct capfile *c = NULL;
	struct capfile_packet p;
	const char *why;
	int rc;

	f->at = 0;
	rc = capfile_open(read_file, f, &c, &why);
	while (!rc || rc == 1)
		rc = capfile_next(c, &p, &why);
	assert_int_equal(rc, -EPROTO);
	if (c) { /* it stays broken */
		assert_int_equal(capfile_next(c, &p, &why), -EPROTO);
	}
	capfile_close(c);
	return why;
}

static void test_classic_in_both_orders_and_units(void **state)
{
	struct file f;
	struct capfile *c;

	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		f = (struct file) { .swap = swap, .piece = swap ? 3 : 0 };
		classic(&f, 0xa1b2c3d4, 1);
		classic_packet(&f, 5, 7);
		c = open_ok(&f);
		assert_int_equal(next_time(c), 5 * SECOND + 7000);
		no_more(c);

		f = (struct file) { .swap = swap };
		classic(&f, 0xa1b23c4d, 1);
		classic_packet(&f, 5, 7);
		classic_packet(&f, 6, 999999999);
		c = open_ok(&f);
		assert_int_equal(next_time(c), 5 * SECOND + 7);
		assert_int_equal(next_time(c), 7 * SECOND - 1);
		no_more(c);
	}
}

static void test_blocks_in_both_orders_and_resolutions(void **state)
{
	struct file f;
	struct capfile *c;

	(void)state;
	for (int swap = 0; swap < 2; swap++) {
		f = (struct file) { .swap = swap, .piece = swap ? 5 : 0 };
		section(&f);
		interface(&f, 9);
		interface(&f, 6);
		interface(&f, 0x80 | 10);
		interface(&f, 12);
		packet(&f, 0, 11 * SECOND + 1);
		packet(&f, 1, 11 * 1000000 + 1);
		packet(&f, 2, 11 * 1024 + 512);
		packet(&f, 3, UINT64_C(11000000001999));
		c = open_ok(&f);
		assert_int_equal(next_time(c), 11 * SECOND + 1);
		assert_int_equal(next_time(c), 11 * SECOND + 1000);
		assert_int_equal(next_time(c), 11 * SECOND + SECOND / 2);
		assert_int_equal(next_time(c), 11 * SECOND + 1);
		no_more(c);
	}
}

/* Another section may be of the other byte order, and its interfaces are others. */
static void test_a_section_begins_anew(void **state)
{
	struct file f = { .len = 0 };
	struct capfile *c;

	(void)state;
	section(&f);
	interface(&f, 9);
	packet(&f, 0, 1);
	f.swap = true;
	section(&f);
	interface(&f, 9);
	packet(&f, 0, 2);
	c = open_ok(&f);
	assert_int_equal(next_time(c), 1);
	assert_int_equal(next_time(c), 2);
	no_more(c);
	section(&f);
	packet(&f, 0, 3);
	assert_string_equal(refusal(&f), "packet: of an interface that there is not");
}

static void test_other_blocks_are_passed_over(void **state)
{
	const uint32_t words[3] = { 1, 2, 3 };
	const uint32_t simple[2] = { 4, 0x64636261 };
	struct file f = { .len = 0 };
	struct capfile_packet p;
	struct capfile *c;
	const char *why;

	(void)state;
	section(&f);
	interface(&f, 9);
	block(&f, 0x0bad, words, 3);
	packet(&f, 0, 42);
	block(&f, PCAPNG_SIMPLE, simple, 2);
	c = open_ok(&f);
	assert_int_equal(next_time(c), 42);
	assert_int_equal(capfile_next(c, &p, &why), 1);
	assert_int_equal(p.len, 4);
	assert_int_equal(p.time, 42);
	assert_memory_equal(p.bytes, "abcd", 4);
	no_more(c);
}

/* What the writer makes, the reader understands. */
static void test_written_is_read(void **state)
{
	static const char frame[] = "fourteen bytes and some";
	struct file f = { .len = 0 };
	struct pcapng w = { .buf = f.bytes, .max = sizeof(f.bytes) };
	struct pcapng_packet in = { .interface = 0,
		.time = 1700000000 * SECOND + 123456789,
		.caplen = sizeof(frame),
		.len = 1514,
		.flags = PCAPNG_INBOUND,
		.comment = { "VLAN 10", "dropped: the link is down" } };
	struct pcapng_packet out = { .caplen = 0, .len = 60, .flags = PCAPNG_OUTBOUND };
	struct capfile_packet p;
	struct capfile *c;
	const char *why;

	(void)state;
	assert_true(pcapng_section(&w, PCAPNG_WRITER " 1", NULL));
	assert_true(pcapng_interface(&w, "ALPHA.0600", 96));
	memcpy(pcapng_packet(&w, &in), frame, sizeof(frame));
	assert_non_null(pcapng_packet(&w, &out));
	assert_true(pcapng_statistics(&w,
		&(struct pcapng_statistics) { .received = 3, .lost = 1, .comment = "" }));
	f.len = w.len;
	c = open_ok(&f);
	assert_int_equal(capfile_next(c, &p, &why), 1);
	assert_int_equal(p.time, in.time);
	assert_int_equal(p.caplen, sizeof(frame));
	assert_int_equal(p.len, 1514);
	assert_string_equal(p.bytes, frame);
	assert_true(p.inbound && p.ours);
	assert_int_equal(capfile_next(c, &p, &why), 1);
	assert_true(!p.inbound && p.ours);
	no_more(c);
}

/* Whole or not at all, however much room there is. */
static void test_no_room_leaves_nothing(void **state)
{
	struct pcapng_packet in = { .caplen = 5, .len = 5, .comment = { "note" } };
	uint8_t buf[256];
	struct pcapng w = { .buf = buf, .max = sizeof(buf) };
	size_t need;

	(void)state;
	assert_non_null(pcapng_packet(&w, &in));
	need = w.len;
	assert_int_equal(need % 4, 0);
	for (size_t room = 0; room <= need; room++) {
		w = (struct pcapng) { .buf = buf, .max = room };
		assert_true(!pcapng_packet(&w, &in) == (room < need));
		assert_int_equal(w.len, room < need ? 0 : need);
	}
}

static void test_what_is_no_file(void **state)
{
	struct file f = { .len = 0 };

	(void)state;
	assert_string_equal(refusal(&f), "the file is empty");
	raw(&f, "#!/bin/sh\n", 10);
	assert_string_equal(refusal(&f), "file header: neither pcap nor pcapng");
	f.len = 0;
	classic(&f, 0xa1b2c3d4, 113);
	assert_string_equal(refusal(&f), "file header: not of Ethernet");
	f.len = 0;
	classic(&f, 0xa1b2c3d4, 1);
	u32(&f, 0);
	u32(&f, 0);
	u32(&f, UINT32_MAX);
	u32(&f, UINT32_MAX);
	assert_string_equal(refusal(&f), "packet: longer than any frame");
}

static void test_lengths_that_lie(void **state)
{
	struct file f = { .len = 0 };
	size_t whole;

	(void)state;
	section(&f);
	interface(&f, 9);
	packet(&f, 0, 1);
	whole = f.len;
	f.bytes[whole - 1] = 1;
	assert_string_equal(refusal(&f), "block: its two lengths differ");
	f.bytes[whole - 1] = 0;
	f.bytes[whole - 36 + 20] = 12; /* a byte more than there are, with the end */
	assert_string_equal(refusal(&f), "packet: more bytes than its block");
	f.bytes[whole - 36 + 20] = 4;
	for (size_t len = whole - 1; len > whole - 36; len--) {
		f.len = len;
		assert_string_equal(refusal(&f), "the file breaks off");
	}
	f.len = whole;
	f.bytes[whole - 36 + 4] = 8;
	assert_string_equal(refusal(&f), "block: no possible length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classic_in_both_orders_and_units),
		cmocka_unit_test(test_blocks_in_both_orders_and_resolutions),
		cmocka_unit_test(test_a_section_begins_anew),
		cmocka_unit_test(test_other_blocks_are_passed_over),
		cmocka_unit_test(test_written_is_read),
		cmocka_unit_test(test_no_room_leaves_nothing),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_lengths_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
