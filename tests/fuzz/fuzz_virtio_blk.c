/* Requests to a minidisk, cut into buffers in any way.  Input: requests
 * {number of buffers, then of each its length and whether it is for the device to write},
 * then the bytes that the buffers hold. */
#include "cp/lib/log.h"
#include "tests/fake/virtio_driver.h"

#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENTRIES 16
#define BUFFERS 6
#define SIZE    8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool started(struct virtio_driver *d)
{
	return driver_start(d, DRIVER_VERSION_1 | 1u << VIRTIO_BLK_F_FLUSH, 1, ENTRIES);
}

/* All that was offered has come back, or the device wants no more. */
static bool settled(void *ctx)
{
	struct virtio_driver *d = ctx;

	while (driver_used(d, 0, NULL) >= 0)
		continue;
	return d->queue[0].used_idx == d->queue[0].avail_idx || d->f->broken;
}

/* One request from the input; the bytes used. */
static size_t request(struct virtio_driver *d, const uint8_t *data, size_t size)
{
	unsigned n = data[0] % BUFFERS + 1;
	struct driver_buf buf[BUFFERS];
	size_t used = 1 + 2 * n;
	gpa_t at = d->next_free;

	if (size < used)
		return size;
	for (unsigned i = 0; i < n; i++) {
		uint32_t len =
			(data[2 + 2 * i] & 0x7fu) * (data[2 + 2 * i] & 1 ? 1 : 16) + 1;

		buf[i] = (struct driver_buf) { at, len, data[1 + 2 * i] & 1 };
		at += len;
	}
	size = size - used < 64 ? size - used : 64;
	memcpy(driver_at(d, d->next_free), data + used, size);
	driver_add(d, 0, buf, n);
	driver_kick(d, 0);
	if (!fake_run_until(d->f, settled, d))
		abort();
	return used + size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int image = memfd_create("image", MFD_CLOEXEC);
	const struct device_conf conf = {
		.vdev = 0x191, .slot = 1, .fd = dup(image), .size = SIZE
	};
	struct virtio_driver d;
	struct fake_machine *f;
	struct device *disk;

	log_init("fuzz", NULL, LOG_LVL_ERROR);
	if (image < 0 || ftruncate(image, SIZE) || fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_blk, &conf, &disk) ||
		!driver_find(&d, f, 1) || !started(&d))
		abort();
	while (size) {
		size_t used = request(&d, data, size);

		data += used;
		size -= used;
		if (f->broken && !started(&d))
			abort();
		fake_forget(f);
	}
	device_destroy(disk);
	fake_machine_destroy(f);
	if (lseek(image, 0, SEEK_END) != SIZE)
		abort();
	close(image);
	return 0;
}
