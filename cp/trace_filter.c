/* The filter of a trace. */
#include "cp/trace_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY    65534
#define INSNS_MAX 4096
#define SNAPLEN   262144
#define CPU_S     2
#define STORAGE   (UINT64_C(256) << 20)
#define WHY_MAX   256
#define NS_PER_S  UINT64_C(1000000000)

/* What the process says: this, and then instructions or a text. */
struct verdict {
	uint32_t ok, n; /* of instructions, or bytes of the text */
};

struct trace_filter {
	char *text;
	pid_t pid;
	int pidfd, pipe;
	struct loop_fd watch;
	struct loop_timer timer;
	trace_filter_done *done;
	void *ctx;
};

static int start(struct trace_filter *f, bool privileged);
static void work(const struct trace_filter *f, int out, bool privileged)
	__attribute__((noreturn));
static void on_ended(struct loop_fd *watch, uint32_t events);
static void on_late(struct loop_timer *timer);
static void reap(struct trace_filter *f);
static void filter_free(struct trace_filter *f);

int trace_filter_compile(struct loop *loop, const char *text, bool privileged,
	trace_filter_done *done, void *ctx)
{
	struct trace_filter *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		return err;
	f->done = done;
	f->ctx = ctx;
	f->pipe = -1;
	f->text = strdup(text);
	if (f->text)
		err = start(f, privileged);
	if (err) {
		filter_free(f);
		return err;
	}
	err = loop_fd_add(loop, &f->watch, f->pidfd, EPOLLIN, on_ended, f);
	if (!err)
		err = loop_timer_set(loop, &f->timer,
			loop_now(loop) + FILTER_SECONDS * NS_PER_S, on_late, f);
	if (err) {
		kill(f->pid, SIGKILL);
		reap(f);
		filter_free(f);
	}
	return err;
}

static int start(struct trace_filter *f, bool privileged)
{
	int fd[2], err;

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	f->pid = fork();
	if (!f->pid)
		work(f, fd[1], privileged);
	err = f->pid < 0 ? -errno : 0;
	close(fd[1]);
	f->pipe = fd[0];
	if (err)
		return err;
	f->pidfd = pidfd_open(f->pid, 0);
	if (f->pidfd >= 0)
		return 0;
	err = -errno;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	return err;
}

/* Nothing of cpd's is left to this process but its memory. */
static bool give_up_rights(int out, bool privileged)
{
	const struct rlimit cpu = { CPU_S, CPU_S }, storage = { STORAGE, STORAGE };

	return !prctl(PR_SET_PDEATHSIG, SIGKILL) && dup2(out, 0) == 0 &&
	       !close_range(1, ~0u, 0) && !setrlimit(RLIMIT_CPU, &cpu) &&
#ifndef BULKHEAD_SANITIZED /* whose shadow is larger than that */
	       !setrlimit(RLIMIT_AS, &storage) &&
#endif
	       storage.rlim_cur && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       (!privileged ||
		       (!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
			       !setresuid(NOBODY, NOBODY, NOBODY)));
}

static void say(uint32_t ok, uint32_t n, const void *bytes, size_t len)
{
	const struct verdict v = { ok, n };

	if (write(0, &v, sizeof(v)) == sizeof(v) && write(0, bytes, len) == (ssize_t)len)
		_exit(0);
	_exit(1);
}

/* A pipe holds any answer: nobody has to read meanwhile. */
static void work(const struct trace_filter *f, int out, bool privileged)
{
	struct bpf_program prog;
	const char *why;
	pcap_t *p;

	if (!give_up_rights(out, privileged))
		_exit(1);
	p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (!p)
		_exit(1);
	if (pcap_compile(p, &prog, f->text, 1, PCAP_NETMASK_UNKNOWN)) {
		why = pcap_geterr(p);
		say(0, (uint32_t)strlen(why), why, strlen(why));
	}
	say(1, prog.bf_len, prog.bf_insns, prog.bf_len * sizeof(struct sock_filter));
	_exit(1);
}

static void on_late(struct loop_timer *timer)
{
	const struct trace_filter *f = timer->ctx;

	kill(f->pid, SIGKILL);
}

/* What it said is no more to be trusted than the text.  0, or a message's number. */
static int read_verdict(
	struct trace_filter *f, struct sock_filter **insn, uint32_t *n, struct message *m)
{
	char why[WHY_MAX + 1] = "it could not be compiled in time";
	struct verdict v;
	ssize_t len;

	if (read(f->pipe, &v, sizeof(v)) != sizeof(v))
		return msg_set(m, MSG_FILTER_INVALID, f->text, why);
	if (!v.ok) {
		len = read(f->pipe, why, WHY_MAX);
		why[len > 0 ? len : 0] = '\0';
		return msg_set(m, MSG_FILTER_INVALID, f->text, why);
	}
	if (!v.n || v.n > INSNS_MAX)
		return msg_set(m, MSG_FILTER_INVALID, f->text, "it is too long");
	*insn = calloc(v.n, sizeof(**insn));
	if (!*insn)
		return msg_set(m, MSG_NO_MEMORY, "TRSOURCE");
	len = (ssize_t)(v.n * sizeof(**insn));
	if (read(f->pipe, *insn, (size_t)len) == len) {
		*n = v.n;
		return 0;
	}
	free(*insn);
	*insn = NULL;
	return msg_set(m, MSG_FILTER_INVALID, f->text, why);
}

static void on_ended(struct loop_fd *watch, uint32_t events)
{
	struct trace_filter *f = watch->ctx;
	struct sock_filter *insn = NULL;
	struct message m = { 0 };
	uint32_t n = 0;

	(void)events;
	reap(f);
	read_verdict(f, &insn, &n, &m);
	f->done(f->ctx, insn, n, &m);
	filter_free(f);
}

static void reap(struct trace_filter *f)
{
	loop_timer_cancel(&f->timer);
	loop_fd_del(&f->watch);
	waitpid(f->pid, NULL, 0);
	close(f->pidfd);
}

static void filter_free(struct trace_filter *f)
{
	if (f->pipe >= 0)
		close(f->pipe);
	free(f->text);
	free(f);
}
