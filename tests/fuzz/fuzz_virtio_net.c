/* What a guest writes into the control queue of its NIC, and into the rings of one whose
 * frames are copied, while the LAN writes whatever it likes into its side.
 * Input: pieces {what, length, bytes}. */
#include "cp/lib/log.h"
#include "partitions/dev/nic.h"
#include "tests/fake/vhost_backend.h"
#include "tests/fake/virtio_driver.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES  16
#define FEATURES (~(UINT64_C(1) << VHU_F_PROTOCOL_FEATURES))

/* What a piece does: the low bits are the queue of the guest's. */
#define KIND_QUEUE 0x07
#define KIND_OUT   0x08 /* the device may read it, else write it */
#define KIND_FRAME 0x10 /* the LAN sends it as a frame */
#define KIND_RING  0x20 /* the LAN writes it over its rings */
#define KIND_TAKE  0x40 /* the LAN takes a frame */

enum { RX, TX, RX1, TX1, CONTROL, QUEUES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lan_does(struct vhost_backend *b, const uint8_t *piece, uint32_t len)
{
	static char frame[4096];
	const struct vring *r = &b->ring[piece[0] & 1].vring;

	memcpy(frame, piece + 2, len);
	if (piece[0] & KIND_FRAME)
		backend_put(b, RX, frame, len < 13 ? 13 : len * 8u);
	if (piece[0] & KIND_RING)
		gmem_write(&b->memory, r->used, frame, len);
	if (piece[0] & KIND_TAKE)
		backend_take(b, TX, frame, sizeof(frame));
	backend_call(b, RX);
	backend_call(b, TX);
}

/* A buffer of these bytes, and one more to answer into. */
static void guest_does(struct virtio_driver *d, const uint8_t *piece, uint32_t len)
{
	unsigned q = (piece[0] & KIND_QUEUE) % QUEUES;
	gpa_t at = d->next_free;
	struct driver_buf buf[] = { { at, len, !(piece[0] & KIND_OUT) },
		{ at + 512, 1500, true } };

	memcpy(driver_at(d, at), piece + 2, len);
	while (driver_used(d, q, NULL) >= 0)
		continue;
	driver_add(d, q, buf, piece[0] & KIND_OUT && q != CONTROL ? 1 : 2);
	driver_kick(d, q);
}

static void start(struct virtio_driver *d)
{
	if (!driver_start(d, FEATURES, QUEUES, ENTRIES))
		abort();
	fake_run(d->f);
	d->f->broken = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct device_conf conf = { .vdev = 9, .slot = 1, .fd = -1, .pairs = 2 };
	struct virtio_driver d;
	struct vhost_backend b;
	struct fake_machine *f;
	struct device *net;
	char why[NIC_WHY];

	log_init("fuzz", NULL, LOG_LVL_ERROR);
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_net, &conf, &net) ||
		!driver_find(&d, f, 1) ||
		nic_couple(net, backend_create(&b, FEATURES, 0, 0), true, why))
		abort();
	start(&d);
	backend_settle(&b);
	while (size > 2) {
		uint32_t len = data[1] < size - 2 ? data[1] : (uint32_t)size - 2;

		if (data[0] & (KIND_FRAME | KIND_RING | KIND_TAKE))
			lan_does(&b, data, len);
		else
			guest_does(&d, data, len);
		fake_run(f);
		if (driver_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			break;
		fake_forget(f);
		data += 2 + len;
		size -= 2 + len;
	}
	device_destroy(net);
	backend_destroy(&b);
	fake_machine_destroy(f);
	return 0;
}
