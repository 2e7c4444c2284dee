/* Commands: storage and registers of a partition, shown and changed. */
#include "cp/commands.h"
#include "cp/hexdump.h"
#include "cp/partition.h"
#include "cp/registers.h"
#include "cp/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STORE_MAX 1024 /* bytes of one STORE */
#define ALL_REGS  (-1)

/* One DISPLAY or STORE under way. */
struct inspect {
	struct request *rq;
	uint64_t addr;
	uint32_t cpu;
	int reg; /* or ALL_REGS */
	bool store;
	uint64_t value; /* of a register, to be stored */
};

static struct inspect *inspect_create(struct request *rq);
static int finish(struct inspect *in, int rc);
static int op_cpu(struct request *rq, struct operands *ops, const struct partition *p,
	uint32_t *cpu);
static int display_storage(struct request *rq, struct operands *ops, struct partition *p);
static int inspect_regs(struct request *rq, struct operands *ops, struct partition *p,
	int reg, const uint64_t *value);
static int store_storage(struct request *rq, struct operands *ops, struct partition *p);
static void on_storage(void *ctx, const struct message *m, const void *bytes, size_t len);
static void on_regs(void *ctx, const struct message *m, const void *bytes, size_t len);
static void show_regs(struct inspect *in, const struct part_regs *regs);
static int store_reg(struct inspect *in, struct part_regs *regs);
static void on_stored(void *ctx, const struct message *m);

int cmd_display(struct request *rq, struct operands *ops)
{
	struct partition *p = partition_find(rq->cp, rq->userid);
	int reg;

	if (!op_more(ops))
		return request_expects(rq, ops, "what to display");
	if (!p)
		return result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->userid);
	if (op_keyword(ops, "G"))
		return inspect_regs(rq, ops, p, ALL_REGS, NULL);
	reg = register_find(op_peek(ops));
	if (reg < 0)
		return display_storage(rq, ops, p);
	ops->next++;
	return inspect_regs(rq, ops, p, reg, NULL);
}

int cmd_store(struct request *rq, struct operands *ops)
{
	struct partition *p = partition_find(rq->cp, rq->userid);
	const char *word;
	uint64_t value;
	int reg, rc;

	if (!op_more(ops))
		return request_expects(rq, ops, "where to store");
	if (!p)
		return result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->userid);
	reg = register_find(op_peek(ops));
	if (reg < 0)
		return store_storage(rq, ops, p);
	ops->next++;
	rc = op_word(rq, ops, "value", &word);
	if (rc)
		return rc;
	if (word_hex(word, UINT64_MAX, &value))
		return result_say(
			&rq->result, MSG_INVALID_OPERAND, word, "a value in hexadecimal");
	return inspect_regs(rq, ops, p, reg, &value);
}

static struct inspect *inspect_create(struct request *rq)
{
	struct inspect *in = calloc(1, sizeof(*in));

	if (in)
		in->rq = rq;
	else
		result_say(&rq->result, MSG_NO_MEMORY, rq->result.command);
	return in;
}

static int finish(struct inspect *in, int rc)
{
	struct request *rq = in->rq;

	free(in);
	request_finish(rq, rc);
	return rc;
}

/* [CPU n] and the end. */
static int op_cpu(struct request *rq, struct operands *ops, const struct partition *p,
	uint32_t *cpu)
{
	uint64_t n = 0;
	int rc = 0;

	if (op_keyword(ops, "CPU"))
		rc = op_number(rq, ops, "CPU", 0, p->n_vcpus - 1, &n);
	*cpu = (uint32_t)n;
	return rc ? rc : op_end(rq, ops);
}

static int display_storage(struct request *rq, struct operands *ops, struct partition *p)
{
	const char *word = op_peek(ops);
	struct inspect *in;
	uint64_t addr, len;
	struct message m;
	int rc;

	ops->next++;
	rc = op_end(rq, ops);
	if (rc)
		return rc;
	if (hexdump_range(word, &addr, &len))
		return result_say(&rq->result, MSG_INVALID_OPERAND, word,
			"a register, or an address such as 1000, 1000.20 or 1000-101F");
	if (len > PART_CHUNK)
		return result_say(&rq->result, MSG_TOO_MUCH_STORAGE, PART_CHUNK);
	in = inspect_create(rq);
	if (!in)
		return MSG_NO_MEMORY;
	in->addr = addr;
	rc = partition_read(p, addr, (uint32_t)len, on_storage, in, &m);
	if (rc)
		free(in);
	return request_underway(rq, rc, &m);
}

static int inspect_regs(struct request *rq, struct operands *ops, struct partition *p,
	int reg, const uint64_t *value)
{
	struct inspect *in;
	struct message m;
	uint32_t cpu;
	int rc;

	rc = op_cpu(rq, ops, p, &cpu);
	if (rc)
		return rc;
	in = inspect_create(rq);
	if (!in)
		return MSG_NO_MEMORY;
	in->reg = reg;
	in->cpu = cpu;
	in->store = value;
	in->value = value ? *value : 0;
	rc = partition_regs(p, cpu, on_regs, in, &m);
	if (rc)
		free(in);
	return request_underway(rq, rc, &m);
}

static int store_storage(struct request *rq, struct operands *ops, struct partition *p)
{
	const char *word = op_peek(ops);
	uint8_t bytes[STORE_MAX];
	struct message m;
	uint64_t addr;
	size_t n;
	int rc;

	if (word_hex(word, UINT64_MAX, &addr))
		return result_say(&rq->result, MSG_INVALID_OPERAND, word,
			"a register, or an address in hexadecimal");
	ops->next++;
	if (!op_more(ops))
		return request_expects(rq, ops, "bytes to store");
	word = op_rest(ops);
	rc = hexdump_parse(word, bytes, sizeof(bytes), &n);
	if (rc == -ERANGE)
		return result_say(&rq->result, MSG_TOO_MUCH_STORAGE, STORE_MAX);
	if (rc)
		return result_say(&rq->result, MSG_INVALID_OPERAND, word,
			"bytes, two hexadecimal digits each");
	rc = partition_write(p, addr, bytes, (uint32_t)n, on_stored, rq, &m);
	return request_underway(rq, rc, &m);
}

static void on_storage(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct inspect *in = ctx;
	struct result *r = &in->rq->result;
	const uint8_t *at = bytes;
	char line[128];

	if (m && m->number) {
		finish(in, result_message(r, m));
		return;
	}
	for (size_t n; len; len -= n, at += n, in->addr += n) {
		json_t *rec = result_record(r);

		n = len < HEXDUMP_LINE ? len : HEXDUMP_LINE;
		result_line(r, "%s", hexdump_line(in->addr, at, n, line, sizeof(line)));
		rec_u64(rec, "address", in->addr);
		rec_str(rec, "hex", hexdump_digits(at, n, line));
	}
	finish(in, 0);
}

static void on_regs(void *ctx, const struct message *m, const void *bytes, size_t len)
{
	struct inspect *in = ctx;
	struct part_regs regs = { 0 };

	if (m && m->number) {
		finish(in, result_message(&in->rq->result, m));
		return;
	}
	memcpy(&regs, bytes, len < sizeof(regs) ? len : sizeof(regs));
	regs.cpu = in->cpu;
	if (in->store) {
		store_reg(in, &regs);
		return;
	}
	show_regs(in, &regs);
	finish(in, 0);
}

/* Three in a line; the records have one each. */
static void show_regs(struct inspect *in, const struct part_regs *regs)
{
	struct result *r = &in->rq->result;
	char line[96] = "", hex[24];
	const char *name;
	uint64_t value;
	size_t len = 0;

	for (int i = 0, shown = 0; (name = register_at(regs, i, &value)); i++) {
		json_t *rec;

		if (in->reg != ALL_REGS && in->reg != i)
			continue;
		snprintf(hex, sizeof(hex), "%016" PRIX64, value);
		rec = result_record(r);
		rec_u64(rec, "cpu", in->cpu);
		rec_str(rec, "register", name);
		rec_str(rec, "value", hex);
		len += (size_t)snprintf(
			line + len, sizeof(line) - len, "%-6s = %s  ", name, hex);
		if (++shown % 3 == 0 || in->reg == i || !register_at(regs, i + 1, NULL)) {
			result_line(r, "%.*s", (int)len - 2, line);
			len = 0;
		}
	}
}

static int store_reg(struct inspect *in, struct part_regs *regs)
{
	struct request *rq = in->rq;
	struct partition *p = partition_find(rq->cp, rq->userid);
	struct message m;

	if (!p)
		return finish(in, result_say(&rq->result, MSG_NOT_LOGGED_ON, rq->userid));
	if (!register_set(regs, in->reg, in->value))
		return finish(in, result_say(&rq->result, MSG_REGISTER_READ_ONLY,
					  register_at(regs, in->reg, NULL)));
	free(in);
	if (partition_set_regs(p, regs, on_stored, rq, &m))
		request_finish(rq, result_message(&rq->result, &m));
	return 0;
}

static void on_stored(void *ctx, const struct message *m)
{
	struct request *rq = ctx;

	if (!m || !m->number)
		result_line(&rq->result, "Store complete.");
	request_outcome(rq, m);
}
