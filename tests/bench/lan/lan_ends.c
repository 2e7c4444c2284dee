/* Two ends of a LAN, on one thread: how many frames a second go from A to B, or how long
 * they take there and back.
 *
 *   lan_ends [-c CPU] [-b BURST] KIND A B flood SIZE SECONDS     "frames/s lost"
 *   lan_ends [-c CPU] [-b BURST] KIND A B rtt SIZE SECONDS       "p50 p99", ns
 *
 * KIND and what A and B are: ends.h.  A frame longer than 1514 bytes is a TCP segment of
 * that size, to be cut by who needs it cut.  BURST frames go at once, and with rtt all of
 * them there and all of them back is one time.
 *
 * What is on its way is bounded, as by a window of TCP: a sender without one would
 * measure how fast a switch throws away. */
#include "tests/bench/lan/ends.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENT (NS / 10) /* without a frame: what is on its way is lost */
#define SAMPLES (1 << 20)

static const struct kind *const kinds[] = { &kind_vhost, &kind_bounce, &kind_tap,
	&kind_vde, &kind_relay, &kind_memcpy };

struct bench {
	const struct kind *kind;
	struct end *a, *b;
	struct sample to_a, to_b;
	int burst;
	uint64_t end;
	uint8_t a_to_b[LARGE], b_to_a[LARGE];
	struct virtio_net_hdr_v1 hdr; /* of large frames */
	uint32_t sample[SAMPLES];
};

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0x0a };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 0x0b };

/* Of an IPv4 header of 20 bytes; who filters frames looks at it. */
static void put_checksum(uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	header[10] = (uint8_t)(sum >> 8);
	header[11] = (uint8_t)sum;
}

/* A large frame is a TCP segment of an IPv4 packet. */
static void fill_large(struct bench *b, uint8_t *frame, size_t len)
{
	static const uint8_t ip[] = { 8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10,
		0, 0, 1, 10, 0, 0, 2 };
	size_t ip_len = len - 14;

	memcpy(frame + 12, ip, sizeof(ip));
	frame[16] = (uint8_t)(ip_len >> 8);
	frame[17] = (uint8_t)ip_len;
	put_checksum(frame + 14);
	memset(frame + 34, 0, 20);
	frame[46] = 0x50;
	b->hdr = (struct virtio_net_hdr_v1) { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 54,
		.gso_size = 1448,
		.csum_start = 34,
		.csum_offset = 16 };
}

static struct sample fill(struct bench *b, uint8_t *frame, size_t len,
	const uint8_t to[6], const uint8_t from[6])
{
	memset(frame, 0x5a, len);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, "\x88\xb5", 2);
	if (len > MTU)
		fill_large(b, frame, len);
	return (struct sample) { frame, len, len > MTU ? &b->hdr : NULL };
}

static int send_to_b(struct bench *b, int n)
{
	return b->kind->send(b->a, &b->to_b, n);
}

static int send_to_a(struct bench *b, int n)
{
	return b->kind->send(b->b, &b->to_a, n);
}

/* Takes what is still on its way, until nothing comes any more. */
static void drain(struct bench *b)
{
	for (uint64_t quiet = bench_now() + PATIENT; bench_now() < quiet;)
		if (b->kind->receive(b->a, BURST) + b->kind->receive(b->b, BURST))
			quiet = bench_now() + PATIENT;
}

/* Each end speaks until the other hears it: from then on the switch knows both. */
static void meet(struct bench *b)
{
	uint64_t limit = bench_now() + 10 * NS;
	bool a_heard = false, b_heard = false;

	while (!a_heard || !b_heard) {
		send_to_b(b, 1);
		send_to_a(b, 1);
		for (uint64_t wait = bench_now() + NS / 100; bench_now() < wait;) {
			a_heard |= b->kind->receive(b->a, BURST) > 0;
			b_heard |= b->kind->receive(b->b, BURST) > 0;
		}
		if (bench_now() > limit)
			bench_die("the ends do not hear each other", ETIMEDOUT);
	}
	drain(b);
}

static void flood(struct bench *b)
{
	const int window = b->to_b.len > MTU ? b->kind->window_large : b->kind->window;
	uint64_t start = bench_now(), last = start, t = start, got = 0, lost = 0;
	int flying = 0;

	while (t < b->end) {
		int room = window - flying, n;

		flying += send_to_b(b, room < b->burst ? room : b->burst);
		n = b->kind->receive(b->b, BURST);
		t = bench_now();
		if (n) {
			got += (uint64_t)n;
			flying -= n < flying ? n : flying;
			last = t;
		} else if (t - last > PATIENT) {
			lost += (uint64_t)flying;
			flying = 0;
			last = t;
		}
	}
	printf("%.0f %lu\n", (double)got * 1e9 / (double)(t - start), lost);
}

/* Do as many frames come as there were sent? */
static bool come(struct bench *b, struct end *e, int n, uint64_t limit)
{
	while (n > 0) {
		n -= b->kind->receive(e, n);
		if (n > 0 && bench_now() > limit)
			return false;
	}
	return true;
}

static int by_size(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static void round_trips(struct bench *b)
{
	size_t n = 0;
	uint64_t t = bench_now();

	while (t < b->end && n < SAMPLES) {
		uint64_t then = t;

		if (send_to_b(b, b->burst) == b->burst &&
			come(b, b->b, b->burst, then + PATIENT) &&
			send_to_a(b, b->burst) == b->burst &&
			come(b, b->a, b->burst, then + PATIENT))
			b->sample[n++] = (uint32_t)(bench_now() - then);
		else
			drain(b); /* what is late is no answer to what comes next */
		t = bench_now();
	}
	if (!n)
		bench_die("nothing came back", ETIMEDOUT);
	qsort(b->sample, n, sizeof(b->sample[0]), by_size);
	printf("%u %u\n", b->sample[n / 2], b->sample[n * 99 / 100]);
}

static void usage(void) __attribute__((noreturn));
static void usage(void)
{
	fprintf(stderr, "usage: lan_ends [-c CPU] [-b BURST] "
			"vhost|bounce|tap|vde|relay|memcpy A B flood|rtt SIZE SECONDS\n");
	exit(2);
}

static void parse(struct bench *b, int argc, char **argv)
{
	int c;

	b->burst = BURST;
	while ((c = getopt(argc, argv, "c:b:")) != -1) {
		if (c == 'c')
			bench_pin(atoi(optarg));
		else if (c == 'b')
			b->burst = atoi(optarg);
		else
			usage();
	}
	for (size_t i = 0; argc == optind + 6 && i < sizeof(kinds) / sizeof(kinds[0]);
		i++)
		if (!strcmp(kinds[i]->name, argv[optind]))
			b->kind = kinds[i];
	if (!b->kind || b->burst < 1 || b->burst > BURST)
		usage();
}

int main(int argc, char **argv)
{
	static struct bench b;
	size_t len;
	int err;

	parse(&b, argc, argv);
	argv += optind;
	len = strtoul(argv[4], NULL, 10);
	if (len < 60 || len > LARGE)
		bench_die(argv[4], ERANGE);
	err = b.kind->open(argv[1], len > MTU, &b.a);
	if (!err)
		err = b.kind->open(argv[2], len > MTU, &b.b);
	if (err)
		bench_die("an end cannot be plugged in", -err);
	b.to_b = fill(&b, b.a_to_b, len, mac_b, mac_a);
	b.to_a = fill(&b, b.b_to_a, len, mac_a, mac_b);
	meet(&b);
	b.end = bench_now() + (uint64_t)(strtod(argv[5], NULL) * (double)NS);
	if (!strcmp(argv[3], "rtt"))
		round_trips(&b);
	else
		flood(&b);
	return 0;
}
