/* Operands of network commands. */
#include "cms/netcmd.h"

#include "cms/iface.h"
#include "cms/string.h"

static bool parse_target(struct inet *n, char *word, struct target *to);
static const struct netcmd_option *find_option(
	const struct netcmd_option *table, const char *word);

struct inet *netcmd_begin(struct cms *cms, int *rc)
{
	struct inet *n = cms_inet(cms);

	*rc = n ? 0 : reply(cms, CMS_NO_STORAGE, (cms->mem.end - cms->mem.next) >> 10);
	return n;
}

int netcmd_target(struct cms *cms, struct inet *n, const char **text, struct target *to)
{
	char word[WORD_LIMIT + 1], copy[WORD_LIMIT + 1];

	if (!word_next(text, word))
		return reply(cms, CMS_OPERAND_MISSING, "addr");
	text_copy(copy, sizeof(copy), word);
	return parse_target(n, copy, to) ? 0 : reply(cms, CMS_OPERAND_INVALID, word);
}

int netcmd_number(struct cms *cms, const char **text, const char *name, uint64_t least,
	uint64_t most, uint64_t *value)
{
	char word[WORD_LIMIT + 1];

	if (!word_next(text, word))
		return reply(cms, CMS_OPERAND_MISSING, name);
	if (!parse_number(word, most, value) || *value < least)
		return reply(cms, CMS_OPERAND_INVALID, word);
	return 0;
}

int netcmd_options(struct cms *cms, const char *text, const struct netcmd_option *table)
{
	char word[WORD_LIMIT + 1];
	int rc = 0;

	while (!rc && word_next(&text, word)) {
		const struct netcmd_option *o = find_option(table, word);

		if (!o)
			return reply(cms, CMS_OPERAND_INVALID, word);
		rc = netcmd_number(cms, &text, o->mixed, o->least, o->most, o->value);
	}
	return rc;
}

int netcmd_end(struct cms *cms, const char *text)
{
	char word[WORD_LIMIT + 1];

	return word_next(&text, word) ? reply(cms, CMS_OPERAND_EXTRA, word) : 0;
}

void netcmd_traffic(
	struct cms *cms, const char *what, uint64_t n, uint64_t bytes, uint64_t ns)
{
	uint64_t us = ns / 1000, ms = us / 1000;

	say(cms, "%lu %s, %lu bytes, %lu.%03lu s, %lu pps, %lu bit/s\n", n, what, bytes,
		ms / 1000, ms % 1000, us ? n * 1000000 / us : 0,
		us ? bytes * 8 * 1000000 / us : 0);
}

int netcmd_refused(struct cms *cms, enum sent why, const struct target *to)
{
	switch (why) {
	case SENT: return 0;
	case SENT_NO_ROUTE: return reply(cms, CMS_NO_ROUTE, to->text);
	case SENT_NO_ADDRESS: return reply(cms, CMS_NO_ADDRESS, to->text);
	default: return reply(cms, CMS_NO_BUFFER);
	}
}

static bool parse_target(struct inet *n, char *word, struct target *to)
{
	unsigned nic, vlan;
	char *at = word;

	while (*at && *at != '%')
		at++;
	to->iface = NULL;
	if (*at) {
		*at++ = '\0';
		if (!iface_parse(at, &nic, &vlan))
			return false;
		to->iface = iface_find(n, nic, vlan);
		if (!to->iface || !to->iface->up)
			return false;
	}
	if (!addr_parse(word, &to->addr) || addr_is_any(&to->addr))
		return false;
	addr_text(&to->addr, to->text);
	return true;
}

static const struct netcmd_option *find_option(
	const struct netcmd_option *table, const char *word)
{
	for (const struct netcmd_option *o = table; o->mixed; o++) {
		if (word_abbreviates(word, o->mixed))
			return o;
	}
	return NULL;
}
