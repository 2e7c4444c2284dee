/* EXERCISE: load for tests. */
#include "cms/command.h"

#include "cms/shim.h"
#include "cms/string.h"

#define SPINS       1000    /* of one loop */
#define CHUNK       65536u  /* bytes between two safe points */
#define ETHER_TEST  0x88b5u /* IEEE 802: local experiments */
#define FRAME_SIZE  64
#define LISTEN_TIME (100 * NS_PER_MS)

static void spin(void);
static uint64_t pattern(uint64_t at);
static bool fill(struct cms *cms, uint64_t from, uint64_t to);
static int compare(struct cms *cms, uint64_t from, uint64_t to);
static int write_blocks(struct cms *cms, struct disk *d, uint64_t n);
static int read_blocks(struct cms *cms, struct disk *d, uint64_t n);
static int check_block(struct cms *cms, uint64_t block, const uint64_t *data);
static void count_frame(void *ctx, const struct iface *i, unsigned type);
static bool send_test_frame(struct net *n);

int cmd_exercise(struct cms *cms, const struct args *args)
{
	return command_sub(cms, exercises, args);
}

int exercise_cpu(struct cms *cms, const struct args *args)
{
	uint64_t begin = timer_now(&cms->timer), loops = 0, ms;

	while (cms_goes_on(cms) && timer_now(&cms->timer) - begin < args->value[0]) {
		spin();
		loops++;
	}
	ms = (timer_now(&cms->timer) - begin) / NS_PER_MS;
	say(cms, "%lu loops in %lu.%03lu seconds, %lu a second\n", loops, ms / 1000,
		ms % 1000, ms ? loops * 1000 / ms : 0);
	return 0;
}

int exercise_storage(struct cms *cms, const struct args *args)
{
	uint64_t from = (cms->mem.next + 7) & ~UINT64_C(7), size = args->value[0];
	int rc;

	if (size > cms->mem.end - from)
		return reply(cms, CMS_NO_STORAGE, (cms->mem.end - from) >> 10);
	if (!fill(cms, from, from + size))
		return 0;
	rc = compare(cms, from, from + size);
	if (!rc && cms_goes_on(cms))
		say(cms, "%luK verified\n", size >> 10);
	return rc;
}

int exercise_tick(struct cms *cms, const struct args *args)
{
	uint64_t n = args->value[0], step = args->value[1] * NS_PER_MS;
	uint64_t next = timer_now(&cms->timer);

	for (uint64_t k = 1; k <= n; k++, next += step) {
		while (cms_goes_on(cms) && timer_now(&cms->timer) < next)
			cms_wait(cms, next);
		if (!cms_goes_on(cms))
			return 0;
		say(cms, "tick %lu\n", k);
	}
	return 0;
}

int exercise_disk(struct cms *cms, const struct args *args)
{
	uint64_t vdev = args->value[0], n = args->value[1];
	struct disk *d;
	int rc;

	disks_start(&cms->disks, &cms->mem, &cms->timer);
	d = disks_find(&cms->disks, vdev);
	if (!d)
		return reply(cms, CMS_NO_DISK, vdev);
	if (n > d->blocks)
		return reply(cms, CMS_DISK_SMALL, vdev, d->blocks);
	rc = d->read_only ? 0 : write_blocks(cms, d, n);
	return rc ? rc : read_blocks(cms, d, n);
}

int exercise_nic(struct cms *cms, const struct args *args)
{
	uint64_t which = args->value[0], sent, received = 0, until;
	const struct listener counter = { .ctx = &received, .other = count_frame };
	struct inet *inet = cms_inet(cms);
	struct net *n;

	if (!inet || which >= (uint64_t)cms->nets.n)
		return reply(cms, CMS_NO_NIC, which);
	n = cms->nets.net[which];
	inet->listener = &counter;
	for (sent = 0; sent < args->value[1] && cms_goes_on(cms); sent++) {
		if (!send_test_frame(n))
			break;
		nets_flush(&cms->nets);
	}
	until = timer_now(&cms->timer) + LISTEN_TIME;
	while (cms_goes_on(cms) && timer_now(&cms->timer) < until)
		cms_wait(cms, until);
	inet->listener = NULL;
	if (sent < args->value[1] && cms_goes_on(cms))
		return reply(cms, CMS_NO_SEND, which);
	say(cms, "%lu sent, %lu received\n", sent, received);
	return 0;
}

static void spin(void)
{
	uint64_t x = 1;

	for (int i = 0; i < SPINS; i++)
		__asm__ volatile("imul %0, %0" : "+r"(x));
}

/* What is to stand at an address or in a word of a disk: differs everywhere. */
static uint64_t pattern(uint64_t at)
{
	return (at + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* False: halted. */
static bool fill(struct cms *cms, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += 8) {
		if (at % CHUNK == 0 && !cms_goes_on(cms))
			return false;
		*(volatile uint64_t *)at = pattern(at);
	}
	return true;
}

static int compare(struct cms *cms, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += 8) {
		uint64_t found = *(volatile uint64_t *)at;

		if (at % CHUNK == 0 && !cms_goes_on(cms))
			return 0;
		if (found != pattern(at))
			return reply(cms, CMS_VERIFY, "Storage", at, found, pattern(at));
	}
	return 0;
}

static int write_blocks(struct cms *cms, struct disk *d, uint64_t n)
{
	uint64_t data[DISK_BLOCK / 8], block;

	for (block = 0; block < n && cms_goes_on(cms); block++) {
		for (unsigned i = 0; i < DISK_BLOCK / 8; i++)
			data[i] = pattern(block * DISK_BLOCK + i);
		if (!disk_do(d, DISK_WRITE, block, data))
			return reply(cms, CMS_WRITE_ERROR, block, (uint64_t)d->vdev);
	}
	if (!disk_do(d, DISK_FLUSH, 0, NULL))
		return reply(cms, CMS_WRITE_ERROR, block, (uint64_t)d->vdev);
	say(cms, "%lu blocks written\n", block);
	return 0;
}

static int read_blocks(struct cms *cms, struct disk *d, uint64_t n)
{
	uint64_t data[DISK_BLOCK / 8], block;
	int rc = 0;

	for (block = 0; block < n && !rc && cms_goes_on(cms); block++) {
		if (!disk_do(d, DISK_READ, block, data))
			return reply(cms, CMS_READ_ERROR, block, (uint64_t)d->vdev);
		if (!d->read_only)
			rc = check_block(cms, block, data);
	}
	if (!rc)
		say(cms, "%lu blocks %s\n", block, d->read_only ? "read" : "verified");
	return rc;
}

static int check_block(struct cms *cms, uint64_t block, const uint64_t *data)
{
	for (unsigned i = 0; i < DISK_BLOCK / 8; i++) {
		uint64_t at = block * DISK_BLOCK + i;

		if (data[i] != pattern(at))
			return reply(cms, CMS_VERIFY, "Disk", at, data[i], pattern(at));
	}
	return 0;
}

static void count_frame(void *ctx, const struct iface *i, unsigned type)
{
	uint64_t *received = ctx;

	(void)i;
	*received += type == ETHER_TEST;
}

static bool send_test_frame(struct net *n)
{
	uint8_t frame[FRAME_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	memcpy(frame + 6, n->mac, sizeof(n->mac));
	frame[12] = ETHER_TEST >> 8;
	frame[13] = ETHER_TEST & 0xff;
	return net_send(n, frame, sizeof(frame));
}
