/* One partition without cpd, to measure its process alone: what cpd does for a partition
 * is done here once, from its descriptors to its end.
 *
 *	ipl [-m MIB] [-c CPUS] [-i INITRD] [-a COMMAND-LINE] IMAGE PROGRAM [ARGUMENT]...
 *
 * It starts `PROGRAM ARGUMENT... USERID UID GID`, gives it the devices that every
 * partition has, IPLs IMAGE, is the console with its input and output, and ends when the
 * guest turns itself off.  The process stays in the pid namespace of this one, so that
 *what measures it finds it by its number. */
#include "cp/lib/wire.h"
#include "cp/part_proto.h"
#include "cp/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USERID       "BENCH"
#define ID           "60001" /* uid and gid of the process */
#define CONSOLE_VDEV 0x0009
#define RNG_VDEV     0x000b
#define BZIMAGE_AT   0x202 /* "HdrS" (Linux/x86 boot protocol, 1) */
#define N_FDS        PART_FD_FIRST_FREE

struct bench {
	unsigned mib, n_vcpus;
	const char *image, *initrd, *parm;
	char **program; /* with its arguments */
	char dir[32], path[48];
	pid_t pid;
	int wire;
	uint32_t id; /* of the last request */
	bool ended;
};

static void start(struct bench *b);
static void greet(struct bench *b);
static void activate(struct bench *b);
static void load(struct bench *b);
static void serve(struct bench *b);
static void finish(struct bench *b);

/* Whatever is not as it should be ends the measurement. */
static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "ipl: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

/* A descriptor, or the end. */
static int need(int fd, const char *what)
{
	if (fd < 0)
		die("%s: %s", what, strerror(fd == -1 ? errno : -fd));
	return fd;
}

static void usage(void)
{
	die("usage: ipl [-m MIB] [-c CPUS] [-i INITRD] [-a COMMAND-LINE] "
	    "IMAGE PROGRAM [ARGUMENT]...");
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!n || n > 1u << 20 || *end)
		die("\"%s\" is not a number for this", text);
	return (unsigned)n;
}

static void take_options(struct bench *b, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+m:c:i:a:")) >= 0) {
		switch (c) {
		case 'm': b->mib = number(optarg); break;
		case 'c': b->n_vcpus = number(optarg); break;
		case 'i': b->initrd = optarg; break;
		case 'a': b->parm = optarg; break;
		default: usage();
		}
	}
	if (argc - optind < 2)
		usage();
	b->image = argv[optind];
	b->program = argv + optind + 1;
}

/* Milliseconds since the first call, on the console's other channel. */
static void mark(const char *what)
{
	static struct timespec first;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!first.tv_sec)
		first = now;
	fprintf(stderr, "ipl: %s %.2f ms\n", what,
		(double)(now.tv_sec - first.tv_sec) * 1e3 +
			(double)(now.tv_nsec - first.tv_nsec) / 1e6);
}

static void run(struct bench *b)
{
	mark("start");
	start(b);
	mark("listening");
	greet(b);
	activate(b);
	mark("activated");
	load(b);
	mark("IPLed");
	serve(b);
	mark("ended");
	finish(b);
}

/* All is done in a process group of its own, of which nothing is left at the end, also
 * where that is a signal: a partition process outlives who started it. */
int main(int argc, char **argv)
{
	struct bench b = { .mib = 128, .n_vcpus = 1, .parm = "" };
	int status = 0, signal = SIGCHLD;
	sigset_t ends, before;
	pid_t group;

	take_options(&b, argc, argv);
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	group = need(fork(), "fork");
	setpgid(group, group); /* in both, so that neither waits for the other */
	if (!group) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		run(&b);
		return 0;
	}
	sigwait(&ends, &signal);
	kill(-group, SIGKILL);
	waitpid(group, &status, 0);
	return status || signal != SIGCHLD ? 1 : 0;
}

/* The program's vector with what the partition process is told. */
static const char **make_argv(char **program)
{
	static const char *const told[] = { USERID, ID, ID };
	const char **argv;
	size_t n = 0;

	while (program[n])
		n++;
	argv = calloc(n + 4, sizeof(*argv));
	if (!argv)
		die("no memory");
	for (size_t i = 0; i < n; i++)
		argv[i] = program[i];
	for (size_t i = 0; i < 3; i++)
		argv[n + i] = told[i];
	return argv;
}

/* Descriptors to their places: first all out of the way of all. */
static void become(const int from[N_FDS], const char **argv)
{
	int high[N_FDS];

	for (int i = 0; i < N_FDS; i++)
		high[i] = need(fcntl(from[i], F_DUPFD_CLOEXEC, N_FDS), "descriptors");
	for (int i = 0; i < N_FDS; i++)
		need(dup2(high[i], i), "descriptors");
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	die("%s: %s", argv[0], strerror(errno));
}

/* One byte 0, and what could not be had; or why not. */
static void wait_ready(int fd)
{
	char text[256];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 1)
		die("the process ended before it was ready");
	text[n] = 0;
	if (text[0])
		die("the process: %s", text);
	if (n > 1)
		fprintf(stderr, "ipl: not in force: %s\n", text + 1);
	close(fd);
}

static void start(struct bench *b)
{
	int ready[2], from[N_FDS];
	const char **argv = make_argv(b->program);

	strcpy(b->dir, "/tmp/ipl.XXXXXX");
	if (!mkdtemp(b->dir))
		die("%s: %s", b->dir, strerror(errno));
	snprintf(b->path, sizeof(b->path), "%s/sock", b->dir);
	need(pipe2(ready, O_CLOEXEC), "pipe");
	from[0] = from[1] = need(open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
	from[2] = STDERR_FILENO;
	from[PART_FD_LISTEN] = need(wire_bind(b->path, 0600), b->path);
	from[PART_FD_KVM] = need(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	from[PART_FD_SECCOMP] = need(
		seccomp_programs(SECCOMP_PARTITION), "the seccomp programs");
	need((int)lseek(from[PART_FD_SECCOMP], 0, SEEK_SET), "the seccomp programs");
	from[PART_FD_READY] = ready[1];
	need(fcntl(from[PART_FD_LISTEN], F_SETFL, O_NONBLOCK), "O_NONBLOCK");

	b->pid = fork();
	if (!need(b->pid, "fork"))
		become(from, argv);
	free(argv);
	close(from[0]);
	for (int i = PART_FD_LISTEN; i < N_FDS; i++)
		close(from[i]);
	wait_ready(ready[0]);
	b->wire = need(wire_connect(b->path), b->path);
}

static void ask(struct bench *b, uint16_t type, const void *data, size_t len,
	const int *fds, int n_fds)
{
	int err = wire_write(b->wire, type, ++b->id, 0, data, len, fds, n_fds);

	if (err)
		die("request %u: %s", type, strerror(-err));
}

static void show(const struct wire_msg *m)
{
	const char *text = (const char *)m->data + sizeof(struct part_console);
	size_t len = m->len - sizeof(struct part_console);

	if (m->len > sizeof(struct part_console) &&
		write(STDOUT_FILENO, text, len) != (ssize_t)len)
		die("the console cannot be written");
}

static void note_event(struct bench *b, const struct wire_msg *m)
{
	struct part_event e = { 0 };
	int len = (int)(m->len < sizeof(e) ? 0 : m->len - sizeof(e));

	memcpy(&e, m->data, m->len < sizeof(e) ? m->len : sizeof(e));
	if (e.kind == PART_EV_SIGNAL_ENABLED)
		return;
	if (e.kind != PART_EV_POWER_OFF)
		die("event %u at %#llx, suberror %u: %.*s", e.kind,
			(unsigned long long)e.rip, e.suberror, len,
			(const char *)m->data + (m->len - (unsigned)len));
	b->ended = true;
}

static void fail_by(const struct wire_msg *m)
{
	struct part_fail f = { 0 };
	size_t head = m->len < sizeof(f) ? m->len : sizeof(f);

	memcpy(&f, m->data, head);
	die("request %u was refused (%u, %s): %.*s", m->id, f.reason, strerror(f.err),
		(int)(m->len - head), (const char *)m->data + head);
}

/* One record.  True: it answers the last request. */
static bool take_record(struct bench *b)
{
	static _Alignas(8) char buf[WIRE_MAX_DATA + 64];
	struct wire_msg m;
	int n = wire_read(b->wire, &m, buf, sizeof(buf), NULL);

	if (n <= 0)
		die("the process has gone: %s", n ? strerror(-n) : "end of file");
	switch (m.type) {
	case PART_CONSOLE: show(&m); break;
	case PART_EVENT: note_event(b, &m); break;
	case PART_FAIL: fail_by(&m); break;
	case PART_OK:
	case PART_HELLO_ANSWER: return m.id == b->id;
	default: break; /* the guest talks to its cp port: nobody is there */
	}
	return false;
}

static void greet(struct bench *b)
{
	const struct part_hello hello = { .version = PART_VERSION };

	ask(b, PART_HELLO, &hello, sizeof(hello), NULL, 0);
	while (!take_record(b))
		;
}

/* As cpd gives them to a partition of whose devices the directory says nothing more. */
static void activate(struct bench *b)
{
	const struct {
		struct part_activate head;
		struct part_device device[2];
	} request = {
		.head = { .storage = (uint64_t)b->mib << 20,
			.n_vcpus = b->n_vcpus,
			.n_devices = 2,
			.userid = USERID },
		.device = {
			{ .type = PART_DEV_CONSOLE, .vdev = CONSOLE_VDEV, .slot = 1, .fd_index = -1 },
			{ .type = PART_DEV_RNG, .vdev = RNG_VDEV, .slot = 2, .fd_index = 0 },
		},
	};
	int rng = need(open("/dev/urandom", O_RDONLY | O_CLOEXEC), "/dev/urandom");

	ask(b, PART_ACTIVATE, &request, sizeof(request), &rng, 1);
	close(rng);
	while (!take_record(b))
		;
}

static uint32_t kind_of(int fd)
{
	char magic[4] = "";

	return pread(fd, magic, sizeof(magic), BZIMAGE_AT) == sizeof(magic) &&
			       !memcmp(magic, "HdrS", sizeof(magic))
		       ? PART_IPL_BZIMAGE
		       : PART_IPL_ELF;
}

static void load(struct bench *b)
{
	int fds[2] = { need(open(b->image, O_RDONLY | O_CLOEXEC), b->image), -1 };
	struct {
		struct part_ipl head;
		char parm[4096];
	} request = { .head = { .kind = kind_of(fds[0]),
			      .has_initrd = b->initrd != NULL,
			      .parm_len = (uint32_t)strlen(b->parm) } };
	size_t len = sizeof(request.head) + request.head.parm_len;

	if (request.head.parm_len > sizeof(request.parm))
		die("the command line is too long");
	memcpy(request.parm, b->parm, request.head.parm_len);
	if (b->initrd)
		fds[1] = need(open(b->initrd, O_RDONLY | O_CLOEXEC), b->initrd);
	ask(b, PART_IPL, &request, len, fds, b->initrd ? 2 : 1);
	close(fds[0]);
	if (b->initrd)
		close(fds[1]);
	while (!take_record(b))
		;
}

/* What is typed; false at its end. */
static bool type(struct bench *b)
{
	char keys[256];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n > 0)
		ask(b, PART_CONSOLE_IN, keys, (size_t)n, NULL, 0);
	return n > 0;
}

static void serve(struct bench *b)
{
	struct pollfd from[] = { { .fd = b->wire, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };

	while (!b->ended) {
		if (poll(from, 2, -1) < 0)
			die("poll: %s", strerror(errno));
		if (from[0].revents)
			take_record(b);
		if (from[1].revents && !type(b))
			from[1].fd = -1;
	}
}

static void finish(struct bench *b)
{
	ask(b, PART_END, NULL, 0, NULL, 0);
	if (waitpid(b->pid, NULL, 0) < 0)
		die("waitpid: %s", strerror(errno));
	close(b->wire);
	unlink(b->path);
	rmdir(b->dir);
}
