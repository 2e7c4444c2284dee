/* The words of CP's language, collected from its tables. */
#include "cp/names.h"

#include "cp/directory.h"

#include <stddef.h>
#include <strings.h>

struct name {
	const char *name, *mixed;
};

#define COMMAND(name, mixed, classes, fn, operands, help, detail) { #name, mixed },

static const struct name commands[] = {
#include "cp/commands.def"
	{ 0 }
};

/* QUERY takes a userid in place of these. */
static const struct name queries[] = {
#include "cp/queries.def"
	{ 0 }
};

static const struct name others[] = {
#include "cp/indicates.def"
#include "cp/sets.def"
#include "cp/defines.def"
#include "cp/detaches.def"
	{ 0 }
};
#undef COMMAND

/* What introduces or stands beside a userid, or in its place. */
static const char *const words[] = { "ALL", "AS", "AT", "BOTH", "BY", "CLEAR", "CMD",
	"CMS", "CP", "CPU", "DIRECTORY", "FOR", "IN", "KERNEL", "LAN", "NIC", "NOLIMIT",
	"NONE", "OFF", "ON", "OP", "OUT", "OWNERID", "PARM", "POOL", "RUNNING", "STATUS",
	"SYSTEM", "TO", "USER", "VDEV", "VSWITCH", "WITHIN" };

static bool abbreviates(const struct name *names, const char *word)
{
	for (; names->name; names++) {
		if (word_is(word, names->name, word_min(names->mixed)))
			return true;
	}
	return false;
}

static bool is_one_of(const struct name *names, const char *word)
{
	for (; names->name; names++) {
		if (!strcasecmp(names->name, word))
			return true;
	}
	return false;
}

bool name_is_command(const char *word)
{
	return abbreviates(commands, word);
}

bool name_is_keyword(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(words[i], word))
			return true;
	}
	return abbreviates(queries, word) || is_one_of(commands, word) ||
	       is_one_of(others, word);
}

bool userid_reserved(const char *name)
{
	uint16_t vdev;

	return !word_vdev(name, &vdev) || name_is_keyword(name);
}
