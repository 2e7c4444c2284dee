/* The driver of network devices, against a device that is told what to do. */
#include "tests/unit/cms/stack.h"

#include "cms/net.c"
#include "cms/virtq.c"

#define QUEUES  2
#define STORAGE (4u << 20)

/* The device: what it offers, its rings' other side. */
static struct {
	uint32_t features;
	uint16_t mtu, status, kicks[QUEUES];
	uint16_t seen[QUEUES]; /* of the available rings */
	struct virtq *queue;
	uint64_t now;
	void (*on_wait)(void);
	size_t storage;
} device;

static struct nets nets;
static struct mem storage;
static struct timer timer;

bool pci_find(struct pci *p, unsigned type, unsigned from)
{
	(void)p;
	return type == VIRTIO_NET && from == 0;
}

bool virtio_start(struct virtio *v, struct mem *mem, uint32_t wanted, struct virtq *queue,
	unsigned n)
{
	assert_int_equal(n, QUEUES);
	v->features = device.features & wanted;
	device.queue = queue;
	for (unsigned i = 0; i < n; i++) {
		queue[i].size = VIRTQ_SIZE;
		queue[i].desc = mem_alloc(mem, VIRTQ_SIZE * sizeof(*queue->desc), 16);
		queue[i].avail = mem_alloc(mem, sizeof(*queue->avail), 16);
		queue[i].used = mem_alloc(mem, sizeof(*queue->used), 16);
		queue[i].notify = &device.kicks[i];
		queue[i].index = (uint16_t)i;
	}
	return true;
}

uint32_t virtio_config(const struct virtio *v, enum mmio_kind kind, unsigned at)
{
	(void)v;
	if (kind == MMIO_READ8)
		return 0x10 + at;
	return at == CONFIG_MTU ? device.mtu : device.status;
}

void *mem_alloc(struct mem *m, size_t size, size_t align)
{
	static uint8_t all[STORAGE] __attribute__((aligned(16)));
	size_t need = (size + align - 1) & ~(align - 1);

	(void)m;
	if (need > device.storage)
		return NULL;
	device.storage -= need;
	return memset(all + device.storage, 0, size);
}

uint64_t timer_now(const struct timer *t)
{
	(void)t;
	return device.now;
}

uint64_t timer_utc(const struct timer *t)
{
	(void)t;
	return device.now;
}

bool wait_device(
	const struct timer *t, unsigned seconds, bool (*done)(void *ctx), void *ctx)
{
	(void)t;
	device.now += seconds * NS_PER_S;
	if (device.on_wait)
		device.on_wait();
	return done(ctx);
}

static void use(struct virtq *q, unsigned head, size_t len)
{
	uint16_t idx = q->used->idx;

	q->used->ring[idx % q->size].id = head;
	q->used->ring[idx % q->size].len = (uint32_t)len;
	q->used->idx = (uint16_t)(idx + 1);
}

static bool next_head(unsigned queue, unsigned *head)
{
	struct virtq *q = &device.queue[queue];

	if (device.seen[queue] == q->avail->idx)
		return false;
	*head = q->avail->ring[device.seen[queue]++ % q->size];
	return true;
}

/* Takes all that was sent; how many frames. */
static int drain(void)
{
	unsigned head = 0;
	int n = 0;

	while (next_head(TX, &head)) {
		use(&device.queue[TX], head, 0);
		n++;
	}
	return n;
}

static void drain_some(void)
{
	drain();
}

/* Puts a frame into as many buffers as it needs. */
static void receive(const uint8_t *frame, size_t len, unsigned claim)
{
	uint8_t all[HEADER_SIZE + MTU_MAX + AROUND] = { [NUMBER_AT] = (uint8_t)claim };
	size_t at = 0, total = HEADER_SIZE + len;
	unsigned head = 0;

	memcpy(all + HEADER_SIZE, frame, len);
	while (at < total) {
		const volatile struct virtq_desc *d;
		size_t piece;

		assert_true(next_head(RX, &head));
		d = &device.queue[RX].desc[head];
		piece = total - at < d->len ? total - at : d->len;
		memcpy((void *)d->addr, all + at, piece);
		use(&device.queue[RX], head, piece);
		at += piece;
	}
}

static int begin_device(uint32_t features, uint16_t mtu)
{
	memset(&device, 0, sizeof(device));
	memset(&nets, 0, sizeof(nets));
	device.features = features;
	device.mtu = mtu;
	device.now = NS_PER_S;
	device.storage = STORAGE;
	assert_true(nets_start(&nets, &storage, &timer));
	assert_int_equal(nets.n, 1);
	drain();
	return 0;
}

static int plain(void **state)
{
	(void)state;
	return begin_device(FEATURE_MAC, 0);
}

static int large(void **state)
{
	(void)state;
	return begin_device(FEATURES, 9000);
}

static void it_starts(void **state)
{
	(void)state;
	assert_int_equal(nets.net[0]->mac[5], 0x15);
	assert_int_equal(nets.net[0]->mtu, MTU_USUAL);
	assert_true(net_link(nets.net[0])); /* it does not tell */
	assert_int_equal(device.queue[RX].avail->idx, RECEIVE_MAX);
	assert_int_equal(device.queue[RX].desc[0].flags, VIRTQ_WRITE);
	nets.net[0]->tells_link = true;
	assert_false(net_link(nets.net[0]));
	device.status = LINK_UP;
	assert_true(net_link(nets.net[0]));
}

static void frames_come_in(void **state)
{
	uint8_t frame[64], got[64];

	(void)state;
	memset(frame, 0x11, sizeof(frame));
	for (int i = 0; i < 1000; i++) {
		frame[0] = (uint8_t)i;
		receive(frame, sizeof(frame), 0);
		assert_int_equal(net_receive(nets.net[0], got, sizeof(got)), 64);
		assert_memory_equal(frame, got, sizeof(got));
	}
	assert_int_equal(net_receive(nets.net[0], got, sizeof(got)), 0);
	receive(frame, 0, 0); /* nothing but a header */
	receive(frame, 40, 0);
	assert_int_equal(net_receive(nets.net[0], got, 20), 20);
}

static void large_frames_in_several_buffers(void **state)
{
	static uint8_t frame[MTU_MAX + AROUND], got[MTU_MAX + AROUND];

	(void)state;
	assert_int_equal(nets.net[0]->mtu, 9000);
	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i / 7);
	for (int i = 0; i < 100; i++) {
		receive(frame, 9014, 6);
		assert_int_equal(net_receive(nets.net[0], got, sizeof(got)), 9014);
		assert_memory_equal(frame, got, 9014);
	}
	receive(frame, 100, 3); /* it says three, and there is one */
	assert_int_equal(net_receive(nets.net[0], got, sizeof(got)), 0);
	receive(frame, 100, 1);
	assert_int_equal(net_receive(nets.net[0], got, sizeof(got)), 100);
	assert_true(net_send(nets.net[0], frame, 9018));
	assert_false(net_send(nets.net[0], frame, 9100));
}

/* A device may say it wrote more than there is room for. */
static void lengths_that_lie(void **state)
{
	uint8_t got[MTU_MAX + AROUND];
	unsigned head = 0;

	(void)state;
	assert_true(next_head(RX, &head));
	use(&device.queue[RX], head, UINT32_MAX);
	assert_int_equal(
		net_receive(nets.net[0], got, sizeof(got)), RECEIVE_SIZE - HEADER_SIZE);
	use(&device.queue[RX], 0xfffffff0, 100);
	net_receive(nets.net[0], got, sizeof(got));
}

static void sending_waits_for_room(void **state)
{
	uint8_t frame[60] = { 0 };

	(void)state;
	device.on_wait = drain_some;
	for (int i = 0; i < 1000; i++)
		assert_true(net_send(nets.net[0], frame, sizeof(frame)));
	assert_false(nets.net[0]->stuck);
	assert_true(device.now > NS_PER_S);
}

/* A device that takes nothing is waited for once. */
static void a_stuck_device(void **state)
{
	uint8_t frame[60] = { 0 };
	int sent = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		sent += net_send(nets.net[0], frame, sizeof(frame));
	assert_int_equal(sent, TRANSMIT_MAX);
	assert_int_equal(device.now, 2 * NS_PER_S);
	assert_int_equal(drain(), TRANSMIT_MAX);
	assert_true(net_send(nets.net[0], frame, sizeof(frame)));
}

static void one_poll_takes_a_part(void **state)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (unsigned i = 0; i < RECEIVE_MAX; i++)
		receive(frame, sizeof(frame), 0);
	nets_poll(&nets);
	assert_int_equal(nets.inet->iface[0].frames_in, POLL_MAX);
	assert_true(nets.busy);
	nets_poll(&nets);
	assert_false(nets.busy);
	assert_int_equal(device.queue[RX].avail->flags, 0);
	assert_int_equal(nets_next(&nets), inet_next(nets.inet));
}

static void no_storage(void **state)
{
	(void)state;
	memset(&nets, 0, sizeof(nets));
	device.storage = 1000;
	assert_false(nets_start(&nets, &storage, &timer));
	assert_false(nets_start(&nets, &storage, &timer));
	nets_poll(&nets);
	assert_int_equal(nets_next(&nets), NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_starts, plain),
		cmocka_unit_test_setup(frames_come_in, plain),
		cmocka_unit_test_setup(large_frames_in_several_buffers, large),
		cmocka_unit_test_setup(lengths_that_lie, plain),
		cmocka_unit_test_setup(sending_waits_for_room, plain),
		cmocka_unit_test_setup(a_stuck_device, plain),
		cmocka_unit_test_setup(one_poll_takes_a_part, plain),
		cmocka_unit_test(no_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
