/* What a guest writes to its console, to its cp port and as control messages, in pieces
 * of any size and order.  Input: pieces {queue and options, length, bytes}. */
#include "cp/guest_abi.h"
#include "cp/lib/log.h"
#include "partitions/dev/console_port.h"
#include "tests/fake/virtio_driver.h"

#include <linux/virtio_console.h>
#include <stdlib.h>
#include <string.h>

#define QUEUES    6
#define ENTRIES   16
#define MULTIPORT (UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT)
#define CONTROL   3
#define GIVE_ROOM 0x10 /* the guest reads, too */
#define TALK      0x20 /* the host talks to it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Offers one more buffer; those that came back are free. */
static void offer(struct virtio_driver *d, unsigned q, gpa_t at, uint32_t len, bool in)
{
	while (driver_used(d, q, NULL) >= 0)
		continue;
	driver_add(d, q, &(struct driver_buf) { at, len, in }, 1);
	driver_kick(d, q);
	fake_run(d->f);
}

static void write_piece(struct virtio_driver *d, struct device *console, uint8_t kind,
	const uint8_t *data, uint32_t len)
{
	const unsigned q = kind % 3 * 2;
	const gpa_t at = d->next_free;

	memcpy(driver_at(d, at), data, len);
	offer(d, q + 1, at, len, false);
	if (kind & GIVE_ROOM)
		offer(d, q, at + 256, 64, true);
	if (kind & TALK) {
		virtio_console_input(console, data, len);
		virtio_console_cp_send(console, CP_OUT, 1, 0, data, len);
	}
	fake_run(d->f);
	if (driver_status(d) & VIRTIO_CONFIG_S_NEEDS_RESET) {
		driver_start(d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES);
		d->f->broken = 0;
	}
}

static void open_cp(struct virtio_driver *d)
{
	const struct virtio_console_control open = { 1, VIRTIO_CONSOLE_PORT_OPEN, 1 };

	memcpy(driver_at(d, d->next_free), &open, sizeof(open));
	offer(d, CONTROL, d->next_free, sizeof(open), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct device_conf conf = { .vdev = 9, .slot = 1, .fd = -1 };
	struct virtio_driver d;
	struct fake_machine *f;
	struct device *console;

	log_init("fuzz", NULL, LOG_LVL_ERROR);
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_console, &conf, &console) ||
		!driver_find(&d, f, 1) ||
		!driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES))
		abort();
	open_cp(&d);
	while (size > 2) {
		uint32_t len = data[1] < size - 2 ? data[1] : (uint32_t)size - 2;

		write_piece(&d, console, data[0], data + 2, len);
		fake_forget(f);
		data += 2 + len;
		size -= 2 + len;
	}
	device_destroy(console);
	fake_machine_destroy(f);
	return 0;
}
