/* NICs are coupled and uncoupled: both processes are asked, in order, and what fails half
 * way is undone. */
#include "tests/unit/cp/lan_fixture.h"

static int couple(struct lab *l)
{
	struct message err;
	int rc;

	l->told = (struct told) { 0 };
	rc = lan_couple(l->e.p, 0x600, l->lan, told_done, &l->told, &err);
	assert_int_equal(l->told.times, 0);
	return rc;
}

static void test_couple(void **state)
{
	struct lab *l = *state;
	struct lan_member *m;
	struct lan_port port;
	struct part_nic nic;

	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	assert_int_equal(port.kind, LAN_PORT_VHOST);
	assert_string_equal(port.name, "ALPHA.0600");
	assert_memory_equal(port.mac, lan_nic(l->e.p, 0x600)->mac, 6);
	assert_int_equal(l->told.times, 0);
	nic = lab_part_does(l, 1);
	assert_int_equal(nic.vdev, 0x600);
	assert_int_equal(nic.flags, PART_NIC_COUPLE | PART_NIC_LINK);
	assert_int_equal(l->told.times, 1);
	assert_int_equal(l->told.number, 0);
	assert_string_equal(lab_lan_of(l), "LABNET");
	assert_ptr_equal(lan_of_nic(l->e.p, 0x600, &m), l->lan);
	assert_true(m->plugged && m->id == port.id);
	assert_int_equal(l->lan->n_nics, 1);
	nothing_is_asked(l);
}

static void no_member(struct lab *l, int number)
{
	assert_int_equal(l->told.times, 1);
	assert_int_equal(l->told.number, number);
	assert_string_equal(lab_lan_of(l), "");
	assert_true(list_empty(&l->lan->members));
	assert_int_equal(l->lan->n_nics, 0);
	nothing_is_asked(l);
}

static void test_the_lan_refuses(void **state)
{
	struct lab *l = *state;

	assert_int_equal(couple(l), 0);
	lab_lan_refuses(l, LAN_PORT_ADD);
	no_member(l, MSG_LAN_REFUSED);
	lab_couple(l);
}

static void test_the_partition_refuses(void **state)
{
	struct lab *l = *state;
	struct lan_port port;
	struct lan_id id;

	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	lab_part_refuses(l);
	lab_lan_does(l, LAN_PORT_DEL, &id, sizeof(id));
	assert_int_equal(id.id, port.id);
	no_member(l, MSG_PART_DEVICE);
	lab_couple(l);
}

/* In the order in which they are promised. */
static void test_refusals(void **state)
{
	struct lab *l = *state;
	struct partition *p = l->e.p;
	struct message err;

	l->lan->def.restricted = true;
	l->lan->def.max_conn = 1;
	l->lan->n_nics = 1;
	p->version = 3;
	p->dev[p->n_dev++] = (struct part_dev) { .vdev = 9, .type = PART_DEV_CONSOLE };
	assert_int_equal(lan_couple(p, 0x700, l->lan, NULL, NULL, &err), MSG_NO_DEVICE);
	assert_int_equal(lan_couple(p, 9, l->lan, NULL, NULL, &err), MSG_NOT_A_NIC);
	strcpy(lan_nic(p, 0x600)->nic.lan, "OTHER");
	assert_int_equal(couple(l), MSG_NIC_COUPLED);
	lan_nic(p, 0x600)->nic.lan[0] = '\0';
	assert_int_equal(couple(l), MSG_LAN_NOT_AUTHORIZED);
	l->lan->def.restricted = false;
	assert_int_equal(couple(l), MSG_LAN_FULL);
	l->lan->n_nics = 0;
	nothing_is_asked(l);
	/* What the process is too old for shows when it is asked. */
	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	assert_int_equal(l->told.number, MSG_PART_OLD);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
}

static void test_restricted_bounces(void **state)
{
	struct lab *l = *state;
	struct lan_port port;

	l->lan->def.restricted = true;
	strcpy(l->lan->def.owner, "ALPHA"); /* who needs no grant */
	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	assert_int_equal(port.flags, LAN_PORT_NO_UNKNOWN);
	assert_int_equal(lab_part_does(l, 1).flags,
		PART_NIC_COUPLE | PART_NIC_BOUNCE | PART_NIC_LINK);
}

static void test_memory_as_said(void **state)
{
	struct lab *l = *state;

	l->lan->def.memory_said = l->lan->def.bounce = true;
	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	assert_true(lab_part_does(l, 1).flags & PART_NIC_BOUNCE);
}

static int uncouple(struct lab *l)
{
	struct message err;

	l->told = (struct told) { 0 };
	return lan_uncouple(l->e.p, 0x600, told_done, &l->told, &err);
}

static void test_uncouple(void **state)
{
	struct lab *l = *state;

	assert_int_equal(uncouple(l), MSG_NIC_NOT_COUPLED);
	lab_couple(l);
	assert_int_equal(uncouple(l), 0);
	assert_int_equal(lab_asked(l->peer).type, 0);
	assert_int_equal(uncouple(l), MSG_NIC_NOT_COUPLED);
	assert_int_equal(lab_part_does(l, 0).flags, 0);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	no_member(l, 0);
}

static void test_uncouple_while_coupling(void **state)
{
	struct lab *l = *state;
	struct told first = { 0 };
	struct message err;

	assert_int_equal(lan_couple(l->e.p, 0x600, l->lan, told_done, &first, &err), 0);
	assert_int_equal(uncouple(l), 0);
	assert_int_equal(first.times, 1);
	assert_int_equal(first.number, MSG_NIC_NOT_COUPLED);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	lab_part_does(l, 0);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	no_member(l, 0);
}

static void test_coupled_elsewhere_while_leaving(void **state)
{
	struct lab *l = *state;
	struct message err;

	lab_couple(l);
	assert_int_equal(uncouple(l), 0);
	assert_int_equal(lan_couple(l->e.p, 0x600, l->lan, told_done, &l->told, &err), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	assert_int_equal(lab_part_does(l, 0).flags, 0);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	assert_true(lab_part_does(l, 1).flags & PART_NIC_COUPLE);
	assert_int_equal(l->told.times, 2);
	assert_int_equal(l->lan->n_nics, 1);
	assert_string_equal(lab_lan_of(l), "LABNET");
}

static void test_the_partition_ends(void **state)
{
	struct lab *l = *state;

	lab_couple(l);
	lan_partition_ends(l->e.p);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	assert_true(list_empty(&l->lan->members));
}

static void test_the_partition_ends_while_coupling(void **state)
{
	struct lab *l = *state;

	assert_int_equal(couple(l), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	lan_partition_ends(l->e.p);
	part_link_close(l->e.p, &(struct message) { .number = MSG_PART_GONE });
	assert_int_equal(l->told.times, 1);
	assert_int_equal(l->told.number, MSG_PART_GONE);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
}

/* Its user is told that it was detached; who waits for COUPLE, that it failed. */
static void test_the_lan_is_detached_while_coupling(void **state)
{
	struct lab *l = *state;
	struct message err;

	assert_int_equal(couple(l), 0);
	close(l->lan->link->service.id.pidfd); /* ours: we are not to be killed */
	l->lan->link->service.id.pidfd = -1;
	assert_int_equal(lan_detach(l->lan, NULL, NULL, &err), 0);
	assert_int_equal(l->told.times, 1);
	assert_int_equal(l->told.number, MSG_LAN_ENDING);
	assert_string_equal(lab_lan_of(l), "");
}

static void test_revoked_while_coupling(void **state)
{
	struct lab *l = *state;
	const struct lan_grant grant = { .userid = "ALPHA" };
	struct message err;

	l->lan->def.restricted = true;
	assert_int_equal(lan_grant(l->lan, &grant, &err), 0);
	assert_int_equal(couple(l), 0);
	assert_int_equal(lan_revoke(l->lan, "ALPHA", &err), 0);
	assert_int_equal(l->told.number, MSG_LAN_NOT_AUTHORIZED);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	lab_part_does(l, 0);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	no_member(l, MSG_LAN_NOT_AUTHORIZED);
}

/* What was permitted when COUPLE began is not what holds. */
static void test_granted_anew_while_coupling(void **state)
{
	struct lab *l = *state;
	struct lan_grant grant = { .userid = "ALPHA", .promiscuous = true };
	struct lan_port port;
	struct message err;

	assert_int_equal(lan_grant(l->lan, &grant, &err), 0);
	assert_int_equal(couple(l), 0);
	grant.promiscuous = false;
	assert_int_equal(lan_grant(l->lan, &grant, &err), 0);
	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	assert_true(port.flags & LAN_PORT_PROMISCUOUS);
	lab_lan_does(l, LAN_PORT_SET, &port, sizeof(port));
	assert_false(port.flags & LAN_PORT_PROMISCUOUS);
	lab_part_does(l, 1);
	assert_int_equal(l->told.number, 0);
	nothing_is_asked(l);
}

static void test_a_nic_is_detached(void **state)
{
	struct lab *l = *state;

	lab_couple(l);
	lan_nic_gone(l->e.p, lan_nic(l->e.p, 0x600));
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	assert_true(list_empty(&l->lan->members));
}

static void test_link_down(void **state)
{
	struct lab *l = *state;
	struct lan_port port;

	lab_couple(l);
	lan_nic(l->e.p, 0x600)->nic.link_down = true;
	lan_nic_changed(l->e.p, 0x600);
	lab_lan_does(l, LAN_PORT_SET, &port, sizeof(port));
	assert_true(port.flags & LAN_PORT_LINK_DOWN);
	assert_int_equal(lab_part_does(l, 0).flags, PART_NIC_KEEP);
	lan_nic(l->e.p, 0x600)->nic.link_down = false;
	lan_nic_changed(l->e.p, 0x600);
	lab_lan_does(l, LAN_PORT_SET, &port, sizeof(port));
	assert_int_equal(lab_part_does(l, 0).flags, PART_NIC_KEEP | PART_NIC_LINK);
}

static void test_grant_and_revoke(void **state)
{
	struct lab *l = *state;
	const struct lan_grant grant = { .userid = "ALPHA", .promiscuous = true };
	struct lan_port port;
	struct message err;

	l->lan->def.restricted = true;
	assert_int_equal(lan_grant(l->lan, &grant, &err), 0);
	lab_couple(l);
	assert_int_equal(lan_grant(l->lan, &grant, &err), 0);
	lab_lan_does(l, LAN_PORT_SET, &port, sizeof(port));
	assert_true(port.flags & LAN_PORT_PROMISCUOUS);
	lab_part_does(l, 0);
	assert_int_equal(l->lan->def.n_grants, 1);
	assert_int_equal(lan_revoke(l->lan, "ALPHA", &err), 0);
	assert_int_equal(lab_part_does(l, 0).flags, 0);
	lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
	assert_string_equal(lab_lan_of(l), "");
	assert_true(list_empty(&l->lan->members));
	assert_int_equal(lan_revoke(l->lan, "ALPHA", &err), MSG_LAN_NO_GRANT);
}

static void test_set(void **state)
{
	struct lab *l = *state;
	struct lan_conf conf;
	struct message err;

	assert_int_equal(lan_set(l->lan, true, false, &err), 0);
	lab_lan_does(l, LAN_SET, &conf, sizeof(conf));
	assert_int_equal(conf.flags, LAN_ISOLATION);
	assert_int_equal(conf.mtu, 1500);
	assert_string_equal(conf.name, "SYSTEM.LABNET");
	assert_int_equal(conf.storm_fps, 0);
	l->lan->def.restricted = true; /* tenants do not trust each other */
	assert_int_equal(lan_set(l->lan, true, true, &err), 0);
	lab_lan_does(l, LAN_SET, &conf, sizeof(conf));
	assert_int_equal(conf.flags, LAN_ISOLATION | LAN_PROTECT);
	assert_true(conf.storm_fps);
}

static void test_mirror(void **state)
{
	struct lab *l = *state;
	struct lan_mirror head;
	struct message err;

	lab_nic(l->e.p, 0x700);
	lab_couple(l);
	assert_int_equal(lan_mirror(l->lan, "ALPHA", 0x600, "ALPHA", 0x700, &err),
		MSG_NIC_NOT_COUPLED);
	assert_int_equal(lan_couple(l->e.p, 0x700, l->lan, told_done, &l->told, &err), 0);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	lab_part_does(l, 1);
	assert_int_equal(lan_mirror(l->lan, "ALPHA", 0x600, "ALPHA", 0x700, &err), 0);
	lab_lan_does(l, LAN_MIRROR, &head, sizeof(head));
	assert_int_equal(head.from, lan_member_find(l->lan, "ALPHA", 0x600)->id);
	assert_int_equal(head.to, lan_member_find(l->lan, "ALPHA", 0x700)->id);
	assert_int_equal(lan_mirror(l->lan, "ALPHA", 0x600, NULL, 0, &err), 0);
	lab_lan_does(l, LAN_MIRROR, &head, sizeof(head));
	assert_int_equal(head.to, 0);
}

static void count(void *ctx)
{
	++*(int *)ctx;
}

/* What the directory says is coupled; what cannot be does not hold up the rest. */
static void test_couple_all(void **state)
{
	struct lab *l = *state;
	static struct dir_user user = { .userid = "ALPHA", .n_devices = 3 };
	int calls = 0;

	for (int i = 0; i < 3; i++) {
		user.device[i] = (struct dir_device) { .type = DIR_NIC,
			.vdev = (uint16_t)(0x600 + 0x100 * i),
			.lan_owner = "SYSTEM" };
		strcpy(user.device[i].lan, i == 1 ? "NOWHERE" : "LABNET");
	}
	l->e.directory.users = &user;
	lab_nic(l->e.p, 0x700);
	lan_couple_all(l->e.p, count, &calls);
	lab_lan_does(l, LAN_PORT_ADD, NULL, 0);
	assert_int_equal(calls, 0);
	lab_part_does(l, 1);
	assert_int_equal(calls, 1);
	assert_string_equal(lab_lan_of(l), "LABNET");
	assert_string_equal(lan_nic(l->e.p, 0x700)->nic.lan, "");
	nothing_is_asked(l);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_couple),
		LAB(test_the_lan_refuses),
		LAB(test_the_partition_refuses),
		LAB(test_refusals),
		LAB(test_restricted_bounces),
		LAB(test_memory_as_said),
		LAB(test_uncouple),
		LAB(test_uncouple_while_coupling),
		LAB(test_coupled_elsewhere_while_leaving),
		LAB(test_the_partition_ends),
		LAB(test_the_partition_ends_while_coupling),
		LAB(test_the_lan_is_detached_while_coupling),
		LAB(test_revoked_while_coupling),
		LAB(test_granted_anew_while_coupling),
		LAB(test_a_nic_is_detached),
		LAB(test_link_down),
		LAB(test_grant_and_revoke),
		LAB(test_set),
		LAB(test_mirror),
		LAB(test_couple_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
