/* TRSOURCE, QUERY TRSOURCE and REPLAY: what is asked of the LAN, whose files they are,
 * and what becomes of a trace when something else goes. */
#include "tests/unit/cp/front.h"

#include "cp/own_file.h"
#include "cp/trace.h"
#include "cp/trace_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A user's LAN and directory. */
static struct lan *own_lan(struct front *f, const char *owner)
{
	struct lan_def def = { .mtu = 1500 };

	snprintf(def.owner, sizeof(def.owner), "%s", owner);
	snprintf(def.name, sizeof(def.name), "LAB");
	return twin_lan(&f->cp, &def);
}

/* Ends all, and takes the user's files away. */
static void clean(struct front *f, struct ear *e, const char *userid)
{
	char path[160], name[512];
	struct dirent *entry;
	struct list *pos;
	DIR *dir;

	list_for_each (pos, &f->cp.lans)
		trace_lan_gone(container_of(pos, struct lan, node));
	ear_free(e);
	snprintf(path, sizeof(path), "%s/%s", f->statedir, userid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		unlink(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

/* Types it, and runs the loop until it is answered. */
static int typed(struct front *f, struct ear *e, const char *command)
{
	int before = e->done, rc = ear_type(e, command);

	while (e->done == before)
		loop_once(f->cp.loop, -1);
	return rc < 0 ? e->rc : rc;
}

static void test_a_user_on_ones_own_lan(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	char path[160];
	struct stat st;

	own_lan(f, "ALPHA");
	assert_int_equal(ear_type(e, "trsource id t1 type lan lanname lab nic beta 600 "
				     "vlan 10 length 96 file a.pcapng"),
		0);
	ear_heard(e, "out 7: Trace T1 is set\n");
	twin_was_asked("trace add, files 1, filter 0");
	assert_string_equal(lan_twin.trace.name, "BETA.0600");
	assert_int_equal(lan_twin.trace.vlan, 10);
	assert_int_equal(lan_twin.trace.length, 96);
	assert_int_equal(lan_twin.trace.size, 8 << 20); /* a guest fills no disk */
	snprintf(path, sizeof(path), "%s/ALPHA/a.pcapng", f->statedir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(
		ear_type(e, "trso id t1 type lan lanname lab file b.pcapng"), 1570);
	assert_int_equal(ear_type(e, "trsource note id t1 hello there"), 0);
	twin_was_asked("trace note hello there\n");
	assert_int_equal(ear_type(e, "trsource disable id t1"), 0);
	ear_heard(e, "Trace T1 is disabled");
	assert_int_equal(ear_type(e, "trsource drop id t1"), 0);
	ear_heard(e, "Trace T1 is dropped");
	assert_int_equal(ear_type(e, "trsource drop id t1"), 1571);
	clean(f, e, "ALPHA");
}

static void test_query(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G"), *other = ear_create(f, "BETA", "G");

	own_lan(f, "ALPHA");
	assert_int_equal(ear_type(e, "query trsource"), 0);
	ear_heard(e, "There are no traces");
	assert_int_equal(
		ear_type(e, "trsource id t1 type lan lanname lab dropped file a.pcapng"),
		0);
	lan_twin.stat =
		(struct lan_stat_trace) { .frames = 3, .bytes = 500, .dropped = 2 };
	session_command(&e->s, 8, true, "query trso id t1");
	ear_heard(e, "\"id\":\"T1\"");
	ear_heard(e, "\"lan\":\"LAB\",\"lan_owner\":\"ALPHA\",\"file\":\"a.pcapng\","
		     "\"frames\":3,\"bytes\":500,\"dropped\":2,\"state\":\"active\"");
	assert_int_equal(ear_type(other, "query trsource id t1"), 1571);
	assert_int_equal(ear_type(other, "trsource drop id t1"), 1571);
	ear_free(other);
	other = ear_create(f, "MAINT", "C");
	assert_int_equal(ear_type(other, "query trsource"), 0);
	ear_heard(other, "Trace T1 of ALPHA: LAN ALPHA LAB, active");
	ear_heard(other, "DROPPED only");
	assert_int_equal(ear_type(other, "trsource drop id t1"), 0);
	ear_free(other);
	clean(f, e, "ALPHA");
}

static void test_who_may(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "BETA");

	twin_system_lan(&f->cp, "LABNET");
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname labnet file a.pcapng"), 1532);
	lan->def.restricted = true;
	assert_int_equal(
		ear_type(
			e, "trsource id t type lan owner beta lanname lab file a.pcapng"),
		1530);
	assert_int_equal(ear_type(e, "replay file a.pcapng to lan labnet"), 1532);
	clean(f, e, "ALPHA");
	e = ear_create(f, "MAINT", "C");
	assert_int_equal(
		ear_type(
			e, "trsource id t type lan owner beta lanname lab file a.pcapng"),
		0);
	clean(f, e, "MAINT");
}

static void test_operands(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	own_lan(f, "ALPHA");
	assert_int_equal(ear_type(e, "trsource"), 26);
	assert_int_equal(ear_type(e, "trsource frob"), 3);
	assert_int_equal(ear_type(e, "trsource id t"), 26);
	assert_int_equal(ear_type(e, "trsource id t type cpu"), 3);
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab"), 26);
	assert_int_equal(ear_type(e, "trsource id t type lan file a.pcapng"), 26);
	assert_int_equal(
		ear_type(e,
			"trsource id t type lan lanname lab trunk dropped file a.pcapng"),
		13);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file a.pcapng size 1K"),
		2);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file a.pcapng files 2"),
		26);
	assert_int_equal(ear_type(e, "trsource note id t hello"), 1571);
	assert_string_equal(twin.log, "");
	clean(f, e, "ALPHA");
}

static void test_a_filter(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");

	own_lan(f, "ALPHA");
	f->cp.privileged = false;
	assert_int_equal(typed(f, e,
				 "trsource id t type lan lanname lab file a.pcapng "
				 "filter \"frobnicate 10\""),
		1574);
	ear_heard(e, "CP1574E Invalid FILTER frobnicate 10: ");
	ear_heard(e, "syntax error");
	assert_int_equal(typed(f, e,
				 "trsource id t type lan lanname lab file a.pcapng "
				 "filter arp"),
		0);
	twin_was_asked("trace add, files 1, filter 32\n"); /* four instructions */
	assert_int_equal(lan_twin.trace.n_insns, 4);
	clean(f, e, "ALPHA");
}

static void test_a_ring_and_its_room(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	char path[160];
	struct stat st;

	own_lan(f, "ALPHA");
	assert_int_equal(ear_type(e, "trsource id t1 type lan lanname lab file a.pcapng "
				     "size 1M files 2"),
		0);
	twin_was_asked("trace add, files 2, filter 0");
	snprintf(path, sizeof(path), "%s/ALPHA/a-2.pcapng", f->statedir);
	assert_int_equal(truncate(path, 10 << 20), 0);
	assert_int_equal(ear_type(e, "trsource id t2 type lan lanname lab file b.pcapng "
				     "size 52M"),
		1577);
	assert_int_equal(ear_type(e, "trsource id t2 type lan lanname lab file b.pcapng "
				     "size 51M"),
		0);
	assert_int_equal(
		ear_type(e, "trsource id t3 type lan lanname lab file c.pcapng"), 1577);
	/* A file that another trace writes is not to be emptied. */
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(ear_type(e, "trsource id t3 type lan lanname lab "
				     "file a-2.pcapng size 64K"),
		1576);
	ear_heard(e, "CP1576E Cannot open a-2.pcapng: Device or resource busy");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 20);
	clean(f, e, "ALPHA");
}

/* An empty one has a name, and a place in the directory. */
static void test_small_files_take_room(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	char name[40];
	int fd;

	own_lan(f, "ALPHA");
	assert_int_equal(own_file_dir(&f->cp, "ALPHA"), 0);
	for (uint64_t i = 0; i < TRACE_ROOM / CAPTURE_MIN; i++) {
		snprintf(name, sizeof(name), "%d.pcapng", (int)i);
		fd = own_file_open(&f->cp, "ALPHA", name, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file a.pcapng "
				     "size 64K"),
		1577);
	clean(f, e, "ALPHA");
}

static void test_names_that_lead_elsewhere(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	char path[160];

	own_lan(f, "ALPHA");
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file /tmp/a.pcapng"),
		1337);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file x/a.pcapng"), 1575);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file kernel"), 1575);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file ../a.pcapng"), 2);
	assert_int_equal(own_file_dir(&f->cp, "ALPHA"), 0);
	snprintf(path, sizeof(path), "%s/ALPHA/b.pcapng", f->statedir);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file b.pcapng"), 1576);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* nothing waits for its other end */
	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file b.pcapng"), 1576);
	assert_string_equal(twin.log, "");
	clean(f, e, "ALPHA");
}

/* A host operator's names are the client's to open. */
static void test_files_of_the_client(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "OPERATOR", "ABCDEFG");

	own_lan(f, "ALPHA");
	e->s.host_operator = true;
	assert_int_equal(ear_type(e, "trsource id t type lan owner alpha lanname lab "
				     "file /some/where size 1M files 2"),
		-1);
	ear_heard(e, "open 7: create 1 /some/where\n");
	session_opened(&e->s, 7, memfd_create("one", 0), 0);
	ear_heard(e, "open 7: create 2 /some/where\n");
	session_opened(&e->s, 8, memfd_create("stray", 0), 0); /* nobody asked for that */
	session_opened(&e->s, 7, memfd_create("two", 0), 0);
	ear_heard(e, "done 7: 0");
	twin_was_asked("trace add, files 2, filter 0");
	assert_int_equal(lan_twin.trace.size, 1 << 20);
	assert_int_equal(ear_type(e, "trsource id u type lan owner alpha lanname lab "
				     "file /some/where"),
		-1);
	session_opened(&e->s, 7, -1, -EACCES);
	ear_heard(e, "CP1576E Cannot open /some/where: Permission denied");
	clean(f, e, "OPERATOR");
}

/* The command stays as long as the trace. */
static void test_live(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "ALPHA");
	struct lan_event ev = { .kind = LAN_EV_TRACE_BROKEN };

	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	ear_heard(e, "open 7: create 0 -\n");
	session_opened(&e->s, 7, memfd_create("out", 0), 0);
	ear_did_not_hear(e, "done");
	ev.id = lan_twin.trace.id;
	trace_event(lan, &ev, "nobody reads it any more");
	ear_heard(e, "err 7: CP1573W Trace T of LAN ALPHA LAB broke off: nobody reads");
	ear_heard(e, "done 7: 0");
	twin_was_asked("trace or replay 13, 0"); /* LAN_TRACE_DEL */
	assert_true(list_empty(&lan->traces));

	/* taken back, while the file is opened and after */
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	session_cancel(&e->s, 7);
	assert_true(list_empty(&lan->traces));
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	session_opened(&e->s, 7, memfd_create("out", 0), 0);
	assert_false(list_empty(&lan->traces));
	session_cancel(&e->s, 7);
	assert_true(list_empty(&lan->traces));

	/* dropped by another, and with the LAN */
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	session_opened(&e->s, 7, memfd_create("out", 0), 0);
	session_command(&e->s, 9, false, "trsource drop id t");
	ear_heard(e, "done 7: 0");
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	session_opened(&e->s, 7, memfd_create("out", 0), 0);
	trace_lan_gone(lan);
	ear_heard(e, "done 7: 0");
	clean(f, e, "ALPHA");
}

/* The LAN's process ends between the command and its answer: once, and never again. */
static void test_live_lan_goes_before_its_answer(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "ALPHA");

	lan_twin.late = true;
	assert_int_equal(ear_type(e, "trsource id t type lan lanname lab file -"), -1);
	session_opened(&e->s, 7, memfd_create("out", 0), 0);
	trace_lan_gone(lan);
	ear_heard(e, "done 7: 0");
	lan_twin.refuse_bytes = MSG_LAN_NOT_HERE;
	twin_lans_go_on(&f->cp);
	assert_int_equal(heard(e, "done 7"), 1);
	clean(f, e, "ALPHA");
}

/* The same trace goes on in the same files, where the process is another. */
static void test_restart_of_the_lan(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "ALPHA");
	uint32_t id;

	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file a.pcapng"), 0);
	assert_int_equal(ear_type(e, "trsource disable id t"), 0);
	id = lan_twin.trace.id;
	twin.log[0] = '\0';
	trace_lan_ready(lan);
	twin_was_asked("trace add, files 1, filter 0\n");
	assert_int_equal(lan_twin.trace.id, id);
	assert_int_equal(lan_twin.trace.flags, LAN_TRACE_OFF);
	clean(f, e, "ALPHA");
}

static void test_a_trace_that_breaks_off(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "ALPHA");
	struct lan_event ev = { .kind = LAN_EV_TRACE_BROKEN };

	assert_int_equal(
		ear_type(e, "trsource id t type lan lanname lab file a.pcapng"), 0);
	trace_event(lan, &ev, "of nothing");
	ev.id = lan_twin.trace.id;
	trace_event(lan, &ev, "No space left on device");
	ear_heard(e, "note 0: CP1573W Trace T of LAN ALPHA LAB broke off: No space left");
	assert_int_equal(heard(e, "note"), 1);
	assert_int_equal(ear_type(e, "query trsource"), 0);
	ear_heard(e, "LAN ALPHA LAB, broken");
	twin.log[0] = '\0';
	trace_lan_ready(lan);
	assert_null(strstr(twin.log, "add"));
	clean(f, e, "ALPHA");
}

/* Those an earlier cpd began belong to nobody. */
static void test_leftovers(void **state)
{
	struct front *f = *state;
	struct lan *lan = twin_system_lan(&f->cp, "LABNET");

	lan_twin.trace.id = 4711;
	trace_lan_ready(lan);
	twin_was_asked("trace or replay 13, 0\n");
}

static void write_file(struct front *f, const char *name)
{
	int fd;

	assert_int_equal(own_file_dir(&f->cp, "ALPHA"), 0);
	fd = own_file_open(&f->cp, "ALPHA", name, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void test_replay(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = own_lan(f, "ALPHA");
	struct lan_event ev = { .kind = LAN_EV_REPLAY_DONE, .value = 42 };

	assert_int_equal(ear_type(e, "replay file b.pcapng to lan lab"), 1576);
	write_file(f, "b.pcapng");
	assert_int_equal(
		ear_type(e, "replay file b.pcapng to lan lab nic beta 600"), 1535);
	twin_member(lan, "BETA", 0x600);
	assert_int_equal(
		ear_type(e, "replay file b.pcapng to lan lab nic beta 600 speed 2.5"),
		-1);
	twin_was_asked("replay, files 1");
	assert_int_equal(lan_twin.replay.port, 1);
	assert_int_equal(lan_twin.replay.speed, 250);
	ev.id = lan_twin.replay.id + 1;
	trace_event(lan, &ev, "");
	ear_did_not_hear(e, "done");
	ev.id--;
	trace_event(lan, &ev, "");
	ear_heard(e, "REPLAY of b.pcapng: frames sent 42");
	ear_heard(e, "done 7: 0");

	assert_int_equal(ear_type(e, "replay file b.pcapng to lan lab speed max"), -1);
	assert_int_equal(lan_twin.replay.speed, 0);
	ev.id = lan_twin.replay.id;
	trace_event(lan, &ev, "packet: more bytes than its block");
	ear_heard(e, "CP1578W REPLAY of b.pcapng ended early: packet: more");

	assert_int_equal(ear_type(e, "replay stop to lan lab"), 1579);
	assert_int_equal(ear_type(e, "replay file b.pcapng to lan lab"), -1);
	session_command(&e->s, 9, false, "replay stop to lan lab");
	ear_heard(e, "out 9: REPLAYs ended: 1");
	ear_heard(e, "done 7: 0");
	assert_int_equal(ear_type(e, "replay file b.pcapng to lan lab"), -1);
	session_cancel(&e->s, 7);
	assert_true(list_empty(&lan->replays));
	assert_int_equal(ear_type(e, "replay file b.pcapng to lan lab speed 0"), 2);
	clean(f, e, "ALPHA");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_user_on_ones_own_lan),
		TEST(test_query),
		TEST(test_who_may),
		TEST(test_operands),
		TEST(test_a_filter),
		TEST(test_a_ring_and_its_room),
		TEST(test_small_files_take_room),
		TEST(test_names_that_lead_elsewhere),
		TEST(test_files_of_the_client),
		TEST(test_live),
		TEST(test_live_lan_goes_before_its_answer),
		TEST(test_restart_of_the_lan),
		TEST(test_a_trace_that_breaks_off),
		TEST(test_leftovers),
		TEST(test_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
