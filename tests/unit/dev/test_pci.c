/* PCI: configuration space, base addresses that move, MSI-X. */
#include "cp/guest_abi.h"
#include "tests/fake/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SLOT  5
#define OTHER 9

/* A function that is a page of memory at the start of its BAR. */
struct card {
	struct pci_function *fn;
	uint8_t memory[64];
	gpa_t base;
	int moves, vector_changes, config_writes;
	unsigned written_at;
};

static struct fake_machine *f;
static struct card card, other;

static void card_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	const struct card *c = ctx;

	memset(data, 0, len);
	if (offset + len <= sizeof(c->memory))
		memcpy(data, c->memory + offset, len);
}

static void card_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct card *c = ctx;

	if (offset + len <= sizeof(c->memory))
		memcpy(c->memory + offset, data, len);
}

static void card_moved(void *ctx, gpa_t base)
{
	struct card *c = ctx;

	c->base = base;
	c->moves++;
}

static void card_vector_changed(void *ctx, unsigned v)
{
	struct card *c = ctx;

	(void)v;
	c->vector_changes++;
}

static void card_config_written(void *ctx, unsigned offset, unsigned len)
{
	struct card *c = ctx;

	(void)len;
	c->config_writes++;
	c->written_at = offset;
}

static const struct pci_function_ops card_ops = {
	.read = card_read,
	.write = card_write,
	.moved = card_moved,
	.vector_changed = card_vector_changed,
	.config_written = card_config_written,
};

static const struct pci_ident ident = {
	.vendor = 0x1af4,
	.device = 0x1042,
	.subvendor = 0x1af4,
	.subdevice = 2,
	.class_code = 0x018001,
	.revision = 1,
	.n_vectors = 3,
};

static int plug(struct card *c, unsigned slot)
{
	*c = (struct card) { 0 };
	return pci_function_create(f->m.pci, slot, &ident, &card_ops, c, &c->fn);
}

static int setup(void **state)
{
	(void)state;
	return fake_machine_create(&f) || plug(&card, SLOT);
}

static int teardown(void **state)
{
	(void)state;
	fake_machine_destroy(f);
	return 0;
}

static uint32_t config(unsigned slot, unsigned reg, unsigned len)
{
	uint32_t value = 0;

	memcpy(&value, f->ecam + slot * 0x8000 + reg, len);
	assert_int_equal(fake_read(f, GUEST_ECAM_BASE + slot * 0x8000 + reg, len), value);
	return value;
}

static void set_config(unsigned slot, unsigned reg, uint32_t value, unsigned len)
{
	fake_write(f, GUEST_ECAM_BASE + slot * 0x8000 + reg, value, len);
}

static gpa_t home(unsigned slot)
{
	return GUEST_BAR_BASE + slot * PCI_BAR_SIZE;
}

static void test_who_is_there(void **state)
{
	(void)state;
	assert_int_equal(config(0, 0, 4), 0x00081b36);
	assert_int_equal(config(0, 8, 4) >> 16, 0x0600);
	assert_int_equal(config(SLOT, 0, 4), 0x10421af4);
	assert_int_equal(config(SLOT, 8, 4), 0x01800101);
	assert_int_equal(config(SLOT, 0x2c, 4), 0x00021af4);
	assert_int_equal(config(SLOT, 0x0e, 1), 0);
	for (unsigned slot = 1; slot < 32; slot++)
		if (slot != SLOT)
			assert_int_equal(config(slot, 0, 4), 0xffffffff);
}

static void test_is_configured_after_reset(void **state)
{
	(void)state;
	assert_int_equal(config(SLOT, 0x10, 4), home(SLOT));
	assert_int_equal(config(SLOT, 4, 2) & 6, 6);
	assert_int_equal(pci_bar(card.fn), home(SLOT));
	assert_int_equal(card.base, home(SLOT));
	fake_write(f, home(SLOT) + 8, 0x55, 1);
	assert_int_equal(card.memory[8], 0x55);
	assert_int_equal(fake_read(f, home(SLOT) + 8, 1), 0x55);
}

static void test_only_writable_bits_change(void **state)
{
	uint8_t before[256];

	(void)state;
	memcpy(before, pci_config(card.fn), 256);
	for (unsigned reg = 0; reg < 256; reg += 4)
		if (reg != 4 && reg != 0x0c && reg != 0x10 && reg != 0x3c && reg != 0x40)
			set_config(SLOT, reg, ~0u, 4);
	assert_memory_equal(before, pci_config(card.fn), 256);
	set_config(SLOT, 4, ~0u, 4);
	assert_int_equal(config(SLOT, 4, 4), 0x00100406);
	set_config(SLOT, 0x0c, ~0u, 4);
	assert_int_equal(config(SLOT, 0x0c, 4), 0xff);
	set_config(SLOT, 0x3c, ~0u, 4);
	assert_int_equal(config(SLOT, 0x3c, 4), 0xff);
	set_config(SLOT, 0x100, ~0u, 4);
	assert_int_equal(config(SLOT, 0x100, 4), 0);
	set_config(0, 4, ~0u, 4); /* the host bridge has nothing to set */
	assert_int_equal(config(0, 4, 4), 0);
	set_config(3, 0, 0, 4); /* nor has an empty slot */
	assert_int_equal(config(3, 0, 4), 0xffffffff);
	set_config(SLOT, 0x1000, 1, 4); /* nor another function */
	assert_int_equal(config(SLOT, 0x1000, 4), 0);
}

static void test_sizing(void **state)
{
	(void)state;
	set_config(SLOT, 0x10, ~0u, 4);
	assert_int_equal(config(SLOT, 0x10, 4), 0xffff8000);
	assert_int_equal(pci_bar(card.fn), 0);
	set_config(SLOT, 0x10, (uint32_t)home(SLOT), 4);
	assert_int_equal(pci_bar(card.fn), home(SLOT));
	for (unsigned reg = 0x14; reg < 0x28; reg += 4) {
		set_config(SLOT, reg, ~0u, 4);
		assert_int_equal(config(SLOT, reg, 4), 0);
	}
}

static void test_moves(void **state)
{
	const gpa_t to = GUEST_BAR_END - PCI_BAR_SIZE;

	(void)state;
	card.memory[0] = 0x42;
	set_config(SLOT, 0x10, (uint32_t)to, 4);
	assert_int_equal(card.base, to);
	assert_int_equal(fake_read(f, to, 1), 0x42);
	assert_int_equal(fake_read(f, home(SLOT), 1), 0xff);
}

static void test_memory_space_enable(void **state)
{
	(void)state;
	set_config(SLOT, 4, 4, 2);
	assert_int_equal(pci_bar(card.fn), 0);
	assert_int_equal(card.base, 0);
	assert_int_equal(fake_read(f, home(SLOT), 4), 0xffffffff);
	set_config(SLOT, 4, 6, 2);
	assert_int_equal(card.base, home(SLOT));
	assert_int_equal(fake_read(f, home(SLOT), 4), 0);
}

static void test_not_decoded_outside_the_window(void **state)
{
	static const uint32_t bad[] = { 0, 0x8000, GUEST_BAR_BASE - PCI_BAR_SIZE,
		GUEST_BAR_END, GUEST_ECAM_BASE, 0xfee00000, 0xffff8000 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		set_config(SLOT, 0x10, bad[i], 4);
		assert_int_equal(config(SLOT, 0x10, 4), bad[i]);
		assert_int_equal(pci_bar(card.fn), 0);
	}
	assert_int_equal(config(SLOT, 0, 2), 0x1af4); /* ECAM is still where it was */
}

static void test_two_exchange_places(void **state)
{
	(void)state;
	assert_int_equal(plug(&other, OTHER), 0);
	card.memory[0] = 1;
	other.memory[0] = 2;
	set_config(SLOT, 0x10, (uint32_t)home(OTHER), 4);
	assert_int_equal(pci_bar(card.fn), 0);
	assert_int_equal(fake_read(f, home(OTHER), 1), 2);
	set_config(OTHER, 0x10, (uint32_t)home(SLOT), 4);
	assert_int_equal(fake_read(f, home(OTHER), 1), 1);
	assert_int_equal(fake_read(f, home(SLOT), 1), 2);

	pci_bus_reset(f->m.pci);
	assert_int_equal(fake_read(f, home(OTHER), 1), 2);
	assert_int_equal(fake_read(f, home(SLOT), 1), 1);
}

static void test_plugging(void **state)
{
	struct card more;

	(void)state;
	assert_int_equal(plug(&more, SLOT), -EEXIST);
	assert_int_equal(plug(&more, 0), -EINVAL);
	assert_int_equal(plug(&more, 32), -EINVAL);
	pci_function_destroy(card.fn);
	assert_int_equal(config(SLOT, 0, 4), 0xffffffff);
	assert_int_equal(plug(&card, SLOT), 0);
	assert_int_equal(fake_read(f, home(SLOT), 4), 0);
}

/* A driver whose device is gone waits until it reads zeros where that was. */
static void test_gone(void **state)
{
	(void)state;
	assert_int_equal(plug(&other, OTHER), 0);
	pci_function_destroy(other.fn);
	assert_int_equal(config(OTHER, 0, 4), 0xffffffff);
	assert_int_equal(fake_read(f, home(OTHER), 4), 0);
	fake_write(f, home(OTHER), 1, 4);
	assert_int_equal(fake_read(f, home(OTHER), 1), 0);

	card.memory[0] = 7; /* another may be there */
	set_config(SLOT, 0x10, (uint32_t)home(OTHER) + PCI_BAR_SIZE, 4);
	assert_int_equal(fake_read(f, home(OTHER), 4), 0);
	set_config(SLOT, 0x10, (uint32_t)home(OTHER), 4);
	assert_int_equal(fake_read(f, home(OTHER), 1), 7);
	set_config(SLOT, 0x10, (uint32_t)home(SLOT), 4);
	assert_int_equal(fake_read(f, home(OTHER), 4), 0xffffffff);
}

static void test_gone_until_reset(void **state)
{
	(void)state;
	assert_int_equal(plug(&other, OTHER), 0);
	pci_function_destroy(other.fn);
	pci_bus_reset(f->m.pci);
	assert_int_equal(fake_read(f, home(OTHER), 4), 0xffffffff);
	assert_int_equal(plug(&other, OTHER), 0);
	assert_int_equal(other.base, home(OTHER));
	pci_function_destroy(other.fn);
}

static void test_vendor_capability(void **state)
{
	const uint8_t cap[8] = { 0, 0, 0, 7, 1, 2, 3, 4 };
	const uint8_t writable[8] = { 0, 0, 0, 0, 0xf0, 0, 0, 0 };
	uint8_t big[200] = { 0 };
	int at = pci_add_capability(card.fn, cap, sizeof(cap), writable);

	(void)state;
	assert_in_range(at, 0x40, 0xf8);
	assert_int_equal(config(SLOT, 0x34, 1), 0x40);
	assert_int_equal(config(SLOT, 0x40, 1), 0x11);
	assert_int_equal(config(SLOT, 0x41, 1), at);
	assert_int_equal(config(SLOT, (unsigned)at, 4), 0x07080009);
	set_config(SLOT, (unsigned)at + 4, ~0u, 4);
	assert_int_equal(config(SLOT, (unsigned)at + 4, 4), 0x040302f1);
	assert_int_equal(card.config_writes, 1);
	assert_int_equal(card.written_at, at + 4);
	set_config(SLOT, (unsigned)at, ~0u, 4);
	assert_int_equal(card.config_writes, 1);
	assert_int_equal(pci_add_capability(card.fn, big, sizeof(big), NULL), -ENOSPC);
	pci_function_reset(card.fn);
	assert_int_equal(config(SLOT, (unsigned)at + 4, 4), 0x04030201);
}

/* ---- MSI-X ---- */

static gpa_t table(void)
{
	assert_int_equal(config(SLOT, 0x44, 4), 0x7000);
	return home(SLOT) + 0x7000;
}

static uint64_t pending(void)
{
	return fake_read(f, home(SLOT) + config(SLOT, 0x48, 4), 8);
}

static void set_vector(unsigned v, uint64_t addr, uint32_t data, bool masked)
{
	fake_write(f, table() + 16 * v, addr, 8);
	fake_write(f, table() + 16 * v + 8, data, 4);
	fake_write(f, table() + 16 * v + 12, masked, 4);
}

static void set_control(uint16_t control)
{
	set_config(SLOT, 0x42, control, 2);
}

static void test_msix_capability(void **state)
{
	(void)state;
	assert_int_equal(config(SLOT, 0x42, 2), 2); /* three vectors */
	set_control(0xffff);
	assert_int_equal(config(SLOT, 0x42, 2), 0xc002);
	for (unsigned v = 0; v < 3; v++)
		assert_int_equal(fake_read(f, table() + 16 * v + 12, 4), 1);
}

static void test_msix_sends(void **state)
{
	uint64_t addr;
	uint32_t data;

	(void)state;
	set_vector(1, 0xfee01000, 0x31, false);
	pci_msix_send(card.fn, 1); /* MSI-X is off: nothing */
	assert_false(pci_msix_message(card.fn, 1, &addr, &data));
	set_control(0x8000);
	assert_int_equal(f->n_msi, 0);
	pci_msix_send(card.fn, 1);
	assert_int_equal(f->n_msi, 1);
	assert_int_equal(f->msi[0].addr, 0xfee01000);
	assert_int_equal(f->msi[0].data, 0x31);
	assert_true(pci_msix_message(card.fn, 1, &addr, &data));
	assert_int_equal(addr, 0xfee01000);
	assert_int_equal(data, 0x31);
	pci_msix_send(card.fn, 3); /* not there */
	pci_msix_send(card.fn, 40);
	assert_int_equal(f->n_msi, 1);
}

static void test_masked_vector_is_pending(void **state)
{
	uint64_t addr;
	uint32_t data;

	(void)state;
	set_control(0x8000);
	set_vector(2, 0xfee00000, 0x40, true);
	pci_msix_send(card.fn, 2);
	pci_msix_send(card.fn, 2);
	assert_int_equal(f->n_msi, 0);
	assert_int_equal(pending(), 4);
	assert_false(pci_msix_message(card.fn, 2, &addr, &data));
	fake_write(f, table() + 44, 0, 4);
	assert_int_equal(f->n_msi, 1);
	assert_int_equal(f->msi[0].data, 0x40);
	assert_int_equal(pending(), 0);
}

static void test_function_mask(void **state)
{
	(void)state;
	set_vector(0, 0xfee00000, 0x50, false);
	set_control(0xc000);
	pci_msix_send(card.fn, 0);
	assert_int_equal(f->n_msi, 0);
	assert_int_equal(pending(), 1);
	set_control(0x8000);
	assert_int_equal(f->n_msi, 1);
	assert_int_equal(pending(), 0);
}

static void test_turning_msix_off_forgets(void **state)
{
	(void)state;
	set_vector(0, 0xfee00000, 0x50, true);
	set_control(0x8000);
	pci_msix_send(card.fn, 0);
	set_control(0);
	assert_int_equal(pending(), 0);
	set_control(0x8000);
	fake_write(f, table() + 12, 0, 4);
	assert_int_equal(f->n_msi, 0);
}

static void test_table_accesses(void **state)
{
	(void)state;
	fake_write(f, table(), 0x1111, 2);          /* too narrow */
	fake_write(f, table() + 2, 0x22222222, 4);  /* not aligned */
	fake_write(f, table() + 48, 0x33333333, 4); /* a fourth vector */
	fake_write(f, home(SLOT) + 0x7800, ~0u, 4); /* read only */
	assert_int_equal(fake_read(f, table(), 8), 0);
	assert_int_equal(fake_read(f, table() + 48, 4), 0);
	assert_int_equal(pending(), 0);
	assert_int_equal(fake_read(f, table() + 1, 1), 0xff);
	assert_int_equal(fake_read(f, table() - 2, 4), 0xffffffff);
	assert_int_equal(card.vector_changes, 0);
	set_vector(0, 0xfee00000, 1, false);
	assert_int_equal(card.vector_changes, 3);
	fake_write(f, table(), 0xfee00000, 4); /* the same */
	assert_int_equal(card.vector_changes, 3);
}

static void test_reset(void **state)
{
	(void)state;
	set_vector(0, 0xfee00000, 0x50, true);
	set_control(0x8000);
	pci_msix_send(card.fn, 0);
	set_config(SLOT, 4, 0, 2);
	pci_bus_reset(f->m.pci);
	assert_int_equal(pci_bar(card.fn), home(SLOT));
	assert_int_equal(config(SLOT, 0x42, 2), 2);
	assert_int_equal(fake_read(f, table(), 8), 0);
	assert_int_equal(fake_read(f, table() + 12, 4), 1);
	assert_int_equal(pending(), 0);
}

static void save(struct snap *s)
{
	snap_init_save(s);
	assert_int_equal(pci_bus_snap(f->m.pci, s), 0);
}

static int load(const struct snap *saved)
{
	struct snap s;
	int err;

	snap_init_load(&s, saved->buf, saved->len);
	err = pci_bus_snap(f->m.pci, &s);
	snap_fini(&s);
	return err;
}

static void test_state_moves_to_another(void **state)
{
	struct snap first, second;

	(void)state;
	assert_int_equal(plug(&other, OTHER), 0);
	set_config(SLOT, 4, 0, 2);
	set_config(OTHER, 0x10, (uint32_t)home(SLOT), 4);
	set_config(SLOT, 0x10, (uint32_t)home(OTHER), 4);
	set_config(SLOT, 4, 6, 2);
	set_config(SLOT, 0x42, 0x8000, 2);
	fake_write(f, home(OTHER) + 0x7000, 0xfee00000, 8);
	fake_write(f, home(OTHER) + 0x7008, 0x99, 4);
	pci_msix_send(card.fn, 0);
	save(&first);

	fake_machine_destroy(f);
	assert_int_equal(fake_machine_create(&f), 0);
	assert_int_equal(plug(&card, SLOT), 0);
	assert_int_equal(plug(&other, OTHER), 0);
	assert_int_equal(load(&first), 0);
	assert_int_equal(card.base, home(OTHER));
	assert_int_equal(other.base, home(SLOT));
	save(&second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.buf, second.buf, first.len);
	fake_write(f, home(OTHER) + 0x700c, 0, 4);
	assert_int_equal(f->n_msi, 1);
	assert_int_equal(f->msi[0].data, 0x99);
	snap_fini(&first);
	snap_fini(&second);
}

/* The state of another machine, and one that a liar wrote. */
static void test_refuses_foreign_state(void **state)
{
	struct snap saved;
	uint8_t *id;

	(void)state;
	save(&saved);
	id = memmem(saved.buf, saved.len, "\xf4\x1a\x42\x10", 4);
	assert_non_null(id);
	id[2] = 0x41;
	assert_int_equal(load(&saved), -EINVAL);
	id[2] = 0x42;
	id[8] ^= 0xff; /* a read-only byte: the revision stays ours */
	assert_int_equal(load(&saved), 0);
	assert_int_equal(config(SLOT, 8, 1), 1);
	assert_int_equal(plug(&other, OTHER), 0);
	assert_int_not_equal(load(&saved), 0);
	snap_fini(&saved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_is_there),
		TEST(test_is_configured_after_reset),
		TEST(test_only_writable_bits_change),
		TEST(test_sizing),
		TEST(test_moves),
		TEST(test_memory_space_enable),
		TEST(test_not_decoded_outside_the_window),
		TEST(test_two_exchange_places),
		TEST(test_plugging),
		TEST(test_gone),
		TEST(test_gone_until_reset),
		TEST(test_vendor_capability),
		TEST(test_msix_capability),
		TEST(test_msix_sends),
		TEST(test_masked_vector_is_pending),
		TEST(test_function_mask),
		TEST(test_turning_msix_off_forgets),
		TEST(test_table_accesses),
		TEST(test_reset),
		TEST(test_state_moves_to_another),
		TEST(test_refuses_foreign_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
