/* The processor a guest sees. */
#include "partitions/cpuid.h"

#include "tests/fake/kvm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define XSAVE 4096

static struct cpuid offered(void)
{
	struct kvm kvm;
	struct cpuid c;

	fake_kvm_reset();
	assert_int_equal(kvm_open(&kvm, -1), 0);
	assert_int_equal(kvm_cpuid_supported(&kvm, &c), 0);
	return c;
}

static struct kvm_cpuid_entry2 *leaf(struct cpuid *c, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->entry[i].function == function && c->entry[i].index == index)
			return &c->entry[i];
	}
	fail_msg("no leaf %#x.%u", function, index);
	return NULL;
}

static void test_features(void **state)
{
	struct cpuid c = offered();
	const uint32_t there = 1u << 21 | 1u << 24 | 1u << 31;

	(void)state;
	assert_int_equal(cpuid_filter(&c, 0, 1, true), 0);
	assert_int_equal(leaf(&c, 1, 0)->ecx & there, there);
	assert_int_equal(leaf(&c, 1, 0)->ecx & 1u << 5, 0);
	assert_int_equal(leaf(&c, 0x80000001, 0)->ecx & 1u << 2, 0);
	assert_int_equal(leaf(&c, 0x80000008, 0)->eax, 0x3030);
}

static void test_topology(void **state)
{
	struct cpuid c = offered();

	(void)state;
	assert_int_equal(cpuid_filter(&c, 2, 3, true), 0);
	assert_int_equal(leaf(&c, 1, 0)->ebx, 0x02030800);
	assert_true(leaf(&c, 1, 0)->edx & 1u << 28);
	for (uint32_t f = 0xb; f <= 0x1f; f += 0x14) {
		assert_int_equal(leaf(&c, f, 0)->eax, 0);
		assert_int_equal(leaf(&c, f, 0)->ebx, 1);
		assert_int_equal(leaf(&c, f, 0)->ecx, 0x100);
		assert_int_equal(leaf(&c, f, 0)->edx, 2);
		assert_int_equal(leaf(&c, f, 1)->eax, 2);
		assert_int_equal(leaf(&c, f, 1)->ebx, 3);
		assert_int_equal(leaf(&c, f, 1)->ecx, 0x201);
		assert_int_equal(leaf(&c, f, 1)->edx, 2);
	}
	assert_int_equal(leaf(&c, 0x80000001, 0)->ecx & 2, 2);
	assert_int_equal(leaf(&c, 0x80000008, 0)->ecx, 0x2002);
}

static void test_one_cpu_is_no_smp(void **state)
{
	struct cpuid c = offered();

	(void)state;
	assert_int_equal(cpuid_filter(&c, 0, 1, true), 0);
	assert_false(leaf(&c, 1, 0)->edx & 1u << 28);
	assert_int_equal(leaf(&c, 0xb, 1)->eax, 0);
	assert_int_equal(leaf(&c, 0xb, 1)->ebx, 1);
}

/* A processor without leaf 0x1f gets none. */
static void test_no_leaf_is_invented(void **state)
{
	struct cpuid c = offered();

	(void)state;
	leaf(&c, 0, 0)->eax = 0x10;
	assert_int_equal(cpuid_filter(&c, 0, 2, true), 0);
	for (uint32_t i = 0; i < c.n; i++)
		assert_int_not_equal(c.entry[i].function, 0x1f);
}

static void test_xsave_that_adds_up(void **state)
{
	struct cpuid c = offered();

	(void)state;
	assert_null(cpuid_xsave_flaw(&c, XSAVE, false));
	assert_non_null(cpuid_xsave_flaw(&c, XSAVE, true));
	assert_int_equal(cpuid_filter(&c, 0, 1, true), 0);
	assert_int_equal(leaf(&c, 1, 0)->ecx & 1u << 28, 1u << 28);
	assert_int_equal(leaf(&c, 0xd, 0)->eax, 7);
}

static void test_xsave_that_does_not(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct cpuid c = offered();
		size_t size = XSAVE;

		switch (i) {
		case 0: leaf(&c, 0xd, 0)->ecx = 2000; break;
		case 1: leaf(&c, 0xd, 0)->eax |= 1u << 9; break;
		case 2: leaf(&c, 0xd, 2)->eax = 0; break;
		case 3: leaf(&c, 1, 0)->ecx &= ~(1u << 26); break;
		default: size = 512; break;
		}
		assert_non_null(cpuid_xsave_flaw(&c, size, false));
		assert_int_equal(cpuid_filter(&c, 0, 1, false), 0);
		assert_int_equal(leaf(&c, 1, 0)->ecx & (1u << 26 | 1u << 28), 0);
		assert_int_equal(leaf(&c, 0xd, 0)->eax, 0);
		assert_int_equal(leaf(&c, 0xd, 2)->ebx, 0);
	}
}

static void test_a_full_table(void **state)
{
	struct cpuid c = offered();

	(void)state;
	while (c.n < KVM_MAX_CPUID)
		c.entry[c.n++] = (struct kvm_cpuid_entry2) { .function = 0x40000100 };
	assert_int_equal(cpuid_filter(&c, 0, 1, true), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_one_cpu_is_no_smp),
		cmocka_unit_test(test_no_leaf_is_invented),
		cmocka_unit_test(test_xsave_that_adds_up),
		cmocka_unit_test(test_xsave_that_does_not),
		cmocka_unit_test(test_a_full_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
