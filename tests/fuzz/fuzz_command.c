/* A line somebody typed: into commands, words and rows; and as operands of every kind. */
#include "cp/clauses.h"
#include "cp/command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each clause from each word on. */
static void scan_everything(struct operands *ops, int from)
{
	static union {
		struct ipl ipl;
		struct dir_share share;
		struct lan_clause lan;
		struct lan_change change;
		struct port_clause port;
		struct impair_clause impair;
		struct lan_rate rate;
		char text[DIR_PARM_MAX + 1];
	} u;
	struct message err;
	uint32_t n;

	ops->next = from;
	assert(scan_ipl(ops, &u.ipl, &err) || ops->next <= ops->words.n);
	ops->next = from;
	scan_share(ops, &u.share, &err);
	ops->next = from;
	u.lan.def.vswitch = from % 2;
	scan_lan(ops, &u.lan, &err);
	ops->next = from;
	u.change.vswitch = from % 2;
	scan_lan_change(ops, &u.change, &err);
	ops->next = from;
	scan_impair(ops, &u.impair, &err);
	ops->next = from;
	scan_port(ops, &u.port, &err);
	ops->next = from;
	scan_nic_rate(ops, &u.rate, &err);
	ops->next = from;
	scan_cpupool(ops, u.text, &n, &err);
	ops->next = from;
	scan_text(ops, "text", u.text, sizeof(u.text), &err);
}

static int one_command(void *ctx, const char *line)
{
	struct operands ops = { 0 };
	const struct command *c;
	int column = 0;

	(void)ctx;
	assert(*line && *line != ' ');
	if (words_split(&ops.words, line, &column))
		return 0;
	c = command_find(op_peek(&ops), "ABCDEFG");
	if (c && ops.words.n > 1)
		subcommand_find(c->name, ops.words.word[1].text, "ABCDEFG");
	for (int i = 0; i < ops.words.n && i < 8; i++)
		scan_everything(&ops, i);
	words_free(&ops.words);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	int column = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (command_split(text, one_command, NULL, &column))
		assert(column >= 1 && (size_t)column <= size && text[column - 1] == '"');
	free(text);
	return 0;
}
