/* A NIC on a LAN: its rings are another process's, here a thread of the test's, while the
 * driver runs; and its own again when the driver stops or the other side has gone. */
#include "cp/guest_abi.h"
#include "cp/lib/vhost_user.h"
#include "cp/lib/vring.h"
#include "tests/fake/virtio_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT     7
#define VDEV     0x0600
#define HEADER   sizeof(struct virtio_net_hdr_v1)
#define PROTOCOL (UINT64_C(1) << VHU_F_PROTOCOL_FEATURES)
#define THEIRS   (DRIVER_VERSION_1 | DRIVER_EVENT_IDX | PROTOCOL)

enum { RX, TX, RINGS };

/* The LAN's process.  Its fields are the test's once wait_for() has returned. */
struct lan {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t offers;
	bool mute; /* answers nothing */
	int messages, owners;
	uint64_t features, protocol;
	struct vhost_user_msg memory;
	struct {
		uint32_t num, base, enabled;
		gpa_t desc, avail, used;
		int kick, call, stops;
	} ring[RINGS];
};

static struct fake_machine *f;
static struct device *net;
static struct virtio_driver d;
static struct lan lan;

static void reply(struct lan *l, struct vhost_user_msg *msg, uint64_t number)
{
	struct vhost_user_msg out = { .request = msg->request, .flags = VHU_REPLY };

	out.number = number;
	if (!l->mute)
		vhost_user_send(l->fd, &out);
}

static void take_fd(int *to, const struct vhost_user_msg *msg)
{
	if (*to >= 0)
		close(*to);
	*to = msg->fds[0];
}

static void handle(struct lan *l, struct vhost_user_msg *msg)
{
	unsigned q = msg->state.index % RINGS;

	l->messages++;
	switch (msg->request) {
	case VHU_GET_FEATURES: reply(l, msg, l->offers); break;
	case VHU_SET_FEATURES: l->features = msg->number; break;
	case VHU_GET_PROTOCOL_FEATURES: reply(l, msg, 0x208); break;
	case VHU_SET_PROTOCOL_FEATURES: l->protocol = msg->number; break;
	case VHU_SET_OWNER: l->owners++; break;
	case VHU_SET_MEM_TABLE:
		vhost_user_close_fds(&l->memory);
		l->memory = *msg;
		break;
	case VHU_SET_VRING_NUM: l->ring[q].num = msg->state.num; break;
	case VHU_SET_VRING_BASE: l->ring[q].base = msg->state.num; break;
	case VHU_SET_VRING_ADDR:
		l->ring[q].desc = msg->addr.desc;
		l->ring[q].avail = msg->addr.avail;
		l->ring[q].used = msg->addr.used;
		break;
	case VHU_SET_VRING_KICK: take_fd(&l->ring[q].kick, msg); break;
	case VHU_SET_VRING_CALL: take_fd(&l->ring[q].call, msg); break;
	case VHU_SET_VRING_ENABLE: l->ring[q].enabled = msg->state.num; break;
	case VHU_GET_VRING_BASE:
		l->ring[q].stops++;
		reply(l, msg, q | (uint64_t)l->ring[q].base << 32);
		break;
	}
}

static void *lan_main(void *arg)
{
	struct lan *l = arg;
	struct vhost_user_msg msg;

	while (!vhost_user_recv(l->fd, &msg, -1)) {
		pthread_mutex_lock(&l->lock);
		handle(l, &msg);
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
	}
	return NULL;
}

/* Starts the LAN; the NIC's end of the socket. */
static int lan_start(uint64_t offers)
{
	int sv[2];

	lan = (struct lan) { .offers = offers };
	for (unsigned q = 0; q < RINGS; q++)
		lan.ring[q].kick = lan.ring[q].call = -1;
	pthread_mutex_init(&lan.lock, NULL);
	pthread_cond_init(&lan.changed, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	lan.fd = sv[0];
	assert_int_equal(pthread_create(&lan.thread, NULL, lan_main, &lan), 0);
	return sv[1];
}

static void lan_stop(void)
{
	shutdown(lan.fd, SHUT_RDWR);
	pthread_join(lan.thread, NULL);
	close(lan.fd);
	vhost_user_close_fds(&lan.memory);
	for (unsigned q = 0; q < RINGS; q++) {
		if (lan.ring[q].kick >= 0)
			close(lan.ring[q].kick);
		if (lan.ring[q].call >= 0)
			close(lan.ring[q].call);
	}
}

static void wait_for(bool (*done)(void))
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	pthread_mutex_lock(&lan.lock);
	while (!done())
		assert_int_equal(
			pthread_cond_timedwait(&lan.changed, &lan.lock, &end), 0);
	pthread_mutex_unlock(&lan.lock);
}

static bool has_both_rings(void)
{
	return lan.ring[RX].enabled && lan.ring[TX].enabled;
}

static bool is_owned(void)
{
	return lan.owners == 1;
}

static void fall_silent(void)
{
	pthread_mutex_lock(&lan.lock);
	lan.mute = true;
	pthread_mutex_unlock(&lan.lock);
}

static int make_net(int fd)
{
	const struct device_conf conf = {
		.vdev = VDEV, .slot = SLOT, .fd = fd, .mac = { 2, 0, 0, 0, 0, 1 }
	};

	return device_create(&f->m, DEVICE_virtio_net, &conf, &net);
}

static int setup(void **state)
{
	(void)state;
	net = NULL;
	if (fake_machine_create(&f) || make_net(lan_start(THEIRS)))
		return -1;
	return !driver_find(&d, f, SLOT);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy(net);
	lan_stop();
	fake_machine_destroy(f);
	return 0;
}

static void start(void)
{
	lan.ring[RX].enabled = lan.ring[TX].enabled = 0;
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	wait_for(has_both_rings);
}

/* The ring as the LAN sees it, through the descriptors it was sent. */
static struct vring lan_ring(unsigned q, struct gmem *g)
{
	const struct vhost_user_region *r = &lan.memory.memory.region[0];
	struct vring ring = { .gmem = g, .size = (uint16_t)lan.ring[q].num };
	void *host = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		lan.memory.fds[0], (off_t)r->mmap_offset);

	assert_ptr_not_equal(host, MAP_FAILED);
	*g = (struct gmem) { 0 };
	assert_int_equal(gmem_add(g, r->user_addr, r->size, host), 0);
	ring.desc = lan.ring[q].desc;
	ring.avail = lan.ring[q].avail;
	ring.used = lan.ring[q].used;
	ring.next_avail = ring.next_used = (uint16_t)lan.ring[q].base;
	assert_int_equal(vring_start(&ring), 0);
	return ring;
}

static void unmap(struct gmem *g)
{
	munmap(g->region[0].host, g->region[0].size);
}

/* The LAN takes one frame from the sender's ring and says so. */
static void lan_takes_frame(const char *text)
{
	static struct vring_chain chain;
	struct gmem g;
	struct vring ring = lan_ring(TX, &g);
	char bytes[64] = { 0 };

	assert_int_equal(vring_pop(&ring, &chain), 1);
	iov_read(chain.out, chain.n_out, HEADER, bytes, sizeof(bytes));
	assert_string_equal(bytes, text);
	vring_push(&ring, chain.head, 0);
	lan.ring[TX].base = ring.next_avail;
	eventfd_write(lan.ring[TX].call, 1);
	unmap(&g);
}

static void send_frame(const char *text)
{
	uint32_t len = (uint32_t)(HEADER + strlen(text));
	gpa_t at = driver_alloc(&d, len);

	memcpy((char *)driver_at(&d, at) + HEADER, text, strlen(text));
	driver_add(&d, TX, &(struct driver_buf) { at, len, false }, 1);
	driver_kick(&d, TX);
	fake_run(f);
}

static bool kicked(unsigned q)
{
	eventfd_t count;
	int fd = lan.ring[q].kick;

	return fd >= 0 && !eventfd_read(fd, &count);
}

static int link_is(void)
{
	return (int)fake_read(f, d.config + 6, 2);
}

static uint64_t errors(void)
{
	struct device_stat stat;

	net->ops->stat(net, &stat);
	return stat.errors;
}

/* The queue whose call descriptor the machine watches with this message, or -1. */
static int routed(uint32_t data)
{
	for (int i = 0; i < f->n_irqfds; i++)
		if (f->irqfd[i].data == data && f->irqfd[i].addr == DRIVER_MSI_ADDR)
			return f->irqfd[i].fd;
	return -1;
}

static void test_the_link_is_up(void **state)
{
	(void)state;
	assert_int_equal(link_is(), 1);
	assert_true(driver_negotiate(&d, ~UINT64_C(0)));
	assert_true(d.features & DRIVER_EVENT_IDX);
	assert_false(d.features & DRIVER_INDIRECT); /* the LAN cannot do that */
	wait_for(is_owned);
	assert_int_equal(lan.messages, 4);
}

static void test_the_rings_go_over(void **state)
{
	struct gmem g;
	struct vring ring;

	(void)state;
	start();
	assert_true(lan.features == THEIRS);
	assert_int_equal(lan.memory.memory.n, 1);
	assert_int_equal(lan.memory.n_fds, 1);
	assert_int_equal(lan.memory.memory.region[0].size, FAKE_STORAGE);
	for (unsigned q = 0; q < RINGS; q++) {
		assert_int_equal(lan.ring[q].num, 16);
		assert_int_equal(lan.ring[q].base, 0);
		assert_int_equal(lan.ring[q].desc, d.queue[q].desc);
		assert_int_equal(lan.ring[q].avail, d.queue[q].avail);
		assert_int_equal(lan.ring[q].used, d.queue[q].used);
	}
	ring = lan_ring(TX, &g);
	memcpy(driver_at(&d, 0x9000), "same", 4);
	assert_memory_equal((char *)gmem_at(ring.gmem, 0x9000, 4), "same", 4);
	unmap(&g);
}

static void test_frames_pass_us_by(void **state)
{
	(void)state;
	start();
	assert_true(kicked(TX)); /* there may be frames since before */
	assert_false(kicked(TX));
	send_frame("hello");
	assert_true(kicked(TX)); /* the loop has left it alone */
	lan_takes_frame("hello");
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_not_equal(routed(driver_msi(&d, TX + 1)), -1);
	assert_int_not_equal(routed(driver_msi(&d, RX + 1)), -1);
	assert_int_equal(errors(), 0);
}

static void set_masked(unsigned vector, bool masked)
{
	gpa_t table = GUEST_BAR_BASE + SLOT * PCI_BAR_SIZE + 0x7000;

	fake_write(f, table + 16 * vector + 12, masked, 4);
}

static void test_masked_interrupts_wait(void **state)
{
	(void)state;
	start();
	send_frame("x");
	set_masked(TX + 1, true);
	assert_int_equal(routed(driver_msi(&d, TX + 1)), -1);
	lan_takes_frame("x");
	fake_run(f);
	assert_int_equal(driver_interrupts(&d, TX + 1), 0);
	set_masked(TX + 1, false);
	assert_int_equal(driver_interrupts(&d, TX + 1), 1);
	assert_int_not_equal(routed(driver_msi(&d, TX + 1)), -1);
}

static void test_reset_takes_the_rings_back(void **state)
{
	(void)state;
	start();
	driver_set_status(&d, 0);
	assert_int_equal(lan.ring[RX].stops, 1);
	assert_int_equal(lan.ring[TX].stops, 1);
	assert_int_equal(f->n_irqfds, 0);
	start();
	assert_int_equal(lan.ring[TX].base, 0);
	send_frame("again");
	lan_takes_frame("again");
}

static void test_quiesce_and_resume(void **state)
{
	(void)state;
	start();
	send_frame("one");
	lan_takes_frame("one");
	lan.ring[RX].enabled = lan.ring[TX].enabled = 0;
	net->ops->quiesce(net);
	assert_int_equal(lan.ring[TX].stops, 1);
	assert_int_equal(driver_interrupts(&d, TX + 1), 1); /* it may have missed one */
	send_frame("two");
	net->ops->resume(net);
	wait_for(has_both_rings);
	assert_int_equal(lan.ring[TX].base, 1);
	lan_takes_frame("two");
	net->ops->resume(net); /* once more is none too many */
	assert_int_equal(lan.ring[TX].stops, 1);
}

static void test_the_lan_goes(void **state)
{
	(void)state;
	start();
	send_frame("lost");
	fake_forget(f);
	shutdown(lan.fd, SHUT_RDWR);
	fake_run(f);
	assert_int_equal(link_is(), 0);
	assert_int_equal(driver_interrupts(&d, 0), 1);
	assert_int_equal(f->n_irqfds, 0);
	assert_true(driver_used(&d, TX, NULL) >= 0); /* dropped by us */
	send_frame("dropped");
	assert_true(driver_used(&d, TX, NULL) >= 0);
	assert_int_equal(errors(), 2);
	assert_int_equal(f->broken, 0);
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	send_frame("dropped");
	assert_int_equal(errors(), 3);
}

static void test_a_lan_that_talks_unasked(void **state)
{
	struct vhost_user_msg msg = { .request = VHU_SET_FEATURES };

	(void)state;
	start();
	assert_int_equal(vhost_user_send(lan.fd, &msg), 0);
	fake_run(f);
	assert_int_equal(link_is(), 0);
}

static void test_a_lan_that_falls_silent(void **state)
{
	(void)state;
	start();
	send_frame("x");
	fall_silent();
	driver_set_status(&d, 0);
	assert_int_equal(driver_status(&d), 0);
	assert_int_equal(link_is(), 0);
	assert_true(driver_start(&d, ~UINT64_C(0), 2, 16));
	send_frame("y");
	assert_int_equal(errors(), 1);
}

/* ---- NICs that are not made ---- */

static int setup_machine(void **state)
{
	(void)state;
	net = NULL;
	return fake_machine_create(&f);
}

static void test_an_old_lan(void **state)
{
	int fd = lan_start(PROTOCOL);

	(void)state;
	assert_int_equal(make_net(fd), -EOPNOTSUPP);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_a_lan_without_protocol_features(void **state)
{
	(void)state;
	assert_int_equal(make_net(lan_start(DRIVER_VERSION_1)), 0);
	wait_for(is_owned);
	assert_int_equal(lan.messages, 2);
}

static void test_storage_that_is_not_shared(void **state)
{
	(void)state;
	f->m.n_banks = 0;
	assert_int_equal(make_net(lan_start(THEIRS)), -EOPNOTSUPP);
}

static void test_a_lan_that_does_not_answer(void **state)
{
	int fd = lan_start(THEIRS);

	(void)state;
	fall_silent();
	assert_int_equal(make_net(fd), -ETIMEDOUT);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OTHER(name) cmocka_unit_test_setup_teardown(name, setup_machine, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_link_is_up),
		TEST(test_the_rings_go_over),
		TEST(test_frames_pass_us_by),
		TEST(test_masked_interrupts_wait),
		TEST(test_reset_takes_the_rings_back),
		TEST(test_quiesce_and_resume),
		TEST(test_the_lan_goes),
		TEST(test_a_lan_that_talks_unasked),
		TEST(test_a_lan_that_falls_silent),
		OTHER(test_an_old_lan),
		OTHER(test_a_lan_without_protocol_features),
		OTHER(test_storage_that_is_not_shared),
		OTHER(test_a_lan_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
