/* The records of a hostile partition process, among the requests it is sent: an op byte
 * each, and what it takes.  The engine is real; the process is the input. */
#include "cp/lib/log.h"
#include "tests/unit/cp/engine_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = { PART_OK, PART_FAIL, PART_HELLO_ANSWER, PART_EVENT,
	PART_CONSOLE, PART_GUEST_COMMAND, PART_GUEST_RESET, 0 };

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

/* cpd asks for something; which id that has only the last one remembers. */
static uint32_t ask(struct engine *e, uint8_t what)
{
	const struct ipl cms = { .kind = IPL_CMS };
	uint32_t id = 0, last = 0;
	struct message err;

	switch (what % 6) {
	case 0: partition_regs(e->p, 0, NULL, NULL, &err); break;
	case 1:
		partition_stop(e->p, what & 8 ? 0 : PART_ALL_CPUS, NULL, NULL, &err);
		break;
	case 2: partition_begin(e->p, PART_ALL_CPUS, NULL, NULL, &err); break;
	case 3: partition_ipl(e->p, &cms, what & 8, NULL, NULL, &err); break;
	case 4: partition_signal(e->p, 5, NULL, NULL, &err); break;
	case 5: loop_clock_warp(e->cp.loop, NS_PER_S * (what & 31)); break;
	}
	while (peer_receive(e, &id, NULL, NULL))
		last = id;
	return last;
}

/* Op bytes: bit 7 set, cpd asks; else a record of one of the types, with the last id. */
static void play(struct engine *e, const uint8_t *data, size_t size)
{
	uint32_t last = 0, asked;

	while (size >= 3 && !list_empty(&e->cp.partitions)) {
		size_t len = data[1] | (size_t)(data[2] & 15) << 8;
		uint8_t op = data[0];

		data += 3;
		size -= 3;
		if (op & 0x80) {
			asked = ask(e, op);
			last = asked ? asked : last;
			engine_settle(e);
			continue;
		}
		len = len < size ? len : size;
		peer_send(e, types[op & 7], op & 8 ? last : op >> 4, data, len);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct engine e;

	if (!e.cp.loop) {
		engine_init(&e);
		/* Records and accounting go nowhere: a disk is slow. */
		e.cp.rundir = e.cp.statedir = "/nonexistent";
		loop_clock_stop(e.cp.loop);
	}
	front_twin_reset();
	engine_partition(&e, PS_RUNNING);
	play(&e, data, size);
	while (!list_empty(&e.cp.partitions))
		partition_free(
			container_of(e.cp.partitions.next, struct partition, node));
	engine_close_peer(&e);
	return 0;
}
