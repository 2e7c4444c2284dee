/* The 16550A: registers, FIFO, interrupts, as a driver tries them out and uses them. */
#include "cp/guest_abi.h"
#include "partitions/dev/console_port.h"
#include "tests/fake/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };
#define FCR IIR

static struct fake_machine *f;
static struct device *uart;

static int setup(void **state)
{
	const struct device_conf conf = { .fd = -1 };

	(void)state;
	if (fake_machine_create(&f))
		return -1;
	return device_create(&f->m, DEVICE_uart, &conf, &uart);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(uart);
	fake_machine_destroy(f);
	return 0;
}

static uint8_t get(unsigned reg)
{
	return fake_in(f, (uint16_t)(GUEST_COM1_PORT + reg));
}

static void set(unsigned reg, uint8_t value)
{
	fake_out(f, (uint16_t)(GUEST_COM1_PORT + reg), value);
}

static bool interrupts(void)
{
	return f->line[GUEST_COM1_GSI];
}

static void test_output(void **state)
{
	(void)state;
	for (const char *c = "hello\n"; *c; c++) {
		assert_int_equal(get(LSR) & 0x60, 0x60);
		set(DATA, (uint8_t)*c);
	}
	assert_int_equal(f->console_len, 6);
	assert_memory_equal(f->console, "hello\n", 6);
}

/* What Linux' 8250 driver does to find out what it has. */
static void test_is_found_as_16550a(void **state)
{
	uint8_t before;

	(void)state;
	set(IER, 0);
	assert_int_equal(get(IER), 0);
	set(IER, 0x0f);
	assert_int_equal(get(IER), 0x0f);
	set(IER, 0xf0);
	assert_int_equal(get(IER), 0);

	before = get(MCR);
	set(MCR, 0x10 | 0x0a); /* loop, RTS and OUT2 */
	assert_int_equal(get(MSR) & 0xf0, 0x90);
	set(MCR, 0x10 | 0x05);
	assert_int_equal(get(MSR) & 0xf0, 0x60);
	set(MCR, before);
	assert_int_equal(get(MSR) & 0xf0, 0xb0);

	assert_int_equal(get(IIR) >> 6, 0);
	set(FCR, 1);
	assert_int_equal(get(IIR) >> 6, 3);
	set(LCR, 0xbf); /* enhanced registers: there are none, this is IIR still */
	assert_int_not_equal(get(IIR), 0);
	set(LCR, 0x80);
	set(FCR, 0x21); /* a 64-byte FIFO is not there either */
	set(LCR, 0);
	assert_int_equal(get(IIR) & 0x20, 0);

	set(SCRATCH, 0x5a);
	assert_int_equal(get(SCRATCH), 0x5a);
}

static void test_divisor_is_behind_dlab(void **state)
{
	(void)state;
	set(LCR, 0x83);
	set(DATA, 0x01);
	set(IER, 0x02);
	assert_int_equal(get(DATA), 1);
	assert_int_equal(get(IER), 2);
	set(LCR, 0x03);
	assert_int_equal(get(LCR), 0x03);
	assert_int_equal(get(IER), 0);
	assert_int_equal(f->console_len, 0);
}

static void test_input(void **state)
{
	(void)state;
	assert_int_equal(get(LSR) & 1, 0);
	assert_int_equal(get(DATA), 0);
	assert_int_equal(uart_input(uart, "ab", 2), 2);
	assert_int_equal(get(LSR) & 1, 1);
	assert_int_equal(get(DATA), 'a');
	assert_int_equal(get(LSR) & 1, 1);
	assert_int_equal(get(DATA), 'b');
	assert_int_equal(get(LSR) & 1, 0);
}

static void test_receive_interrupt(void **state)
{
	(void)state;
	set(FCR, 0x01 | 0x40); /* trigger level 4 */
	set(IER, 0x01);
	set(MCR, 0x08);
	assert_int_equal(get(IIR) & 0x0f, 0x01);
	uart_input(uart, "a", 1);
	assert_true(interrupts());
	assert_int_equal(get(IIR) & 0x0f, 0x0c);
	uart_input(uart, "bcd", 3);
	assert_int_equal(get(IIR) & 0x0f, 0x04);
	for (int i = 0; i < 4; i++)
		get(DATA);
	assert_false(interrupts());
	assert_int_equal(get(IIR) & 0x0f, 0x01);
	assert_int_equal(f->line_changes, 2);
}

static void test_transmit_interrupt(void **state)
{
	(void)state;
	set(MCR, 0x08);
	set(IER, 0x02);
	assert_true(interrupts());
	assert_int_equal(get(IIR) & 0x0f, 0x02);
	assert_false(interrupts()); /* reading it was the answer */
	assert_int_equal(get(IIR) & 0x0f, 0x01);
	set(DATA, 'x');
	assert_true(interrupts());
	set(IER, 0);
	assert_false(interrupts());
	set(IER, 0x02);
	assert_true(interrupts());
}

static void test_receive_comes_first(void **state)
{
	(void)state;
	set(MCR, 0x08);
	set(IER, 0x03);
	uart_input(uart, "a", 1);
	assert_int_equal(get(IIR) & 0x0f, 0x04);
	get(DATA);
	assert_int_equal(get(IIR) & 0x0f, 0x02);
}

static void test_out2_lets_interrupts_out(void **state)
{
	(void)state;
	set(IER, 0x01);
	uart_input(uart, "a", 1);
	assert_false(interrupts());
	set(MCR, 0x08);
	assert_true(interrupts());
	set(MCR, 0x00);
	assert_false(interrupts());
}

static void test_loop(void **state)
{
	(void)state;
	set(MCR, 0x10);
	set(DATA, 'z');
	assert_int_equal(f->console_len, 0);
	assert_int_equal(get(DATA), 'z');
}

static void test_input_is_bounded(void **state)
{
	static char much[70000];
	size_t taken;

	(void)state;
	memset(much, 'm', sizeof(much));
	taken = uart_input(uart, much, sizeof(much));
	assert_int_equal(taken, 65536);
	assert_int_equal(uart_input(uart, "x", 1), 0);
	get(DATA);
	assert_int_equal(uart_input(uart, "xy", 2), 1);
	for (size_t i = 0; i < 65535; i++)
		assert_int_equal(get(DATA), 'm');
	assert_int_equal(get(DATA), 'x');
}

static void test_clearing_the_fifo(void **state)
{
	(void)state;
	set(FCR, 1);
	uart_input(uart, "old", 3);
	set(FCR, 3);
	assert_int_equal(get(LSR) & 1, 0);
}

static void test_reset(void **state)
{
	(void)state;
	set(MCR, 0x08);
	set(IER, 0x01);
	uart_input(uart, "a", 1);
	assert_true(interrupts());
	uart->ops->reset(uart);
	assert_false(interrupts());
	assert_int_equal(get(IER), 0);
	assert_int_equal(get(LSR) & 1, 0);
}

static void test_state_moves_to_another(void **state)
{
	const struct device_conf conf = { .fd = -1 };
	struct snap s;
	struct snap in;

	(void)state;
	set(MCR, 0x08);
	set(IER, 0x01);
	set(SCRATCH, 0x77);
	uart_input(uart, "typed", 5);
	snap_init_save(&s);
	assert_int_equal(uart->ops->snap(uart, &s), 0);
	device_destroy(uart);
	fake_forget(f);
	f->line[GUEST_COM1_GSI] = false;

	assert_int_equal(device_create(&f->m, DEVICE_uart, &conf, &uart), 0);
	snap_init_load(&in, s.buf, s.len);
	assert_int_equal(uart->ops->snap(uart, &in), 0);
	assert_true(interrupts());
	assert_int_equal(get(SCRATCH), 0x77);
	for (const char *c = "typed"; *c; c++)
		assert_int_equal(get(DATA), *c);
	snap_fini(&in);
	snap_fini(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_output),
		TEST(test_is_found_as_16550a),
		TEST(test_divisor_is_behind_dlab),
		TEST(test_input),
		TEST(test_receive_interrupt),
		TEST(test_transmit_interrupt),
		TEST(test_receive_comes_first),
		TEST(test_out2_lets_interrupts_out),
		TEST(test_loop),
		TEST(test_input_is_bounded),
		TEST(test_clearing_the_fifo),
		TEST(test_reset),
		TEST(test_state_moves_to_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
