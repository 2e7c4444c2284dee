/* The ACPI tables, read back as a guest reads them. */
#include "partitions/acpi.h"

#include "cp/guest_abi.h"
#include "cp/part_proto.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STORAGE 0x100000u

static uint8_t *storage;
static struct gmem g;

static int make(void **state)
{
	(void)state;
	g = (struct gmem) { .n = 0 };
	storage = calloc(1, STORAGE);
	return gmem_add(&g, 0, STORAGE, storage);
}

static int unmake(void **state)
{
	(void)state;
	free(storage);
	return 0;
}

static uint64_t number(const uint8_t *at, unsigned len)
{
	uint64_t v = 0;

	memcpy(&v, at, len);
	return v;
}

static uint8_t sum(const uint8_t *at, size_t len)
{
	uint8_t s = 0;

	while (len--)
		s = (uint8_t)(s + *at++);
	return s;
}

/* A table that is whole: within its place, its bytes adding up to 0. */
static const uint8_t *checked(uint64_t addr)
{
	const uint8_t *t = storage + addr;

	assert_in_range(addr, GUEST_ACPI_BASE, GUEST_GENERATION_ADDR);
	assert_in_range(addr + number(t + 4, 4), GUEST_ACPI_BASE, GUEST_GENERATION_ADDR);
	assert_int_equal(sum(t, number(t + 4, 4)), 0);
	return t;
}

static const uint8_t *find(const char *signature)
{
	const uint8_t *rsdp = storage + GUEST_ACPI_BASE, *xsdt;
	size_t n;

	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, 36), 0);
	xsdt = checked(number(rsdp + 24, 8));
	assert_memory_equal(xsdt, "XSDT", 4);
	n = (number(xsdt + 4, 4) - 36) / 8;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *t = checked(number(xsdt + 36 + 8 * i, 8));

		if (!memcmp(t, signature, 4))
			return t;
	}
	fail_msg("no %s", signature);
	return NULL;
}

static void write_for(unsigned n, unsigned max)
{
	struct acpi_machine m = { .n_cpus = n, .max_cpus = max };

	memset(m.generation, 0x5a, sizeof(m.generation));
	assert_int_equal(acpi_write(&m, &g), 0);
}

static void test_how_it_is_turned_off(void **state)
{
	const uint8_t *fadt;

	(void)state;
	write_for(1, 1);
	fadt = find("FACP");
	assert_int_equal(number(fadt + 4, 4), 276);
	assert_true(number(fadt + 112, 4) & 1u << 20); /* hardware-reduced */
	assert_int_equal(number(fadt + 120, 8), GUEST_RESET_PORT);
	assert_int_equal(fadt[128], GUEST_RESET_VALUE);
	assert_int_equal(number(fadt + 248, 8), GUEST_SLEEP_PORT);
	assert_int_equal(number(fadt + 260, 8), GUEST_STATUS_PORT);
	assert_memory_equal(checked(number(fadt + 140, 8)), "DSDT", 4);
}

static void test_configuration_space(void **state)
{
	const uint8_t *mcfg;

	(void)state;
	write_for(1, 1);
	mcfg = find("MCFG");
	assert_int_equal(number(mcfg + 44, 8), GUEST_ECAM_BASE);
	assert_int_equal(mcfg[54], 0);
	assert_int_equal(mcfg[55], 0);
}

/* Of every processor: its entry, and its device with a name and a number of its own. */
static void check_cpus(unsigned n, unsigned max)
{
	const uint8_t *madt, *ssdt;
	size_t len;

	write_for(n, max);
	madt = find("APIC");
	assert_int_equal(number(madt + 4, 4), 44 + 8 * max + 12);
	for (unsigned i = 0; i < max; i++) {
		const uint8_t *cpu = madt + 44 + 8 * (size_t)i;

		assert_int_equal(cpu[0], 0);
		assert_int_equal(cpu[2], i);
		assert_int_equal(cpu[3], i);
		assert_int_equal(number(cpu + 4, 4), i < n ? 1 : 2);
	}
	ssdt = find("SSDT");
	len = (number(ssdt + 4, 4) - 36) / n;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *body = ssdt + 36 + len * i;
		char name[5] = { 'C', '0', "0123456789ABCDEF"[i / 16],
			"0123456789ABCDEF"[i % 16] };
		const uint8_t *uid = memmem(body, len, "_UID", 4);

		assert_non_null(memmem(body, len, name, 4));
		assert_non_null(uid);
		assert_int_equal(number(uid + 5, 4), i);
	}
}

static void test_processors(void **state)
{
	(void)state;
	check_cpus(1, 1);
	check_cpus(2, 4);
	check_cpus(PART_MAX_VCPUS, PART_MAX_VCPUS);
}

static void test_the_generation_id(void **state)
{
	struct acpi_machine m = { .n_cpus = 1, .max_cpus = 1 };

	(void)state;
	write_for(1, 1);
	for (unsigned i = 0; i < ACPI_GENERATION_LEN; i++)
		assert_int_equal(storage[GUEST_GENERATION_ADDR + i], 0x5a);
	m.generation[3] = 7;
	assert_int_equal(acpi_write_generation(&m, &g), 0);
	assert_int_equal(storage[GUEST_GENERATION_ADDR + 3], 7);
	find("APIC");
}

static void test_no_room(void **state)
{
	const struct acpi_machine m = { .n_cpus = 1, .max_cpus = 1 };
	struct gmem little = { .n = 0 };

	(void)state;
	assert_int_equal(gmem_add(&little, 0, GUEST_ACPI_BASE, storage), 0);
	assert_int_equal(acpi_write(&m, &little), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_how_it_is_turned_off, make, unmake),
		cmocka_unit_test_setup_teardown(test_configuration_space, make, unmake),
		cmocka_unit_test_setup_teardown(test_processors, make, unmake),
		cmocka_unit_test_setup_teardown(test_the_generation_id, make, unmake),
		cmocka_unit_test_setup_teardown(test_no_room, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
