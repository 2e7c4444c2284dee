/* A NIC on a LAN that gets none of the guest's storage: frames are copied both ways, and
 * who is slow is waited for. */
#include "partitions/dev/nic.h"
#include "tests/fake/lan.h"
#include "tests/fake/vhost_backend.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT   7
#define VDEV   0x0600
#define HEADER sizeof(struct virtio_net_hdr_v1)
#define BIT(n) (UINT64_C(1) << (n))
#define THEIRS (~UINT64_C(0) & ~BIT(VHU_F_PROTOCOL_FEATURES))
#define PLAIN  (DRIVER_VERSION_1 | DRIVER_EVENT_IDX)
#define MERGES (PLAIN | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define RING   16

enum { RX, TX };

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;
static struct vhost_backend b;
static char frame[100000];

static int make(void)
{
	const struct device_conf conf = {
		.vdev = VDEV, .slot = SLOT, .fd = -1, .mac = { 2, 0, 0, 0, 0, 1 }
	};

	b = (struct vhost_backend) { .fd = -1 };
	if (fake_machine_create(&f) ||
		device_create(&f->m, DEVICE_virtio_net, &conf, &net))
		return -1;
	return !driver_find(&d, f, SLOT);
}

static void start(uint64_t features)
{
	char why[NIC_WHY];
	int fd = backend_create(&b, THEIRS, 0, 0);

	assert_int_equal(nic_couple(net, fd, true, why), 0);
	assert_true(driver_start(&d, features, 2, RING));
	fake_run(f);
	backend_settle(&b);
	fake_forget(f);
}

static int setup(void **state)
{
	(void)state;
	if (make())
		return -1;
	start(PLAIN);
	return 0;
}

static int setup_merging(void **state)
{
	(void)state;
	if (make())
		return -1;
	start(MERGES);
	return 0;
}

static int setup_bare(void **state)
{
	(void)state;
	return make();
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	backend_destroy(&b);
	fake_machine_destroy(f);
	return 0;
}

static struct device_stat stat_now(void)
{
	struct device_stat stat;

	net->ops->stat(net, &stat);
	return stat;
}

static void send_frame(uint32_t len, char with)
{
	struct driver_buf buf = { driver_alloc(&d, HEADER + len), (uint32_t)HEADER + len,
		false };

	memset((char *)driver_at(&d, buf.gpa) + HEADER, with, len);
	driver_add(&d, TX, &buf, 1);
}

static void kick(unsigned q)
{
	driver_kick(&d, q);
	fake_run(f);
}

/* The LAN takes the next frame and wants it to be this one. */
static void lan_takes(size_t len, char with)
{
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), HEADER + len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(frame[HEADER + i], with);
}

static void lan_sends(size_t len, char with)
{
	memset(frame, 0, HEADER);
	memset(frame + HEADER, with, len);
	assert_true(backend_put(&b, RX, frame, HEADER + len));
	backend_call(&b, RX);
}

static gpa_t give_buffer(uint32_t len)
{
	struct driver_buf buf = { driver_alloc(&d, len), len, true };

	driver_add(&d, RX, &buf, 1);
	return buf.gpa;
}

/* The driver gets the next frame, which is in one buffer, `at`. */
static void guest_gets(gpa_t at, uint32_t len, char with)
{
	const char *bytes = driver_at(&d, at);
	uint32_t written;

	assert_true(driver_used(&d, RX, &written) >= 0);
	assert_int_equal(written, HEADER + len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(bytes[HEADER + i], with);
}

static void test_a_frame_goes_out(void **state)
{
	(void)state;
	send_frame(60, 'a');
	send_frame(1500, 'b');
	kick(TX);
	lan_takes(60, 'a');
	lan_takes(1500, 'b');
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(driver_interrupts(&d, TX + 1), 1);
	assert_int_equal(stat_now().out_ops, 2);
	assert_int_equal(stat_now().out_bytes, 1560);
	assert_int_equal(stat_now().errors, 0);
	assert_true(stat_now().coupled);
}

static void test_the_header_goes_along(void **state)
{
	struct virtio_net_hdr_v1 hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = 1400,
		.csum_start = 34,
		.num_buffers = 77 };
	struct driver_buf buf = { driver_alloc(&d, 100), 100, false };

	(void)state;
	memcpy(driver_at(&d, buf.gpa), &hdr, sizeof(hdr));
	driver_add(&d, TX, &buf, 1);
	kick(TX);
	hdr.num_buffers = 0;
	assert_int_equal(backend_take(&b, TX, frame, sizeof(frame)), 100);
	assert_memory_equal(frame, &hdr, sizeof(hdr));
}

static void test_a_frame_comes(void **state)
{
	gpa_t at = give_buffer(1600), next = give_buffer(1600);

	(void)state;
	kick(RX);
	lan_sends(60, 'x');
	fake_run(f);
	guest_gets(at, 60, 'x');
	assert_int_equal(((struct virtio_net_hdr_v1 *)driver_at(&d, at))->num_buffers, 1);
	assert_int_equal(driver_interrupts(&d, RX + 1), 1);
	lan_sends(1500, 'y');
	fake_run(f);
	guest_gets(next, 1500, 'y');
	assert_int_equal(stat_now().in_ops, 2);
	assert_int_equal(stat_now().in_bytes, 1560);
}

/* They stay with the LAN's frames, which are counted there once the vnic is full. */
static void test_frames_wait_for_buffers(void **state)
{
	gpa_t at;

	(void)state;
	for (char c = 'a'; c < 'e'; c++)
		lan_sends(100, c);
	fake_run(f);
	assert_int_equal(driver_used(&d, RX, NULL), -1);
	for (char c = 'a'; c < 'e'; c++) {
		at = give_buffer(1600);
		kick(RX);
		guest_gets(at, 100, c);
	}
	assert_int_equal(stat_now().errors, 0);
}

static void test_a_guest_without_buffers_fills_the_vnic(void **state)
{
	int n = 0;
	gpa_t at;

	(void)state;
	memset(frame, 'z', HEADER + 100);
	while (backend_put(&b, RX, frame, HEADER + 100)) {
		backend_call(&b, RX);
		fake_run(f);
		assert_true(++n < 1000);
	}
	at = give_buffer(1600);
	kick(RX);
	guest_gets(at, 100, 'z');
	assert_true(backend_put(&b, RX, frame, HEADER + 100)); /* there is room again */
}

static void test_a_frame_over_several_buffers(void **state)
{
	gpa_t at[RING];
	uint32_t written, total = 0;

	(void)state;
	for (int i = 0; i < RING; i++)
		at[i] = give_buffer(1000);
	kick(RX);
	lan_sends(9000, 'm');
	fake_run(f);
	for (int i = 0; i < 10; i++) {
		assert_true(driver_used(&d, RX, &written) >= 0);
		total += written;
		assert_int_equal(*((char *)driver_at(&d, at[i]) + written - 1), 'm');
	}
	assert_int_equal(driver_used(&d, RX, NULL), -1);
	assert_int_equal(total, HEADER + 9000);
	assert_int_equal(
		((struct virtio_net_hdr_v1 *)driver_at(&d, at[0]))->num_buffers, 10);
}

/* Nothing of a frame is to be seen before there is room for all of it. */
static void test_half_the_buffers(void **state)
{
	(void)state;
	give_buffer(1000);
	give_buffer(1000);
	kick(RX);
	lan_sends(2500, 'h');
	fake_run(f);
	assert_int_equal(driver_used(&d, RX, NULL), -1);
	give_buffer(1000);
	kick(RX);
	for (int i = 0; i < 3; i++)
		assert_true(driver_used(&d, RX, NULL) >= 0);
}

static void test_a_frame_that_never_fits(void **state)
{
	gpa_t at = give_buffer(200);

	(void)state;
	kick(RX);
	lan_sends(1000, 'n');
	lan_sends(100, 'f');
	fake_run(f);
	guest_gets(at, 100, 'f');
	assert_int_equal(stat_now().errors, 1);
	assert_int_equal(stat_now().in_ops, 1);
}

static void test_a_frame_for_more_than_a_ring(void **state)
{
	(void)state;
	for (int i = 0; i < RING; i++)
		give_buffer(100);
	kick(RX);
	lan_sends(5000, 'n');
	lan_sends(50, 'f');
	fake_run(f);
	assert_true(driver_used(&d, RX, NULL) >= 0);
	assert_int_equal(driver_used(&d, RX, NULL), -1);
	assert_int_equal(stat_now().errors, 1);
	assert_int_equal(f->broken, 0);
}

/* A LAN that does not take frames leaves them with the guest, and loses none. */
static void test_a_slow_lan(void **state)
{
	const int n = 400;
	int sent = 0, taken = 0;
	gpa_t at = driver_alloc(&d, HEADER + 1000);

	(void)state;
	while (taken < n) {
		struct driver_buf buf = { at, HEADER + 1000, false };

		while (sent < n && sent - taken < 200) {
			driver_add(&d, TX, &buf, 1);
			kick(TX);
			sent++;
			if (driver_used(&d, TX, NULL) < 0)
				break;
		}
		for (int i = 0; i < 20 && taken < sent; i++, taken++) {
			if (backend_take(&b, TX, frame, sizeof(frame)) < 0)
				break;
			backend_call(&b, TX);
		}
		fake_run(f);
		while (driver_used(&d, TX, NULL) >= 0)
			;
	}
	assert_int_equal(stat_now().out_ops, n);
	assert_int_equal(stat_now().errors, 0);
}

static void test_frames_that_no_lan_takes(void **state)
{
	struct driver_buf buf[] = { { driver_alloc(&d, 600000), 600000, false } };

	(void)state;
	driver_add(&d, TX, buf, 1);
	kick(TX);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(stat_now().errors, 1);
	assert_int_equal(f->broken, 0);
	buf[0].len = HEADER;
	driver_add(&d, TX, buf, 1);
	kick(TX);
	assert_int_equal(f->broken, 1);
}

static void test_a_buffer_that_is_none(void **state)
{
	(void)state;
	give_buffer(HEADER);
	kick(RX);
	lan_sends(60, 'x');
	fake_run(f);
	assert_int_equal(f->broken, 1);
	driver_set_status(&d, 0);
}

static void test_the_storage_stays_here(void **state)
{
	(void)state;
	assert_int_equal(b.memory.n, 1);
	for (uint32_t i = 0; i < 4; i++)
		((uint32_t *)driver_at(&d, 0x9000))[i] = 0x5ec4e7;
	assert_null(memmem(b.memory.region[0].host, b.memory.region[0].size,
		driver_at(&d, 0x9000), 16));
}

static void test_the_lan_goes(void **state)
{
	(void)state;
	close(b.fd);
	b.fd = -1;
	fake_run(f);
	assert_int_equal(f->nics_lost, 1);
	assert_false(stat_now().coupled);
	send_frame(60, 'a');
	kick(TX);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(stat_now().errors, 1);
	backend_destroy(&b);
	start(PLAIN);
	send_frame(60, 'b');
	kick(TX);
	lan_takes(60, 'b');
}

static void test_a_lan_that_breaks_the_ring(void **state)
{
	(void)state;
	give_buffer(1600);
	kick(RX);
	vring_push(&b.ring[RX].vring, 9999, 100);
	backend_call(&b, RX);
	fake_run(f);
	assert_int_equal(f->nics_lost, 1);
	assert_int_equal(f->broken, 0); /* not the guest's fault */
}

static void test_it_lacks_an_offload(void **state)
{
	char why[NIC_WHY];
	int fd = backend_create(&b, THEIRS & ~BIT(VIRTIO_NET_F_CSUM), 0, 0);

	(void)state;
	assert_int_equal(nic_couple(net, fd, true, why), -EOPNOTSUPP);
	assert_string_equal(why, "the LAN lacks CSUM");
}

/* What a ring can do and what pairs there are is no matter of the LAN's. */
static void test_it_may_lack_the_rest(void **state)
{
	const uint64_t rest = BIT(VIRTIO_NET_F_MQ) | DRIVER_EVENT_IDX | DRIVER_INDIRECT |
			      BIT(VIRTIO_NET_F_CTRL_VQ);
	char why[NIC_WHY];

	(void)state;
	assert_int_equal(
		nic_couple(net, backend_create(&b, THEIRS & ~rest, 0, 0), true, why), 0);
	assert_true(driver_start(&d, PLAIN | DRIVER_INDIRECT, 2, RING));
	fake_run(f);
	backend_settle(&b);
	assert_true(b.ring[TX].enabled);
	assert_false(b.features & DRIVER_EVENT_IDX);
	send_frame(60, 'b');
	kick(TX);
	lan_takes(60, 'b');
}

static void test_offloads_are_passed_on(void **state)
{
	(void)state;
	assert_true(b.features & BIT(VIRTIO_NET_F_MRG_RXBUF));
	assert_false(b.features & BIT(VIRTIO_NET_F_CSUM));
	teardown(state);
	assert_int_equal(setup_bare(state), 0);
	start(~UINT64_C(0));
	assert_true(b.features & BIT(VIRTIO_NET_F_CSUM));
	assert_true(b.features & BIT(VIRTIO_NET_F_GUEST_TSO4));
}

/* ---- a LAN that answers: the driver stops and starts ---- */

static bool has_rings(const struct fake_lan *l)
{
	return l->ring[RX].enables && l->ring[TX].enables;
}

static void test_the_driver_starts_again(void **state)
{
	struct fake_lan lan;
	char why[NIC_WHY];

	(void)state;
	assert_int_equal(
		nic_couple(net, fake_lan_start(&lan, ~UINT64_C(0)), true, why), 0);
	assert_int_equal(lan.ring[TX].enables, 0); /* not before a driver is there */
	for (int i = 0; i < 3; i++) {
		assert_true(driver_start(&d, i % 2 ? ~UINT64_C(0) : PLAIN, 3, RING));
		fake_run(f);
		fake_lan_wait(&lan, has_rings);
		assert_int_equal(!(lan.features & BIT(VIRTIO_NET_F_CSUM)), !(i % 2));
		send_frame(60, 'r');
		kick(TX);
		assert_int_equal(
			fake_lan_take(&lan, TX, frame, sizeof(frame)), HEADER + 60);
		lan.ring[RX].enables = lan.ring[TX].enables = 0;
		driver_set_status(&d, 0);
		fake_run(f);
		assert_int_equal(lan.ring[TX].stops, i + 1);
		lan.ring[TX].base = 0;
	}
	assert_int_equal(f->nics_lost, 0);
	fake_lan_stop(&lan);
}

static void test_quiesce_and_resume(void **state)
{
	struct fake_lan lan;
	char why[NIC_WHY];

	(void)state;
	nic_couple(net, fake_lan_start(&lan, ~UINT64_C(0)), true, why);
	assert_true(driver_start(&d, PLAIN, 2, RING));
	fake_run(f);
	net->ops->quiesce(net);
	send_frame(60, 'q');
	kick(TX);
	assert_int_equal(driver_used(&d, TX, NULL), -1);
	net->ops->resume(net);
	lan.ring[RX].enables = lan.ring[TX].enables = 0;
	fake_run(f);
	fake_lan_wait(&lan, has_rings);
	assert_int_equal(fake_lan_take(&lan, TX, frame, sizeof(frame)), HEADER + 60);
	assert_true(driver_used(&d, TX, NULL) >= 0);
	fake_lan_stop(&lan);
}

static bool lan_gets_one(void)
{
	for (int i = 0; i < 4; i++)
		loop_once(f->m.loop, 0);
	return backend_take(&b, TX, frame, sizeof(frame)) >= 0;
}

/* Who is kicked again and again soon takes frames without being kicked; and later, when
 * none came, neither looks nor has anything to do. */
static void test_it_looks_while_frames_come(void **state)
{
	bool looks = false;

	(void)state;
	loop_clock_stop(f->m.loop);
	for (int i = 0; i < 300 && !looks; i++) {
		send_frame(60, 'k');
		driver_kick(&d, TX);
		assert_true(lan_gets_one());
		loop_clock_warp(f->m.loop, 1000);
		send_frame(60, 'l');
		looks = lan_gets_one();
		if (looks)
			break;
		driver_kick(&d, TX);
		assert_true(lan_gets_one());
	}
	assert_true(looks);
	loop_clock_warp(f->m.loop, 1000000);
	fake_run(f);
	send_frame(60, 's');
	assert_false(lan_gets_one());
	assert_int_equal(loop_once(f->m.loop, 0), 0);
	driver_kick(&d, TX);
	assert_true(lan_gets_one());
	loop_clock_warp(f->m.loop, 1000000);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, setup, teardown)
#define MERGING(name) cmocka_unit_test_setup_teardown(name, setup_merging, teardown)
#define BARE(name)    cmocka_unit_test_setup_teardown(name, setup_bare, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_frame_goes_out),
		TEST(test_it_looks_while_frames_come),
		TEST(test_the_header_goes_along),
		TEST(test_a_frame_comes),
		TEST(test_frames_wait_for_buffers),
		TEST(test_a_guest_without_buffers_fills_the_vnic),
		MERGING(test_a_frame_over_several_buffers),
		MERGING(test_half_the_buffers),
		TEST(test_a_frame_that_never_fits),
		MERGING(test_a_frame_for_more_than_a_ring),
		TEST(test_a_slow_lan),
		TEST(test_frames_that_no_lan_takes),
		TEST(test_a_buffer_that_is_none),
		TEST(test_the_storage_stays_here),
		TEST(test_the_lan_goes),
		TEST(test_a_lan_that_breaks_the_ring),
		BARE(test_it_lacks_an_offload),
		BARE(test_it_may_lack_the_rest),
		MERGING(test_offloads_are_passed_on),
		BARE(test_the_driver_starts_again),
		BARE(test_quiesce_and_resume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
