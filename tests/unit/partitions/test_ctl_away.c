/* What a partition process tells of its own accord, and what becomes of it while cpd is
 * away or slow. */
#include "cp/guest_abi.h"
#include "tests/fake/kvm.h"
#include "tests/fake/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void say(const char *text)
{
	for (; *text; text++)
		fake_exit_port(0, GUEST_COM1_PORT, (uint8_t)*text);
}

/* Console records until `text` has been read; each must begin where the last ended. */
static void read_console(struct peer *p, uint64_t from, const char *text)
{
	struct part_console head;
	char all[64] = "";
	size_t n = 0;

	while (n < strlen(text)) {
		assert_true(peer_wait(p, PART_CONSOLE));
		memcpy(&head, p->msg.data, sizeof(head));
		assert_int_equal(head.offset, from + n);
		memcpy(all + n, (const uint8_t *)p->msg.data + sizeof(head),
			p->msg.len - sizeof(head));
		n += p->msg.len - sizeof(head);
	}
	assert_string_equal(all, text);
}

static void test_console(void **state)
{
	struct peer *p = *state;

	say("hello");
	read_console(p, 0, "hello");
	peer_connect(p, PART_VERSION, 2);
	read_console(p, 2, "llo");
	peer_connect(p, PART_VERSION, 1000);
	say(" you");
	read_console(p, 5, " you");
}

static void test_what_happens_meanwhile_is_kept(void **state)
{
	struct peer *p = *state;
	struct part_event e;

	peer_disconnect(p);
	peer_settle(p);
	say("bye");
	fake_exit_port(0, GUEST_SLEEP_PORT, GUEST_SLEEP_OFF);
	for (int i = 0; i < 500 && p->ctl->vm->run == PART_RUNNING; i++)
		loop_once(p->loop, 10);
	assert_int_equal(p->ctl->vm->run, PART_STOPPED);

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(peer_event(p, &e), PART_EV_POWER_OFF);
	read_console(p, 0, "bye");
}

static void test_a_new_connection_replaces_the_old(void **state)
{
	struct peer *p = *state;
	char byte;
	int old = dup(p->fd);

	peer_connect(p, PART_VERSION, 0);
	assert_int_equal(read(old, &byte, 1), 0);
	close(old);
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
}

static void test_input_and_messages_are_not_answered(void **state)
{
	struct peer *p = *state;
	const struct part_signal s = { .seconds = 5 };

	peer_send(p, PART_CONSOLE_IN, "abc", 3);
	peer_send(p, PART_SMSG, "MAINT hello", 11);
	peer_send(p, PART_GUEST_OUT, "x", 1);
	peer_send(p, PART_GUEST_ERR, "x", 1);
	peer_send(p, PART_GUEST_DONE, "\0\0\0\0", 4);
	assert_int_equal(peer_ask(p, PART_SIGNAL, &s, sizeof(s)), PART_R_BUSY);
}

/* What the machine says of its guest, as its devices make it say it. */
static void guest_command(struct peer *p, uint32_t id)
{
	p->ctl->vm->ops->guest_command(p->ctl, id, 0, "QUERY TIME", 10);
}

static void test_guest_commands(void **state)
{
	struct peer *p = *state;

	guest_command(p, 5);
	guest_command(p, 6);
	assert_true(peer_wait(p, PART_GUEST_COMMAND));
	assert_int_equal(p->msg.id, 5);
	assert_int_equal(p->msg.len, 10);
	assert_true(peer_wait(p, PART_GUEST_COMMAND));
	assert_int_equal(p->ctl->n_commands, 2);

	p->id = 4; /* the next request's is that of the command */
	peer_send(p, PART_GUEST_DONE, "\0\0\0\0", 4);
	peer_settle(p);
	assert_int_equal(p->ctl->n_commands, 1);
	assert_int_equal(p->ctl->command[0], 6);

	p->ctl->vm->ops->guest_reset(p->ctl);
	assert_int_equal(p->ctl->n_commands, 0);
	assert_true(peer_wait(p, PART_GUEST_RESET));
}

/* A command that nobody will answer is not kept waiting. */
static void test_guest_commands_while_cpd_is_away(void **state)
{
	struct peer *p = *state;

	for (uint32_t i = 0; i < CTL_COMMANDS + 10; i++)
		guest_command(p, i);
	assert_int_equal(p->ctl->n_commands, CTL_COMMANDS);
	peer_disconnect(p);
	for (int i = 0; i < 500 && p->ctl->version; i++)
		loop_once(p->loop, 10);
	assert_int_equal(p->ctl->n_commands, 0);
	guest_command(p, 7);
	assert_int_equal(p->ctl->n_commands, 0);
}

static void test_only_the_latest_events_are_kept(void **state)
{
	struct peer *p = *state;
	struct part_event e = { .kind = PART_EV_DEVICE };
	unsigned n = 0;

	peer_disconnect(p);
	peer_settle(p);
	for (uint16_t i = 0; i < CTL_EVENTS + 8; i++) {
		e.vdev = i;
		p->ctl->vm->ops->event(p->ctl, &e, "broken");
	}
	peer_connect(p, PART_VERSION, 0);
	for (; n < CTL_EVENTS; n++) {
		assert_int_equal(peer_event(p, &e), PART_EV_DEVICE);
		assert_int_equal(e.vdev, n + 8);
		assert_memory_equal(
			(const uint8_t *)p->msg.data + p->msg.len - 6, "broken", 6);
	}
	assert_int_equal(p->ctl->n_events, 0);
}

/* More output than is kept, for a cpd that does not read: it finds a gap, and the end. */
static void test_a_slow_cpd(void **state)
{
	struct peer *p = *state;
	struct machine *m = &p->ctl->vm->machine;
	const uint64_t end = UINT64_C(4) << 20;
	struct part_console head = { .offset = 0 };
	uint64_t at = 0, lost = 0;
	uint8_t bytes[4096];

	for (uint64_t i = 0; i < end; i += sizeof(bytes)) {
		memset(bytes, (int)(i / sizeof(bytes)), sizeof(bytes));
		m->ops->console_out(m, NULL, bytes, sizeof(bytes));
		peer_settle(p);
	}
	while (at < end) {
		const uint8_t *data;

		assert_true(peer_wait(p, PART_CONSOLE));
		memcpy(&head, p->msg.data, sizeof(head));
		data = (const uint8_t *)p->msg.data + sizeof(head);
		assert_true(head.offset >= at);
		lost += head.offset - at;
		assert_int_equal(data[0], (uint8_t)(head.offset / sizeof(bytes)));
		at = head.offset + p->msg.len - sizeof(head);
	}
	assert_int_equal(at, end);
	assert_true(lost > 0);
}

/* A guest that opens its port and breaks its devices over and over, and a cpd that reads
 * nothing meanwhile: what it asks is answered all the same, and it hears of a reset after
 * which no command was taken. */
static void test_a_guest_that_floods(void **state)
{
	const struct part_event e = { .kind = PART_EV_DEVICE };
	struct peer *p = *state;

	for (int i = 0; i < 40000; i++) {
		p->ctl->vm->ops->guest_reset(p->ctl);
		p->ctl->vm->ops->event(p->ctl, &e, "broken");
		guest_command(p, 7);
		peer_settle(p);
	}
	assert_int_equal(p->ctl->n_commands, 0);
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
	assert_true(peer_wait(p, PART_GUEST_RESET));
	guest_command(p, 8);
	assert_int_equal(p->ctl->n_commands, 1);
	assert_true(peer_wait(p, PART_GUEST_COMMAND));
	assert_int_equal(p->msg.id, 8);
}

/* Only what was typed and taken counts; the guest reads it from COM1. */
static void test_console_input(void **state)
{
	struct peer *p = *state;
	struct part_stat stat;

	peer_send(p, PART_CONSOLE_IN, "abc", 3);
	assert_int_equal(peer_ask(p, PART_STAT, NULL, 0), PART_R_NONE);
	memcpy(&stat, p->msg.data, sizeof(stat));
	assert_int_equal(stat.console_in, 3);
}

#define TEST(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, peer_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_console, peer_setup_running),
		TEST(test_what_happens_meanwhile_is_kept, peer_setup_running),
		TEST(test_a_new_connection_replaces_the_old, peer_setup_running),
		TEST(test_input_and_messages_are_not_answered, peer_setup_running),
		TEST(test_guest_commands, peer_setup_active),
		TEST(test_guest_commands_while_cpd_is_away, peer_setup_active),
		TEST(test_only_the_latest_events_are_kept, peer_setup_active),
		TEST(test_a_slow_cpd, peer_setup_active),
		TEST(test_a_guest_that_floods, peer_setup_active),
		TEST(test_console_input, peer_setup_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
