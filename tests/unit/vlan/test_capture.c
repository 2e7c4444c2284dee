/* What a trace takes of the frames that go through a switch. */
#include "tests/unit/vlan/capture_fixture.h"

#include <pcap/pcap.h>

static struct made one, two;
static struct port uplink = {
	.conf = { .id = 3, .flags = LAN_PORT_UPLINK, .name = "UPLINK" },
};

static struct capfile_packet *next(struct back *b)
{
	assert_true(back_next(b));
	return &b->p;
}

static void test_a_frame_at_each_port(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	struct capfile_packet *p;
	uint64_t first;
	struct back b;

	(void)state;
	make_frame(&one, 100, 0);
	sent(&alpha, &one, DROP_NONE, 5000);
	got(&beta, &one, false, DROP_NONE, 5000);
	got(&uplink, &one, false, DROP_FULL, 5001);
	end_trace(1);
	back_open(&b, fd);
	p = next(&b);
	first = p->time;
	assert_true(p->ours && !p->inbound);
	assert_int_equal(p->caplen, 100);
	assert_memory_equal(p->bytes, one.bytes, 100);
	p = next(&b);
	assert_true(p->inbound);
	assert_int_equal(p->time, first);
	p = next(&b);
	assert_true(p->inbound);
	assert_int_equal(p->time, first + 1);
	assert_false(back_next(&b));
	assert_int_equal(times(&b, "ALPHA.0600"), 1);
	assert_int_equal(times(&b, "BETA.0600"), 1);
	assert_int_equal(times(&b, "UPLINK"), 1);
	assert_int_equal(times(&b, "dropped: the receiver had no room"), 1);
	assert_int_equal(times(&b, "VLAN"), 0);
	back_close(&b);
	close(fd);
}

/* With the tag where the wire would have it, and the VLAN it is in. */
static void test_vlans(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1, .vlan = 10 });
	struct capfile_packet *p;
	struct back b;

	(void)state;
	make_frame(&one, 60, 10);
	make_frame(&two, 60, 11);
	sent(&alpha, &one, DROP_NONE, 1);
	sent(&alpha, &two, DROP_NONE, 2);
	got(&beta, &one, true, DROP_NONE, 3);
	end_trace(1);
	back_open(&b, fd);
	p = next(&b);
	assert_int_equal(p->len, 60);
	p = next(&b);
	assert_int_equal(p->len, 64);
	assert_memory_equal(p->bytes, one.bytes, 12);
	assert_memory_equal(p->bytes + 12, "\x81\x00\x00\x0a", 4);
	assert_memory_equal(p->bytes + 16, one.bytes + 12, 48);
	assert_false(back_next(&b));
	assert_int_equal(times(&b, "VLAN 10"), 2);
	back_close(&b);
	close(fd);
}

static int count_of(const struct lan_trace *conf)
{
	int fd = add_trace(conf), n = 0;
	struct back b;

	make_frame(&one, 60, 0);
	sent(&alpha, &one, DROP_SPOOFED, 1);
	sent(&alpha, &one, DROP_NONE, 2);
	got(&beta, &one, false, DROP_NONE, 2);
	got(&uplink, &one, false, DROP_NONE, 2);
	got(&uplink, &one, false, DROP_FULL, 2);
	end_trace(conf->id);
	back_open(&b, fd);
	while (back_next(&b))
		n++;
	back_close(&b);
	close(fd);
	return n;
}

static void test_selection(void **state)
{
	struct lan_trace t = { .id = 7 };

	(void)state;
	assert_int_equal(count_of(&t), 5);
	t.port = 1;
	assert_int_equal(count_of(&t), 2);
	t.flags = LAN_TRACE_DROPPED;
	assert_int_equal(count_of(&t), 1);
	t.port = 0;
	assert_int_equal(count_of(&t), 2);
	t.flags = LAN_TRACE_TRUNK;
	assert_int_equal(count_of(&t), 2);
	t.flags = LAN_TRACE_OFF;
	assert_int_equal(count_of(&t), 0);
	t.flags = 0;
	t.vlan = 3;
	assert_int_equal(count_of(&t), 0);
	t = (struct lan_trace) { .id = 7, .name = "UPLINK" };
	assert_int_equal(count_of(&t), 2);
	t = (struct lan_trace) { .id = 7, .name = "UPLIN" };
	assert_int_equal(count_of(&t), 0);
}

static void test_enable_and_disable(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1, .flags = LAN_TRACE_OFF });
	struct lan_stat_trace st;

	(void)state;
	make_frame(&one, 60, 0);
	assert_null(lan.tap);
	assert_int_equal(capture_set(lan.c, &(struct lan_trace_set) { .id = 1 }), 0);
	assert_non_null(lan.tap);
	sent(&alpha, &one, DROP_NONE, 1);
	assert_int_equal(capture_set(lan.c, &(struct lan_trace_set) { .id = 1,
						    .flags = LAN_TRACE_OFF }),
		0);
	assert_null(lan.tap);
	assert_int_equal(captures_stat(lan.c, &st, 1), 1);
	assert_int_equal(st.state, LAN_TRACE_DISABLED);
	assert_int_equal(st.frames, 1);
	assert_int_equal(
		capture_set(lan.c, &(struct lan_trace_set) { .id = 2 }), -ENOENT);
	close(fd);
}

/* libpcap's program for an expression. */
static struct bpf_program compile(const char *expression)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	struct bpf_program prog;

	assert_int_equal(pcap_compile(p, &prog, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	pcap_close(p);
	return prog;
}

/* A UDP datagram to port 53 whose UDP header is behind a long IP header and, as all after
 * the head, in segments of one byte. */
static void make_dns(struct made *m, struct iovec *seg, uint8_t words)
{
	make_frame(m, 120, 0);
	m->bytes[12] = 8; /* IPv4 */
	m->bytes[13] = 0;
	m->bytes[14] = (uint8_t)(0x40 | words);
	m->bytes[20] = m->bytes[21] = 0; /* no fragment */
	m->bytes[23] = 17;
	m->bytes[14 + words * 4 + 2] = 0;
	m->bytes[14 + words * 4 + 3] = 53;
	memcpy(m->frame.head, m->bytes, FRAME_HEAD);
	for (int i = 0; i < 120; i++)
		seg[i] = (struct iovec) { m->bytes + i, 1 };
	m->frame.seg = seg;
	m->frame.n_seg = 120;
}

static void test_a_filter_sees_what_it_looks_at(void **state)
{
	struct bpf_program dns = compile("udp port 53"), vlan = compile("vlan 10");
	struct iovec seg[120];
	struct lan_trace conf = { .id = 1, .n_insns = dns.bf_len };
	int fd = memfd_create("trace", 0), mine = dup(fd), n = 0;
	struct back b;

	(void)state;
	assert_int_equal(capture_add(lan.c, &conf, (void *)dns.bf_insns, &fd, 1), 0);
	for (uint8_t words = 5; words <= 15; words += 5) {
		make_dns(&one, seg, words);
		sent(&alpha, &one, DROP_NONE, 1);
		got(&beta, &one, true, DROP_NONE, 1); /* tagged, it is none */
		one.bytes[14 + words * 4 + 3] = 54;
		memcpy(one.frame.head, one.bytes, FRAME_HEAD);
		sent(&alpha, &one, DROP_NONE, 1);
	}
	end_trace(1);
	back_open(&b, mine);
	while (back_next(&b))
		n++;
	assert_int_equal(n, 3);
	back_close(&b);

	conf.n_insns = vlan.bf_len;
	fd = dup(mine);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(capture_add(lan.c, &conf, (void *)vlan.bf_insns, &fd, 1), 0);
	make_frame(&one, 60, 10);
	got(&beta, &one, true, DROP_NONE, 1);
	got(&beta, &one, false, DROP_NONE, 1);
	end_trace(1);
	back_open(&b, mine);
	assert_int_equal(next(&b)->len, 64);
	assert_false(back_next(&b));
	back_close(&b);
	close(mine);
	pcap_freecode(&dns);
	pcap_freecode(&vlan);
}

static void test_lengths(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1, .length = 96 });
	struct capfile_packet *p;
	struct back b;

	(void)state;
	make_frame(&one, 65000, 0);
	make_frame(&two, 60, 0);
	sent(&alpha, &one, DROP_NONE, 1);
	sent(&alpha, &two, DROP_NONE, 2);
	event(&(struct switch_event) { .port = &alpha, .drop = DROP_RUNT, .now = 3 });
	end_trace(1);
	back_open(&b, fd);
	p = next(&b);
	assert_int_equal(p->caplen, 96);
	assert_int_equal(p->len, 65000);
	assert_memory_equal(p->bytes, one.bytes, 96);
	assert_int_equal(next(&b)->caplen, 60);
	assert_int_equal(next(&b)->len, 0); /* of what was no frame nothing is left */
	assert_int_equal(times(&b, "dropped: shorter than an Ethernet header"), 1);
	back_close(&b);
	close(fd);
}

/* With the next frame, or, where none came, with what ends the trace. */
static void test_notes(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	struct back b;

	(void)state;
	make_frame(&one, 60, 0);
	assert_int_equal(capture_note(lan.c, 1, "the link goes", 13, 1000000000), 0);
	assert_int_equal(capture_note(lan.c, 1, "now", 3, 2000000000), 0);
	sent(&alpha, &one, DROP_NONE, 2500000001);
	sent(&alpha, &one, DROP_NONE, 2500000001);
	assert_int_equal(capture_note(lan.c, 1, "the last", 8, 3000000000), 0);
	assert_int_equal(capture_note(lan.c, 2, "nobody", 6, 0), -ENOENT);
	end_trace(1);
	back_open(&b, fd);
	assert_int_equal(times(&b, "note 1.500000001 s before: the link goes\n"
				   "note 0.500000001 s before: now"),
		1);
	assert_int_equal(times(&b, "note: the last"), 1);
	back_close(&b);
	close(fd);

	fd = add_trace(&(struct lan_trace) { .id = 1 });
	for (int i = 0; i < 8; i++)
		assert_int_equal(capture_note(lan.c, 1, "full", 4, 1), 0);
	assert_int_equal(capture_note(lan.c, 1, "full", 4, 1), -ENOSPC);
	end_trace(1);
	back_open(&b, fd);
	assert_int_equal(times(&b, "note: full"), 8);
	back_close(&b);
	close(fd);
}

/* A NIC that is coupled again has another id and the same name. */
static void test_a_port_that_comes_again(void **state)
{
	int fd = add_trace(&(struct lan_trace) { .id = 1 });
	struct port again = { .conf = { .id = 1 + 1024, .name = "ALPHA.0600" } };
	struct back b;

	(void)state;
	make_frame(&one, 60, 0);
	sent(&alpha, &one, DROP_NONE, 1);
	sent(&again, &one, DROP_NONE, 2);
	sent(&beta, &one, DROP_NONE, 2);
	sent(&alpha, &one, DROP_NONE, 1);
	end_trace(1);
	back_open(&b, fd);
	assert_int_equal(times(&b, "ALPHA.0600"), 1);
	assert_int_equal(times(&b, "BETA.0600"), 1);
	back_close(&b);
	close(fd);
}

static void test_what_cannot_be_added(void **state)
{
	const struct sock_filter bad = { .code = BPF_LD | BPF_W | BPF_ABS, .k = 0 };
	const struct sock_filter endless[2] = {
		{ .code = BPF_JMP | BPF_JA, .k = UINT32_MAX }, { .code = BPF_RET }
	};
	struct lan_trace conf = { .id = 1 };
	int mine = add_trace(&conf), fd = dup(mine);

	(void)state;
	assert_int_equal(capture_add(lan.c, &conf, NULL, &fd, 1), -EEXIST);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* it is closed */
	conf.id = 2;
	conf.n_insns = 1;
	fd = dup(mine);
	assert_int_equal(capture_add(lan.c, &conf, &bad, &fd, 1), -EINVAL);
	conf.n_insns = 2;
	fd = dup(mine);
	assert_int_equal(capture_add(lan.c, &conf, endless, &fd, 1), -EINVAL);
	assert_int_equal(capture_add(lan.c, &conf, NULL, NULL, 0), -EINVAL);
	conf.n_insns = 0;
	for (conf.id = 2; conf.id <= LAN_MAX_TRACES; conf.id++)
		close(add_trace(&conf));
	fd = dup(mine);
	assert_int_equal(capture_add(lan.c, &conf, NULL, &fd, 1), -ENOSPC);
	assert_int_equal(capture_del(lan.c, 99, on_done, NULL), -ENOENT);
	close(mine);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lan_make, lan_unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_frame_at_each_port),
		TEST(test_vlans),
		TEST(test_selection),
		TEST(test_enable_and_disable),
		TEST(test_a_filter_sees_what_it_looks_at),
		TEST(test_lengths),
		TEST(test_notes),
		TEST(test_a_port_that_comes_again),
		TEST(test_what_cannot_be_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
