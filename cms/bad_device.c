/* EXERCISE BAD PCI, MSIX, RING: what a driver should not do. */
#include "cms/bad.h"
#include "cms/command.h"

#include "cms/shim.h"
#include "cp/guest_abi.h"

#define WRITES      4096
#define BAR_SIZE    0x8000u /* of each device's registers */
#define ROUNDS      16      /* of spoiling all messages */
#define RING_TIME   (20 * NS_PER_MS)
#define OUTSIDE     UINT64_C(0x7ffffffff000) /* no storage is there */
#define RING_MEMORY 2048                     /* more than a queue needs */

static unsigned list_bars(uint32_t bars[PCI_SLOTS]);
static void add_noise(
	struct mmio *list, struct noise *noise, uint32_t base, uint32_t size);
static void spoil_vectors(struct mmio *list, struct noise *noise, unsigned slot);
static void mend_vectors(struct mmio *list, unsigned slot);
static bool find_victim(struct cms *cms, struct virtio *v);

int bad_pci(struct cms *cms, const struct args *args)
{
	struct noise noise = noise_from(timer_utc(&cms->timer));
	uint32_t bars[PCI_SLOTS];
	unsigned n_bars = list_bars(bars);
	struct mmio list;

	(void)args;
	console_drain(&cms->console);
	console_use_uart(&cms->console);
	mmio_begin(&list);
	for (int i = 0; i < WRITES && cms_goes_on(cms); i++) {
		if (n_bars)
			add_noise(&list, &noise, bars[noise_next(&noise) % n_bars],
				BAR_SIZE);
		add_noise(&list, &noise, GUEST_BAR_BASE, GUEST_BAR_END - GUEST_BAR_BASE);
	}
	for (int i = 0; i < WRITES && cms_goes_on(cms); i++)
		add_noise(&list, &noise, GUEST_ECAM_BASE, GUEST_ECAM_SIZE);
	mmio_run(&list);
	say(cms, "%d random writes\n", 3 * WRITES);
	return 0;
}

int bad_msix(struct cms *cms, const struct args *args)
{
	struct noise noise = noise_from(timer_utc(&cms->timer));
	struct mmio list;

	(void)args;
	mmio_begin(&list);
	for (int i = 1; i <= ROUNDS && cms_goes_on(cms); i++) {
		for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
			spoil_vectors(&list, &noise, slot);
		mmio_run(&list);
		say(cms, "Round %d: all messages are random\n", i);
	}
	for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
		mend_vectors(&list, slot);
	mmio_run(&list);
	return 0;
}

/* Ways to break a queue; descriptor 0 is a good buffer and is offered afterwards. */

static void outside(struct virtq *q)
{
	q->desc[0].addr = OUTSIDE;
}

static void wrapping(struct virtq *q)
{
	q->desc[0].addr = UINT64_MAX - 100;
	q->desc[0].len = UINT32_MAX;
}

static void looped(struct virtq *q)
{
	q->desc[0].flags |= VIRTQ_NEXT;
	q->desc[0].next = 0;
}

static void stray(struct virtq *q)
{
	q->desc[0].flags |= VIRTQ_NEXT;
	q->desc[0].next = UINT16_MAX;
}

static void false_head(struct virtq *q)
{
	virtq_offer(q, UINT16_MAX);
}

static void false_count(struct virtq *q)
{
	q->avail->idx = (uint16_t)(q->avail->idx + 10 * VIRTQ_SIZE);
}

static void empty(struct virtq *q)
{
	q->desc[0].len = 0;
}

static void into_itself(struct virtq *q)
{
	q->desc[0].addr = (uint64_t)q->desc;
	q->desc[0].len = RING_MEMORY;
}

static const struct way {
	const char *name;
	void (*spoil)(struct virtq *q);
} ways[] = {
	{ "a buffer outside storage", outside },
	{ "a buffer that wraps around", wrapping },
	{ "a chain that loops", looped },
	{ "a chain that leaves the table", stray },
	{ "a head that is none", false_head },
	{ "more buffers than the queue has", false_count },
	{ "a buffer of no length", empty },
	{ "a buffer that is the queue", into_itself },
};

static void misuse(struct cms *cms, struct virtio *v, const struct way *way)
{
	char place[RING_MEMORY] __attribute__((aligned(16)));
	char buffer[64];
	struct virtq q = { .desc = (void *)place };
	uint64_t until;
	bool broken;

	if (!virtio_start(v, &cms->mem, 0, &q, 1)) {
		say(cms, "%s: the device does not start\n", way->name);
		return;
	}
	virtq_fill(&q, 0, buffer, sizeof(buffer), VIRTQ_WRITE, 0);
	way->spoil(&q);
	virtq_offer(&q, 0);
	virtq_kick(&q);
	until = timer_now(&cms->timer) + RING_TIME;
	while (cms_goes_on(cms) && timer_now(&cms->timer) < until)
		cms_wait(cms, until);
	broken = virtio_status(v) & VIRTIO_NEEDS_RESET;
	say(cms, "%s: %s\n", way->name, broken ? "the device needs reset" : "survived");
	virtio_reset(v);
}

int bad_ring(struct cms *cms, const struct args *args)
{
	struct virtio v;

	(void)args;
	if (!find_victim(cms, &v))
		return reply(cms, CMS_NO_DEVICE);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways) && cms_goes_on(cms); i++)
		misuse(cms, &v, &ways[i]);
	return 0;
}

/* Where the registers of the devices are. */
static unsigned list_bars(uint32_t bars[PCI_SLOTS])
{
	unsigned n = 0;

	for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
		struct pci p;

		pci_at(&p, slot);
		bars[n] = pci_bar(&p, 0);
		n += bars[n] >= GUEST_BAR_BASE && bars[n] < GUEST_BAR_END;
	}
	return n;
}

/* A random value of a random size at a random place. */
static void add_noise(
	struct mmio *list, struct noise *noise, uint32_t base, uint32_t size)
{
	static const enum mmio_kind kinds[] = { MMIO_WRITE8, MMIO_WRITE16, MMIO_WRITE32 };
	unsigned width = noise_next(noise) % 3;
	uint32_t at = noise_next(noise) % size & ~((1u << width) - 1);

	mmio_add(list, kinds[width], base + at, noise_next(noise));
}

static void spoil_vectors(struct mmio *list, struct noise *noise, unsigned slot)
{
	struct pci p;
	unsigned n;
	uint32_t table;

	pci_at(&p, slot);
	table = pci_vectors(&p, &n);
	for (unsigned i = 0; table && i < 4 * n; i++)
		mmio_add(list, MMIO_WRITE32, table + 4 * i, noise_next(noise));
}

/* So that CMS hears of its devices again. */
static void mend_vectors(struct mmio *list, unsigned slot)
{
	struct pci p;

	pci_at(&p, slot);
	pci_start(&p, VECTOR_DEVICE, list);
}

/* A device nobody else is using; a disk is started anew by its next user. */
static bool find_victim(struct cms *cms, struct virtio *v)
{
	if (pci_find(&v->pci, VIRTIO_RNG, 0))
		return true;
	cms->disks = (struct disks) { 0 };
	return pci_find(&v->pci, VIRTIO_BLOCK, 0);
}
