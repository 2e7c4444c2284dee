/* What cpd asks of a partition process, from the first HELLO to the end: the whole of it
 * but KVM, which is tests/fake/kvm.c. */
#include "cp/guest_abi.h"
#include "tests/fake/image.h"
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static const uint8_t code[] = { 0xf4 }; /* nobody runs it */

static enum part_run run_of(const struct peer *p)
{
	return p->ctl->vm->run;
}

/* ---- Versions and forms ---- */

static uint32_t hello(struct peer *p, uint32_t version, size_t len)
{
	const struct part_hello h = { .version = version };
	struct part_hello_answer a;

	peer_connect(p, 0, 0);
	peer_send(p, PART_HELLO, &h, len);
	if (!peer_wait(p, PART_HELLO_ANSWER))
		return 0;
	assert_int_equal(p->msg.len, sizeof(a));
	memcpy(&a, p->msg.data, sizeof(a));
	return a.version;
}

static void test_versions(void **state)
{
	struct peer *p = *state;
	const struct part_hello none = { .version = 0 };

	assert_int_equal(hello(p, PART_VERSION, sizeof(struct part_hello)), PART_VERSION);
	assert_int_equal(hello(p, 1, sizeof(struct part_hello)), 1);
	assert_int_equal(hello(p, 1000, sizeof(struct part_hello)), PART_VERSION);
	assert_int_equal(hello(p, 1, sizeof(uint32_t)), 1);
	peer_connect(p, 0, 0);
	assert_int_equal(peer_ask(p, PART_HELLO, &none, sizeof(none)), PART_R_PROTOCOL);
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_PROTOCOL);
}

/* An older cpd's requests are served, and what it does not know is not there. */
static void test_version_1(void **state)
{
	struct peer *p = *state;

	peer_connect(p, 1, 0);
	assert_int_equal(peer_activate(p, 1), PART_R_NONE);
	assert_int_equal(peer_ipl(p, code, sizeof(code), PART_IPL_STOP), PART_R_NONE);
	peer_send(p, PART_SMSG, "FROM text", 9);
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
}

static void test_a_longer_payload(void **state)
{
	struct peer *p = *state;
	const struct {
		struct part_cpu cpu;
		uint64_t of_a_later_version;
	} longer = { { .cpu = PART_ALL_CPUS }, 77 };

	assert_int_equal(peer_ask(p, PART_BEGIN, &longer, sizeof(longer)), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
}

/* A shorter one means zeros: CPU 0, offset 0. */
static void test_shorter_payloads(void **state)
{
	struct peer *p = *state;

	assert_int_equal(peer_ask(p, PART_BEGIN, NULL, 0), PART_R_NONE);
	assert_int_equal(peer_ask(p, PART_STOP, "\0\0", 2), PART_R_NONE);
	assert_int_equal(peer_ask(p, PART_REGS_READ, "", 1), PART_R_NONE);
	assert_int_equal(p->msg.len, sizeof(struct part_regs));
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, NULL, 0), PART_R_PROTOCOL);
	assert_int_equal(peer_ask(p, PART_RESET, NULL, 0), PART_R_PROTOCOL);
	assert_int_equal(peer_ask(p, PART_IPL, NULL, 0), PART_R_PROTOCOL);
}

static void test_garbage(void **state)
{
	struct peer *p = *state;
	uint8_t bytes[512];

	srandom(1);
	for (int i = 0; i < 2000; i++) {
		uint16_t type = (uint16_t)(random() % 80);
		size_t len = (size_t)random() % sizeof(bytes);

		if (type == PART_END)
			continue;
		for (size_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)(random() % 4 ? 0 : random());
		peer_send(p, type, bytes, len);
		peer_settle(p);
		peer_drop(p);
		if (i % 10 == 0)
			peer_connect(p, PART_VERSION, 0);
	}
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
}

/* ---- Activation ---- */

static enum part_reason activate(struct peer *p, struct part_activate a)
{
	return peer_ask(p, PART_ACTIVATE, &a, sizeof(a));
}

static void test_activation(void **state)
{
	struct peer *p = *state;
	struct part_stat stat;

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(peer_cpu(p, PART_BEGIN, PART_ALL_CPUS), PART_R_STATE);
	assert_int_equal(peer_cpu(p, PART_REGS_READ, 0), PART_R_STATE);
	assert_int_equal(peer_activate(p, 2), PART_R_NONE);
	assert_int_equal(run_of(p), PART_STOPPED);
	assert_int_equal(peer_activate(p, 2), PART_R_STATE);

	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
	memcpy(&stat, p->msg.data, sizeof(stat));
	assert_int_equal(stat.storage, 4 << 20);
	assert_int_equal(stat.n_vcpus, 2);
	assert_int_equal(stat.n_devices, 1);
	assert_int_equal(p->msg.len, sizeof(stat) + 2 * sizeof(struct part_stat_vcpu) +
					     sizeof(struct part_stat_device));
}

static void test_activations_that_are_none(void **state)
{
	struct peer *p = *state;
	const struct part_activate good = { .storage = 1 << 20, .n_vcpus = 1 };
	struct part_activate a = good;

	peer_connect(p, PART_VERSION, 0);
	a.n_vcpus = 0;
	assert_int_equal(activate(p, a), PART_R_PROTOCOL);
	a.n_vcpus = PART_MAX_VCPUS + 1;
	assert_int_equal(activate(p, a), PART_R_PROTOCOL);
	a = good;
	a.n_devices = 1;
	assert_int_equal(activate(p, a), PART_R_PROTOCOL);
	a.n_devices = UINT32_MAX;
	assert_int_equal(activate(p, a), PART_R_PROTOCOL);
	a = good;
	a.storage = 4097;
	assert_int_equal(activate(p, a), PART_R_STORAGE);
	assert_int_equal(activate(p, good), PART_R_NONE);
}

/* Whatever KVM refuses, all is undone: the next try succeeds. */
static void test_what_kvm_refuses(void **state)
{
	static const struct {
		const char *call;
		enum part_reason reason;
	} cases[] = {
		{ "kvm_open", PART_R_KVM },
		{ "kvm_slot", PART_R_KVM },
		{ "kvm_chip_get", PART_R_KVM },
		{ "kvm_cpuid_supported", PART_R_KVM },
		{ "kvm_cpu_open", PART_R_VCPU },
		{ "kvm_cpu_cpuid", PART_R_VCPU },
		{ "kvm_cpu_get", PART_R_VCPU },
		{ "kvm_cpu_xsave_get", PART_R_VCPU },
	};
	struct peer *p = *state;

	peer_connect(p, PART_VERSION, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_kvm.refuse = cases[i].call;
		assert_int_equal(peer_activate(p, 3), cases[i].reason);
		assert_int_equal(run_of(p), PART_EMPTY);
		assert_non_null(memmem(
			p->msg.data, p->msg.len, cases[i].call, strlen(cases[i].call)));
	}
	fake_kvm.refuse = NULL;
	assert_int_equal(peer_activate(p, 3), PART_R_NONE);
}

static void test_devices_that_are_none(void **state)
{
	static const struct part_device cases[] = {
		{ .type = 0, .slot = 1, .fd_index = -1 },
		{ .type = 99, .slot = 1, .fd_index = -1 },
		{ .type = PART_DEV_CONSOLE, .slot = 0, .fd_index = -1 },
		{ .type = PART_DEV_CONSOLE, .slot = 1, .fd_index = 0 },
	};
	const struct part_activate a = {
		.storage = 1 << 20, .n_vcpus = 1, .n_devices = 1
	};
	struct peer *p = *state;

	peer_connect(p, PART_VERSION, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(peer_ask_more(p, PART_ACTIVATE, &a, sizeof(a), &cases[i],
					 sizeof(cases[i]), NULL, 0),
			PART_R_PROTOCOL);
}

/* ---- Running ---- */

static void test_ipl_runs(void **state)
{
	struct peer *p = *state;
	const struct kvm_regs *regs = fake_part(0, KVM_PART_REGS);
	struct part_regs r;

	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
	assert_int_equal(peer_cpu(p, PART_STOP, PART_ALL_CPUS), PART_R_NONE);
	assert_int_equal(run_of(p), PART_STOPPED);
	assert_int_equal(regs->rip, 0x100000);

	assert_int_equal(peer_cpu(p, PART_REGS_READ, 0), PART_R_NONE);
	memcpy(&r, p->msg.data, sizeof(r));
	assert_int_equal(r.rip, 0x100000);
	assert_int_equal(r.gpr[1], regs->rbx);
	assert_int_equal(r.cr0 & 1, 1);
	assert_int_equal(peer_cpu(p, PART_BEGIN, PART_ALL_CPUS), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
}

static void test_ipl_that_fails(void **state)
{
	struct peer *p = *state;
	struct part_ipl ipl = { .kind = PART_IPL_ELF };
	const struct part_reset restart = { .kind = PART_RESET_RESTART };
	int fd = bytes_fd("no image", 8);

	assert_int_equal(
		peer_ask(p, PART_RESET, &restart, sizeof(restart)), PART_R_STATE);
	assert_int_equal(peer_ask(p, PART_IPL, &ipl, sizeof(ipl)), PART_R_PROTOCOL);
	ipl.parm_len = 5;
	assert_int_equal(peer_ask_more(p, PART_IPL, &ipl, sizeof(ipl), "parm", 4, &fd, 1),
		PART_R_PROTOCOL);
	ipl.parm_len = 0;
	assert_int_equal(peer_ask_more(p, PART_IPL, &ipl, sizeof(ipl), "", 0, &fd, 1),
		PART_R_IMAGE);
	ipl.kind = PART_IPL_BZIMAGE;
	assert_int_equal(peer_ask_more(p, PART_IPL, &ipl, sizeof(ipl), "", 0, &fd, 1),
		PART_R_IMAGE);
	ipl.kind = 77;
	assert_int_equal(peer_ask_more(p, PART_IPL, &ipl, sizeof(ipl), "", 0, &fd, 1),
		PART_R_IMAGE);
	close(fd);
	assert_int_equal(run_of(p), PART_STOPPED);
}

static void test_registers_are_stored(void **state)
{
	struct peer *p = *state;
	const struct kvm_regs *regs = fake_part(0, KVM_PART_REGS);
	struct part_regs r = { .rip = 0x1234, .rflags = 2 };

	for (uint64_t i = 0; i < 16; i++)
		r.gpr[i] = 100 + i;
	assert_int_equal(peer_ask(p, PART_REGS_WRITE, &r, sizeof(r)), PART_R_NONE);
	assert_int_equal(regs->rip, 0x1234);
	assert_int_equal(regs->rax, 100);
	assert_int_equal(regs->rsp, 107);
	assert_int_equal(regs->r15, 115);
	assert_int_equal(run_of(p), PART_RUNNING);
	assert_int_equal(peer_cpu(p, PART_REGS_READ, 1), PART_R_PROTOCOL);
}

static void test_storage(void **state)
{
	struct peer *p = *state;
	struct part_storage s = { .addr = 0x2000, .len = 5 };

	assert_int_equal(
		peer_ask_more(p, PART_STORAGE_WRITE, &s, sizeof(s), "bytes", 5, NULL, 0),
		PART_R_NONE);
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, &s, sizeof(s)), PART_R_NONE);
	assert_int_equal(p->msg.len, 5);
	assert_memory_equal(p->msg.data, "bytes", 5);

	assert_int_equal(
		peer_ask_more(p, PART_STORAGE_WRITE, &s, sizeof(s), "byte", 4, NULL, 0),
		PART_R_PROTOCOL);
	s.len = PART_CHUNK + 1;
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, &s, sizeof(s)), PART_R_PROTOCOL);
	s.len = PART_CHUNK;
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, &s, sizeof(s)), PART_R_NONE);
	s.addr = (4 << 20) - 1;
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, &s, sizeof(s)), PART_R_ADDRESS);
	s.addr = UINT64_MAX;
	assert_int_equal(peer_ask(p, PART_STORAGE_READ, &s, sizeof(s)), PART_R_ADDRESS);
}

static void test_resets(void **state)
{
	struct peer *p = *state;
	struct kvm_regs *regs = fake_part(0, KVM_PART_REGS);
	uint8_t *storage = fake_kvm.slot[0].host;
	struct part_reset r = { .kind = PART_RESET_SYSTEM };

	storage[0x5000] = 0x77;
	assert_int_equal(peer_ask(p, PART_RESET, &r, sizeof(r)), PART_R_NONE);
	assert_int_equal(run_of(p), PART_STOPPED);
	assert_int_equal(regs->rip, 0);
	assert_int_equal(storage[0x5000], 0x77);

	r.kind = PART_RESET_RESTART;
	assert_int_equal(peer_ask(p, PART_RESET, &r, sizeof(r)), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
	assert_int_equal(storage[0x100000], 0xf4);

	r.kind = PART_RESET_CLEAR;
	assert_int_equal(peer_ask(p, PART_RESET, &r, sizeof(r)), PART_R_NONE);
	assert_int_equal(storage[0x5000], 0);
	assert_int_equal(storage[0x100000], 0);
	r.kind = 9;
	assert_int_equal(peer_ask(p, PART_RESET, &r, sizeof(r)), PART_R_PROTOCOL);
}

static struct part_stat_vcpu stat_of(struct peer *p, unsigned i)
{
	struct part_stat_vcpu s;

	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
	memcpy(&s,
		(const uint8_t *)p->msg.data + sizeof(struct part_stat) + i * sizeof(s),
		sizeof(s));
	return s;
}

static void test_one_cpu_of_two(void **state)
{
	struct peer *p = *state;

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(peer_activate(p, 2), PART_R_NONE);
	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	assert_int_equal(peer_cpu(p, PART_STOP, 1), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
	assert_int_equal(stat_of(p, 0).state, PART_RUNNING);
	assert_int_equal(stat_of(p, 1).state, PART_STOPPED);
	assert_int_equal(peer_cpu(p, PART_STOP, 0), PART_R_NONE);
	assert_int_equal(run_of(p), PART_STOPPED);
	assert_int_equal(peer_cpu(p, PART_BEGIN, 1), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
	assert_int_equal(peer_cpu(p, PART_STOP, 2), PART_R_PROTOCOL);
}

/* ---- The guest's ends ---- */

static void test_power_off(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	fake_exit_port(0, GUEST_SLEEP_PORT, GUEST_SLEEP_OFF);
	assert_int_equal(peer_event(p, &e), PART_EV_POWER_OFF);
	assert_int_equal(e.run, PART_STOPPED);
	assert_int_equal(run_of(p), PART_STOPPED);
}

static void test_reboot(void **state)
{
	struct peer *p = *state;
	uint8_t *storage = fake_kvm.slot[0].host;
	struct part_event e;

	storage[0x100000] = 0;
	fake_exit_port(0, GUEST_RESET_PORT, GUEST_RESET_VALUE);
	assert_int_equal(peer_event(p, &e), PART_EV_REBOOT);
	assert_int_equal(e.run, PART_RUNNING);
	assert_int_equal(storage[0x100000], 0xf4);
	fake_exit_port(0, GUEST_I8042_PORT, 0xfe);
	assert_int_equal(peer_event(p, &e), PART_EV_REBOOT);
}

static void test_triple_fault(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	fake_exit_shutdown(0);
	assert_int_equal(peer_event(p, &e), PART_EV_TRIPLE_FAULT);
	assert_int_equal(e.run, PART_CHECKSTOPPED);
	assert_int_equal(e.rip, 0x100000);
	assert_int_equal(e.insn[0], 0xf4);
	assert_int_equal(peer_cpu(p, PART_BEGIN, PART_ALL_CPUS), PART_R_STATE);
	assert_int_equal(peer_cpu(p, PART_STOP, PART_ALL_CPUS), PART_R_NONE);
	assert_int_equal(run_of(p), PART_CHECKSTOPPED);
	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
}

static void test_kvm_error(void **state)
{
	static const uint8_t insn[] = { 0x0f, 0x01, 0xd0 };
	struct peer *p = *state;
	struct part_event e;

	fake_exit_error(0, insn, sizeof(insn));
	assert_int_equal(peer_event(p, &e), PART_EV_KVM_ERROR);
	assert_int_equal(e.run, PART_CHECKSTOPPED);
	assert_int_equal(e.suberror, KVM_INTERNAL_ERROR_EMULATION);
	assert_memory_equal(e.insn, insn, sizeof(insn));
}

/* The second vCPU's end is the machine's, though the first runs on. */
static void test_the_end_of_another_cpu(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(peer_activate(p, 2), PART_R_NONE);
	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	fake_exit_shutdown(1);
	assert_int_equal(peer_event(p, &e), PART_EV_TRIPLE_FAULT);
	assert_int_equal(e.vcpu, 1);
	assert_int_equal(stat_of(p, 0).state, PART_CHECKSTOPPED);
}

/* Seconds pass by the loop's clock; the vCPU's own time is real, and stands still. */
static int halted_for(struct peer *p, int seconds, struct part_event *e)
{
	for (int i = 0; i < seconds; i++) {
		loop_clock_warp(p->loop, SECOND);
		peer_settle(p);
		if (run_of(p) != PART_RUNNING)
			return peer_event(p, e);
	}
	return 0;
}

static void test_disabled_wait(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	loop_clock_stop(p->loop);
	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	fake_halt(0, false);
	assert_int_equal(halted_for(p, 100, &e), PART_EV_HALT);
	assert_int_equal(e.run, PART_DISABLED_WAIT);
	assert_int_equal(peer_cpu(p, PART_BEGIN, PART_ALL_CPUS), PART_R_NONE);
	assert_int_equal(run_of(p), PART_RUNNING);
}

static void test_idle_is_no_disabled_wait(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	loop_clock_stop(p->loop);
	assert_int_equal(peer_ipl(p, code, sizeof(code), 0), PART_R_NONE);
	fake_halt(0, true);
	assert_int_equal(halted_for(p, 300, &e), 0);
	assert_in_range(stat_of(p, 0).exits, 1, 100);
}

static void test_end(void **state)
{
	struct peer *p = *state;

	peer_send(p, PART_END, NULL, 0);
	assert_int_equal(loop_run(p->loop), 0);
}

#define TEST(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, peer_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions, peer_setup),
		TEST(test_version_1, peer_setup),
		TEST(test_a_longer_payload, peer_setup_active),
		TEST(test_shorter_payloads, peer_setup_active),
		TEST(test_garbage, peer_setup_active),
		TEST(test_activation, peer_setup),
		TEST(test_activations_that_are_none, peer_setup),
		TEST(test_what_kvm_refuses, peer_setup),
		TEST(test_devices_that_are_none, peer_setup),
		TEST(test_ipl_runs, peer_setup_active),
		TEST(test_ipl_that_fails, peer_setup_active),
		TEST(test_registers_are_stored, peer_setup_running),
		TEST(test_storage, peer_setup_active),
		TEST(test_resets, peer_setup_running),
		TEST(test_one_cpu_of_two, peer_setup),
		TEST(test_power_off, peer_setup_running),
		TEST(test_reboot, peer_setup_running),
		TEST(test_triple_fault, peer_setup_running),
		TEST(test_kvm_error, peer_setup_running),
		TEST(test_the_end_of_another_cpu, peer_setup),
		TEST(test_disabled_wait, peer_setup_active),
		TEST(test_idle_is_no_disabled_wait, peer_setup_active),
		TEST(test_end, peer_setup_active),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
