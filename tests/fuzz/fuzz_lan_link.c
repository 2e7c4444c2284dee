/* The records of a hostile LAN process, among the requests it is sent: an op byte each,
 * and what it takes.  The engine is real; the process is the input. */
#include "cp/lib/log.h"
#include "tests/unit/cp/lan_fixture.h"

#include <sys/eventfd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = { LAN_OK, LAN_FAIL, LAN_HELLO_ANSWER, LAN_EVENT, 0 };

/* In place of cp/lib/log.c: what a hostile process causes is not to be read here. */
void log_line(enum log_level level, const char *sub, const char *fmt, ...)
{
	(void)level, (void)sub, (void)fmt;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *sub,
	const char *fmt, ...)
{
	(void)limit, (void)level, (void)sub, (void)fmt;
}

static void ignore_bytes(void *ctx, const struct message *m, const void *bytes, size_t n)
{
	(void)ctx, (void)m, (void)bytes, (void)n;
}

/* The partition does what it is asked; the last id the LAN was asked with. */
static uint32_t drain(struct lab *l)
{
	struct asked a;
	uint32_t last = 0;

	while ((a = lab_asked(l->e.peer)).type)
		lab_say(l, l->e.peer, PART_OK, a.id, NULL, 0);
	while ((a = lab_asked(l->peer)).type)
		last = a.id;
	return last;
}

static uint32_t ask(struct lab *l, uint8_t what)
{
	struct message err;

	switch (what % 6) {
	case 0: lan_couple(l->e.p, 0x600, l->lan, NULL, NULL, &err); break;
	case 1: lan_uncouple(l->e.p, 0x600, NULL, NULL, &err); break;
	case 2: lan_stat_all(l->lan, ignore_bytes, NULL, &err); break;
	case 3: lan_fdb_all(l->lan, ignore_bytes, NULL, &err); break;
	case 4: lan_nic_changed(l->e.p, 0x600); break;
	case 5: lan_nic_lost(l->e.p, 0x600); break;
	}
	return drain(l);
}

/* Op bytes: bit 7 set, cpd asks; else a record of one of the types, with the last id. */
static void play(struct lab *l, const uint8_t *data, size_t size)
{
	uint32_t last = 0, asked;

	while (size >= 3 && wire_is_open(&l->lan->link->link.wire)) {
		size_t len = data[1] | (size_t)(data[2] & 15) << 8;
		uint8_t op = data[0];

		data += 3;
		size -= 3;
		if (op & 0x80) {
			asked = ask(l, op);
			last = asked ? asked : last;
			continue;
		}
		len = len < size ? len : size;
		if (wire_write(l->peer, types[op % 5], op & 8 ? last : op >> 4, 0, data,
			    len, NULL, 0))
			return;
		engine_settle(&l->e);
		asked = drain(l);
		last = asked ? asked : last;
		data += len;
		size -= len;
	}
}

/* Records go nowhere: a disk is slow.  What the engine kills is nobody. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lab l;
	struct lan_def def = lab_def("LABNET");

	if (!l.e.cp.loop) {
		engine_init(&l.e);
		l.e.cp.rundir = l.e.cp.statedir = l.e.cp.libdir = "/nonexistent";
		loop_clock_stop(l.e.cp.loop);
	}
	front_twin_reset();
	engine_partition(&l.e, PS_RUNNING);
	lab_nic(l.e.p, 0x600);
	l.peer = lab_lan(&l.e, &def, &l.lan);
	close(l.lan->link->service.id.pidfd);
	l.lan->link->service.id.pidfd = eventfd(0, EFD_CLOEXEC);
	play(&l, data, size);
	lan_free(l.lan);
	close(l.peer);
	partition_free(l.e.p);
	engine_close_peer(&l.e);
	return 0;
}
