/* Requests as cpd sends them, and the loop run until they are answered. */
#include "tests/fake/peer.h"

#include "cp/guest_abi.h"
#include "tests/fake/image.h"
#include "tests/fake/kvm.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_ROUNDS 500 /* of at most 10 ms */

/* Cannot go on: a test without its surroundings tells nothing. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

void peer_create(struct peer *p)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	sa_family_t family = AF_UNIX;

	memset(p, 0, sizeof(*p));
	p->fd = -1;
	p->addr = calloc(1, sizeof(*p->addr));
	p->addr_len = sizeof(*p->addr);
	p->addr->sun_family = family;
	must(!bind(fd, (struct sockaddr *)p->addr, sizeof(family)));
	must(!getsockname(fd, (struct sockaddr *)p->addr, &p->addr_len));
	must(!listen(fd, 4));
	must(!loop_create(&p->loop));
	must(!ctl_create(p->loop, fd, -1, &p->sandbox, &p->ctl));
}

void peer_destroy(struct peer *p)
{
	peer_disconnect(p);
	ctl_destroy(p->ctl);
	loop_destroy(p->loop);
	free(p->addr);
}

void peer_connect(struct peer *p, uint32_t version, uint64_t console_from)
{
	const struct part_hello hello = { .version = version,
		.console_from = console_from };

	peer_disconnect(p);
	p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(!connect(p->fd, (struct sockaddr *)p->addr, p->addr_len));
	peer_settle(p);
	if (!version)
		return;
	peer_send(p, PART_HELLO, &hello, sizeof(hello));
	must(peer_wait(p, PART_HELLO_ANSWER));
}

void peer_disconnect(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void peer_send(struct peer *p, uint16_t type, const void *data, size_t len)
{
	must(!wire_write(p->fd, type, ++p->id, 0, data, len, NULL, 0));
}

void peer_send_more(struct peer *p, uint16_t type, const void *head, size_t head_len,
	const void *more, size_t more_len, const int *fds, int n_fds)
{
	uint8_t *data = malloc(head_len + more_len + 1);

	memcpy(data, head, head_len);
	if (more_len)
		memcpy(data + head_len, more, more_len);
	must(!wire_write(p->fd, type, ++p->id, 0, data, head_len + more_len, fds, n_fds));
	free(data);
}

/* Takes what is there without waiting.  1, or 0: nothing, or the end. */
static int take(struct peer *p)
{
	struct pollfd ready = { .fd = p->fd, .events = POLLIN };
	int fds[WIRE_MAX_FDS];

	if (poll(&ready, 1, 0) != 1)
		return 0;
	return wire_read(p->fd, &p->msg, p->buf, sizeof(p->buf), fds) == 1;
}

bool peer_wait(struct peer *p, uint16_t type)
{
	for (int i = 0; i < WAIT_ROUNDS; i++) {
		while (take(p)) {
			if (p->msg.type == type)
				return true;
		}
		loop_once(p->loop, 10);
	}
	return false;
}

static enum part_reason answer(struct peer *p)
{
	struct part_fail fail;

	for (int i = 0; i < WAIT_ROUNDS; i++) {
		while (take(p)) {
			if (p->msg.id != p->id)
				continue;
			if (p->msg.type == PART_OK)
				return PART_R_NONE;
			must(p->msg.type == PART_FAIL && p->msg.len >= sizeof(fail));
			memcpy(&fail, p->msg.data, sizeof(fail));
			return (enum part_reason)fail.reason;
		}
		loop_once(p->loop, 10);
	}
	abort();
}

enum part_reason peer_ask(struct peer *p, uint16_t type, const void *data, size_t len)
{
	peer_send(p, type, data, len);
	return answer(p);
}

enum part_reason peer_ask_more(struct peer *p, uint16_t type, const void *head,
	size_t head_len, const void *more, size_t more_len, const int *fds, int n_fds)
{
	peer_send_more(p, type, head, head_len, more, more_len, fds, n_fds);
	return answer(p);
}

void peer_settle(struct peer *p)
{
	while (loop_once(p->loop, 0) > 0)
		;
}

void peer_drop(struct peer *p)
{
	while (take(p))
		;
}

enum part_reason peer_activate(struct peer *p, unsigned n_vcpus)
{
	const struct part_activate a = {
		.storage = 4 << 20,
		.n_vcpus = n_vcpus,
		.n_devices = 1,
		.userid = "TEST",
	};
	const struct part_device console = {
		.type = PART_DEV_CONSOLE,
		.vdev = 9,
		.slot = 1,
		.fd_index = -1,
	};

	return peer_ask_more(
		p, PART_ACTIVATE, &a, sizeof(a), &console, sizeof(console), NULL, 0);
}

enum part_reason peer_ipl(struct peer *p, const void *code, size_t len, uint32_t flags)
{
	const struct part_ipl ipl = {
		.kind = PART_IPL_ELF, .flags = flags, .parm_len = 4
	};
	enum part_reason reason;
	struct image img;
	int fd;

	image_make(&img, true, 0x100000, code, len, 0);
	fd = image_fd(&img);
	reason = peer_ask_more(p, PART_IPL, &ipl, sizeof(ipl), "parm", 4, &fd, 1);
	close(fd);
	return reason;
}

enum part_reason peer_cpu(struct peer *p, uint16_t type, uint32_t cpu)
{
	const struct part_cpu c = { .cpu = cpu };

	return peer_ask(p, type, &c, sizeof(c));
}

int peer_event(struct peer *p, struct part_event *e)
{
	if (!peer_wait(p, PART_EVENT) || p->msg.len < sizeof(*e))
		return -1;
	memcpy(e, p->msg.data, sizeof(*e));
	return (int)e->kind;
}

int peer_setup(void **state)
{
	static struct peer p;

	fake_kvm_reset();
	peer_create(&p);
	*state = &p;
	return 0;
}

int peer_setup_active(void **state)
{
	struct peer *p;

	peer_setup(state);
	p = *state;
	peer_connect(p, PART_VERSION, 0);
	return peer_activate(p, 1) != PART_R_NONE;
}

int peer_setup_running(void **state)
{
	static const uint8_t hlt[] = { 0xf4 };

	return peer_setup_active(state) ||
	       peer_ipl(*state, hlt, sizeof(hlt), 0) != PART_R_NONE;
}

int peer_teardown(void **state)
{
	peer_destroy(*state);
	return 0;
}
