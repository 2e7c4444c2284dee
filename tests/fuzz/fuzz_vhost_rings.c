/* Rings that another thread writes to while we read them.
 * Input: options, the features, how many bytes of changes, the changes (where, what),
 * then the storage from the first ring on. */
#include "tests/fuzz/vhost_lan.h"

#include <pthread.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUNDS 40

struct change {
	uint16_t at, value;
};

static const uint8_t *changes;
static size_t n_changes;
static bool stop;

/* Writes each change, and moves the drivers' indices on, over and over. */
static void *driver(void *arg)
{
	uint16_t index = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < n_changes; i++) {
			struct change c;

			memcpy(&c, changes + i * sizeof(c), sizeof(c));
			memcpy(lan.mem + c.at % (MEM_SIZE - 1), &c.value,
				sizeof(c.value));
		}
		index = (uint16_t)(index + 1);
		for (unsigned q = 0; q < 2; q++)
			memcpy(lan.mem + q * 0x1000 + 0x802, &index, sizeof(index));
	}
	return NULL;
}

static void work(void)
{
	const struct frame_offload none = { 0 };
	const struct frame_offload tso = { 1, 1, 54, 200, 34, 16 };
	pthread_t thread;

	stop = false;
	if (pthread_create(&thread, NULL, driver, NULL))
		abort();
	for (int i = 0; i < ROUNDS && !lan.gone; i++) {
		/* A queue without kicks is looked at by the clock. */
		loop_clock_warp(lan.host.loop, 1000000);
		lan_run();
		probe_sends(64, &none);
		probe_sends(1514, &tso);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t features;
	size_t skip;

	if (size < 10)
		return 0;
	memcpy(&features, data + 1, sizeof(features));
	n_changes = data[9] % 32u;
	skip = 10 + n_changes * sizeof(struct change);
	if (size < skip)
		return 0;
	changes = data + 10;
	lan_open(data[0] & LAN_AWARE);
	loop_clock_stop(lan.host.loop);
	memcpy(lan.mem, data + skip, size - skip < MEM_SIZE ? size - skip : MEM_SIZE);
	begin_session(features & port_vhost_features(), 2, 16);
	work();
	lan_close();
	return 0;
}
