/* A console device and its driver, as the tests of its two ports share them. */
#ifndef TESTS_UNIT_DEV_CONSOLE_FIXTURE_H
#define TESTS_UNIT_DEV_CONSOLE_FIXTURE_H

#include "cp/guest_abi.h"
#include "partitions/dev/console_port.h"
#include "tests/fake/virtio_driver.h"

#include <linux/virtio_console.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SLOT      1
#define VDEV      0x0009
#define MULTIPORT (UINT64_C(1) << VIRTIO_CONSOLE_F_MULTIPORT)
#define ENTRIES   16
#define ROOM      64 /* bytes of a receive buffer */

enum { CON_RX, CON_TX, CTL_RX, CTL_TX, CP_RX, CP_TX, QUEUES };

static struct fake_machine *f;
static struct device *con;
static struct virtio_driver d;

static inline int make_console(void)
{
	const struct device_conf conf = { .vdev = VDEV, .slot = SLOT, .fd = -1 };

	return device_create(&f->m, DEVICE_virtio_console, &conf, &con);
}

static inline int setup(void **state)
{
	(void)state;
	if (fake_machine_create(&f) || make_console())
		return -1;
	return !driver_find(&d, f, SLOT);
}

static inline int teardown(void **state)
{
	(void)state;
	device_destroy(con);
	fake_machine_destroy(f);
	return 0;
}

static inline void give_buffer(unsigned q, gpa_t at)
{
	driver_add(&d, q, &(struct driver_buf) { at, ROOM, true }, 1);
	driver_kick(&d, q);
	fake_run(f);
}

/* Gives the device `n` buffers to fill. */
static inline void give_room(unsigned q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		give_buffer(q, driver_alloc(&d, ROOM));
}

/* Where the buffer of a chain is: the first field of its descriptor. */
static inline gpa_t buffer_of(unsigned q, int head)
{
	gpa_t at;

	memcpy(&at, driver_at(&d, d.queue[q].desc + 16u * (unsigned)head), sizeof(at));
	return at;
}

/* Takes what the device has filled, and gives the buffers back. */
static inline size_t take_input(unsigned q, void *to, size_t max)
{
	size_t len = 0;
	uint32_t n;
	int head;

	while ((head = driver_used(&d, q, &n)) >= 0) {
		gpa_t at = buffer_of(q, head);

		assert_true(n > 0 && n <= ROOM && len + n <= max);
		memcpy((char *)to + len, driver_at(&d, at), n);
		len += n;
		give_buffer(q, at);
	}
	return len;
}

/* Writes bytes in one chain, and waits for it to come back, as Linux does. */
static inline void put(unsigned q, const void *bytes, size_t len)
{
	gpa_t before = d.next_free, at = driver_alloc(&d, len);

	memcpy(driver_at(&d, at), bytes, len);
	driver_add(&d, q, &(struct driver_buf) { at, (uint32_t)len, false }, 1);
	driver_kick(&d, q);
	fake_run(f);
	assert_true(driver_used(&d, q, NULL) >= 0);
	d.next_free = before;
}

static inline void control(uint32_t port, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = { port, event, value };

	put(CTL_TX, &msg, sizeof(msg));
}

/* The next control message must be this one. */
static inline void expect(uint32_t port, uint16_t event, const char *name)
{
	struct {
		struct virtio_console_control head;
		char name[ROOM];
	} msg = { 0 };
	uint32_t n = 0;
	int head = driver_used(&d, CTL_RX, &n);
	gpa_t at;

	assert_true(head >= 0);
	at = buffer_of(CTL_RX, head);
	memcpy(&msg, driver_at(&d, at), n);
	assert_int_equal(msg.head.id, port);
	assert_int_equal(msg.head.event, event);
	assert_int_equal(msg.head.value, 1);
	assert_int_equal(n, sizeof(msg.head) + strlen(name));
	assert_string_equal(msg.name, name);
	give_buffer(CTL_RX, at);
}

static inline void start(void)
{
	assert_true(driver_start(&d, DRIVER_VERSION_1 | MULTIPORT, QUEUES, ENTRIES));
	give_room(CTL_RX, ENTRIES);
	control(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	expect(0, VIRTIO_CONSOLE_PORT_ADD, "");
	expect(1, VIRTIO_CONSOLE_PORT_ADD, "");
	control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(0, VIRTIO_CONSOLE_CONSOLE_PORT, "");
	expect(0, VIRTIO_CONSOLE_PORT_NAME, "0009");
	expect(0, VIRTIO_CONSOLE_PORT_OPEN, "");
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	expect(1, VIRTIO_CONSOLE_PORT_NAME, CP_PORT_NAME);
	expect(1, VIRTIO_CONSOLE_PORT_OPEN, "");
	give_room(CON_RX, ENTRIES);
	give_room(CP_RX, ENTRIES);
}

static inline void open_port(uint32_t port)
{
	control(port, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static inline void close_port(uint32_t port)
{
	control(port, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

static inline size_t make_frame(
	void *to, uint16_t type, uint32_t id, const void *data, size_t len)
{
	const struct cp_frame head = {
		.magic = CP_FRAME_MAGIC,
		.len = (uint32_t)len,
		.id = id,
		.type = type,
	};

	memcpy(to, &head, sizeof(head));
	memcpy((char *)to + sizeof(head), data, len);
	return sizeof(head) + len;
}

static inline void put_command(uint32_t id, const char *text)
{
	char frame[256];

	put(CP_TX, frame, make_frame(frame, CP_COMMAND, id, text, strlen(text)));
}

static inline int answer(uint16_t type, uint32_t id, const char *text)
{
	return virtio_console_cp_send(con, type, id, 0, text, strlen(text));
}

/* Checks that `bytes` begins with this frame; its length. */
static inline size_t frame_is(
	const char *bytes, uint16_t type, uint32_t id, const char *text)
{
	char want[256];
	size_t len = make_frame(want, type, id, text, strlen(text));

	assert_memory_equal(bytes, want, len);
	return len;
}

#endif
