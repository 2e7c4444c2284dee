/* Ports that programs of the host plug into: who connects becomes a member, one at a
 * time, and is one no more when the connection has ended. */
#include "tests/unit/cp/lan_fixture.h"

#include "cp/lib/wire.h"

#include <errno.h>
#include <sys/un.h>

static const struct lan_outlet_def one = { .name = "ONE" };

static int outlet_setup(void **state)
{
	struct lab *l;
	char path[128];

	lab_setup(state);
	l = *state;
	snprintf(path, sizeof(path), "%s/ports", l->e.rundir);
	must(!mkdir(path, 0755));
	loop_clock_stop(l->e.cp.loop);
	return 0;
}

static struct lan_outlet *define(struct lab *l, const struct lan_outlet_def *def)
{
	struct message err;

	assert_int_equal(lan_outlet_define(l->lan, def, &err), 0);
	return lan_outlet_find(l->lan, def->name);
}

/* As a program would; the loop has seen it. */
static int plug_in(struct lab *l, const struct lan_outlet *o)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", o->def.path);
	must(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	engine_settle(&l->e);
	return fd;
}

static struct lan_port plugged_in(struct lab *l)
{
	struct lan_port port;

	lab_lan_does(l, LAN_PORT_ADD, &port, sizeof(port));
	return port;
}

static void gone(struct lab *l, uint32_t id, const char *why)
{
	struct {
		struct lan_event ev;
		char text[64];
	} said = { .ev = { .kind = LAN_EV_PORT_GONE, .id = id } };

	snprintf(said.text, sizeof(said.text), "%s", why);
	lab_say(l, l->peer, LAN_EVENT, 0, &said, sizeof(said.ev) + strlen(why));
}

static void taken_away(struct lab *l, uint32_t id)
{
	struct lan_id head;

	lab_lan_does(l, LAN_PORT_DEL, &head, sizeof(head));
	assert_int_equal(head.id, id);
}

static int n_said(int number)
{
	int n = 0;

	for (int i = 0; i < front_twin.n_said; i++)
		n += front_twin.said[i].number == number;
	return n;
}

static void test_socket(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/ports/SYSTEM.LABNET.ONE", l->e.rundir);
	assert_string_equal(o->def.path, path);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_string_equal(lan_outlet_state(o), "waiting");
	assert_int_equal(l->lan->n_nics, 0);
	nothing_is_asked(l);
}

static void test_connect(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd = plug_in(l, o);
	struct asked a = lab_asked(l->peer);
	const struct lan_member *m = lan_outlet_member(o);
	struct lan_port port;

	assert_int_equal(a.type, LAN_PORT_ADD);
	assert_int_equal(a.n_fds, 1);
	memcpy(&port, a.data, sizeof(port));
	assert_string_equal(port.name, "*.ONE");
	assert_int_equal(port.kind, LAN_PORT_VHOST);
	assert_int_equal(port.flags, LAN_PORT_OPEN);
	assert_int_equal(port.native, 0);
	assert_true(m && m->id == port.id && m->plugged && !m->userid[0]);
	assert_string_equal(lan_outlet_state(o), "connected");
	assert_int_equal(l->lan->n_nics, 1);
	lab_say(l, l->peer, LAN_OK, a.id, NULL, 0);
	assert_ptr_equal(lan_outlet_member(o), m);
	assert_null(lan_member_find(l->lan, "ALPHA", 0));
	close(fd);
}

/* The next is not taken before the first has gone. */
static void test_one_at_a_time(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int first = plug_in(l, o), second;
	uint32_t id = plugged_in(l).id;

	second = plug_in(l, o);
	nothing_is_asked(l);
	loop_clock_warp(l->e.cp.loop, 2 * NS_PER_S);
	gone(l, id, "the other side has gone");
	taken_away(l, id);
	assert_true(plugged_in(l).id > id);
	assert_int_equal(l->lan->n_nics, 1);
	assert_int_equal(n_said(MSG_PORT_LEFT), 1);
	close(first);
	close(second);
}

static void test_gone(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd = plug_in(l, o);
	uint32_t id = plugged_in(l).id;

	gone(l, 12345, "another");
	assert_non_null(lan_outlet_member(o));
	gone(l, id, "its driver broke a ring");
	taken_away(l, id);
	assert_true(list_empty(&l->lan->members));
	assert_int_equal(l->lan->n_nics, 0);
	assert_string_equal(lan_outlet_state(o), "waiting");
	assert_string_equal(front_twin.said[0].text,
		"Port ONE of LAN SYSTEM LABNET is free: its driver broke a ring");
	gone(l, id, "again");
	nothing_is_asked(l);
	close(fd);
}

static void test_the_lan_refuses(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd = plug_in(l, o);

	lab_lan_refuses(l, LAN_PORT_ADD);
	lab_lan_refuses(l, LAN_PORT_DEL);
	assert_null(lan_outlet_member(o));
	assert_int_equal(n_said(MSG_PORT_LEFT), 1);
	close(fd);
}

/* Who was detached before the answer came. */
static void test_refused_too_late(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd = plug_in(l, o);
	struct asked a = lab_asked(l->peer);
	const struct lan_fail fail = { .err = ENOSPC };
	struct message err;

	assert_int_equal(lan_outlet_detach(l->lan, "ONE", &err), 0);
	lab_say(l, l->peer, LAN_FAIL, a.id, &fail, sizeof(fail));
	assert_int_equal(lab_asked(l->peer).type, LAN_PORT_DEL);
	assert_int_equal(front_twin.n_said, 0);
	close(fd);
}

/* Connections that end at once: five, then one now and then; said once. */
static void test_storm(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd[32], n = 0;

	for (int i = 0; i < 6; i++) {
		uint32_t id;

		fd[n++] = plug_in(l, o);
		id = plugged_in(l).id;
		gone(l, id, "bad");
		taken_away(l, id);
	}
	assert_int_equal(n_said(MSG_PORT_LEFT), 5);
	assert_int_equal(n_said(MSG_PORT_STORM), 1);
	fd[n++] = plug_in(l, o);
	nothing_is_asked(l);
	for (int i = 0; i < 20; i++) {
		struct asked a;

		loop_clock_warp(l->e.cp.loop, NS_PER_S);
		engine_settle(&l->e);
		a = lab_asked(l->peer);
		assert_int_equal(a.type, i % 10 == 9 ? LAN_PORT_ADD : 0);
		if (!a.type)
			continue;
		lab_say(l, l->peer, LAN_OK, a.id, NULL, 0);
		gone(l, lan_outlet_member(o)->id, "bad");
		lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
		if (i > 10)
			break;
		/* The one that has been refilled was spent; the next is one too many. */
		fd[n++] = plug_in(l, o);
		gone(l, plugged_in(l).id, "bad");
		lab_lan_does(l, LAN_PORT_DEL, NULL, 0);
		fd[n++] = plug_in(l, o);
		nothing_is_asked(l);
	}
	assert_int_equal(n_said(MSG_PORT_LEFT), 5);
	assert_int_equal(n_said(MSG_PORT_STORM), 1);
	/* One that lasts ends it. */
	fd[n++] = plug_in(l, o);
	plugged_in(l);
	loop_clock_warp(l->e.cp.loop, 2 * NS_PER_S);
	gone(l, lan_outlet_member(o)->id, "late");
	assert_int_equal(n_said(MSG_PORT_LEFT), 6);
	while (n)
		close(fd[--n]);
}

static void test_max_conn(void **state)
{
	static const struct lan_outlet_def two = { .name = "TWO" };
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one), *p = define(l, &two);
	int first, second;
	struct message err;
	uint32_t id;

	l->lan->def.max_conn = 1;
	first = plug_in(l, o);
	id = plugged_in(l).id;
	second = plug_in(l, p);
	nothing_is_asked(l);
	assert_int_equal(
		lan_couple(l->e.p, 0x600, l->lan, NULL, NULL, &err), MSG_LAN_FULL);
	gone(l, id, "it is enough");
	taken_away(l, id);
	assert_string_equal(plugged_in(l).name, "*.TWO");
	assert_string_equal(lan_outlet_state(p), "connected");
	close(first);
	close(second);
}

static void test_vlans(void **state)
{
	const struct lan_outlet_def trunk = { .name = "TRUNK",
		.trunk = true,
		.vlans = "5-6",
		.community = 3,
		.mac = "02:00:00:00:00:0b" };
	const struct lan_outlet_def access = { .name = "ACCESS", .vlans = "7" };
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x0b };
	struct lab *l = *state;
	struct lan_port port;
	int fd[3];

	l->lan->def.aware = l->lan->def.restricted = true;
	l->lan->def.native = 4;
	fd[0] = plug_in(l, define(l, &trunk));
	port = plugged_in(l);
	assert_int_equal(port.flags, LAN_PORT_TRUNK | LAN_PORT_NO_UNKNOWN);
	assert_int_equal(port.vlans[0], 0x60);
	assert_int_equal(port.native, 0);
	assert_int_equal(port.community, 3);
	assert_memory_equal(port.mac, mac, sizeof(mac));
	fd[1] = plug_in(l, define(l, &access));
	assert_int_equal(plugged_in(l).native, 7);
	fd[2] = plug_in(l, define(l, &one));
	assert_int_equal(plugged_in(l).native, 4);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

static int refused(struct lab *l, const struct lan_outlet_def *def)
{
	struct message err;

	return lan_outlet_define(l->lan, def, &err);
}

static void test_refusals(void **state)
{
	struct lab *l = *state;
	struct lan_outlet_def def = { .name = "A", .vlans = "7" };

	define(l, &one);
	assert_int_equal(refused(l, &one), MSG_PORT_EXISTS);
	assert_int_equal(refused(l, &def), MSG_LAN_UNAWARE);
	def = (struct lan_outlet_def) { .name = "A", .trunk = true };
	assert_int_equal(refused(l, &def), MSG_LAN_UNAWARE);
	l->lan->def.aware = true;
	def = (struct lan_outlet_def) { .name = "A", .vlans = "7,8" };
	assert_int_equal(refused(l, &def), MSG_PORT_VLANS);
	l->lan->state = LS_ENDING;
	def = (struct lan_outlet_def) { .name = "A" };
	assert_int_equal(refused(l, &def), MSG_LAN_ENDING);
	l->lan->state = LS_ACTIVE;
	for (int i = 1; i < LAN_MAX_OUTLETS; i++) {
		snprintf(def.name, sizeof(def.name), "N%hhu", (uint8_t)i);
		assert_int_equal(refused(l, &def), 0);
	}
	strcpy(def.name, "ONEMORE");
	assert_int_equal(refused(l, &def), MSG_TOO_MANY);
}

/* A socket nobody listens on is replaced; anything else is left alone. */
static void test_what_is_there(void **state)
{
	struct lab *l = *state;
	struct lan_outlet_def def = { .name = "A" };
	struct stat st;
	int fd;

	snprintf(def.path, sizeof(def.path), "%s/there", l->e.dir);
	engine_file(&l->e, "there", "a file");
	assert_int_equal(refused(l, &def), MSG_PORT_REFUSED);
	assert_int_equal(lstat(def.path, &st), 0);
	assert_int_equal(st.st_size, 6);
	must(!unlink(def.path) && !symlink("/nowhere", def.path));
	assert_int_equal(refused(l, &def), MSG_PORT_REFUSED);
	must(!unlink(def.path));
	fd = wire_bind_stream(def.path, 0600);
	must(fd >= 0 && !listen(fd, 1));
	assert_int_equal(refused(l, &def), MSG_PORT_REFUSED);
	close(fd);
	assert_int_equal(refused(l, &def), 0);
	assert_true(list_empty(&l->lan->members));
	snprintf(def.path, sizeof(def.path), "%s/nowhere/a", l->e.dir);
	strcpy(def.name, "B");
	assert_int_equal(refused(l, &def), MSG_PORT_REFUSED);
	assert_null(lan_outlet_find(l->lan, "B"));
}

/* The default path may be longer than an address takes. */
static void test_a_long_way(void **state)
{
	struct lab *l = *state;
	char deep[160];

	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	l->e.cp.rundir = deep;
	assert_int_equal(refused(l, &one), MSG_PORT_REFUSED);
	l->e.cp.rundir = l->e.rundir;
	assert_true(list_empty(&l->lan->outlets));
}

static void test_detach(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o = define(l, &one);
	int fd = plug_in(l, o);
	uint32_t id = plugged_in(l).id;
	struct message err;
	char path[128];

	snprintf(path, sizeof(path), "%s", o->def.path);
	assert_int_equal(lan_outlet_detach(l->lan, "TWO", &err), MSG_PORT_NOT_HERE);
	assert_int_equal(lan_outlet_detach(l->lan, "ONE", &err), 0);
	taken_away(l, id);
	assert_int_equal(access(path, F_OK), -1);
	assert_null(lan_outlet_find(l->lan, "ONE"));
	assert_int_equal(l->lan->n_nics, 0);
	assert_true(list_empty(&l->lan->members));
	assert_int_equal(front_twin.n_said, 0);
	close(fd);
	close(plug_in(l, define(l, &one)));
	plugged_in(l);
}

/* What another has put in its place stays. */
static void test_detach_another_file(void **state)
{
	struct lab *l = *state;
	struct lan_outlet_def def = { .name = "A" };
	struct message err;
	int fd;

	snprintf(def.path, sizeof(def.path), "%s/a", l->e.dir);
	define(l, &def);
	must(!unlink(def.path));
	engine_file(&l->e, "b", "keeps the inode from being used again");
	fd = wire_bind_stream(def.path, 0600);
	must(fd >= 0);
	assert_int_equal(lan_outlet_detach(l->lan, "A", &err), 0);
	assert_int_equal(access(def.path, F_OK), 0);
	close(fd);
}

/* Its process is not there yet: who connects waits for it. */
static void test_no_process(void **state)
{
	struct lab *l = *state;
	struct lan_outlet *o;
	int fd;

	l->lan->state = LS_STARTING;
	o = define(l, &one);
	fd = plug_in(l, o);
	nothing_is_asked(l);
	l->lan->state = LS_ACTIVE;
	lan_outlets_arm(l->lan);
	engine_settle(&l->e);
	plugged_in(l);
	assert_non_null(lan_outlet_member(o));
	close(fd);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, outlet_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_socket),
		TEST(test_connect),
		TEST(test_one_at_a_time),
		TEST(test_gone),
		TEST(test_the_lan_refuses),
		TEST(test_refused_too_late),
		TEST(test_storm),
		TEST(test_max_conn),
		TEST(test_vlans),
		TEST(test_refusals),
		TEST(test_what_is_there),
		TEST(test_a_long_way),
		TEST(test_detach),
		TEST(test_detach_another_file),
		TEST(test_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
