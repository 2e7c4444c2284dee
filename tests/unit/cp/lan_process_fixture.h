/* Processes of LANs for tests: the engine starts them, and they are this program
 * (tests/unit/cp/fake_lan.h). */
#ifndef TESTS_UNIT_CP_LAN_PROCESS_FIXTURE_H
#define TESTS_UNIT_CP_LAN_PROCESS_FIXTURE_H

#include "tests/unit/cp/fake_lan.h"
#include "tests/unit/cp/lan_fixture.h"
#include "tests/unit/cp/process_fixture.h"

#include <signal.h>

static int lan_fds; /* descriptors before the test */

static inline int setup_lans(void **state)
{
	struct engine *e;
	struct message err;
	char self[512], path[900];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	must(n > 0 && !setup(state));
	e = *state;
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/lan", e->dir);
	must(!symlink(self, path) && !lans_start(&e->cp, &err));
	lan_fds = open_fds();
	return 0;
}

static inline int teardown_lans(void **state)
{
	struct engine *e = *state;

	lans_stop(&e->cp);
	return teardown(state);
}

static inline void no_lan_is_left(struct engine *e)
{
	assert_true(list_empty(&e->cp.lans));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(count_files(e, "lans"), 0);
	assert_int_equal(open_fds(), lan_fds);
	for (size_t i = 0; i < HOST_UID_COUNT / 64; i++)
		assert_true(e->cp.host->uid_used[i] == 0);
}

static inline struct lan *define(struct engine *e, const char *name, struct told *told)
{
	struct lan_def def = lab_def(name);
	struct message err;

	*told = (struct told) { 0 };
	assert_int_equal(lan_define(&e->cp, &def, told_done, told, &err), 0);
	run_until(e, &told->times);
	return lan_find(&e->cp, "SYSTEM", name);
}

static inline void detach(struct engine *e, struct lan *lan)
{
	struct told told = { 0 };
	struct message err;

	assert_int_equal(lan_detach(lan, told_done, &told, &err), 0);
	run_until(e, &told.times);
	assert_int_equal(told.number, 0);
}

static inline void until_state(
	struct engine *e, struct lan *lan, enum lan_state state, pid_t not )
{
	uint64_t end = clock_ns() + WAIT_SECONDS * NS_PER_S;

	while (lan->state != state || lan->pid == not ) {
		assert_true(clock_ns() < end);
		loop_once(e->cp.loop, 20);
	}
}

/* This cpd forgets it, and another finds it. */
static inline void change_cpd(struct engine *e)
{
	while (!list_empty(&e->cp.lans)) {
		struct lan *lan = container_of(e->cp.lans.next, struct lan, node);

		host_release_uid(e->cp.host, lan->link->service.uid);
		lan_free(lan);
	}
}

/* Was the program started as one? */
static inline bool is_fake_lan(int argc, char **argv)
{
	return argc == 4 && strlen(argv[0]) > 4 &&
	       !strcmp(argv[0] + strlen(argv[0]) - 4, "/lan");
}

#define LANS(test) cmocka_unit_test_setup_teardown(test, setup_lans, teardown_lans)

#endif
