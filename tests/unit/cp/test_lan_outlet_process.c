/* Ports that programs of the host plug into, when the process of their LAN is killed, or
 * another cpd comes. */
#include "tests/unit/cp/lan_process_fixture.h"

#include "cp/lib/wire.h"

#include <sys/un.h>

static struct lan_outlet *outlet(struct lan *lan, const char *name)
{
	struct lan_outlet_def def = { 0 };
	struct message err;

	snprintf(def.name, sizeof(def.name), "%s", name);
	assert_int_equal(lan_outlet_define(lan, &def, &err), 0);
	return lan_outlet_find(lan, name);
}

static void until_connected(struct engine *e, const struct lan_outlet *o, uint32_t not )
{
	uint64_t end = clock_ns() + WAIT_SECONDS * NS_PER_S;

	while (!lan_outlet_member(o) || lan_outlet_member(o)->id == not ) {
		assert_true(clock_ns() < end);
		loop_once(e->cp.loop, 20);
	}
}

static void until_free(struct engine *e, const struct lan_outlet *o)
{
	uint64_t end = clock_ns() + WAIT_SECONDS * NS_PER_S;

	while (lan_outlet_member(o)) {
		assert_true(clock_ns() < end);
		loop_once(e->cp.loop, 20);
	}
}

static int connect_outlet(struct engine *e, const struct lan_outlet *o)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", o->def.path);
	must(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	until_connected(e, o, 0);
	return fd;
}

/* True when the other end has been closed; it says nothing. */
static bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static int n_sockets(const struct engine *e)
{
	char path[128];
	struct dirent **names = NULL;
	int n;

	snprintf(path, sizeof(path), "%s/ports", e->rundir);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return n - 2;
}

/* It is cut off; who comes again is let in as soon as the LAN is there. */
static void test_outlet_of_a_killed_process(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_outlet *o = outlet(lan, "ONE");
	int first = connect_outlet(e, o), second;
	uint32_t id = lan_outlet_member(o)->id;

	assert_int_equal(kill(lan->pid, SIGKILL), 0);
	until_free(e, o);
	assert_int_equal(lan->n_nics, 0);
	assert_true(is_closed(first));
	second = connect_outlet(e, o);
	assert_true(lan_outlet_member(o)->id > id);
	assert_int_equal(lan->state, LS_ACTIVE);
	close(first);
	close(second);
	detach(e, lan);
	assert_int_equal(n_sockets(e), 0);
	no_lan_is_left(e);
}

/* Who is plugged in stays so; the access that was given to the socket, too. */
static void test_outlets_are_adopted(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_outlet *o = outlet(lan, "ONE");
	char path[sizeof(o->def.path)];
	int first, second;
	struct stat st;
	uint32_t id;

	outlet(lan, "TWO");
	first = connect_outlet(e, o);
	id = lan_outlet_member(o)->id;
	memcpy(path, o->def.path, sizeof(path));
	must(!chmod(path, 0666));
	engine_settle(e);
	change_cpd(e);
	assert_int_equal(n_sockets(e), 2);
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	o = lan_outlet_find(lan, "ONE");
	assert_non_null(o);
	assert_int_equal(lan_outlet_member(o)->id, id);
	assert_true(lan_outlet_member(o)->plugged);
	assert_int_equal(lan->n_nics, 1);
	assert_false(is_closed(first));
	assert_string_equal(lan_outlet_state(lan_outlet_find(lan, "TWO")), "waiting");
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	second = connect_outlet(e, lan_outlet_find(lan, "TWO"));
	assert_int_equal(lan->n_nics, 2);
	close(first);
	close(second);
	detach(e, lan);
	assert_int_equal(n_sockets(e), 0);
	waitpid(-1, NULL, 0);
	no_lan_is_left(e);
}

/* The LAN's process went while no cpd was there, and the connection with it. */
static void test_outlets_of_a_lan_that_ended(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_outlet *o = outlet(lan, "ONE");
	int first = connect_outlet(e, o);
	pid_t pid = lan->pid;

	engine_settle(e);
	change_cpd(e);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	until_state(e, lan, LS_ACTIVE, pid);
	o = lan_outlet_find(lan, "ONE");
	assert_null(lan_outlet_member(o));
	close(first);
	close(connect_outlet(e, o));
	detach(e, lan);
	no_lan_is_left(e);
}

/* Somebody else has its name by then: it is there, and who is plugged in, too. */
static void test_an_outlet_that_cannot_be_listened_on(void **state)
{
	struct engine *e = *state;
	struct told told;
	struct lan *lan = define(e, "LABNET", &told);
	struct lan_outlet *o = outlet(lan, "ONE");
	char path[sizeof(o->def.path)];
	struct message err;
	int fd;

	memcpy(path, o->def.path, sizeof(path));
	change_cpd(e);
	must(!unlink(path));
	fd = wire_bind_stream(path, 0600);
	must(fd >= 0 && !listen(fd, 1));
	lans_adopt(&e->cp);
	lan = lan_find(&e->cp, "SYSTEM", "LABNET");
	assert_string_equal(lan_outlet_state(lan_outlet_find(lan, "ONE")), "failed");
	assert_int_equal(front_twin.said[0].number, MSG_PORT_DEAF);
	assert_int_equal(lan_outlet_detach(lan, "ONE", &err), 0);
	assert_int_equal(access(path, F_OK), 0);
	must(!unlink(path));
	close(fd);
	detach(e, lan);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		LANS(test_outlet_of_a_killed_process),
		LANS(test_outlets_are_adopted),
		LANS(test_outlets_of_a_lan_that_ended),
		LANS(test_an_outlet_that_cannot_be_listened_on),
	};

	if (is_fake_lan(argc, argv))
		return fake_lan_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
