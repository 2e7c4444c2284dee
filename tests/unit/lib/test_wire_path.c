/* Sockets with a name: who may have it, and with which mode. */
#include "cp/lib/wire.h"
#include "tests/unit/lib/open_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char dir[32], path[64];
	int fds_before;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	*state = p;
	if (!p)
		return -1;
	strcpy(p->dir, "/tmp/test_wire.XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/sock", p->dir);
	p->fds_before = open_fds();
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int left = open_fds() - p->fds_before;

	unlink(p->path);
	rmdir(p->dir);
	free(p);
	return left;
}

static int bind_and_listen(const char *path)
{
	int fd = wire_bind(path, 0600);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void test_bind_and_connect(void **state)
{
	struct place *p = *state;
	char buf[64];
	struct wire_msg msg;
	int listener = bind_and_listen(p->path), client, server;

	assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
	client = wire_connect(p->path);
	assert_true(client >= 0);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(server >= 0);
	assert_int_equal(wire_write(client, 1, 0, 0, "hi", 2, NULL, 0), 0);
	assert_int_equal(wire_read(server, &msg, buf, sizeof(buf), NULL), 1);
	assert_memory_equal(msg.data, "hi", 2);
	close(client);
	close(server);
	close(listener);
}

static void test_mode(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666, 0777 };
	struct place *p = *state;
	mode_t old = umask(0027);

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct stat st;
		int fd = wire_bind(p->path, modes[i]);

		assert_true(fd >= 0);
		assert_int_equal(stat(p->path, &st), 0);
		assert_int_equal(st.st_mode, S_IFSOCK | modes[i]);
		close(fd);
	}
	assert_int_equal(umask(old), 0027);
}

static void test_connect_refused(void **state)
{
	struct place *p = *state;
	char missing[80];
	int fd;

	assert_int_equal(wire_connect(p->path), -ENOENT);
	fd = wire_bind(p->path, 0600);
	assert_int_equal(wire_connect(p->path), -ECONNREFUSED); /* bound, not listening */
	close(fd);
	assert_int_equal(wire_connect(p->path), -ECONNREFUSED);
	snprintf(missing, sizeof(missing), "%s/none/sock", p->dir);
	assert_int_equal(wire_bind(missing, 0600), -ENOENT);
	assert_int_equal(wire_bind("", 0600), -ENOENT);
	assert_int_equal(wire_connect(""), -ENOENT);
}

static void test_name_too_long(void **state)
{
	struct sockaddr_un addr;
	char name[sizeof(addr.sun_path) + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(wire_connect(name), -ENAMETOOLONG);
	assert_int_equal(wire_bind(name, 0600), -ENAMETOOLONG);
	name[sizeof(name) - 2] = '\0';
	assert_int_equal(wire_connect(name), -ENOENT);
}

static void test_in_use(void **state)
{
	struct place *p = *state;
	int listener = bind_and_listen(p->path), client;

	assert_int_equal(wire_bind(p->path, 0600), -EADDRINUSE);
	client = wire_connect(p->path); /* and it is still there */
	assert_true(client >= 0);
	close(client);
	close(listener);
}

/* One of another kind is somebody, too. */
static void test_in_use_by_stream(void **state)
{
	struct place *p = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, p->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(wire_bind(p->path, 0600), -EADDRINUSE);
	close(fd);
}

/* A stream, for others' protocols: as a wire in all else. */
static void test_bind_stream(void **state)
{
	struct place *p = *state;
	int type = 0, fd = wire_bind_stream(p->path, 0600), wire;
	socklen_t len = sizeof(type);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_STREAM);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(wire_bind_stream(p->path, 0600), -EADDRINUSE);
	close(fd);
	fd = wire_bind_stream(p->path, 0666);
	assert_true(fd >= 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	close(fd);
	wire = bind_and_listen(p->path);
	assert_int_equal(wire_bind_stream(p->path, 0600), -EADDRINUSE);
	close(wire);
}

static void test_stale_replaced(void **state)
{
	struct place *p = *state;
	int listener;

	close(bind_and_listen(p->path));
	listener = bind_and_listen(p->path);
	close(wire_connect(p->path));
	close(listener);
}

/* What is no socket is nobody's to remove. */
static void test_other_file_kept(void **state)
{
	struct place *p = *state;
	int fd = open(p->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	struct stat st;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(wire_bind(p->path, 0600), -EEXIST);
	assert_int_equal(stat(p->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(p->path);
	assert_int_equal(symlink("nowhere", p->path), 0);
	assert_int_equal(wire_bind(p->path, 0600), -EEXIST);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

/* A listener that accepts nobody keeps its clients for two seconds and not for ever; it
 * is somebody all the same. */
static void test_busy_listener(void **state)
{
	struct place *p = *state;
	int listener = wire_bind(p->path, 0600), clients[8], n = 0, fd;

	assert_int_equal(listen(listener, 0), 0);
	while ((fd = wire_connect(p->path)) >= 0 && n < 8)
		clients[n++] = fd;
	assert_int_equal(fd, -ETIMEDOUT);
	assert_in_range(n, 1, 7);
	assert_int_equal(wire_bind(p->path, 0600), -EADDRINUSE);
	while (n)
		close(clients[--n]);
	close(listener);
}

#define PATH_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(test_bind_and_connect),
		PATH_TEST(test_mode),
		PATH_TEST(test_connect_refused),
		PATH_TEST(test_name_too_long),
		PATH_TEST(test_in_use),
		PATH_TEST(test_in_use_by_stream),
		PATH_TEST(test_bind_stream),
		PATH_TEST(test_stale_replaced),
		PATH_TEST(test_other_file_kept),
		PATH_TEST(test_busy_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
