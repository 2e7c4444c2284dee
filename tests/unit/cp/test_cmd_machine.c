/* The front panel: IPL, SYSTEM, STOP, BEGIN, and what DISPLAY and STORE make of storage.
 */
#include "tests/unit/cp/front.h"

static struct ear *user(struct front *f)
{
	twin_partition(&f->cp, "ALPHA");
	return ear_create(f, "ALPHA", "G");
}

static void test_ipl(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "ipl cms parm \"query disk; echo x\""), 0);
	twin_was_asked("ipl ALPHA kind 1 parm <query disk; echo x> absolute 0\n");
	assert_int_equal(ear_type(e, "i"), 0); /* as the directory says */
	twin_was_asked("ipl ALPHA kind 1 parm <> absolute 1\n");
	assert_int_equal(ear_type(e, "ipl parm other"), 0);
	twin_was_asked("ipl ALPHA kind 1 parm <other> absolute 1\n");
	assert_int_equal(ear_type(e, "ipl kernel"), 26);
	ear_free(e);
}

static void test_ipl_of_nothing(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "BETA", "G");

	assert_int_equal(ear_type(e, "ipl cms"), 45);
	twin_partition(&f->cp, "BETA");
	assert_int_equal(ear_type(e, "ipl"), 26);
	ear_free(e);
}

static void test_system(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "system reset#syst cl#system restart"), 0);
	assert_string_equal(twin.log, "reset ALPHA kind 1\nreset ALPHA kind 2\n"
				      "reset ALPHA kind 3\n");
	ear_heard(e, "System reset.");
	ear_heard(e, "Storage cleared - system reset.");
	assert_int_equal(ear_type(e, "system"), 26);
	assert_int_equal(ear_type(e, "system frob"), 3);
	assert_int_equal(ear_type(e, "system reset now"), 3);
	ear_free(e);
}

static void test_stop_and_begin(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "stop#begin#stop cpu 1#b cpu 0"), 0);
	assert_string_equal(twin.log, "stop ALPHA cpu -1\nbegin ALPHA cpu -1\n"
				      "stop ALPHA cpu 1\nbegin ALPHA cpu 0\n");
	assert_int_equal(ear_type(e, "stop cpu 2"), 2);
	assert_int_equal(ear_type(e, "stop frob"), 3);
	ear_free(e);
}

static void test_display_storage(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	for (int i = 0; i < 64; i++)
		twin.storage[0x100 + i] = (uint8_t)('A' + i);
	assert_int_equal(ear_type(e, "display 100.14"), 0);
	ear_heard(e,
		"out 7: R00000100  41424344 45464748 494A4B4C 4D4E4F50  *ABCDEFGHIJKLMNOP*\n"
		"R00000110  51525354                             *QRST            *\n");
	assert_int_equal(ear_type(e, "display 100-113"), 0);
	twin_was_asked("read ALPHA 100 20\nread ALPHA 100 20\n");
	assert_int_equal(ear_type(e, "display 100"), 0);
	twin_was_asked("read ALPHA 100 16\n");
	session_command(&e->s, 8, true, "display 100.4");
	ear_heard(e, "\"records\":[{\"address\":256,\"hex\":\"41424344\"}]");
	assert_int_not_equal(ear_type(e, "display ffffffff0"), 0);
	assert_int_equal(ear_type(e, "display 0.8001"), MSG_TOO_MUCH_STORAGE);
	assert_int_equal(ear_type(e, "display 10-f"), 2);
	assert_int_equal(ear_type(e, "display xyz"), 2);
	assert_int_equal(ear_type(e, "display ffffffffffffffff.2"), 2);
	assert_int_equal(ear_type(e, "display"), 26);
	ear_free(e);
}

static void test_display_registers(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	twin.regs.gpr[0] = 0x1111;
	twin.regs.gpr[2] = 0x3333;
	twin.regs.gpr[15] = 0x1234;
	twin.regs.rip = 0x100000;
	assert_int_equal(ear_type(e, "display g"), 0);
	ear_heard(e, "RAX    = 0000000000001111  RBX    = 0000000000000000  ");
	ear_heard(e, "TR     = 0000000000000000\n");
	assert_int_equal(ear_type(e, "display r1"), 0);
	ear_heard(e, "out 7: RCX    = 0000000000003333\n");
	assert_int_equal(ear_type(e, "display r15 cpu 1"), 0);
	ear_heard(e, "R15    = 0000000000001234");
	twin_was_asked("regs ALPHA cpu 1\n");
	assert_int_equal(ear_type(e, "display psw"), 0);
	ear_heard(e, "RIP    = 0000000000100000");
	assert_int_equal(ear_type(e, "display g cpu 9"), 2);
	ear_free(e);
}

static void test_store(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);

	assert_int_equal(ear_type(e, "store 300 DEADBEEF 0011"), 0);
	ear_heard(e, "Store complete.");
	assert_memory_equal(twin.storage + 0x300, "\xde\xad\xbe\xef\x00\x11", 6);
	assert_int_equal(ear_type(e, "store r15 1234"), 0);
	assert_int_equal(twin.regs.gpr[15], 0x1234);
	assert_int_equal(ear_type(e, "store rip ffffffffffffffff cpu 1"), 0);
	assert_true(twin.regs.rip == UINT64_MAX);
	assert_int_equal(twin.regs.cpu, 1);
	assert_int_equal(ear_type(e, "store cr3 0"), MSG_REGISTER_READ_ONLY);
	assert_int_equal(ear_type(e, "store 300 abc"), 2);
	assert_int_equal(ear_type(e, "store 300 xy"), 2);
	assert_int_equal(ear_type(e, "store 300"), 26);
	assert_int_equal(ear_type(e, "store rax"), 26);
	assert_int_equal(ear_type(e, "store rax 1ffffffffffffffff"), 2);
	assert_int_not_equal(ear_type(e, "store fffffffff 00"), 0);
	ear_free(e);
}

static void test_store_too_much(void **state)
{
	struct front *f = *state;
	struct ear *e = user(f);
	char line[4096] = "store 0 ";

	memset(line + 8, '0', 2 * 1025);
	assert_int_equal(ear_type(e, line), MSG_WORD_TOO_LONG);
	for (int i = 0; i < 6; i++)
		line[8 + 400 * i] = ' ';
	assert_int_equal(ear_type(e, line), 0);
	memset(line + 8 + 2 * 1025, '0', 8);
	assert_int_equal(ear_type(e, line), MSG_TOO_MUCH_STORAGE);
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ipl),
		TEST(test_ipl_of_nothing),
		TEST(test_system),
		TEST(test_stop_and_begin),
		TEST(test_display_storage),
		TEST(test_display_registers),
		TEST(test_store),
		TEST(test_store_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
