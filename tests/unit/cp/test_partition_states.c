/* The life of a partition: every state and every event, and what follows from answers. */
#include "tests/unit/cp/engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What an event does in a state; all zero: it is refused and changes nothing. */
struct expect {
	bool taken;
	enum part_state to;
	uint16_t asks; /* the record the process is sent */
	int says;      /* the message the operator is told */
};

#define TAKEN(...)                         \
	{                                  \
		.taken = true, __VA_ARGS__ \
	}

static const struct expect table[PS_STATES][PE_EVENTS] = {
	[PS_STARTING] = {
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_ACTIVATED] = TAKEN(.to = PS_STOPPED),
		[PE_ACTIVATE_FAILED] = TAKEN(.to = PS_ENDING),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_STOPPED] = {
		[PE_IPL] = TAKEN(.to = PS_LOADING, .asks = PART_IPL),
		[PE_BEGIN] = TAKEN(.to = PS_STOPPED, .asks = PART_BEGIN),
		[PE_STOP] = TAKEN(.to = PS_STOPPED, .asks = PART_STOP),
		[PE_RESET] = TAKEN(.to = PS_STOPPED, .asks = PART_RESET),
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_INSPECT] = TAKEN(.to = PS_STOPPED),
		[PE_PLUG] = TAKEN(.to = PS_STOPPED, .asks = PART_PLUG),
		[PE_UNPLUG] = TAKEN(.to = PS_STOPPED, .asks = PART_UNPLUG),
		[PE_STOPPED] = TAKEN(.to = PS_STOPPED),
		[PE_BEGUN] = TAKEN(.to = PS_RUNNING),
		[PE_RESET_DONE] = TAKEN(.to = PS_STOPPED),
		[PE_POWER_OFF] = TAKEN(.to = PS_STOPPED, .says = MSG_GUEST_POWER_OFF),
		[PE_CHECK] = TAKEN(.to = PS_CHECKSTOPPED, .says = MSG_TRIPLE_FAULT),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_LOADING] = {
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_IPLED] = TAKEN(.to = PS_RUNNING),
		[PE_IPL_FAILED] = TAKEN(.to = PS_STOPPED),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_RUNNING] = {
		[PE_IPL] = TAKEN(.to = PS_LOADING, .asks = PART_IPL),
		[PE_BEGIN] = TAKEN(.to = PS_RUNNING, .asks = PART_BEGIN),
		[PE_STOP] = TAKEN(.to = PS_RUNNING, .asks = PART_STOP),
		[PE_RESET] = TAKEN(.to = PS_RUNNING, .asks = PART_RESET),
		[PE_SIGNAL] = TAKEN(.to = PS_SIGNALLED, .asks = PART_SIGNAL),
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_INSPECT] = TAKEN(.to = PS_RUNNING),
		[PE_PLUG] = TAKEN(.to = PS_RUNNING, .asks = PART_PLUG),
		[PE_UNPLUG] = TAKEN(.to = PS_RUNNING, .asks = PART_UNPLUG),
		[PE_IPL_FAILED] = TAKEN(.to = PS_STOPPED, .says = MSG_REIPL_FAILED),
		[PE_STOPPED] = TAKEN(.to = PS_STOPPED, .says = MSG_REIPL_FAILED),
		[PE_BEGUN] = TAKEN(.to = PS_RUNNING),
		[PE_RESET_DONE] = TAKEN(.to = PS_STOPPED),
		[PE_POWER_OFF] = TAKEN(.to = PS_STOPPED, .says = MSG_GUEST_POWER_OFF),
		[PE_REBOOT] = TAKEN(.to = PS_RUNNING, .says = MSG_GUEST_RESET),
		[PE_HALT] = TAKEN(.to = PS_DISABLED_WAIT, .says = MSG_DISABLED_WAIT),
		[PE_CHECK] = TAKEN(.to = PS_CHECKSTOPPED, .says = MSG_TRIPLE_FAULT),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_DISABLED_WAIT] = {
		[PE_IPL] = TAKEN(.to = PS_LOADING, .asks = PART_IPL),
		[PE_STOP] = TAKEN(.to = PS_DISABLED_WAIT, .asks = PART_STOP),
		[PE_RESET] = TAKEN(.to = PS_DISABLED_WAIT, .asks = PART_RESET),
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_INSPECT] = TAKEN(.to = PS_DISABLED_WAIT),
		[PE_PLUG] = TAKEN(.to = PS_DISABLED_WAIT, .asks = PART_PLUG),
		[PE_UNPLUG] = TAKEN(.to = PS_DISABLED_WAIT, .asks = PART_UNPLUG),
		[PE_STOPPED] = TAKEN(.to = PS_STOPPED, .says = MSG_REIPL_FAILED),
		[PE_BEGUN] = TAKEN(.to = PS_RUNNING),
		[PE_RESET_DONE] = TAKEN(.to = PS_STOPPED),
		[PE_POWER_OFF] = TAKEN(.to = PS_STOPPED, .says = MSG_GUEST_POWER_OFF),
		[PE_CHECK] = TAKEN(.to = PS_CHECKSTOPPED, .says = MSG_TRIPLE_FAULT),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_CHECKSTOPPED] = {
		[PE_IPL] = TAKEN(.to = PS_LOADING, .asks = PART_IPL),
		[PE_RESET] = TAKEN(.to = PS_CHECKSTOPPED, .asks = PART_RESET),
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_INSPECT] = TAKEN(.to = PS_CHECKSTOPPED),
		[PE_PLUG] = TAKEN(.to = PS_CHECKSTOPPED, .asks = PART_PLUG),
		[PE_UNPLUG] = TAKEN(.to = PS_CHECKSTOPPED, .asks = PART_UNPLUG),
		[PE_STOPPED] = TAKEN(.to = PS_CHECKSTOPPED),
		[PE_RESET_DONE] = TAKEN(.to = PS_STOPPED),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
	[PS_SIGNALLED] = {
		[PE_SIGNAL] = TAKEN(.to = PS_SIGNALLED, .asks = PART_SIGNAL),
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_INSPECT] = TAKEN(.to = PS_SIGNALLED),
		[PE_PLUG] = TAKEN(.to = PS_SIGNALLED, .asks = PART_PLUG),
		[PE_UNPLUG] = TAKEN(.to = PS_SIGNALLED, .asks = PART_UNPLUG),
		[PE_IPL_FAILED] = TAKEN(.to = PS_ENDING),
		[PE_POWER_OFF] = TAKEN(.to = PS_ENDING),
		[PE_REBOOT] = TAKEN(.to = PS_SIGNALLED, .says = MSG_GUEST_RESET),
		[PE_HALT] = TAKEN(.to = PS_ENDING),
		[PE_CHECK] = TAKEN(.to = PS_ENDING, .says = MSG_TRIPLE_FAULT),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
		[PE_TIMEOUT] = TAKEN(.to = PS_ENDING, .says = MSG_SIGNAL_EXPIRED),
	},
	[PS_ENDING] = {
		[PE_FORCE] = TAKEN(.to = PS_ENDING),
		[PE_LOST] = TAKEN(.to = PS_ENDING),
	},
};

/* Brings a fresh partition into a state, with what belongs to it. */
static struct partition *in_state(struct engine *e, enum part_state state)
{
	struct partition *p = engine_partition(e, PS_RUNNING);
	struct message none = { 0 };

	if (state == PS_ENDING)
		part_end(p, END_FORCED, "OPERATOR", NULL, true);
	else
		p->state = state;
	if (state == PS_STARTING) {
		p->start = calloc(1, sizeof(*p->start));
		must(p->start != NULL);
		p->start->ready.fd = -1;
		for (int i = 0; i < PART_MAX_DEVICES; i++)
			p->start->dev_fd[i] = -1;
	}
	p->signal_enabled = true;
	p->dev[p->n_dev++] = (struct part_dev) { .vdev = 0x600, .type = PART_DEV_NIC };
	front_twin_reset();
	part_end_told(p, &none);
	return p;
}

static void check_cell(enum part_state state, enum part_ev ev)
{
	const struct part_event event = { .kind = PART_EV_TRIPLE_FAULT };
	const struct ipl cms = { .kind = IPL_CMS };
	const struct expect *x = &table[state][ev];
	struct message why, err = { 0 };
	struct engine e;
	struct partition *p;
	bool pending = state == PS_SIGNALLED || state == PS_ENDING;
	int rc, expected = pending ? MSG_LOGOFF_PENDING : MSG_NOT_NOW;

	engine_init(&e);
	p = in_state(&e, state);
	msg_set(&why, MSG_REIPL_FAILED, "ALPHA", "test");
	rc = partition_event(p, ev,
		&(struct part_args) { .verb = "TEST",
			.cpu = PART_ALL_CPUS,
			.ipl = &cms,
			.kind = PART_RESET_SYSTEM,
			.seconds = 5,
			.vdev = ev == PE_UNPLUG ? 0x600 : 0x610,
			.by = "OPERATOR",
			.event = &event,
			.why = &why },
		&err);
	assert_int_equal(rc, x->taken ? 0 : expected);
	assert_int_equal(err.number, rc);
	assert_int_equal(p->state, x->taken ? x->to : state);
	assert_int_equal(peer_receive(&e, NULL, NULL, NULL), x->asks);
	if (x->says)
		assert_int_equal(front_twin.said[0].number, x->says);
	else
		assert_int_equal(front_twin.n_said, 0);
	engine_settle(&e);
	assert_int_equal(
		list_empty(&e.cp.partitions), (x->taken ? x->to : state) == PS_ENDING);
	engine_fini(&e);
}

static void test_every_cell(void **unused)
{
	(void)unused;
	for (int s = 0; s < PS_STATES; s++) {
		for (int ev = 0; ev < PE_EVENTS; ev++) {
			print_message("%s x %s\n", part_state_name((enum part_state)s),
				part_event_name((enum part_ev)ev));
			check_cell((enum part_state)s, (enum part_ev)ev);
		}
	}
}

/* ---- What follows from answers ---------------------------------------------------- */

static void test_ipl(void **state)
{
	struct engine *e = *state;
	const struct ipl cms = { .kind = IPL_CMS, .parm = "echo x" };
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, false, told_done, &told, &err), 0);
	assert_int_equal(e->p->state, PS_LOADING);
	assert_false(e->p->signal_enabled);
	assert_int_equal(partition_ipl(e->p, &cms, false, NULL, NULL, &err), MSG_NOT_NOW);
	peer_send(e, PART_OK, peer_asked(e, PART_IPL), NULL, 0);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, 0);
	assert_string_equal(e->p->ipl.parm, "echo x");
}

/* The record of what is IPLed is read back whatever the user typed. */
static void test_ipl_of_no_text(void **state)
{
	struct engine *e = *state;
	const struct ipl cms = { .kind = IPL_CMS, .parm = "a\tb\xff" };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, false, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_IPL), NULL, 0);
	assert_string_equal(e->p->ipl.parm, "a?b?");
	assert_int_equal(record_write(e->p, RECORD_ACTIVE), 0);
}

static void test_ipl_and_stay_stopped(void **state)
{
	struct engine *e = *state;
	const struct ipl cms = { .kind = IPL_CMS };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, true, NULL, NULL, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_IPL), NULL, 0);
	assert_int_equal(e->p->state, PS_STOPPED);
}

static void test_ipl_fails(void **state)
{
	struct engine *e = *state;
	const struct ipl cms = { .kind = IPL_CMS };
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_ipl(e->p, &cms, false, told_done, &told, &err), 0);
	peer_fail(e, peer_asked(e, PART_IPL), PART_R_IMAGE, "no PVH note\nor so");
	assert_int_equal(e->p->state, PS_STOPPED);
	assert_int_equal(told.number, MSG_PART_IMAGE);
	assert_non_null(strstr(told.text, "no PVH note?or so"));
	assert_int_equal(e->p->why.number, MSG_PART_IMAGE);
}

static void test_ipl_of_what_cannot_be(void **state)
{
	struct engine *e = *state;
	struct ipl ipl = { .kind = IPL_VDEV, .vdev = 0x190 };
	struct message err;

	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_IPL_NOT_IN_FORCE);
	ipl = (struct ipl) { .kind = IPL_NAME, .name = "GCS" };
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_IPL_NOT_IN_FORCE);
	ipl = (struct ipl) { .kind = IPL_KERNEL, .kernel = "/etc/hostname" };
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_FILE_OUTSIDE);
	ipl.absolute = true;
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_IMAGE_UNKNOWN);
	strcpy(ipl.kernel, "/nonexistent");
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_FILE_UNREADABLE);
	ipl.absolute = false;
	strcpy(ipl.kernel, "../../cms");
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_FILE_UNREADABLE);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(peer_receive(e, NULL, NULL, NULL), 0);
}

static void test_users_own_image(void **state)
{
	struct engine *e = *state;
	struct ipl ipl = { .kind = IPL_KERNEL, .kernel = "kernel", .initrd = "initrd" };
	char path[128];
	struct message err;

	snprintf(path, sizeof(path), "%s/ALPHA", e->statedir);
	assert_int_equal(mkdir(path, 0755), 0);
	engine_file(e, "state/ALPHA/kernel", "\177ELF");
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_FILE_UNREADABLE);
	engine_file(e, "state/ALPHA/initrd", "0707");
	assert_int_equal(partition_ipl(e->p, &ipl, false, NULL, NULL, &err), 0);
	/* A link leads nowhere, not even to a file of one's own. */
	snprintf(path, sizeof(path), "%s/ALPHA/link", e->statedir);
	assert_int_equal(symlink("kernel", path), 0);
	e->p->state = PS_STOPPED;
	strcpy(ipl.kernel, "link");
	assert_int_equal(
		partition_ipl(e->p, &ipl, false, NULL, NULL, &err), MSG_FILE_UNREADABLE);
}

static void test_stop_and_begin(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_stop(e->p, PART_ALL_CPUS, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_STOP), NULL, 0);
	assert_int_equal(e->p->state, PS_STOPPED);
	assert_int_equal(partition_begin(e->p, PART_ALL_CPUS, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_BEGIN), NULL, 0);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(told.times, 2);
	assert_int_equal(partition_stop(e->p, 2, NULL, NULL, &err), MSG_NO_SUCH_CPU);
}

/* Answers PART_STAT with these states of the two vCPUs. */
static void answer_stat(struct engine *e, uint32_t first, uint32_t second)
{
	struct {
		struct part_stat head;
		struct part_stat_vcpu vcpu[2];
	} stat = { .head = { .n_vcpus = 2 } };

	stat.vcpu[0].state = first;
	stat.vcpu[1].state = second;
	peer_send(e, PART_OK, peer_asked(e, PART_STAT), &stat, sizeof(stat));
}

/* A partition is stopped when its last vCPU is. */
static void test_stop_one_cpu(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	assert_int_equal(partition_stop(e->p, 0, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_STOP), NULL, 0);
	assert_int_equal(told.times, 0);
	answer_stat(e, PART_STOPPED, PART_RUNNING);
	assert_int_equal(told.times, 1);
	assert_int_equal(e->p->state, PS_RUNNING);

	assert_int_equal(partition_stop(e->p, 1, told_done, &told, &err), 0);
	peer_send(e, PART_OK, peer_asked(e, PART_STOP), NULL, 0);
	answer_stat(e, PART_STOPPED, PART_STOPPED);
	assert_int_equal(told.times, 2);
	assert_int_equal(told.number, 0);
	assert_int_equal(e->p->state, PS_STOPPED);
}

static void test_restart(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message err;

	assert_int_equal(
		partition_reset(e->p, PART_RESET_RESTART, told_done, &told, &err), 0);
	assert_int_equal(e->p->state, PS_LOADING);
	peer_send(e, PART_OK, peer_asked(e, PART_RESET), NULL, 0);
	assert_int_equal(e->p->state, PS_RUNNING);
	assert_int_equal(told.times, 1);
	e->p->ipl.kind = IPL_NONE;
	assert_int_equal(partition_reset(e->p, PART_RESET_RESTART, NULL, NULL, &err),
		MSG_NOTHING_LOADED);
}

/* ---- Ends and messages ------------------------------------------------------------ */

static void test_force_answers_everybody(void **state)
{
	struct engine *e = *state;
	struct told told[3] = { 0 };
	struct message err;

	assert_int_equal(partition_regs(e->p, 0, told_bytes, &told[0], &err), 0);
	assert_int_equal(partition_force(e->p, "OPERATOR", told_done, &told[1], &err), 0);
	assert_int_equal(told[0].number, MSG_PART_GONE);
	assert_int_equal(partition_force(e->p, "OPERATOR", told_done, &told[2], &err), 0);
	assert_int_equal(partition_begin(e->p, 0, NULL, NULL, &err), MSG_LOGOFF_PENDING);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
	for (int i = 0; i < 3; i++)
		assert_int_equal(told[i].times, 1);
	assert_int_equal(told[2].number, 0);
	assert_int_equal(front_twin.gone, 1);
}

/* What is said of a partition whose IPL failed is that, not who ended it. */
static void test_given_up(void **state)
{
	struct engine *e = *state;
	struct told told = { 0 };
	struct message why, err;

	msg_set(&why, MSG_IMAGE_UNKNOWN, "/boot/text");
	assert_int_equal(partition_give_up(e->p, &why, told_done, &told, &err), 0);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(told.times, 1);
	assert_int_equal(front_twin.n_said, 1);
	assert_int_equal(front_twin.said[0].number, MSG_LOGGED_OFF);
	assert_string_equal(front_twin.said[0].text,
		"ALPHA logged off: its IPL failed: "
		"/boot/text is no image that can be IPLed");
}

static void test_guest_events(void **state)
{
	struct engine *e = *state;

	peer_event(e, PART_EV_HALT, PART_DISABLED_WAIT);
	assert_int_equal(e->p->state, PS_DISABLED_WAIT);
	assert_string_equal(partition_shown(e->p), "disabled_wait");
	assert_int_equal(e->p->why.number, 450);
	assert_int_equal(e->p->why.severity, 'W');
	e->p->state = PS_RUNNING;
	peer_event(e, PART_EV_TRIPLE_FAULT, PART_CHECKSTOPPED);
	assert_string_equal(partition_shown(e->p), "checkstopped");
	assert_non_null(strstr(e->p->why.text, "ALPHA"));
	assert_non_null(strstr(e->p->why.text, "0F0B"));
	assert_non_null(strstr(e->p->why.text, "0000000000001234"));
}

/* The message says whether it is the host that cannot, or this guest that should not. */
static void test_emulation_failure(void **state)
{
	struct engine *e = *state;

	e->cp.host->kvm_software = true;
	peer_event(e, PART_EV_KVM_ERROR, PART_CHECKSTOPPED);
	assert_int_equal(e->p->why.number, MSG_KVM_SOFTWARE);
	e->p->state = PS_RUNNING;
	e->cp.host->kvm_software = false;
	peer_event(e, PART_EV_KVM_ERROR, PART_CHECKSTOPPED);
	assert_int_equal(e->p->why.number, MSG_KVM_STOPPED);
}

static void test_state_events(void **state)
{
	struct engine *e = *state;

	peer_event(e, PART_EV_STATE, PART_STOPPED);
	assert_int_equal(e->p->state, PS_STOPPED);
	assert_int_equal(front_twin_said(MSG_GUEST_STOPPED), 1);
	peer_event(e, PART_EV_STATE, PART_RUNNING);
	assert_int_equal(e->p->state, PS_RUNNING);
	peer_event(e, PART_EV_IPL_FAILED, PART_STOPPED);
	assert_int_equal(e->p->state, PS_STOPPED);
	assert_int_equal(front_twin_said(MSG_REIPL_FAILED), 1);
}

/* A guest that reboots without end does not flood the operator. */
static void test_messages_are_limited(void **state)
{
	struct engine *e = *state;

	loop_clock_stop(e->cp.loop);
	for (int i = 0; i < 50; i++)
		peer_event(e, PART_EV_REBOOT, PART_RUNNING);
	assert_int_equal(front_twin_said(MSG_GUEST_RESET), 10);
	loop_clock_warp(e->cp.loop, 10 * NS_PER_S);
	peer_event(e, PART_EV_REBOOT, PART_RUNNING);
	assert_int_equal(front_twin_said(MSG_GUEST_RESET), 11);
	assert_int_equal(front_twin_said(MSG_MESSAGES_LEFT_OUT), 1);
}

/* What was left out is said also where nothing more comes. */
static void test_what_was_left_out_is_said(void **state)
{
	struct engine *e = *state;

	loop_clock_stop(e->cp.loop);
	for (int i = 0; i < 50; i++)
		peer_event(e, PART_EV_REBOOT, PART_RUNNING);
	assert_int_equal(front_twin_said(MSG_MESSAGES_LEFT_OUT), 0);
	loop_clock_warp(e->cp.loop, 5 * NS_PER_S);
	engine_settle(e);
	assert_int_equal(front_twin_said(MSG_MESSAGES_LEFT_OUT), 1);
	assert_string_equal(front_twin.said[front_twin.n_said - 1].text,
		"ALPHA: 40 messages about it were left out");
}

static uint32_t talk_left_out;

static void on_talk_left_out(struct chatter *talk, uint32_t n)
{
	(void)talk;
	talk_left_out += n;
}

/* ...and where the partition ends: before its end is said. */
static void test_what_was_left_out_is_said_at_the_end(void **state)
{
	struct engine *e = *state;
	struct message err;

	loop_clock_stop(e->cp.loop);
	talk_left_out = 0;
	e->p->talk.said = on_talk_left_out;
	e->p->talk.allowance.left_out = 3;
	for (int i = 0; i < 50; i++)
		peer_event(e, PART_EV_REBOOT, PART_RUNNING);
	assert_int_equal(partition_force(e->p, "MAINT", NULL, NULL, &err), 0);
	engine_settle(e);
	assert_true(list_empty(&e->cp.partitions));
	assert_int_equal(talk_left_out, 3);
	assert_int_equal(front_twin.said[front_twin.n_said - 1].number, MSG_LOGGED_OFF);
	assert_string_equal(front_twin.said[front_twin.n_said - 2].text,
		"ALPHA: 40 messages about it were left out");
}

int main(void)
{
#define WITH_ENGINE(name) \
	cmocka_unit_test_setup_teardown(name, engine_setup_running, engine_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		WITH_ENGINE(test_ipl),
		WITH_ENGINE(test_ipl_of_no_text),
		WITH_ENGINE(test_ipl_and_stay_stopped),
		WITH_ENGINE(test_ipl_fails),
		WITH_ENGINE(test_ipl_of_what_cannot_be),
		WITH_ENGINE(test_users_own_image),
		WITH_ENGINE(test_stop_and_begin),
		WITH_ENGINE(test_stop_one_cpu),
		WITH_ENGINE(test_restart),
		WITH_ENGINE(test_force_answers_everybody),
		WITH_ENGINE(test_given_up),
		WITH_ENGINE(test_guest_events),
		WITH_ENGINE(test_emulation_failure),
		WITH_ENGINE(test_state_events),
		WITH_ENGINE(test_messages_are_limited),
		WITH_ENGINE(test_what_was_left_out_is_said),
		WITH_ENGINE(test_what_was_left_out_is_said_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
