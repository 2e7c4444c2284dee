/* The process of a LAN: started, restarted, adopted, ended; nothing is left of it. */
#include "tests/unit/cp/lan_process_fixture.h"

#include <signal.h>

static unsigned ports_of_root(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned first;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &first), 1);
	fclose(f);
	return first;
}

/* It would fail only when a guest comes. */
static void test_a_forward_of_roots_port(void **state)
{
	struct engine *e = *state;
	struct lan_def def = lab_def("OUT");
	unsigned first = ports_of_root();
	struct message err = { 0 };

	if (first < 2) {
		print_message("# no port is root's alone on this host\n");
		skip();
	}
	def.uplink.kind = UPLINK_NAT;
	def.uplink.n_forwards = 2;
	def.uplink.forward[0].host_port = (uint16_t)first;
	def.uplink.forward[1].host_port = (uint16_t)(first - 1);
	assert_int_equal(lan_define(&e->cp, &def, NULL, NULL, &err), MSG_UPLINK_REFUSED);
	assert_non_null(strstr(err.text, "is root's"));
	no_lan_is_left(e);
}

static void test_define_and_detach(void **state)
{
	struct engine *e = *state;
	struct lan_def def = lab_def("LABNET");
	struct message err;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);

	assert_non_null(lan);
	assert_int_equal(told.number, 0);
	assert_int_equal(lan->state, LS_ACTIVE);
	assert_string_equal(lan_state_name(lan), "active");
	assert_int_equal(lan_define(&e->cp, &def, NULL, NULL, &err), MSG_LAN_EXISTS);
	assert_ptr_equal(lan_find_for(&e->cp, "ALPHA", "LABNET"), lan);
	detach(e, lan);
	no_lan_is_left(e);
}

static void test_one_that_cannot_start(void **state)
{
	static const char *const names[] = { "DIES", "SAYSNO", "LIAR" };
	static const char *const whys[] = { "status 9", "no: because", "not asked" };
	struct engine *e = *state;
	struct told told;

	for (size_t i = 0; i < 3; i++) {
		assert_null(define(e, names[i], &told));
		assert_int_equal(told.times, 1);
		assert_int_equal(told.number, MSG_LAN_NOT_STARTED);
		assert_non_null(strstr(told.text, whys[i]));
		no_lan_is_left(e);
	}
}

static void test_detached_while_it_starts(void **state)
{
	struct engine *e = *state;
	struct lan_def def = lab_def("LABNET");
	struct told told = { 0 };
	struct message err;

	assert_int_equal(lan_define(&e->cp, &def, told_done, &told, &err), 0);
	detach(e, lan_find(&e->cp, "SYSTEM", "LABNET"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.number, MSG_LAN_ENDING);
	no_lan_is_left(e);
}

static void test_killed_it_is_started_anew(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	pid_t pid = lan->pid;

	assert_int_equal(kill(pid, SIGKILL), 0);
	until_state(e, lan, LS_ACTIVE, pid);
	assert_int_equal(lan->restarts, 1);
	detach(e, lan);
	no_lan_is_left(e);
}

/* A partition whose end of the wire is the test: e->peer. */
static void couple_nic(struct engine *e, struct lan *lan, uint16_t vdev)
{
	struct told told = { 0 };
	struct message err;
	struct asked a = { 0 };

	assert_int_equal(lan_couple(e->p, vdev, lan, told_done, &told, &err), 0);
	while (!(a = lab_asked(e->peer)).type)
		loop_once(e->cp.loop, 20);
	assert_int_equal(a.type, PART_NIC);
	must(!wire_write(e->peer, PART_OK, a.id, 0, NULL, 0, NULL, 0));
	run_until(e, &told.times);
	assert_int_equal(told.number, 0);
}

static void couple(struct engine *e, struct lan *lan)
{
	couple_nic(e, lan, 0x600);
}

static void test_members_are_plugged_in_again(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_member *m;
	struct asked a;
	pid_t pid = lan->pid;

	engine_partition(e, PS_RUNNING);
	lab_nic(e->p, 0x600);
	couple(e, lan);
	assert_int_equal(kill(pid, SIGKILL), 0);
	until_state(e, lan, LS_ACTIVE, pid);
	while (!(a = lab_asked(e->peer)).type)
		loop_once(e->cp.loop, 20);
	assert_int_equal(a.type, PART_NIC);
	assert_int_equal(a.n_fds, 1);
	must(!wire_write(e->peer, PART_OK, a.id, 0, NULL, 0, NULL, 0));
	engine_settle(e);
	assert_ptr_equal(lan_of_nic(e->p, 0x600, &m), lan);
	assert_true(m->plugged);
	partition_free(e->p);
	engine_close_peer(e);
	detach(e, lan);
	no_lan_is_left(e);
}

static void test_one_that_dies_again_and_again(void **state)
{
	struct engine *e = *state;
	char path[128];
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	pid_t pid = lan->pid;

	snprintf(path, sizeof(path), "%s/lan", e->dir);
	must(!unlink(path) && !symlink("/bin/false", path));
	assert_int_equal(kill(pid, SIGKILL), 0);
	until_state(e, lan, LS_FAILED, pid);
	assert_string_equal(lan_state_name(lan), "failed");
	detach(e, lan);
	no_lan_is_left(e);
}

/* ---- Adoption --------------------------------------------------------------------- */

static void test_adoption(void **state)
{
	struct engine *e = *state;
	struct lan_def def = lab_def("LABNET");
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	const struct lan_grant grant = { .userid = "ALPHA", .vlans = "1-3" };
	struct message err;
	pid_t pid = lan->pid;

	assert_int_equal(lan_grant(lan, &grant, &err), 0);
	change_cpd(e);
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	assert_non_null(lan);
	assert_int_equal(lan->state, LS_ACTIVE);
	assert_int_equal(lan->pid, pid);
	assert_int_equal(lan->restarts, 0);
	assert_string_equal(lan_granted(lan, "ALPHA")->vlans, "1-3");
	assert_int_equal(lan_define(&e->cp, &def, NULL, NULL, &err), MSG_LAN_EXISTS);
	detach(e, lan);
	/* It is another's child there, but ours here. */
	waitpid(pid, NULL, 0);
	no_lan_is_left(e);
}

/* What the configuration forbids may not have been said yet. */
static void test_one_that_is_not_configured_is_undone(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan;
	pid_t pid;

	e->cp.configuring = true;
	pid = define(e, "LABNET", &told)->pid;
	change_cpd(e);
	lans_adopt(&e->cp);
	assert_true(list_empty(&e->cp.lans));
	waitpid(pid, NULL, 0);
	no_lan_is_left(e);

	pid = define(e, "LABNET", &told)->pid;
	e->cp.configuring = false;
	lans_configured(&e->cp);
	change_cpd(e);
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	assert_non_null(lan);
	assert_int_equal(lan->pid, pid);
	detach(e, lan);
	waitpid(pid, NULL, 0);
	no_lan_is_left(e);
}

/* Couplings are the partitions'; ports that nobody has go. */
static void test_ports_are_compared(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_member *m;
	uint32_t id;

	engine_partition(e, PS_RUNNING);
	lab_nic(e->p, 0x600);
	couple(e, lan);
	id = lan_member_find(lan, "ALPHA", 0x600)->id;
	change_cpd(e);
	lans_adopt(&e->cp);
	assert_ptr_not_equal(lan_of_nic(e->p, 0x600, &m), NULL);
	assert_true(m->plugged);
	assert_int_equal(m->id, id);

	change_cpd(e);
	lan_nic(e->p, 0x600)->nic.lan[0] = '\0';
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	assert_true(list_empty(&lan->members));
	assert_int_equal(lan->n_nics, 0);
	partition_free(e->p);
	engine_close_peer(e);
	detach(e, lan);
}

/* Of several NICs at once: each gets a port of its own, and the ids may be the last. */
static void test_ports_that_went_meanwhile(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_id id;
	struct lan_member *m[2];

	engine_partition(e, PS_RUNNING);
	for (uint16_t vdev = 0x600; vdev <= 0x601; vdev++) {
		lab_nic(e->p, vdev);
		couple_nic(e, lan, vdev);
		id = (struct lan_id) { .id = lan_member_find(lan, "ALPHA", vdev)->id };
		lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_DEL,
					      .verb = "test",
					      .head = &id,
					      .head_len = sizeof(id) });
	}
	lan->last_id = UINT32_MAX;
	lan_record_update(lan);
	change_cpd(e);
	e->p->state = PS_STARTING; /* it has not answered: nothing is plugged in yet */
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	for (uint16_t i = 0; i < 2; i++) {
		m[i] = lan_member_find(lan, "ALPHA", (uint16_t)(0x600 + i));
		assert_non_null(m[i]);
		assert_false(m[i]->plugged);
		assert_int_not_equal(m[i]->id, 0);
	}
	assert_int_not_equal(m[0]->id, m[1]->id);
	partition_free(e->p);
	engine_close_peer(e);
	detach(e, lan);
}

static void test_gone_while_no_cpd_was_there(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	pid_t pid = lan->pid;

	change_cpd(e);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	assert_non_null(lan);
	until_state(e, lan, LS_ACTIVE, pid);
	detach(e, lan);
	no_lan_is_left(e);
}

static void write_record(const struct engine *e, const char *text)
{
	char name[64];

	snprintf(name, sizeof(name), "run/lans/SYSTEM.LABNET.rec");
	engine_file(e, name, text);
}

/* What is not true is set aside, and what runs under its name ended. */
static void test_a_false_record(void **state)
{
	struct engine *e = *state;
	struct told told;
	char path[160];

	engine_partition(e, PS_RUNNING);
	lab_nic(e->p, 0x600);
	couple(e, define(e, "LABNET", &told));
	change_cpd(e);
	write_record(e, "{\"version\": 1}");
	lans_adopt(&e->cp);
	assert_string_equal(lan_nic(e->p, 0x600)->nic.lan, "");
	partition_free(e->p);
	engine_close_peer(e);
	while (!list_empty(&e->cp.lans))
		loop_once(e->cp.loop, 20);
	assert_null(lan_find(&e->cp, "SYSTEM", "LABNET"));
	snprintf(path, sizeof(path), "%s/lans/SYSTEM.LABNET.bad", e->rundir);
	assert_int_equal(unlink(path), 0);
	waitpid(-1, NULL, 0);
	no_lan_is_left(e);
}

static void test_a_nic_of_a_lan_that_is_not(void **state)
{
	struct engine *e = *state;
	struct asked a;

	engine_partition(e, PS_RUNNING);
	strcpy(lab_nic(e->p, 0x600)->nic.lan, "NOWHERE");
	strcpy(lan_nic(e->p, 0x600)->nic.lan_owner, "SYSTEM");
	lans_adopt(&e->cp);
	assert_string_equal(lan_nic(e->p, 0x600)->nic.lan, "");
	a = lab_asked(e->peer);
	assert_int_equal(a.type, PART_NIC);
	partition_free(e->p);
	engine_close_peer(e);
}

static void count(void *ctx)
{
	++*(int *)ctx;
}

static void test_shutdown(void **state)
{
	struct engine *e = *state;
	struct told told;
	int ended = 0, none = 0;

	lans_end(&e->cp, count, &none);
	assert_int_equal(none, 1);
	define(e, "ONE", &told);
	define(e, "TWO", &told);
	lans_end(&e->cp, count, &ended);
	run_until(e, &ended);
	assert_int_equal(ended, 1);
	no_lan_is_left(e);
}

/* Nothing is over before what was detached has ended. */
static void test_shutdown_while_one_is_detached(void **state)
{
	struct engine *e = *state;
	struct told told, detached = { 0 };
	struct message err;
	int ended = 0;

	define(e, "ONE", &told);
	assert_int_equal(
		lan_detach(lan_find(&e->cp, "SYSTEM", "ONE"), told_done, &detached, &err),
		0);
	lans_end(&e->cp, count, &ended);
	assert_int_equal(ended, 0);
	run_until(e, &ended);
	assert_int_equal(detached.times, 1);
	assert_int_equal(ended, 1);
	no_lan_is_left(e);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LANS(test_define_and_detach),
		LANS(test_a_forward_of_roots_port),
		LANS(test_one_that_cannot_start),
		LANS(test_detached_while_it_starts),
		LANS(test_killed_it_is_started_anew),
		LANS(test_members_are_plugged_in_again),
		LANS(test_one_that_dies_again_and_again),
		LANS(test_adoption),
		LANS(test_one_that_is_not_configured_is_undone),
		LANS(test_ports_are_compared),
		LANS(test_ports_that_went_meanwhile),
		LANS(test_gone_while_no_cpd_was_there),
		LANS(test_a_false_record),
		LANS(test_a_nic_of_a_lan_that_is_not),
		LANS(test_shutdown),
		LANS(test_shutdown_while_one_is_detached),
	};

	if (is_fake_lan(argc, argv))
		return fake_lan_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
