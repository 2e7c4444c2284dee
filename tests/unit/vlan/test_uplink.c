/* Uplinks as they run: real processes, a real port of a switch, and sockets of the host's
 * on the other side. */
#include "tests/unit/vlan/uplink_fixture.h"
#include "tests/unit/vlan/uplink_packets.h"

#include <errno.h>
#include <ftw.h>
#include <ifaddrs.h>
#include <libvdeplug.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>

#define GATEWAY 0x0a070002u /* .2 of 10.7.0.0/24: the NAT */
#define SYN     0x02
#define PSH_ACK 0x18
#define ACK     0x10

/* ---- What comes ---- */

struct wanted {
	uint8_t protocol;
	unsigned ports; /* source, then destination */
	uint8_t flags;  /* of TCP: these at least */
	bool data;      /* ...with some */
};

static bool is_ipv4(const struct got *g, void *ctx)
{
	const struct wanted *w = ctx;

	if (g->len < 42 || load16(g->bytes + 12) != 0x0800 ||
		g->bytes[23] != w->protocol || load32(g->bytes + 34) != w->ports)
		return false;
	if (w->protocol == 17)
		return true;
	return (g->bytes[47] & w->flags) == w->flags &&
	       (!w->data || load16(g->bytes + 16) > 20u + 4u * (g->bytes[46] >> 4));
}

static const struct got *await_ipv4(struct fixture *x, const struct wanted *w)
{
	const struct got *g = await_frame(x, is_ipv4, (void *)(uintptr_t)w);

	assert_non_null(g);
	return g;
}

static bool is_arp_reply(const struct got *g, void *ctx)
{
	return g->len >= 42 && load16(g->bytes + 12) == 0x0806 &&
	       load16(g->bytes + 20) == 2 && load32(g->bytes + 28) == *(uint32_t *)ctx;
}

static void peer_packet(struct fixture *x, const uint8_t *b, size_t len)
{
	peer_sends(x, b, len, NULL);
}

/* The address it gets; *router is who gave it. */
static uint32_t get_lease(struct fixture *x, uint8_t *router)
{
	const struct wanted answer = { .protocol = 17, .ports = 67u << 16 | 68 };
	const struct got *g;
	uint8_t b[600];
	uint32_t ip;

	peer_packet(x, b, put_dhcp(b, 1, 0));
	g = await_ipv4(x, &answer);
	ip = load32(g->bytes + 42 + 16);
	x->n_got = 0;
	peer_packet(x, b, put_dhcp(b, 3, ip));
	g = await_ipv4(x, &answer);
	assert_int_equal(load32(g->bytes + 42 + 16), ip);
	assert_int_equal(g->bytes[42 + 242], 5);
	memcpy(router, g->bytes + 6, 6);
	x->n_got = 0;
	return ip;
}

/* What the kernel says of it: another's uid, no capability, no way to more, a filter. */
static void check_confined(pid_t pid)
{
	static const char *const lines[] = { "CapEff:\t0000000000000000\n",
		"CapPrm:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n" };
	char path[64], text[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(strstr(text, lines[i]));
	if (!geteuid())
		assert_non_null(strstr(text, "Uid:\t" NOBODY "\t" NOBODY "\t" NOBODY));
}

static void check_ready(const struct uplink_process *u)
{
	if (!uplink_is_ready(u))
		fail_msg("the uplink says: %s", u->said);
	check_confined(u->pid);
}

/* ---- Names ---- */

static void names(void **state)
{
	struct uplink_process u;
	uint8_t b[600], mac[6];
	uint32_t own = 0x0a010201;
	struct fixture x;
	const struct got *g;

	(void)state;
	uplink_begin(&x, &u, "names",
		"net=10.1.2.0/24\nmac=02:00:00:00:00:01\nhost=ALPHA:02:00:00:00:00:0a\n");
	check_ready(&u);
	assert_int_equal(get_lease(&x, mac) & 0xffffff00, 0x0a010200);
	peer_packet(&x, b, put_arp(b, 0x0a010232, own));
	g = await_frame(&x, is_arp_reply, &own);
	assert_non_null(g);
	assert_memory_equal(g->bytes + 22, "\2\0\0\0\0\1", 6);
	assert_int_equal(uplink_end(&x, &u), 0);
}

/* ---- NAT ---- */

/* An address of the host's that is not its loopback; without one the test is skipped. */
static uint32_t host_address(void)
{
	struct ifaddrs *all, *a;
	uint32_t found = 0;

	assert_int_equal(getifaddrs(&all), 0);
	for (a = all; a && !found; a = a->ifa_next) {
		const struct sockaddr_in *in = (void *)a->ifa_addr;

		if (in && in->sin_family == AF_INET && !(a->ifa_flags & IFF_LOOPBACK))
			found = ntohl(in->sin_addr.s_addr);
	}
	freeifaddrs(all);
	if (!found) {
		print_message("# this host has no address but its loopback\n");
		skip();
	}
	return found;
}

/* A socket at all of the host's addresses, listening where it is TCP's; its port. */
static int host_socket(int type, unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Up to 10 s, turning the LAN: what accept(2) or recv(2) return at last. */
static ssize_t await_recv(
	struct fixture *x, int fd, char *buf, size_t size, struct sockaddr_in *from)
{
	uint64_t end = lan_now() + UINT64_C(10000000000);
	socklen_t len = sizeof(*from);
	ssize_t n = -1;

	for (; n < 0 && lan_now() < end; turn(x))
		n = recvfrom(fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)from, &len);
	return n;
}

static int await_accept(struct fixture *x, int fd)
{
	uint64_t end = lan_now() + UINT64_C(10000000000);
	int n = -1;

	for (; n < 0 && lan_now() < end; turn(x))
		n = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	return n;
}

struct nat_test {
	struct fixture x;
	struct uplink_process u;
	uint32_t ip;
	uint8_t router[6];
	unsigned forwarded; /* port of the host, to our 22 */
};

static int begin_nat(void **state)
{
	struct nat_test *t = calloc(1, sizeof(*t));
	char conf[300];
	int fd = host_socket(SOCK_STREAM, &t->forwarded);

	close(fd); /* free again, and hardly anybody's at once */
	snprintf(conf, sizeof(conf),
		"net=10.7.0.0/24\nnet6=fd00:7::/64\nmtu=1500\n"
		"forward=tcp:%u:02:00:00:00:00:0a:22\n"
		"forward=udp:%u:02:00:00:00:00:0a:53\n",
		t->forwarded, t->forwarded);
	uplink_begin(&t->x, &t->u, "nat", conf);
	check_ready(&t->u);
	t->ip = get_lease(&t->x, t->router);
	*state = t;
	return 0;
}

static int end_nat(void **state)
{
	struct nat_test *t = *state;
	int status = uplink_end(&t->x, &t->u);

	free(t);
	return status;
}

static void nat_gives_an_address(void **state)
{
	const struct nat_test *t = *state;

	assert_int_equal(t->ip & 0xffffff00, 0x0a070000);
	assert_true((t->ip & 255) >= 15);
}

static void udp_to_the_host_and_back(void **state)
{
	struct nat_test *t = *state;
	struct wanted w = { .protocol = 17 };
	struct sockaddr_in from;
	const struct got *g;
	uint8_t b[600];
	char buf[100];
	unsigned port;
	uint32_t host = host_address();
	int fd = host_socket(SOCK_DGRAM, &port);

	w.ports = port << 16 | 4000;
	/* What is the host's alone: none of that comes. */
	for (int i = 0; i < 4; i++) {
		static const uint32_t own[] = { GATEWAY, INADDR_LOOPBACK, INADDR_ANY,
			INADDR_LOOPBACK + 5 };

		peer_packet(&t->x, b,
			put_udp(b, t->router, t->ip, own[i], 4000u << 16 | port, "no",
				2));
	}
	peer_packet(&t->x, b,
		put_udp(b, t->router, t->ip, host, 4000u << 16 | port, "question", 8));
	assert_int_equal(await_recv(&t->x, fd, buf, sizeof(buf), &from), 8);
	assert_memory_equal(buf, "question", 8);
	assert_int_equal(
		sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, sizeof(from)), 6);
	g = await_ipv4(&t->x, &w);
	assert_memory_equal(g->bytes, guest_mac, 6);
	assert_int_equal(load32(g->bytes + 26), host);
	assert_memory_equal(g->bytes + 42, "answer", 6);
	close(fd);
}

/* Our side of a connection, from the SYN+ACK on. */
static void acknowledge(struct nat_test *t, const struct got *g, uint32_t add,
	uint8_t flags, const char *data)
{
	unsigned ports = load16(g->bytes + 36) << 16 | load16(g->bytes + 34);
	uint32_t seq = load32(g->bytes + 42), ack = load32(g->bytes + 38) + add;
	uint8_t b[600];

	t->x.n_got = 0;
	peer_packet(&t->x, b,
		put_tcp(b, t->router, t->ip, load32(g->bytes + 26), ports, seq, ack,
			flags, data));
}

static void tcp_to_the_host_and_back(void **state)
{
	struct nat_test *t = *state;
	struct wanted w = { .protocol = 6, .flags = SYN | ACK };
	struct sockaddr_in from;
	const struct got *g;
	uint8_t b[600];
	char buf[100];
	unsigned port;
	uint32_t host = host_address();
	int fd = host_socket(SOCK_STREAM, &port), connection;

	w.ports = port << 16 | 4001;
	peer_packet(&t->x, b,
		put_tcp(b, t->router, t->ip, host, 4001u << 16 | port, 1000, 0, SYN, ""));
	g = await_ipv4(&t->x, &w);
	acknowledge(t, g, 1, PSH_ACK, "hello");
	connection = await_accept(&t->x, fd);
	assert_true(connection >= 0);
	assert_int_equal(await_recv(&t->x, connection, buf, sizeof(buf), &from), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(write(connection, "world", 5), 5);
	w.flags = ACK;
	w.data = true;
	g = await_ipv4(&t->x, &w);
	assert_memory_equal(g->bytes + 34 + 4 * (g->bytes[46] >> 4), "world", 5);
	close(connection);
	close(fd);
}

static void a_forward_reaches_the_nic(void **state)
{
	struct nat_test *t = *state;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)t->forwarded),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint64_t end = lan_now() + UINT64_C(10000000000);
	const struct got *g = NULL;
	uint8_t b[600];

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, "in", 2, 0), 2);
	assert_true(
		connect(tcp, (struct sockaddr *)&at, sizeof(at)) && errno == EINPROGRESS);
	for (int seen = 0; seen != 3 && lan_now() < end; turn(&t->x)) {
		for (int i = 0; i < t->x.n_got; i++) {
			g = &t->x.got[i];
			if (load16(g->bytes + 12) == 0x0806) /* who has it? */
				peer_packet(&t->x, b, put_arp(b, t->ip, GATEWAY));
			if (g->bytes[23] == 17 && load16(g->bytes + 36) == 53)
				seen |= 1;
			if (g->bytes[23] == 6 && load16(g->bytes + 36) == 22 &&
				g->bytes[47] == SYN)
				seen |= 2;
		}
		if (seen == 3)
			end = 0;
		t->x.n_got = 0;
	}
	assert_int_equal(end, 0);
	close(tcp);
	close(fd);
}

/* ---- Frames that are not as they should be ---- */

/* Whatever they are, it goes on, and asks the kernel for nothing it may not. */
static void nat_survives_strange_frames(void **state)
{
	struct nat_test *t = *state;
	uint8_t b[600], mac[6];
	uint32_t x = 2463534242;

	for (int i = 0; i < 4000; i++) {
		peer_packet(&t->x, b, put_strange(b, t->router, t->ip, GATEWAY, &x));
		t->x.n_got = 0;
		if (i % 16 == 0)
			turn(&t->x);
	}
	assert_int_equal(get_lease(&t->x, mac) & 0xffffff00, 0x0a070000);
	assert_memory_equal(mac, t->router, 6);
}

static bool is_router_advertisement(const struct got *g, void *ctx)
{
	(void)ctx;
	return load16(g->bytes + 12) == 0x86dd && g->bytes[20] == 58 &&
	       g->bytes[54] == 134;
}

static void ipv6_is_advertised(void **state)
{
	static const uint8_t solicitation[] = { 0x33, 0x33, 0, 0, 0, 2, 2, 0, 0, 0, 0,
		0x0a, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0xff, 0xfe, 0, 0, 0x0a, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 2, 133, 0, 0, 0, 0, 0, 0, 0 };
	struct frame_offload o = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 54, .csum_offset = 2
	};
	struct nat_test *t = *state;
	uint8_t b[sizeof(solicitation)], pseudo[4] = { 0, 58, 0, 8 };
	uint16_t sum;

	memcpy(b, solicitation, sizeof(b));
	sum = (uint16_t)~checksum_fold(
		checksum_add(checksum_add(0, b + 22, 32), pseudo, 4));
	memcpy(b + 56, &sum, 2);
	peer_sends(&t->x, b, sizeof(b), &o);
	assert_non_null(await_frame(&t->x, is_router_advertisement, NULL));
}

static void it_says_what_it_cannot_do(void **state)
{
	static const struct {
		const char *kind, *conf, *says;
	} bad[] = { { "nat", "net=10.0.0.0/33\n", "no network" },
		{ "nat", "forward=tcp:0:02:00:00:00:00:0a:22\n", "no forward" },
		{ "nat", "nonsense\n", "configuration" }, { "names", "", "net" },
		{ "vde", "socket=cmd://id\n", "VDE" },
		{ "if", "interface=none-such0\n", "none-such0" },
		{ "what", "", "kind" } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct uplink_process u;
		struct fixture x;

		uplink_begin(&x, &u, bad[i].kind, bad[i].conf);
		assert_false(uplink_is_ready(&u));
		if (!strstr(u.said, bad[i].says))
			fail_msg("%s: it says \"%s\"", bad[i].kind, u.said);
		assert_int_equal(WEXITSTATUS(uplink_end(&x, &u)), 1);
	}
}

static void a_port_of_the_host_that_is_taken(void **state)
{
	struct uplink_process u;
	struct fixture x;
	char conf[100];
	unsigned port;
	int fd = host_socket(SOCK_STREAM, &port);

	(void)state;
	snprintf(conf, sizeof(conf), "forward=tcp:%u:02:00:00:00:00:0a:22\n", port);
	uplink_begin(&x, &u, "nat", conf);
	assert_non_null(strstr(u.said, "Address already in use"));
	uplink_end(&x, &u);
	close(fd);
}

/* ---- VDE ---- */

/* libvdeplug loads its parts with RTLD_DEEPBIND, which no sanitizer's run time bears. */
#ifdef BULKHEAD_SANITIZED
#define WITHOUT_VDE true
#else
#define WITHOUT_VDE false
#endif

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* It ends, and takes its sockets away, when `input` is closed. */
static pid_t start_vde_switch(const char *path, int *input)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[0], STDIN_FILENO);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		dup2(STDOUT_FILENO, STDERR_FILENO);
		execlp("vde_switch", "vde_switch", "-s", path, NULL);
		_exit(127);
	}
	close(fds[0]);
	*input = fds[1];
	return pid;
}

/* Until it listens: a connection can be had. */
static VDECONN *open_vde(const char *path)
{
	uint64_t end = lan_now() + UINT64_C(10000000000);
	char url[100], who[] = "test";
	VDECONN *v = NULL;

	snprintf(url, sizeof(url), "vde://%s", path);
	while (!v && lan_now() < end) {
		v = vde_open(url, who, NULL);
		if (!v)
			sched_yield();
	}
	return v;
}

static bool is_experiment(const struct got *g, void *ctx)
{
	(void)ctx;
	return load16(g->bytes + 12) == 0x88b5;
}

static void no_vde_switch(void **state)
{
	struct uplink_process u;
	struct fixture x;

	(void)state;
	if (WITHOUT_VDE) {
		print_message("# libvdeplug binds deeply: not under a sanitizer\n");
		skip();
	}
	uplink_begin(&x, &u, "vde", "socket=/nowhere/at/all\n");
	assert_non_null(strstr(u.said, "no VDE switch at /nowhere/at/all"));
	uplink_end(&x, &u);
}

static void vde(void **state)
{
	char dir[] = "/tmp/bulkhead-vde-XXXXXX", path[60], conf[100];
	uint8_t b[100] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88,
		0xb5 };
	uint8_t got[2000];
	struct uplink_process u;
	struct fixture x;
	const struct got *g;
	VDECONN *other;
	uint64_t end;
	pid_t pid;
	int input;
	ssize_t n = -1;

	(void)state;
	if (WITHOUT_VDE) {
		print_message("# libvdeplug binds deeply: not under a sanitizer\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ctl", dir);
	snprintf(conf, sizeof(conf), "socket=%s\n", path);
	pid = start_vde_switch(path, &input);
	other = open_vde(path);
	assert_non_null(other);
	assert_int_equal(fcntl(vde_datafd(other), F_SETFL, O_NONBLOCK), 0);
	uplink_begin(&x, &u, "vde", conf);
	check_ready(&u);

	b[20] = 1;
	assert_int_equal(vde_send(other, b, sizeof(b), 0), sizeof(b));
	g = await_frame(&x, is_experiment, NULL);
	assert_non_null(g);
	assert_int_equal(g->len, sizeof(b));
	assert_memory_equal(g->bytes, b, sizeof(b));
	b[11] = 8;
	b[20] = 2;
	peer_packet(&x, b, sizeof(b));
	end = lan_now() + UINT64_C(10000000000);
	for (; n != sizeof(b) && lan_now() < end; turn(&x))
		n = vde_recv(other, got, sizeof(got), 0);
	assert_int_equal(n, sizeof(b));
	assert_memory_equal(got, b, sizeof(b));

	vde_close(other);
	close(input); /* the switch goes: so does the uplink */
	waitpid(pid, NULL, 0);
	for (end = lan_now() + UINT64_C(10000000000); !x.n_gone && lan_now() < end;)
		turn(&x);
	assert_int_equal(x.n_gone, 1);
	assert_int_equal(WEXITSTATUS(uplink_end(&x, &u)), 1);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
#define NAT(f) cmocka_unit_test_setup_teardown(f, begin_nat, end_nat)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		NAT(nat_gives_an_address),
		NAT(udp_to_the_host_and_back),
		NAT(tcp_to_the_host_and_back),
		NAT(a_forward_reaches_the_nic),
		NAT(ipv6_is_advertised),
		NAT(nat_survives_strange_frames),
		cmocka_unit_test(it_says_what_it_cannot_do),
		cmocka_unit_test(a_port_of_the_host_that_is_taken),
		cmocka_unit_test(no_vde_switch),
		cmocka_unit_test(vde),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
