/* Groups of operands that commands and files share. */
#include "cp/clauses.h"

#include <string.h>

#define SHARE_RELATIVE_MAX 10000
#define SHARE_ABSOLUTE_MIN 10 /* hundredths of a percent: 0.1 % */
#define SHARE_ABSOLUTE_MAX 10000
#define CAPACITY_MAX       102400 /* hundredths of a processor: 1024 of them */
#define STORAGE_MIN        (UINT64_C(1) << 20)
#define STORAGE_UNIT       4096

static int ipl_kernel(struct operands *ops, struct ipl *out, struct message *err)
{
	int rc = scan_file(ops, "kernel file", out->kernel, sizeof(out->kernel), err);

	out->kind = IPL_KERNEL;
	if (!rc && op_keyword(ops, "INITRD"))
		rc = scan_file(ops, "initrd file", out->initrd, sizeof(out->initrd), err);
	return rc;
}

static int ipl_named(struct operands *ops, struct ipl *out, struct message *err)
{
	if (!word_vdev(op_peek(ops), &out->vdev)) {
		out->kind = IPL_VDEV;
		ops->next++;
		return 0;
	}
	out->kind = IPL_NAME;
	return scan_name(ops, "what to IPL", out->name, err);
}

int scan_ipl(struct operands *ops, struct ipl *out, struct message *err)
{
	int rc = 0;

	*out = (struct ipl) { .kind = IPL_NONE };
	if (op_keyword(ops, "CMS"))
		out->kind = IPL_CMS;
	else if (op_keyword(ops, "KERNEL"))
		rc = ipl_kernel(ops, out, err);
	else if (op_more(ops) && !word_is(op_peek(ops), "PARM", 4))
		rc = ipl_named(ops, out, err);
	if (!rc && op_keyword(ops, "PARM"))
		rc = scan_text(ops, "parameter", out->parm, sizeof(out->parm), err);
	return rc;
}

/* RELative n | ABSolute n% */
static int share_value(
	struct operands *ops, enum share_kind *kind, uint32_t *value, struct message *err)
{
	uint64_t n;
	int rc;

	if (op_keyword(ops, "ABSolute")) {
		*kind = SHARE_ABSOLUTE;
		return scan_percent(ops, "share in percent", SHARE_ABSOLUTE_MIN,
			SHARE_ABSOLUTE_MAX, value, err);
	}
	if (!op_keyword(ops, "RELative"))
		return scan_unknown(ops, "RELATIVE or ABSOLUTE", err);
	*kind = SHARE_RELATIVE;
	rc = scan_number(ops, "relative share", 1, SHARE_RELATIVE_MAX, &n, err);
	if (!rc)
		*value = (uint32_t)n;
	return rc;
}

/* The second pair: the most it may have. */
static int share_maximum(struct operands *ops, struct dir_share *out, struct message *err)
{
	int rc = share_value(ops, &out->max_kind, &out->max_value, err);

	if (rc)
		return rc;
	if (out->max_kind == out->kind && out->max_value < out->value) {
		ops->next--;
		return msg_set(err, MSG_INVALID_OPERAND, op_peek(ops),
			"as much as the share itself");
	}
	out->limit = LIMIT_SOFT;
	if (op_keyword(ops, "LIMITHard"))
		out->limit = LIMIT_HARD;
	else
		op_keyword(ops, "LIMITSoft");
	return 0;
}

int scan_share(struct operands *ops, struct dir_share *out, struct message *err)
{
	int rc;

	*out = (struct dir_share) { .limit = LIMIT_NONE };
	rc = share_value(ops, &out->kind, &out->value, err);
	if (rc || !op_more(ops) || op_keyword(ops, "NOLimit"))
		return rc;
	return share_maximum(ops, out, err);
}

static bool is_class(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '1' && c <= '6');
}

int scan_classes(struct operands *ops, char out[CLASSES_MAX + 1], struct message *err)
{
	const char *word = op_peek(ops);
	size_t n = 0;

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "privilege classes");
	for (; word[n]; n++) {
		char c = word[n] >= 'a' && word[n] <= 'z' ? (char)(word[n] - 'a' + 'A')
							  : word[n];

		if (!is_class(c) || memchr(out, c, n))
			break;
		out[n] = c;
	}
	out[n] = '\0';
	if (word[n] || !n)
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"privilege classes, A to Z or 1 to 6, each once");
	ops->next++;
	return 0;
}

int scan_storage(
	struct operands *ops, const char *what, uint64_t *out, struct message *err)
{
	int rc = scan_size(ops, what, out, err);

	if (rc || (*out >= STORAGE_MIN && *out % STORAGE_UNIT == 0))
		return rc;
	ops->next--;
	return msg_set(err, MSG_STORAGE_UNIT, op_peek(ops), "4K");
}

/* CAPacity n.nn */
static int pool_capacity(struct operands *ops, uint32_t *capacity, struct message *err)
{
	const char *word;

	if (!op_keyword(ops, "CAPacity"))
		return scan_unknown(ops, "CAPACITY", err);
	word = op_peek(ops);
	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "capacity");
	if (word_hundredths(word, CAPACITY_MAX, capacity) || !*capacity)
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"a number of processors such as 1.50, from 0.01 to 1024");
	ops->next++;
	return 0;
}

int scan_cpupool(struct operands *ops, char name[USERID_MAX + 1], uint32_t *capacity,
	struct message *err)
{
	int rc = scan_name(ops, "name of the CPU pool", name, err);

	return rc ? rc : pool_capacity(ops, capacity, err);
}
