/* Tables are laid one behind the other into a buffer and copied as one.  Section numbers
 * are those of ACPI 6.5. */
#include "partitions/acpi.h"

#include "cp/guest_abi.h"
#include "cp/part_proto.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OEM_ID       "BLKHD "
#define OEM_TABLE    "BULKHEAD"
#define CREATOR      "BLKH"
#define TABLES_SIZE  (GUEST_GENERATION_ADDR - GUEST_ACPI_BASE)
#define LAPIC_ADDR   0xfee00000u
#define IOAPIC_ADDR  0xfec00000u
#define ALIGN        16u
#define XSDT_ENTRIES 4
#define CPU_NAME     "C000"
#define CPU_NAME_LEN 4
#define CPU_UID      "\xff\xff\xff\xff"
#define CPU_UID_LEN  4

static_assert(GUEST_BAR_LAST == GUEST_BAR_END - 1 &&
		      GUEST_BAR_SIZE == GUEST_BAR_END - GUEST_BAR_BASE,
	"one window");
static_assert(GUEST_GENERATION_ADDR + 4096 <= GUEST_RESET_VECTOR, "the id has a page");

#define PACKED __attribute__((packed))

struct header { /* 5.2.6 */
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;

struct rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t all_checksum, reserved[3];
} PACKED;

struct xsdt { /* 5.2.8 */
	struct header h;
	uint64_t table[XSDT_ENTRIES];
} PACKED;

struct address { /* 5.2.3.2 */
	uint8_t space, bits, offset, access;
	uint64_t addr;
} PACKED;

struct fadt { /* 5.2.9; what hardware-reduced ACPI ignores has no names here */
	struct header h;
	uint8_t ignored_1[45 - 36];
	uint8_t profile;
	uint8_t ignored_2[109 - 46];
	uint16_t boot_arch;
	uint8_t reserved;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_firmware_ctrl, x_dsdt;
	uint8_t ignored_3[244 - 148];
	struct address sleep_control, sleep_status;
	uint64_t hypervisor;
} PACKED;

static_assert(sizeof(struct fadt) == 276 && offsetof(struct fadt, boot_arch) == 109 &&
		      offsetof(struct fadt, x_dsdt) == 140 &&
		      offsetof(struct fadt, sleep_control) == 244,
	"5.2.9");

#define FADT_REVISION         6
#define BOOT_NO_VGA           (1u << 2)
#define BOOT_NO_CMOS          (1u << 5)
#define FLAG_WBINVD           (1u << 0)
#define FLAG_PWR_BUTTON       (1u << 4) /* no fixed one: it is a device */
#define FLAG_SLP_BUTTON       (1u << 5)
#define FLAG_RESET_REG        (1u << 10)
#define FLAG_HARDWARE_REDUCED (1u << 20)
#define SPACE_IO              1
#define ACCESS_BYTE           1

struct madt { /* 5.2.12 */
	struct header h;
	uint32_t lapic_addr, flags;
} PACKED;

struct madt_cpu { /* 5.2.12.2 */
	uint8_t type, length, uid, apic_id;
	uint32_t flags;
} PACKED;

struct madt_ioapic { /* 5.2.12.3 */
	uint8_t type, length, id, reserved;
	uint32_t addr, gsi_base;
} PACKED;

#define CPU_ENABLED        (1u << 0)
#define CPU_ONLINE_CAPABLE (1u << 1)

struct mcfg { /* PCI Firmware 3.3, 4.1.2 */
	struct header h;
	uint64_t reserved_1;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved_2;
} PACKED;

/* The compiled AML, each a table with its header (acpi_aml.S). */
extern const uint8_t acpi_dsdt[], acpi_dsdt_end[];
extern const uint8_t acpi_cpu[], acpi_cpu_end[];

struct area {
	uint32_t used;
	uint8_t bytes[TABLES_SIZE];
};

static uint64_t add_fadt(struct area *a);
static uint64_t add_madt(struct area *a, const struct acpi_machine *m);
static uint64_t add_mcfg(struct area *a);
static uint64_t add_cpus(struct area *a, unsigned n_cpus);
static void *add(struct area *a, size_t len);
static struct header head(const char *signature, uint8_t revision);
static uint64_t close_table(struct area *a, void *table);
static uint8_t checksum(const void *bytes, size_t len);

int acpi_write(const struct acpi_machine *m, const struct gmem *g)
{
	struct area *a = calloc(1, sizeof(*a));
	struct rsdp *rsdp;
	struct xsdt *xsdt;
	int err;

	if (!a)
		return -ENOMEM;
	rsdp = add(a, sizeof(*rsdp));
	xsdt = add(a, sizeof(*xsdt));
	xsdt->h = head("XSDT", 1);
	xsdt->table[0] = add_fadt(a);
	xsdt->table[1] = add_madt(a, m);
	xsdt->table[2] = add_mcfg(a);
	xsdt->table[3] = add_cpus(a, m->n_cpus);
	xsdt->h.length = sizeof(*xsdt);
	*rsdp = (struct rsdp) {
		.signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' },
		.revision = 2,
		.length = sizeof(*rsdp),
		.xsdt = close_table(a, xsdt),
	};
	memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
	rsdp->checksum = checksum(rsdp, offsetof(struct rsdp, length));
	rsdp->all_checksum = checksum(rsdp, sizeof(*rsdp));
	err = gmem_write(g, GUEST_ACPI_BASE, a->bytes, a->used);
	free(a);
	return err ? err : acpi_write_generation(m, g);
}

int acpi_write_generation(const struct acpi_machine *m, const struct gmem *g)
{
	return gmem_write(g, GUEST_GENERATION_ADDR, m->generation, sizeof(m->generation));
}

static uint64_t add_dsdt(struct area *a)
{
	size_t len = (size_t)(acpi_dsdt_end - acpi_dsdt);
	void *table = add(a, len);

	memcpy(table, acpi_dsdt, len);
	return close_table(a, table);
}

static struct address port(uint64_t addr)
{
	return (struct address) { SPACE_IO, 8, 0, ACCESS_BYTE, addr };
}

static uint64_t add_fadt(struct area *a)
{
	uint64_t dsdt = add_dsdt(a);
	struct fadt *t = add(a, sizeof(*t));

	t->h = head("FACP", FADT_REVISION);
	t->h.length = sizeof(*t);
	t->minor = 5;
	t->boot_arch = BOOT_NO_VGA | BOOT_NO_CMOS;
	t->flags = FLAG_WBINVD | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON | FLAG_RESET_REG |
		   FLAG_HARDWARE_REDUCED;
	t->reset = port(GUEST_RESET_PORT);
	t->reset_value = GUEST_RESET_VALUE;
	t->x_dsdt = dsdt;
	t->sleep_control = port(GUEST_SLEEP_PORT);
	t->sleep_status = port(GUEST_STATUS_PORT);
	memcpy(&t->hypervisor, OEM_TABLE, sizeof(t->hypervisor));
	return close_table(a, t);
}

static uint64_t add_madt(struct area *a, const struct acpi_machine *m)
{
	size_t cpus = m->max_cpus * sizeof(struct madt_cpu);
	struct madt *t = add(a, sizeof(*t) + cpus + sizeof(struct madt_ioapic));
	struct madt_cpu *cpu = (struct madt_cpu *)(t + 1);

	t->h = head("APIC", 5);
	t->h.length = (uint32_t)(sizeof(*t) + cpus + sizeof(struct madt_ioapic));
	t->lapic_addr = LAPIC_ADDR;
	for (unsigned i = 0; i < m->max_cpus; i++)
		*cpu++ = (struct madt_cpu) { 0, sizeof(*cpu), (uint8_t)i, (uint8_t)i,
			i < m->n_cpus ? CPU_ENABLED : CPU_ONLINE_CAPABLE };
	*(struct madt_ioapic *)cpu = (struct madt_ioapic) {
		.type = 1, .length = sizeof(struct madt_ioapic), .addr = IOAPIC_ADDR
	};
	return close_table(a, t);
}

static uint64_t add_mcfg(struct area *a)
{
	struct mcfg *t = add(a, sizeof(*t));

	t->h = head("MCFG", 1);
	t->h.length = sizeof(*t);
	t->base = GUEST_ECAM_BASE;
	return close_table(a, t);
}

/* The body of the compiled table, once for each processor, with its name and id. */
static uint64_t add_cpus(struct area *a, unsigned n_cpus)
{
	const uint8_t *body = acpi_cpu + sizeof(struct header);
	size_t len = (size_t)(acpi_cpu_end - body);
	const uint8_t *name = memmem(body, len, CPU_NAME, CPU_NAME_LEN);
	const uint8_t *uid = memmem(body, len, CPU_UID, CPU_UID_LEN);
	struct header *h = add(a, sizeof(*h) + n_cpus * len);
	uint8_t *to = (uint8_t *)(h + 1);

	assert(name && uid);
	*h = head("SSDT", 2);
	h->length = (uint32_t)(sizeof(*h) + n_cpus * len);
	for (uint32_t i = 0; i < n_cpus; i++, to += len) {
		char text[CPU_NAME_LEN + 1];

		snprintf(text, sizeof(text), "C%03X", i & 0xfff);
		memcpy(to, body, len);
		memcpy(to + (name - body), text, CPU_NAME_LEN);
		memcpy(to + (uid - body), &i, CPU_UID_LEN);
	}
	return close_table(a, h);
}

/* All of them fit: the most processors there can be take a few pages. */
static void *add(struct area *a, size_t len)
{
	void *at = a->bytes + a->used;

	assert(len <= TABLES_SIZE - a->used);
	a->used += ((uint32_t)len + ALIGN - 1) & ~(ALIGN - 1);
	return at;
}

static struct header head(const char *signature, uint8_t revision)
{
	struct header h = {
		.revision = revision, .oem_revision = 1, .creator_revision = 1
	};

	memcpy(h.signature, signature, sizeof(h.signature));
	memcpy(h.oem_id, OEM_ID, sizeof(h.oem_id));
	memcpy(h.oem_table, OEM_TABLE, sizeof(h.oem_table));
	memcpy(h.creator, CREATOR, sizeof(h.creator));
	return h;
}

/* Where the table will be; its length is known. */
static uint64_t close_table(struct area *a, void *table)
{
	struct header *h = table;

	h->checksum = 0;
	h->checksum = checksum(table, h->length);
	return GUEST_ACPI_BASE + (uint64_t)((uint8_t *)table - a->bytes);
}

static uint8_t checksum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	return (uint8_t)-sum;
}
