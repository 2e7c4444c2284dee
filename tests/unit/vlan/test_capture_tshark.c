/* Wireshark's own programs read what a trace wrote. */
#include "tests/unit/vlan/capture_fixture.h"

#include <time.h>

static struct made one;

/* What a program says of the file; its name is the command's one operand. */
static void ask(const char *command, int fd, char *out, size_t size)
{
	char line[512];
	size_t n;
	FILE *p;

	snprintf(line, sizeof(line), command, getpid(), fd);
	p = popen(line, "re");
	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	assert_int_equal(pclose(p), 0);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void test_tshark(void **state)
{
	static const char expected[] =
		"ALPHA.0600|0x00000002|60|60||0.000000000\n"
		"BETA.0600|0x00000001|64|64|VLAN 10|0.000000001\n"
		"ALPHA.0600|0x00000002|60|60|dropped: not from the NIC's own address|0.000001001\n"
		"BETA.0600|0x00000001|64|64|dropped: the receiver had no room,VLAN 10,"
		"note 0.000000001 s before: here|0.000002000\n";
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	char out[4096];

	(void)state;
	make_frame(&one, 60, 0);
	sent(&alpha, &one, DROP_NONE, 1000);
	one.frame.vlan = 10;
	got(&beta, &one, true, DROP_NONE, 1001);
	one.frame.vlan = 0;
	sent(&alpha, &one, DROP_SPOOFED, 2001);
	capture_note(lan.c, 1, "here", 4, 2999);
	one.frame.vlan = 10;
	got(&beta, &one, true, DROP_FULL, 3000);
	end_trace(1);
	ask("tshark -r /proc/%d/fd/%d -T fields -E separator='|' -e frame.interface_name"
	    " -e frame.packet_flags_direction -e frame.len -e frame.cap_len"
	    " -e frame.comment -e frame.time_relative 2>/dev/null",
		fd, out, sizeof(out));
	assert_string_equal(out, expected);
	close(fd);
}

/* The time of day, from the monotonic one. */
static void test_times(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	uint64_t before, now, after;
	struct back b;

	(void)state;
	make_frame(&one, 60, 0);
	before = clock_ns(CLOCK_REALTIME);
	now = clock_ns(CLOCK_MONOTONIC);
	after = clock_ns(CLOCK_REALTIME);
	sent(&alpha, &one, DROP_NONE, now);
	end_trace(1);
	back_open(&b, fd);
	assert_true(back_next(&b));
	/* as exact as two clocks can be read one after the other */
	assert_in_range(b.p.time, before - 1000000, after + 1000000);
	back_close(&b);
	close(fd);
}

/* As a whole: interfaces, what was lost, and a section behind another. */
static void test_capinfos(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 }), again = dup(fd);
	char out[4096];

	(void)state;
	make_frame(&one, 60, 0);
	sent(&alpha, &one, DROP_NONE, 1);
	sent(&beta, &one, DROP_NONE, 1);
	end_trace(1);
	assert_int_equal(
		capture_add(lan.c, &(struct lan_trace) { .id = 1 }, NULL, &again, 1), 0);
	sent(&alpha, &one, DROP_NONE, 2);
	end_trace(1);
	ask("capinfos -tcEI /proc/%d/fd/%d", fd, out, sizeof(out));
	assert_non_null(strstr(out, "pcapng"));
	assert_non_null(strstr(out, "Number of packets:   3"));
	assert_non_null(strstr(out, "Ethernet"));
	assert_non_null(strstr(out, "Name = ALPHA.0600"));
	assert_non_null(strstr(out, "Name = BETA.0600"));
	assert_non_null(strstr(out, "Time resolution = 0x09"));
	close(fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lan_make, lan_unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tshark),
		TEST(test_times),
		TEST(test_capinfos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
