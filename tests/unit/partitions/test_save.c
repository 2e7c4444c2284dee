/* A machine saved, loaded into another, and saved again: nothing is lost. */
#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEADLINE 0x6e0

static const uint8_t code[] = { 0xf4 };

/* A machine that has been IPLed and stopped. */
static void begin(struct peer *p, unsigned n_vcpus)
{
	fake_kvm_reset();
	peer_create(p);
	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(peer_activate(p, n_vcpus), PART_R_NONE);
	assert_int_equal(peer_ipl(p, code, sizeof(code), PART_IPL_STOP), PART_R_NONE);
}

static int snap(struct peer *p, struct snap *s)
{
	struct vm *vm = p->ctl->vm;
	int err;

	pthread_mutex_lock(&vm->lock);
	err = vm_snap(vm, s);
	pthread_mutex_unlock(&vm->lock);
	return err;
}

/* Fills what a vCPU has with bytes of its own. */
static void fill(unsigned cpu)
{
	for (int i = 0; i < KVM_PARTS; i++) {
		uint8_t *part = fake_part(cpu, (enum kvm_part)i);

		for (size_t k = 0; k < kvm_part_size((enum kvm_part)i); k++)
			part[k] = (uint8_t)(k * 3 + (unsigned)i * 7 + cpu + 1);
	}
	for (size_t k = 0; k < 4096; k++)
		fake_xsave(cpu)[k] = (uint8_t)(k + cpu);
	*fake_msr(cpu, 0x10) = 1000 + cpu;
	*fake_msr(cpu, DEADLINE) = 2000 + cpu;
}

static void fill_machine(void)
{
	for (uint32_t i = 0; i < KVM_CHIPS; i++)
		memset(&fake_kvm.chip[i].chip, (int)(0x30 + i),
			sizeof(fake_kvm.chip[i].chip));
	fake_kvm.clock_ns = 123456789;
}

static void save_one(struct snap *s, unsigned n_vcpus)
{
	struct peer p;

	begin(&p, n_vcpus);
	for (unsigned i = 0; i < n_vcpus; i++)
		fill(i);
	fill_machine();
	snap_init_save(s);
	assert_int_equal(snap(&p, s), 0);
	peer_destroy(&p);
}

static void read_generation(struct peer *p, uint8_t *id)
{
	struct gmem *g = &p->ctl->vm->mem.gmem;

	assert_int_equal(gmem_read(g, GUEST_GENERATION_ADDR, id, ACPI_GENERATION_LEN), 0);
}

static void test_round_trip(void **state)
{
	struct snap saved, load, again;
	uint8_t events, id[2][ACPI_GENERATION_LEN];
	struct peer p;

	(void)state;
	save_one(&saved, 2);
	begin(&p, 2);
	read_generation(&p, id[0]);
	snap_init_load(&load, saved.buf, saved.len);
	assert_int_equal(snap(&p, &load), 0);
	read_generation(&p, id[1]);
	assert_memory_not_equal(id[0], id[1], sizeof(id[0]));

	assert_int_equal(*fake_msr(1, DEADLINE), 2001);
	assert_int_equal(fake_xsave(1)[5], 6);
	assert_int_equal(fake_kvm.clock_ns, 123456789);
	assert_int_equal(((uint8_t *)&fake_kvm.chip[2].chip)[0], 0x32);

	/* but for what tells the guest that it was loaded */
	bus_read(p.ctl->vm->machine.bus, BUS_PORT, GUEST_EVENT_PORT, &events, 1);
	assert_int_equal(events, GUEST_EVENT_GENERATION);

	snap_init_save(&again);
	assert_int_equal(snap(&p, &again), 0);
	assert_int_equal(again.len, saved.len);
	assert_memory_equal(again.buf, saved.buf, saved.len);
	snap_fini(&again);
	snap_fini(&load);
	snap_fini(&saved);
	peer_destroy(&p);
}

/* One MSR that this processor has not is no reason to fail. */
static void test_an_msr_that_is_not_there(void **state)
{
	struct snap saved, load;
	struct peer p;

	(void)state;
	save_one(&saved, 1);
	begin(&p, 1);
	fake_kvm.refuse_msr = 0x10;
	snap_init_load(&load, saved.buf, saved.len);
	assert_int_equal(snap(&p, &load), 0);
	assert_int_equal(*fake_msr(0, 0x10), 0);
	assert_int_equal(*fake_msr(0, DEADLINE), 2000);

	snap_fini(&saved);
	snap_init_save(&saved);
	assert_int_equal(snap(&p, &saved), 0);
	snap_fini(&saved);
	snap_fini(&load);
	peer_destroy(&p);
}

static void test_another_definition(void **state)
{
	struct snap saved, load;
	struct peer p;

	(void)state;
	save_one(&saved, 2);
	begin(&p, 1);
	snap_init_load(&load, saved.buf, saved.len);
	assert_int_equal(snap(&p, &load), -EINVAL);
	assert_non_null(strstr(load.where, "n_vcpus"));
	snap_fini(&load);
	snap_fini(&saved);
	peer_destroy(&p);
}

static void test_a_stream_cut_off(void **state)
{
	struct snap saved, load;
	struct peer p;

	(void)state;
	save_one(&saved, 1);
	begin(&p, 1);
	for (size_t len = 0; len < saved.len; len += len < 200 ? 1 : 97) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, saved.buf, len);
		snap_init_load(&load, copy, len);
		assert_int_not_equal(snap(&p, &load), 0);
		assert_int_equal(peer_cpu(&p, PART_BEGIN, PART_ALL_CPUS), PART_R_STATE);
		snap_fini(&load);
		free(copy);
	}
	assert_int_equal(peer_ipl(&p, code, sizeof(code), 0), PART_R_NONE);
	snap_fini(&saved);
	peer_destroy(&p);
}

static void test_kvm_refuses(void **state)
{
	static const char *const calls[] = { "kvm_cpu_get", "kvm_cpu_xsave_get",
		"kvm_chip_get", "kvm_clock_get" };
	struct snap s;
	struct peer p;

	(void)state;
	begin(&p, 1);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fake_kvm.refuse = calls[i];
		snap_init_save(&s);
		assert_int_equal(snap(&p, &s), -EIO);
		snap_fini(&s);
	}
	fake_kvm.refuse = NULL;
	peer_destroy(&p);
}

static void test_nothing_to_save(void **state)
{
	struct snap s;
	struct peer p;

	(void)state;
	fake_kvm_reset();
	peer_create(&p);
	snap_init_save(&s);
	assert_int_equal(snap(&p, &s), -EINVAL);
	snap_fini(&s);
	peer_destroy(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_an_msr_that_is_not_there),
		cmocka_unit_test(test_another_definition),
		cmocka_unit_test(test_a_stream_cut_off),
		cmocka_unit_test(test_kvm_refuses),
		cmocka_unit_test(test_nothing_to_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
