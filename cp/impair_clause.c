/* The operands of SET NIC: impairments and rates. */
#include "cp/clauses.h"

#include <sys/random.h>

#define NS_PER_S   UINT64_C(1000000000)
#define DELAY_MAX  (60 * NS_PER_S)
#define BURST_MAX  10000 /* frames of a run of lost ones */
#define RATE_BURST (UINT64_C(1) << 30)

enum {
	BIT_DELAY = 1 << 0,
	BIT_JITTER = 1 << 1,
	BIT_LOSS = 1 << 2,
	BIT_DUPLICATE = 1 << 3,
	BIT_REORDER = 1 << 4,
	BIT_CORRUPT = 1 << 5,
	BIT_RATE = 1 << 6,
	BIT_LINK = 1 << 7,
	BIT_SEED = 1 << 8,
	BIT_DIRECTION = 1 << 9,
};

static int opt_delay(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = true;
	return scan_duration(ops, "delay", DELAY_MAX, &c->impair.delay_ns, err);
}

static int opt_jitter(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;
	int rc;

	c->line = true;
	rc = scan_duration(ops, "jitter", DELAY_MAX, &c->impair.jitter_ns, err);
	if (rc)
		return rc;
	if (op_keyword(ops, "NORMal"))
		c->impair.jitter = LAN_JITTER_NORMAL;
	else
		op_keyword(ops, "UNIform");
	return 0;
}

static int opt_loss(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;
	uint64_t burst = 0;
	int rc = scan_ppm(ops, "loss in percent", &c->impair.loss, err);

	c->line = true;
	if (!rc && op_keyword(ops, "BURST"))
		rc = scan_number(ops, "frames lost in a row", 1, BURST_MAX, &burst, err);
	c->impair.loss_burst = (uint32_t)burst;
	return rc;
}

static int opt_duplicate(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = true;
	return scan_ppm(ops, "duplicates in percent", &c->impair.duplicate, err);
}

static int opt_reorder(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = true;
	return scan_ppm(ops, "reordered frames in percent", &c->impair.reorder, err);
}

static int opt_corrupt(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = true;
	return scan_ppm(ops, "corrupted frames in percent", &c->impair.corrupt, err);
}

/* A rate at which something moves. */
static int scan_bps(struct operands *ops, uint64_t *bps, struct message *err)
{
	int rc = scan_rate(ops, "rate", bps, err);

	if (rc || *bps)
		return rc;
	ops->next--;
	return msg_set(err, MSG_INVALID_OPERAND, op_peek(ops),
		"a rate such as 64k or 100M, more than 0");
}

static int opt_rate(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = true;
	return scan_bps(ops, &c->impair.bps, err);
}

static int opt_link(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "UP", "DOWN", NULL };
	struct impair_clause *c = ctx;
	int which, rc = scan_choice(ops, "UP or DOWN", words, &which, err);

	c->link = true;
	c->link_down = !rc && which;
	return rc;
}

static int opt_seed(struct operands *ops, void *ctx, struct message *err)
{
	struct impair_clause *c = ctx;

	c->line = c->seed = true;
	return scan_number(ops, "seed", 0, UINT32_MAX, &c->impair.seed, err);
}

static int opt_in(struct operands *ops, void *ctx, struct message *err)
{
	(void)ops, (void)err;
	((struct impair_clause *)ctx)->out = false;
	return 0;
}

static int opt_out(struct operands *ops, void *ctx, struct message *err)
{
	(void)ops, (void)err;
	((struct impair_clause *)ctx)->in = false;
	return 0;
}

#define DIRECTIONS                                                          \
	{ "IN", BIT_DIRECTION, opt_in }, { "OUT", BIT_DIRECTION, opt_out }, \
	{                                                                   \
		"BOTH", BIT_DIRECTION, NULL                                 \
	}

static const struct scan_option options[] = {
	{ "DELAY", BIT_DELAY, opt_delay },
	{ "JITTER", BIT_JITTER, opt_jitter },
	{ "LOSS", BIT_LOSS, opt_loss },
	{ "DUPlicate", BIT_DUPLICATE, opt_duplicate },
	{ "REorder", BIT_REORDER, opt_reorder },
	{ "CORRUPT", BIT_CORRUPT, opt_corrupt },
	{ "RATE", BIT_RATE, opt_rate },
	{ "LINK", BIT_LINK, opt_link },
	{ "SEED", BIT_SEED, opt_seed },
	DIRECTIONS,
	{ 0 },
};

static const struct scan_option off_options[] = {
	DIRECTIONS,
	{ 0 },
};

/* What is said must be something, and a link is up or down in both directions. */
static int check(struct impair_clause *c, struct message *err)
{
	if (!c->line && !c->link)
		return msg_set(err, MSG_OPERAND_MISSING, "DELAY, LOSS, RATE ... or OFF");
	if (c->link && !(c->in && c->out))
		return msg_set(
			err, MSG_CONFLICTING_OPTION, "LINK is for both directions");
	if (c->impair.jitter_ns && !c->impair.delay_ns)
		return msg_set(err, MSG_OPERAND_MISSING, "DELAY, which JITTER varies");
	return 0;
}

int scan_impair(struct operands *ops, struct impair_clause *out, struct message *err)
{
	uint32_t seed = 0;
	int rc;

	*out = (struct impair_clause) { .in = true, .out = true };
	if (op_keyword(ops, "OFF")) {
		out->off = true;
		return scan_options(ops, off_options, out, err);
	}
	rc = scan_options(ops, options, out, err);
	if (!rc)
		rc = check(out, err);
	if (!rc && out->line && !out->seed) {
		if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
			seed = 1; /* it need not be secret */
		out->impair.seed = seed;
	}
	return rc;
}

int scan_nic_rate(struct operands *ops, struct lan_rate *out, struct message *err)
{
	int rc;

	*out = (struct lan_rate) { 0 };
	if (op_keyword(ops, "OFF"))
		return 0;
	rc = scan_bps(ops, &out->bps, err);
	if (rc || !op_keyword(ops, "BURST"))
		return rc;
	rc = scan_size(ops, "burst", &out->burst, err);
	if (rc || (out->burst && out->burst <= RATE_BURST))
		return rc;
	ops->next--;
	return msg_set(
		err, MSG_INVALID_OPERAND, op_peek(ops), "a size such as 64K, at most 1G");
}
