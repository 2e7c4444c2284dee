/* The machine on the KVM of this host: guests of a few bytes, each for one behaviour.
 * Skipped where there is no /dev/kvm. */
#include "cp/guest_abi.h"
#include "partitions/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The fakes are not linked here, since one of them takes KVM's place; this one does not.
 */
#include "tests/fake/image.c"

#define STORAGE     (4u << 20)
#define LOAD_AT     0x100000u
#define COUNTER     0x200000u
#define SECOND      UINT64_C(1000000000)
#define WAIT_ROUNDS 1000 /* of at most 10 ms */

struct test {
	struct loop *loop;
	struct vm *vm;
	struct sandbox sandbox; /* no filters */
	int kvm_fd;
	unsigned n_events;
	struct part_event event; /* the last */
};

static void on_event(void *ctx, const struct part_event *e, const char *text)
{
	struct test *t = ctx;

	(void)text;
	t->n_events++;
	t->event = *e;
}

static void on_console(void *ctx)
{
	(void)ctx; /* it is read from vm->console */
}

static void on_guest_command(
	void *ctx, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	(void)ctx, (void)id, (void)flags, (void)text, (void)len;
}

static const struct vm_ops ops = { on_event, on_console, on_guest_command, on_console };

/* Calls a function of the machine as the loop does: with the lock held. */
static int locked(struct test *t, int err)
{
	pthread_mutex_unlock(&t->vm->lock);
	return err;
}
#define LOCKED(t, call) (pthread_mutex_lock(&(t)->vm->lock), locked(t, call))

static int activate(struct test *t, unsigned n_vcpus)
{
	const struct part_activate a = {
		.storage = STORAGE, .n_vcpus = n_vcpus, .n_devices = 1
	};
	const struct part_device console = {
		.type = PART_DEV_CONSOLE, .vdev = 9, .slot = 1, .fd_index = -1
	};
	struct fail why = { .text = "" };
	int err = LOCKED(t, vm_activate(t->vm, &a, &console, NULL, 0, &why));

	if (err)
		print_error("activation: %s\n", why.text);
	return err;
}

static int make_empty(void **state)
{
	struct test *t = calloc(1, sizeof(*t));

	*state = t;
	t->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (t->kvm_fd < 0) {
		print_message("/dev/kvm cannot be opened: %s\n", strerror(errno));
		return getenv("CI") ? -1 : 0; /* a skip only where nobody made us run */
	}
	return loop_create(&t->loop) ||
	       vm_create(t->loop, t->kvm_fd, &t->sandbox, &ops, t, &t->vm);
}

static int make(void **state)
{
	int err = make_empty(state);
	struct test *t = *state;

	return err || t->kvm_fd < 0 ? err : activate(t, 1);
}

static int unmake(void **state)
{
	struct test *t = *state;

	vm_destroy(t->vm);
	loop_destroy(t->loop);
	if (t->kvm_fd >= 0)
		close(t->kvm_fd);
	free(t);
	return 0;
}

static void ipl(struct test *t, const void *code, size_t len)
{
	struct fail why = { .text = "" };
	struct ipl_source src;
	struct image img;

	if (t->kvm_fd < 0)
		skip();
	image_make(&img, true, LOAD_AT, code, len, 0);
	ipl_source_init(&src);
	src.kind = PART_IPL_ELF;
	src.image = image_fd(&img);
	assert_int_equal(LOCKED(t, vm_ipl(t->vm, &src, 0, &why)), 0);
}

static void wait_event(struct test *t, enum part_event_kind kind)
{
	unsigned before = t->n_events;

	for (int i = 0; i < WAIT_ROUNDS && t->n_events == before; i++)
		loop_once(t->loop, 10);
	assert_int_equal(t->event.kind, kind);
}

static const uint8_t *storage(const struct test *t, gpa_t at)
{
	return (const uint8_t *)t->vm->mem.bank[0].host + at;
}

#define OUT(port, value)                                     \
	0x66, 0xba, (port)&0xff, (port) >> 8, 0xb0, (value), \
		0xee /* mov dx; mov al; out */
#define POWER_OFF OUT(GUEST_SLEEP_PORT, GUEST_SLEEP_OFF), 0xf4, 0xeb, 0xfd

static void test_console_and_power_off(void **state)
{
	static const uint8_t code[] = { OUT(0x3f8, 'O'), OUT(0x3f8, 'K'), POWER_OFF };
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	wait_event(t, PART_EV_POWER_OFF);
	assert_int_equal(t->vm->run, PART_STOPPED);
	assert_int_equal(t->vm->console.end, 2);
	assert_memory_equal(t->vm->console.ring, "OK", 2);
}

static void test_reboot(void **state)
{
	static const uint8_t code[] = { OUT(0x3f8, 'R'), OUT(0x64, 0xfe), 0xeb, 0xfe };
	struct test *t = *state;
	struct fail why;

	ipl(t, code, sizeof(code));
	for (int i = 0; i < 3; i++) {
		wait_event(t, PART_EV_REBOOT);
		assert_int_equal(t->event.run, PART_RUNNING);
	}
	assert_int_equal(LOCKED(t, vm_stop(t->vm, PART_ALL_CPUS, &why)), 0);
	assert_true(t->vm->console.end >= 3);
}

static void test_triple_fault(void **state)
{
	static const uint8_t code[] = { 0x90, 0x0f, 0x0b }; /* nop; ud2, and no IDT */
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	wait_event(t, PART_EV_TRIPLE_FAULT);
	assert_int_equal(t->vm->run, PART_CHECKSTOPPED);
}

static void test_what_kvm_cannot_run(void **state)
{
	/* mov eax, 0xd0000000; jmp eax: there is nothing to be fetched */
	static const uint8_t code[] = { 0xb8, 0x00, 0x00, 0x00, 0xd0, 0xff, 0xe0 };
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	wait_event(t, PART_EV_KVM_ERROR);
	assert_int_equal(t->event.suberror, KVM_INTERNAL_ERROR_EMULATION);
	assert_int_equal(t->event.rip, 0xd0000000);
	assert_int_equal(t->vm->run, PART_CHECKSTOPPED);
}

/* The loop's clock runs ahead of the vCPU, whose own time is what counts. */
static bool ends_within(struct test *t, int seconds)
{
	loop_clock_stop(t->loop);
	for (int i = 0; i < seconds && t->vm->run == PART_RUNNING; i++) {
		loop_clock_warp(t->loop, SECOND);
		loop_once(t->loop, 1);
		loop_once(t->loop, 10);
	}
	return t->vm->run != PART_RUNNING;
}

static void test_disabled_wait(void **state)
{
	static const uint8_t code[] = { 0xfa, 0xf4, 0xeb, 0xfc }; /* cli; hlt */
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	assert_true(ends_within(t, 100));
	assert_int_equal(t->event.kind, PART_EV_HALT);
	assert_int_equal(t->vm->run, PART_DISABLED_WAIT);
	assert_int_equal(t->event.rip, LOAD_AT + 2);
}

static void test_idle(void **state)
{
	static const uint8_t code[] = { 0xfb, 0xf4, 0xeb, 0xfc }; /* sti; hlt */
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	assert_false(ends_within(t, 100));
	assert_int_equal(t->n_events, 0);
	assert_int_equal(t->vm->vcpu[0]->user_exits, 0);
}

static void test_configuration_space(void **state)
{
	static const uint8_t code[] = {
		0xb9,
		0xe8,
		0x03,
		0x00,
		0x00, /* mov ecx, 1000 */
		0xa1,
		0x00,
		0x00,
		0x00,
		0xe0, /* mov eax, [0xe0000000] */
		0xe2,
		0xf9, /* loop */
		0xa3,
		0x00,
		0x00,
		0x20,
		0x00, /* mov [COUNTER], eax */
		0xa2,
		0x0c,
		0x80,
		0x00,
		0xe0, /* mov [0xe000800c], al: a write */
		POWER_OFF,
	};
	struct test *t = *state;

	ipl(t, code, sizeof(code));
	wait_event(t, PART_EV_POWER_OFF);
	assert_memory_equal(storage(t, COUNTER), t->vm->mem.ecam, 4);
	assert_int_equal(t->vm->vcpu[0]->user_exits, 2);
	assert_int_equal(t->vm->mem.ecam[0x800c], t->vm->mem.ecam[0]);
}

static const uint8_t counting[] = {
	0xff, 0x05, 0x00, 0x00, 0x20, 0x00, /* inc dword [COUNTER] */
	0xeb, 0xf8,                         /* again */
};

static uint32_t counter(const struct test *t)
{
	return __atomic_load_n((const uint32_t *)storage(t, COUNTER), __ATOMIC_SEQ_CST);
}

static bool counts(const struct test *t)
{
	uint32_t before = counter(t);

	for (int i = 0; i < WAIT_ROUNDS; i++) {
		loop_once(t->loop, 1);
		if (counter(t) != before)
			return true;
	}
	return false;
}

static void test_stop_and_begin(void **state)
{
	struct test *t = *state;
	struct part_regs regs;
	struct fail why;

	ipl(t, counting, sizeof(counting));
	assert_true(counts(t));
	assert_int_equal(LOCKED(t, vm_regs_read(t->vm, 0, &regs, &why)), 0);
	assert_in_range(regs.rip, LOAD_AT, LOAD_AT + sizeof(counting));
	assert_true(counts(t));
	for (int i = 0; i < 20; i++) {
		uint32_t at;

		assert_int_equal(LOCKED(t, vm_stop(t->vm, 0, &why)), 0);
		at = counter(t);
		loop_once(t->loop, 2);
		assert_int_equal(counter(t), at);
		assert_int_equal(LOCKED(t, vm_begin(t->vm, 0, &why)), 0);
		assert_true(counts(t));
	}
}

/* A second machine goes on where the first was saved. */
static void test_save_and_load(void **state)
{
	struct test *t = *state, *u;
	struct snap saved, load;
	struct fail why;
	uint32_t at;
	void *other;

	ipl(t, counting, sizeof(counting));
	assert_true(counts(t));
	assert_int_equal(LOCKED(t, vm_stop(t->vm, PART_ALL_CPUS, &why)), 0);
	snap_init_save(&saved);
	assert_int_equal(LOCKED(t, vm_snap(t->vm, &saved)), 0);
	at = counter(t);

	assert_int_equal(make(&other), 0);
	u = other;
	memcpy(u->vm->mem.bank[0].host, t->vm->mem.bank[0].host, STORAGE);
	snap_init_load(&load, saved.buf, saved.len);
	assert_int_equal(LOCKED(u, vm_snap(u->vm, &load)), 0);
	assert_int_equal(counter(u), at);
	assert_int_equal(LOCKED(u, vm_begin(u->vm, PART_ALL_CPUS, &why)), 0);
	assert_true(counts(u));
	assert_int_equal(counter(t), at);
	snap_fini(&load);
	snap_fini(&saved);
	unmake(&other);
}

/* CPU 0 wakes CPU 1 by INIT and SIPI; that writes to COM1, and turns the machine off. */
static void test_a_second_cpu(void **state)
{
	static const uint8_t code[] = {
		0xc7,
		0x05,
		0x00,
		0x80,
		0x00,
		0x00,
		0xb0,
		'2',
		0xba,
		0xf8, /* at 0x8000: */
		0xc7,
		0x05,
		0x04,
		0x80,
		0x00,
		0x00,
		0x03,
		0xee,
		0xba,
		0x00,
		0xc7,
		0x05,
		0x08,
		0x80,
		0x00,
		0x00,
		0x06,
		0xb0,
		0x34,
		0xee,
		0xc7,
		0x05,
		0x10,
		0x03,
		0xe0,
		0xfe,
		0x00,
		0x00,
		0x00,
		0x01, /* to APIC 1 */
		0xc7,
		0x05,
		0x00,
		0x03,
		0xe0,
		0xfe,
		0x00,
		0x45,
		0x00,
		0x00, /* INIT */
		0xc7,
		0x05,
		0x00,
		0x03,
		0xe0,
		0xfe,
		0x08,
		0x46,
		0x00,
		0x00, /* SIPI */
		0xfa,
		0xf4,
		0xeb,
		0xfc,
	};
	struct test *t = *state;

	if (t->kvm_fd < 0)
		skip();
	assert_int_equal(activate(t, 2), 0);
	ipl(t, code, sizeof(code));
	wait_event(t, PART_EV_POWER_OFF);
	assert_int_equal(t->vm->console.end, 1);
	assert_int_equal(t->vm->console.ring[0], '2');
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_console_and_power_off),
		TEST(test_reboot),
		TEST(test_triple_fault),
		TEST(test_what_kvm_cannot_run),
		TEST(test_disabled_wait),
		TEST(test_idle),
		TEST(test_configuration_space),
		TEST(test_stop_and_begin),
		TEST(test_save_and_load),
		cmocka_unit_test_setup_teardown(test_a_second_cpu, make_empty, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
