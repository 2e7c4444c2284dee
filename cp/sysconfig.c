/* The system configuration. */
#include "cp/sysconfig.h"

#include "cp/clauses.h"
#include "cp/statements.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HOST_CPUS (16 * 64)

enum {
#define STATEMENT(name, mixed, fn, flags, operands, help, detail) STATEMENT_##name,
#include "cp/config.def"
#undef STATEMENT
	STATEMENTS
};

/* A LAN, VSWITCH or CPU pool that was defined. */
struct defined {
	struct defined *next;
	char what[40]; /* "LAN SYSTEM LABNET" */
	int line;
};

/* A configuration while it is being read. */
struct cfg_reader {
	struct source *src;
	struct sysconfig *cfg;
	struct defined *defined;
	int given[STATEMENTS]; /* line of the last of each kind; 0: none */
	struct message err;    /* of the statement being read */
};

/* Does a statement whose name is consumed.  0; or a number with the message in r->err,
 * and ops->next at the word it is about. */
typedef int cfg_statement_fn(struct cfg_reader *r, struct operands *ops);

#define STATEMENT(name, mixed, fn, flags, operands, help, detail) \
	static cfg_statement_fn fn;
#include "cp/config.def"
#undef STATEMENT

static const struct statement {
	const char *mixed;
	cfg_statement_fn *fn;
	unsigned flags;
} statements[] = {
#define STATEMENT(name, mixed, fn, flags, operands, help, detail) { mixed, fn, flags },
#include "cp/config.def"
#undef STATEMENT
};

static void read_statement(struct cfg_reader *r);
static void free_names(struct cfg_name *list);

struct sysconfig *sysconfig_parse(struct source *src)
{
	struct cfg_reader r = { .src = src, .cfg = sysconfig_default() };

	if (!r.cfg) {
		source_complain_at(src, 0, 0, MSG_NO_MEMORY, src->name);
		return NULL;
	}
	while (source_next(src))
		read_statement(&r);
	while (r.defined) {
		struct defined *d = r.defined;

		r.defined = d->next;
		free(d);
	}
	if (!src->errors)
		return r.cfg;
	sysconfig_free(r.cfg);
	return NULL;
}

struct sysconfig *sysconfig_default(void)
{
	struct sysconfig *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	snprintf(c->system, sizeof(c->system), "BULKHEAD");
	snprintf(c->operator_id, sizeof(c->operator_id), "OPERATOR");
	snprintf(c->operator_classes, sizeof(c->operator_classes), "ABCDEFG");
	snprintf(c->user_classes, sizeof(c->user_classes), "G");
	return c;
}

void sysconfig_free(struct sysconfig *c)
{
	if (!c)
		return;
	while (c->commands) {
		struct cfg_command *cmd = c->commands;

		c->commands = cmd->next;
		free(cmd->text);
		free(cmd);
	}
	free_names(c->autolog);
	free_names(c->named);
	free(c);
}

static void check_names(
	const struct cfg_name *list, const struct directory *d, struct source *src)
{
	for (; list; list = list->next) {
		if (!directory_find(d, list->userid))
			source_complain_at(src, list->line, list->column,
				MSG_NOT_IN_DIRECTORY, list->userid);
	}
}

int config_check_against(
	const struct sysconfig *c, const struct directory *d, struct source *src)
{
	int before = src->errors;

	check_names(c->autolog, d, src);
	check_names(c->named, d, src);
	return src->errors - before;
}

static void free_names(struct cfg_name *list)
{
	while (list) {
		struct cfg_name *n = list;

		list = n->next;
		free(n);
	}
}

/* The words of a statement's name, consumed if they are all there; how many were. */
static int match_name(struct operands *ops, const char *mixed, bool *all)
{
	int n = 0;

	*all = true;
	while (*mixed && *all) {
		char word[24];
		size_t len = strcspn(mixed, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, mixed);
		*all = op_keyword(ops, word);
		n += *all;
		mixed += len + strspn(mixed + len, " ");
	}
	return n;
}

/* The row of a statement, its name consumed; or NULL, and what the name should have been
 * is complained of. */
static const struct statement *find_statement(struct cfg_reader *r, struct operands *ops)
{
	int best = 0;
	bool all;

	for (size_t i = 0; i < STATEMENTS; i++) {
		int n;

		ops->next = 0;
		n = match_name(ops, statements[i].mixed, &all);
		if (all)
			return &statements[i];
		best = n > best ? n : best;
	}
	ops->next = best;
	if (best) {
		scan_unknown(ops, "second word of the statement", &r->err);
		source_complain_message(r->src, best, &r->err);
	} else {
		source_complain(r->src, 0, MSG_UNKNOWN_STATEMENT, op_peek(ops));
	}
	return NULL;
}

static void not_in_force(struct cfg_reader *r, const struct statement *st)
{
	char name[32];
	size_t i;

	for (i = 0; st->mixed[i] && i < sizeof(name) - 1; i++)
		name[i] = st->mixed[i] >= 'a' ? (char)(st->mixed[i] - 'a' + 'A')
					      : st->mixed[i];
	name[i] = '\0';
	not_in_force_add(r->cfg->not_in_force, sizeof(r->cfg->not_in_force), name);
}

static void read_statement(struct cfg_reader *r)
{
	struct operands ops = { .words = r->src->words };
	const struct statement *st = find_statement(r, &ops);
	int *line, rc;

	if (!st)
		return;
	line = &r->given[st - statements];
	if ((st->flags & ST_ONCE) && *line) {
		source_complain(
			r->src, 0, MSG_GIVEN_TWICE, r->src->words.word[0].text, *line);
		return;
	}
	*line = r->src->statement_line;
	rc = st->fn(r, &ops);
	if (!rc)
		rc = scan_end(&ops, &r->err);
	if (rc)
		source_complain_message(r->src, ops.next, &r->err);
	if (st->flags & ST_LATER)
		not_in_force(r, st);
}

/* Adds word `i`, a userid, to the end of a list. */
static int add_name(
	struct cfg_reader *r, struct cfg_name **list, int i, const char *userid)
{
	struct cfg_name *n = calloc(1, sizeof(*n));

	if (!n)
		return msg_set(&r->err, MSG_NO_MEMORY, userid);
	snprintf(n->userid, sizeof(n->userid), "%s", userid);
	source_place(r->src, i, &n->line, &n->column);
	while (*list)
		list = &(*list)->next;
	*list = n;
	return 0;
}

static int cf_autolog(struct cfg_reader *r, struct operands *ops)
{
	int rc = 0;

	do {
		const struct cfg_name *other = r->cfg->autolog;
		char userid[USERID_MAX + 1];

		rc = scan_userid(ops, userid, &r->err);
		if (rc)
			return rc;
		while (other && strcmp(other->userid, userid) != 0)
			other = other->next;
		if (other)
			source_complain(r->src, ops->next - 1, MSG_GIVEN_TWICE, userid,
				other->line);
		rc = add_name(r, &r->cfg->autolog, ops->next - 1, userid);
	} while (!rc && op_more(ops));
	return rc;
}

static const struct defined *find_defined(const struct cfg_reader *r, const char *what)
{
	const struct defined *d = r->defined;

	while (d && strcmp(d->what, what) != 0)
		d = d->next;
	return d;
}

static int add_defined(struct cfg_reader *r, const char *what)
{
	const struct defined *other = find_defined(r, what);
	struct defined *d = calloc(1, sizeof(*d));

	if (!d)
		return msg_set(&r->err, MSG_NO_MEMORY, what);
	if (other)
		source_complain(r->src, 2, MSG_GIVEN_TWICE, what, other->line);
	snprintf(d->what, sizeof(d->what), "%s", what);
	d->line = r->src->statement_line;
	d->next = r->defined;
	r->defined = d;
	return 0;
}

/* Keeps the statement as the command that does it: its first word replaced by `verb`. The
 * LAN it is about is "" where nothing does it yet. */
static int add_command(
	struct cfg_reader *r, const char *verb, const char *owner, const char *lan)
{
	struct cfg_command **tail = &r->cfg->commands, *c = calloc(1, sizeof(*c));

	if (!c || asprintf(&c->text, "%s %s", verb, words_rest(&r->src->words, 1)) < 0) {
		free(c);
		return msg_set(&r->err, MSG_NO_MEMORY, "a command");
	}
	c->line = r->src->statement_line;
	snprintf(c->owner, sizeof(c->owner), "%s", owner);
	snprintf(c->lan, sizeof(c->lan), "%s", lan);
	while (*tail)
		tail = &(*tail)->next;
	*tail = c;
	return 0;
}

static int cf_define_cpupool(struct cfg_reader *r, struct operands *ops)
{
	char name[USERID_MAX + 1], what[40];
	uint32_t capacity;
	int rc = scan_cpupool(ops, name, &capacity, &r->err);

	if (rc)
		return rc;
	snprintf(what, sizeof(what), "CPUPOOL %s", name);
	rc = add_defined(r, what);
	return rc ? rc : add_command(r, "DEFINE", "", "");
}

/* Remembers the users a LAN statement names, in these words. */
static int add_lan_users(struct cfg_reader *r, const int *words, int n)
{
	int rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		const char *word = r->src->words.word[words[i]].text;
		const char *colon = strchr(word, ':'); /* of a FORWARD */
		char userid[USERID_MAX + 1];

		snprintf(userid, sizeof(userid), "%s", colon ? colon + 1 : word);
		userid[strcspn(userid, ":")] = '\0';
		rc = add_name(r, &r->cfg->named, words[i], userid);
	}
	return rc;
}

struct lan_text {
	char text[40];
};

static struct lan_text lan_text(bool vswitch, const char *owner, const char *name)
{
	struct lan_text t;

	snprintf(t.text, sizeof(t.text), "%s %s %s", vswitch ? "VSWITCH" : "LAN", owner,
		name);
	return t;
}

/* One name is one LAN or one VSWITCH. */
static int add_lan(struct cfg_reader *r, const struct lan_def *def)
{
	const struct lan_text what = lan_text(def->vswitch, def->owner, def->name),
			      other = lan_text(!def->vswitch, def->owner, def->name);
	const struct defined *d = find_defined(r, other.text);

	if (d)
		source_complain(r->src, 2, MSG_GIVEN_TWICE, what.text, d->line);
	return add_defined(r, what.text);
}

static int define_lan(struct cfg_reader *r, struct operands *ops, bool vswitch)
{
	struct lan_clause lan = { .def.vswitch = vswitch };
	int rc = scan_lan(ops, &lan, &r->err);

	if (!rc)
		rc = add_lan_users(r, lan.user_word, lan.n_users);
	if (!rc)
		rc = add_lan(r, &lan.def);
	return rc ? rc : add_command(r, "DEFINE", lan.def.owner, lan.def.name);
}

static int modify_lan(struct cfg_reader *r, struct operands *ops, bool vswitch)
{
	struct lan_change c = { .vswitch = vswitch };
	struct lan_text what;
	int rc = scan_lan_change(ops, &c, &r->err);

	if (!rc)
		rc = add_lan_users(r, c.user_word, c.n_users);
	if (rc)
		return rc;
	what = lan_text(vswitch, c.owner, c.name);
	if (!find_defined(r, what.text))
		source_complain(r->src, 2, MSG_LAN_UNKNOWN, what.text);
	return add_command(r, "SET", c.owner, c.name);
}

static int cf_define_lan(struct cfg_reader *r, struct operands *ops)
{
	return define_lan(r, ops, false);
}

static int cf_define_vswitch(struct cfg_reader *r, struct operands *ops)
{
	return define_lan(r, ops, true);
}

static int cf_define_port(struct cfg_reader *r, struct operands *ops)
{
	struct port_clause c;
	struct lan_text lan, vswitch;
	char what[64];
	int rc = scan_port(ops, &c, &r->err);

	if (!rc && c.user_word >= 0)
		rc = add_lan_users(r, &c.user_word, 1);
	if (rc)
		return rc;
	lan = lan_text(false, c.owner, c.lan);
	vswitch = lan_text(true, c.owner, c.lan);
	if (!find_defined(r, lan.text) && !find_defined(r, vswitch.text))
		source_complain(r->src, 2, MSG_LAN_UNKNOWN, lan.text);
	snprintf(what, sizeof(what), "PORT %s TO %s", c.def.name, lan.text);
	rc = add_defined(r, what);
	return rc ? rc : add_command(r, "DEFINE", c.owner, c.lan);
}

static int cf_modify_lan(struct cfg_reader *r, struct operands *ops)
{
	return modify_lan(r, ops, false);
}

static int cf_modify_vswitch(struct cfg_reader *r, struct operands *ops)
{
	return modify_lan(r, ops, true);
}

static int cf_operator(struct cfg_reader *r, struct operands *ops)
{
	int rc = scan_userid(ops, r->cfg->operator_id, &r->err);

	if (!rc && userid_reserved(r->cfg->operator_id))
		source_complain(r->src, 1, MSG_USERID_RESERVED, r->cfg->operator_id);
	return rc;
}

static int opt_operator(struct operands *ops, void *ctx, struct message *err)
{
	struct sysconfig *c = ctx;

	return scan_classes(ops, c->operator_classes, err);
}

static int opt_user(struct operands *ops, void *ctx, struct message *err)
{
	struct sysconfig *c = ctx;

	return scan_classes(ops, c->user_classes, err);
}

static int cf_priv_classes(struct cfg_reader *r, struct operands *ops)
{
	static const struct scan_option options[] = {
		{ "OPERator", 1 << 0, opt_operator },
		{ "USER", 1 << 1, opt_user },
		{ 0 },
	};

	if (!op_more(ops))
		return msg_set(&r->err, MSG_OPERAND_MISSING, "OPERATOR or USER");
	return scan_options(ops, options, r->cfg, &r->err);
}

/* "n" or "n-n" at *text, which is moved past it. */
static bool parse_range(const char **text, uint64_t *first, uint64_t *last)
{
	char part[32], *dash;
	size_t len = strcspn(*text, ",");

	if (len >= sizeof(part))
		return false;
	memcpy(part, *text, len);
	part[len] = '\0';
	*text += len;
	dash = strchr(part, '-');
	if (dash)
		*dash = '\0';
	return !word_u64(part, 0, MAX_HOST_CPUS - 1, first) &&
	       !word_u64(dash ? dash + 1 : part, *first, MAX_HOST_CPUS - 1, last);
}

static bool parse_cpu_list(const char *text, uint64_t bits[MAX_HOST_CPUS / 64])
{
	for (;; text++) {
		uint64_t first, last;

		if (!parse_range(&text, &first, &last))
			return false;
		for (uint64_t i = first; i <= last; i++)
			bits[i / 64] |= UINT64_C(1) << i % 64;
		if (!*text)
			return true;
	}
}

static int cf_processors(struct cfg_reader *r, struct operands *ops)
{
	const char *list;
	int rc = scan_word(ops, "list of processors", &list, &r->err);

	if (rc)
		return rc;
	source_place(
		r->src, --ops->next, &r->cfg->host_cpus_line, &r->cfg->host_cpus_column);
	if (parse_cpu_list(list, r->cfg->host_cpus)) {
		ops->next++;
		return 0;
	}
	return msg_set(&r->err, MSG_INVALID_OPERAND, list,
		"a list of processors such as 0,2-3, each 0 to 1023");
}

static int cf_storage(struct cfg_reader *r, struct operands *ops)
{
	const char *word = op_peek(ops);

	if (word && strchr(word, '%'))
		return scan_percent(ops, "size of the pool", 1, 10000,
			&r->cfg->pool_percent, &r->err);
	return scan_storage(ops, "size of the pool", &r->cfg->pool_bytes, &r->err);
}

static int cf_system(struct cfg_reader *r, struct operands *ops)
{
	return scan_name(ops, "name of the system", r->cfg->system, &r->err);
}
