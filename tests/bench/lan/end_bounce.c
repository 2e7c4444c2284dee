/* An end whose NIC is a partition's that gives the LAN none of its storage: a driver's
 * rings in a guest's storage, and the real device with its plug that copies. */
#include "partitions/dev/nic.h"
#include "tests/bench/lan/ends.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER  sizeof(struct virtio_net_hdr_v1)
#define SLOT    1
#define ENTRIES 128 /* of a ring: what the fake machine's storage has room for */
#define BIT(n)  (UINT64_C(1) << (n))
#define AGREED                                                         \
	(DRIVER_VERSION_1 | DRIVER_EVENT_IDX | BIT(VIRTIO_NET_F_MAC) | \
		BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MRG_RXBUF))

enum { RX, TX, QUEUES };

struct end {
	struct fake_machine *machine;
	struct device *nic;
	struct virtio_driver driver;
	gpa_t rx[ENTRIES], tx[ENTRIES];
	unsigned sent, returned, received;
};

static void give(struct end *e)
{
	const struct driver_buf buf = { e->rx[e->received++ % ENTRIES], BUFFER, true };

	driver_add(&e->driver, RX, &buf, 1);
}

static int start(struct end *e)
{
	if (!driver_start(&e->driver, AGREED, QUEUES, ENTRIES))
		return -EPROTO;
	for (unsigned i = 0; i < ENTRIES; i++) {
		e->rx[i] = driver_alloc(&e->driver, BUFFER);
		e->tx[i] = driver_alloc(&e->driver, BUFFER);
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		give(e);
	driver_kick(&e->driver, RX);
	return 0;
}

static int bounce_open(const char *where, bool large, struct end **out)
{
	const struct device_conf conf = {
		.vdev = 0x0600, .slot = SLOT, .fd = -1, .mac = { 2, 0, 0, 0, 0, 1 }
	};
	struct end *e = large ? NULL : calloc(1, sizeof(*e));
	char why[NIC_WHY];
	int err, fd;

	*out = e;
	if (!e)
		return large ? -EMSGSIZE : -ENOMEM;
	err = fake_machine_create(&e->machine);
	if (!err)
		err = device_create(&e->machine->m, DEVICE_virtio_net, &conf, &e->nic);
	if (err || !driver_find(&e->driver, e->machine, SLOT))
		return err ? err : -ENODEV;
	err = start(e);
	fd = err ? err : bench_connect(where, SOCK_STREAM);
	if (fd < 0)
		return fd;
	err = nic_couple(e->nic, fd, true, why);
	fake_run(e->machine);
	return err;
}

/* The partition's loop has its turn; nobody waits for interrupts here. */
static void turn(struct end *e)
{
	loop_once(e->machine->m.loop, 0);
	fake_forget(e->machine);
}

static int bounce_send(struct end *e, const struct sample *s, int n)
{
	int sent = 0;

	while (driver_used(&e->driver, TX, NULL) >= 0)
		e->returned++;
	for (; sent < n && e->sent - e->returned < ENTRIES; sent++, e->sent++) {
		gpa_t gpa = e->tx[e->sent % ENTRIES];
		const struct driver_buf buf = { gpa, (uint32_t)(HEADER + s->len), false };
		uint8_t *at = driver_at(&e->driver, gpa);

		memset(at, 0, HEADER);
		memcpy(at + HEADER, s->bytes, s->len);
		driver_add(&e->driver, TX, &buf, 1);
	}
	if (sent)
		driver_kick(&e->driver, TX);
	turn(e);
	return sent;
}

/* Buffers are used in the order in which they are given. */
static int bounce_receive(struct end *e, int n)
{
	int got = 0, count = 0;
	uint32_t len;

	turn(e);
	for (; got < n && driver_used(&e->driver, RX, &len) >= 0; got++) {
		const uint8_t *at = driver_at(&e->driver, e->rx[e->received % ENTRIES]);

		count += is_ours(at + HEADER, len - HEADER);
		give(e);
	}
	if (got)
		driver_kick(&e->driver, RX);
	return count;
}

const struct kind kind_bounce = { .name = "bounce",
	.window = ENTRIES - BURST / 2,
	.window_large = ENTRIES,
	.open = bounce_open,
	.send = bounce_send,
	.receive = bounce_receive };
