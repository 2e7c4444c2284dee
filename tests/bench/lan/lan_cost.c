/* What a guest LAN costs: lan_cost LAN-PROGRAM LAN-CPU OUR-CPU.  Prints rows of a
 * Markdown table. */
#include "cp/lib/vnic.h"
#include "tests/bench/lan/ends.h"
#include "tests/bench/lan/our_lan.h"
#include "tests/bench/lan/rounds.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PORTS   64
#define IDLE_S  3
#define STAMPS  1000
#define STEP_NS (NS / 500) /* between two frames whose delay is measured */
#define MS      (NS / 1000)

static struct our_lan lan;

static struct vnic *attach(int fd)
{
	const struct vnic_conf conf = {
		.queue_size = 256, .buffer = 2048, .answer_ms = 5000
	};
	struct vnic *v;
	int err = vnic_create(fd, &conf, &v);

	if (err)
		bench_die("a port is not answered", -err);
	return v;
}

static int by_value(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* A field of the process's smaps_rollup, KiB. */
static long memory(const char *field)
{
	char path[64], line[128], name[64];
	long kib = -1, value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", lan.pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", name, &value) == 2 &&
			!strcmp(name, field))
			kib = value;
	if (f)
		fclose(f);
	return kib;
}

static double cpu_ms(void)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(lan.pid, &clock) || clock_gettime(clock, &t))
		bench_die("its clock", errno);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void wait_ns(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / NS), (long)(ns % NS) };

	ppoll(NULL, 0, &t, NULL);
}

/* The rings of the ports are their own memory, which is mapped by the LAN: apart. */
static void ports(void)
{
	double took[PORTS], before;

	for (uint32_t i = 0; i < PORTS; i++) {
		const struct lan_port p = our_lan_port(i + 1);
		uint64_t start = bench_now();
		int fd = our_lan_plug(&lan, &p);

		took[i] = (double)(bench_now() - start) / 1000;
		attach(fd);
	}
	qsort(took, PORTS, sizeof(took[0]), by_value);
	printf("| a port is added, median, us (goal 1000) | %.0f |\n", took[PORTS / 2]);
	printf("| resident with %d ports that work, without the ports' memory, KiB "
	       "(goal 8192) | %ld |\n",
		PORTS, memory("Pss_Anon") + memory("Pss_File"));
	wait_ns(NS); /* the ports' start is over */
	before = cpu_ms();
	wait_ns(IDLE_S * NS);
	printf("| processor of it with %d ports and no frames, %% (goal 0) | %.3f |\n",
		PORTS, (cpu_ms() - before) / (IDLE_S * 10.0));
}

/* ---- Delay ------------------------------------------------------------------------ */

#define DELAY_NS  (10 * MS)
#define JITTER_NS (2 * MS)

static void stamp(struct vnic *v)
{
	uint8_t frame[64] = { 2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a, 0x88, 0xb5 };
	const struct iovec iov = { frame, sizeof(frame) };
	uint64_t now = bench_now();

	memcpy(frame + 16, &now, sizeof(now));
	if (vnic_tx(v, NULL, &iov, 1, 0, sizeof(frame)))
		bench_die("a ring is full", EAGAIN);
	vnic_tx_flush(v);
}

/* ms on the way, of those that have come. */
static int stamped(struct vnic *v, double *ms)
{
	struct vnic_frame frame[VNIC_BURST];
	int n = vnic_rx(v, frame, VNIC_BURST), count = 0;
	uint64_t now = bench_now(), then;

	for (int i = 0; i < n; i++) {
		const uint8_t *at = frame[i].seg[0].iov_base;

		if (at[5] != 0x0b || frame[i].len < 24)
			continue;
		memcpy(&then, at + 16, sizeof(then));
		ms[count++] = (double)(now - then) / 1e6;
	}
	vnic_rx_done(v);
	return count;
}

static void delays(void)
{
	static double ms[STAMPS + VNIC_BURST];
	struct lan_port p = our_lan_port(PORTS + 1);
	struct vnic *a, *b;
	uint64_t start, end;
	int sent = 0, got = 0;

	p.impair_out = (struct lan_impair) {
		.delay_ns = DELAY_NS, .jitter_ns = JITTER_NS, .seed = 1
	};
	a = attach(our_lan_plug(&lan, &p));
	p = our_lan_port(PORTS + 2);
	b = attach(our_lan_plug(&lan, &p));
	start = bench_now();
	end = start + STAMPS * STEP_NS + NS;
	while (got < STAMPS && bench_now() < end) {
		if (sent < STAMPS && bench_now() >= start + (uint64_t)sent * STEP_NS) {
			stamp(a);
			sent++;
		}
		got += stamped(b, ms + got);
	}
	if (!got)
		bench_die("no frame came", ETIMEDOUT);
	qsort(ms, (size_t)got, sizeof(ms[0]), by_value);
	printf("| delay 10 ms, jitter 2 ms uniform (8 to 12): least, p5, p50, p95, most, ms "
	       "| %.2f, %.2f, %.2f, %.2f, %.2f |\n",
		ms[0], ms[got / 20], ms[got / 2], ms[got * 19 / 20], ms[got - 1]);
	printf("| the same by the line, ms | 8.00, 8.20, 10.00, 11.80, 12.00 |\n");
}

int main(int argc, char **argv)
{
	const struct lan_conf conf = { .mtu = 1500, .name = "SYSTEM.BENCH" };
	static const unsigned n_ports[] = { 4, 64, 512 };
	const struct rlimit files = { 16384, 16384 };

	if (argc != 4)
		return 2;
	setrlimit(RLIMIT_NOFILE, &files);
	our_lan_start(&lan, argv[1], atoi(argv[2]), &conf);
	bench_pin(atoi(argv[3]));
	ports();
	delays();
	for (size_t i = 0; i < sizeof(n_ports) / sizeof(n_ports[0]); i++)
		printf("| a frame of 64 B in the switch, %u ports, ns | %.1f |\n",
			n_ports[i], rounds_ns(n_ports[i], 10));
	printf("| a frame of 64 B in the switch, 10,000 addresses, ns | %.1f |\n",
		rounds_ns(4, 10000));
	return 0;
}
