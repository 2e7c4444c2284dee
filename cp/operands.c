/* The operands of one command or statement. */
#include "cp/operands.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool op_more(const struct operands *ops)
{
	return ops->next < ops->words.n;
}

const char *op_peek(const struct operands *ops)
{
	return op_more(ops) ? ops->words.word[ops->next].text : NULL;
}

bool op_keyword(struct operands *ops, const char *mixed)
{
	char full[32];
	size_t i;

	if (!op_more(ops) || ops->words.word[ops->next].quoted)
		return false;
	for (i = 0; mixed[i] && i < sizeof(full) - 1; i++)
		full[i] = (char)toupper((unsigned char)mixed[i]);
	full[i] = '\0';
	if (!word_is(op_peek(ops), full, word_min(mixed)))
		return false;
	ops->next++;
	return true;
}

const char *op_rest(struct operands *ops)
{
	const char *rest = words_rest(&ops->words, ops->next);

	ops->next = ops->words.n;
	return rest;
}

int scan_word(
	struct operands *ops, const char *what, const char **out, struct message *err)
{
	if (!op_more(ops))
		return msg_set(err, MSG_OPERAND_MISSING, what);
	*out = op_peek(ops);
	ops->next++;
	return 0;
}

int scan_copy(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err)
{
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	if (strlen(word) >= size)
		return msg_set(err, MSG_OPERAND_TOO_LONG, what, (int)size - 1);
	snprintf(out, size, "%s", word);
	ops->next++;
	return 0;
}

/* Does a relative name lead up? */
static bool leads_up(const char *file)
{
	for (const char *p = file; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !strncmp(p, "..", 2))
			return true;
		p += len;
	}
	return false;
}

int scan_file(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err)
{
	const char *word = op_peek(ops);

	if (word && (!*word || (*word != '/' && leads_up(word))))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"a file name (a relative one has no ..)");
	return scan_copy(ops, what, out, size, err);
}

int scan_userid(struct operands *ops, char out[USERID_MAX + 1], struct message *err)
{
	const char *word = op_peek(ops);

	if (!word || word_userid(word, out))
		return msg_set(err, MSG_USERID_INVALID, word ? word : "none given");
	ops->next++;
	return 0;
}

/* The verdict on the next word: taken if `bad` is 0, else it is not `kind`. */
static int taken(struct operands *ops, int bad, const char *kind, struct message *err)
{
	if (bad)
		return msg_set(err, MSG_INVALID_OPERAND, op_peek(ops), kind);
	ops->next++;
	return 0;
}

int scan_name(struct operands *ops, const char *what, char out[USERID_MAX + 1],
	struct message *err)
{
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	return taken(ops, word_userid(word, out), "a name of 1 to 8 characters", err);
}

int scan_vdev(struct operands *ops, uint16_t *out, struct message *err)
{
	const char *word = op_peek(ops);

	if (!word || word_vdev(word, out))
		return msg_set(err, MSG_VDEV_INVALID, word ? word : "none given");
	ops->next++;
	return 0;
}

int scan_number(struct operands *ops, const char *what, uint64_t min, uint64_t max,
	uint64_t *out, struct message *err)
{
	const char *word = op_peek(ops);
	char kind[80];

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	snprintf(kind, sizeof(kind), "a number from %" PRIu64 " to %" PRIu64, min, max);
	return taken(ops, word_u64(word, min, max, out), kind, err);
}

int scan_size(struct operands *ops, const char *what, uint64_t *out, struct message *err)
{
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	return taken(ops, word_size(word, out), "a size such as 16M or 1G", err);
}

int scan_rate(struct operands *ops, const char *what, uint64_t *bps, struct message *err)
{
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	return taken(ops, word_rate(word, bps), "a rate such as 64k or 100M", err);
}

int scan_percent(struct operands *ops, const char *what, uint32_t min, uint32_t max,
	uint32_t *out, struct message *err)
{
	const char *word = op_peek(ops);
	uint32_t value;
	char kind[80];

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	snprintf(kind, sizeof(kind), "a percentage from %u.%02u%% to %u.%02u%%",
		min / 100, min % 100, max / 100, max % 100);
	if (word_percent(word, &value) || value < min || value > max)
		return taken(ops, -1, kind, err);
	*out = value;
	return taken(ops, 0, kind, err);
}

int scan_ppm(struct operands *ops, const char *what, uint32_t *out, struct message *err)
{
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	return taken(ops, word_ppm(word, out),
		"a percentage from 0% to 100% such as 0.5%", err);
}

int scan_duration(struct operands *ops, const char *what, uint64_t max, uint64_t *ns,
	struct message *err)
{
	const char *word = op_peek(ops);
	uint64_t value;
	char kind[64];

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, what);
	if (word_duration(word, &value) || value > max) {
		snprintf(kind, sizeof(kind),
			"a time such as 250us, 10ms or 1s, at most %" PRIu64 "s",
			max / UINT64_C(1000000000));
		return taken(ops, -1, kind, err);
	}
	*ns = value;
	ops->next++;
	return 0;
}

int scan_vlans(struct operands *ops, char *out, size_t size, struct message *err)
{
	const char *word = op_peek(ops);
	uint8_t set[512];

	if (word && word_vlan_set(word, set))
		return taken(ops, -1,
			"a set of VLANs such as 10 or 1-10,20, each 1 to 4094", err);
	return scan_copy(ops, "VLAN set", out, size, err);
}

int scan_text(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err)
{
	size_t len = 0;

	if (!op_more(ops))
		return msg_set(err, MSG_OPERAND_MISSING, what);
	for (int i = ops->next; i < ops->words.n; i++) {
		const char *word = ops->words.word[i].text;
		const char *gap = i > ops->next ? " " : "";

		if (len + strlen(gap) + strlen(word) >= size)
			return msg_set(err, MSG_OPERAND_TOO_LONG, what, (int)size - 1);
		len += (size_t)snprintf(out + len, size - len, "%s%s", gap, word);
	}
	ops->next = ops->words.n;
	return 0;
}

int scan_choice(struct operands *ops, const char *what, const char *const *mixed,
	int *out, struct message *err)
{
	for (int i = 0; mixed[i]; i++) {
		if (op_keyword(ops, mixed[i])) {
			*out = i;
			return 0;
		}
	}
	return scan_unknown(ops, what, err);
}

int scan_end(struct operands *ops, struct message *err)
{
	return op_more(ops) ? msg_set(err, MSG_INVALID_OPTION, op_peek(ops)) : 0;
}

static const struct scan_option *find_option(
	struct operands *ops, const struct scan_option *options)
{
	for (; options->mixed; options++) {
		if (op_keyword(ops, options->mixed))
			return options;
	}
	return NULL;
}

int scan_options(struct operands *ops, const struct scan_option *options, void *ctx,
	struct message *err)
{
	unsigned seen = 0;
	int rc = 0;

	while (op_more(ops) && !rc) {
		const struct scan_option *o = find_option(ops, options);

		if (!o)
			return scan_unknown(ops, "option", err);
		if (seen & o->bit) {
			ops->next--;
			return msg_set(err, MSG_CONFLICTING_OPTION, op_peek(ops));
		}
		seen |= o->bit;
		rc = o->fn ? o->fn(ops, ctx, err) : 0;
	}
	return rc;
}

int scan_unknown(struct operands *ops, const char *what, struct message *err)
{
	if (!op_more(ops))
		return msg_set(err, MSG_OPERAND_MISSING, what);
	return msg_set(err, MSG_INVALID_OPTION, op_peek(ops));
}
