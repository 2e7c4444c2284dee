/* Storage: where it lies, that it is committed and sealed, that it can be cleared. */
#include "partitions/mem.h"

#include "cp/guest_abi.h"
#include "tests/fake/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static void test_one_bank(void **state)
{
	struct fail why;
	struct stat st;
	struct mem m;

	(void)state;
	assert_int_equal(mem_create(&m, 16 * MIB, 0, &why), 0);
	assert_int_equal(m.n_banks, 1);
	assert_int_equal(mem_size(&m), 16 * MIB);
	assert_int_equal((uintptr_t)m.bank[0].host % (2 * MIB), 0);
	assert_ptr_equal(gmem_at(&m.gmem, 0, 16 * MIB), m.bank[0].host);
	assert_null(gmem_at(&m.gmem, 16 * MIB, 1));

	assert_int_equal(fstat(m.bank[0].fd, &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 >= 16 * MIB);
	assert_int_equal(m.share[0].fd, m.bank[0].fd);
	assert_int_equal(m.share[0].size, 16 * MIB);
	mem_destroy(&m);
}

static void test_its_size_is_sealed(void **state)
{
	struct fail why;
	struct mem m;

	(void)state;
	assert_int_equal(mem_create(&m, MIB, 0, &why), 0);
	assert_int_equal(fcntl(m.bank[0].fd, F_GET_SEALS),
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	assert_int_equal(ftruncate(m.bank[0].fd, 0), -1);
	assert_int_equal(ftruncate(m.bank[0].fd, 2 * MIB), -1);
	mem_destroy(&m);
}

static void test_sizes_that_are_none(void **state)
{
	static const struct {
		uint64_t size;
		uint32_t flags;
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 4095, 0 },
		{ 16 * MIB + 512, 0 },
		{ 3 * MIB, PART_ACT_HUGE_2M },
		{ 512 * MIB, PART_ACT_HUGE_1G },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail why = { .reason = PART_R_NONE };
		struct mem m;

		assert_int_equal(
			mem_create(&m, cases[i].size, cases[i].flags, &why), -EINVAL);
		assert_int_equal(why.reason, PART_R_STORAGE);
		assert_int_equal(why.err, EINVAL);
	}
}

/* More than the process may map: refused with a reason, and nothing left behind. */
static void test_what_cannot_be_had(void **state)
{
	struct fail why = { .reason = PART_R_NONE };
	struct mem m;

	(void)state;
	assert_int_not_equal(mem_create(&m, UINT64_C(1) << 47, 0, &why), 0);
	assert_int_equal(why.reason, PART_R_STORAGE);
	assert_int_equal(m.n_banks, 0);
	assert_null(m.ecam);
}

static void test_the_slots(void **state)
{
	struct kvm kvm;
	struct fail why;
	struct mem m;

	(void)state;
	fake_kvm_reset();
	assert_int_equal(kvm_open(&kvm, -1), 0);
	assert_int_equal(mem_create(&m, 4 * MIB, 0, &why), 0);
	assert_int_equal(mem_plug(&m, &kvm), 0);
	assert_int_equal(fake_kvm.slot[0].size, 4 * MIB);
	assert_false(fake_kvm.slot[0].read_only);
	assert_int_equal(fake_kvm.slot[MEM_MAX_BANKS].base, GUEST_ECAM_BASE);
	assert_int_equal(fake_kvm.slot[MEM_MAX_BANKS].size, GUEST_ECAM_SIZE);
	assert_true(fake_kvm.slot[MEM_MAX_BANKS].read_only);

	fake_kvm.refuse = "kvm_slot";
	assert_int_equal(mem_plug(&m, &kvm), -EIO);
	mem_destroy(&m);
}

static void test_clear(void **state)
{
	struct fail why;
	struct mem m;
	uint8_t *p;

	(void)state;
	assert_int_equal(mem_create(&m, MIB, 0, &why), 0);
	p = m.bank[0].host;
	p[0] = p[MIB - 1] = 0xff;
	m.clear = false;
	mem_clear(&m);
	assert_int_equal(p[0], 0);
	assert_int_equal(p[MIB - 1], 0);
	assert_true(m.clear);
	mem_destroy(&m);
}

/* Storage goes round the hole below 4 GiB. */
static void test_layout(void **state)
{
	static const struct {
		uint64_t size, low, high;
	} cases[] = {
		{ 4096, 4096, 0 },
		{ GUEST_LOW_END - 4096, GUEST_LOW_END - 4096, 0 },
		{ GUEST_LOW_END, GUEST_LOW_END, 0 },
		{ GUEST_LOW_END + 4096, GUEST_LOW_END, 4096 },
		{ UINT64_C(1) << 40, GUEST_LOW_END, (UINT64_C(1) << 40) - GUEST_LOW_END },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gmem_region bank[MEM_MAX_BANKS];

		assert_int_equal(mem_layout(cases[i].size, bank), cases[i].high ? 2 : 1);
		assert_int_equal(bank[0].base, 0);
		assert_int_equal(bank[0].size, cases[i].low);
		if (!cases[i].high)
			continue;
		assert_int_equal(bank[1].base, GUEST_HIGH_BASE);
		assert_int_equal(bank[1].size, cases[i].high);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_bank),
		cmocka_unit_test(test_its_size_is_sealed),
		cmocka_unit_test(test_sizes_that_are_none),
		cmocka_unit_test(test_what_cannot_be_had),
		cmocka_unit_test(test_the_slots),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
