/* The user directory: statements into entries.  What they are made of is in
 * directory_machine.c and directory_devices.c, what holds between them is checked in
 * directory_check.c. */
#include "cp/directory_reader.h"

#include "cp/clauses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void read_statement(struct dir_reader *r);
static void end_entry(struct dir_reader *r);
static void free_reader(struct dir_reader *r);
static void free_user(struct dir_user *u);
static void free_users(struct dir_user *list);

static const struct statement {
	const char *name, *mixed;
	dir_statement_fn *fn;
	unsigned flags;
} statements[] = {
#define STATEMENT(name, mixed, fn, flags, operands, help, detail) \
	{ #name, mixed, fn, flags },
#include "cp/statements.def"
#undef STATEMENT
};

struct directory *directory_parse(struct source *src)
{
	struct dir_reader *r = calloc(1, sizeof(*r));
	struct directory *d = calloc(1, sizeof(*d));

	if (!r || !d) {
		source_complain_at(src, 0, 0, MSG_NO_MEMORY, src->name);
		free(r);
		free(d);
		return NULL;
	}
	r->src = src;
	r->dir = d;
	r->user_tail = &d->users;
	while (source_next(src))
		read_statement(r);
	end_entry(r);
	reader_check_directory(r);
	free_reader(r);
	if (!src->errors)
		return d;
	directory_free(d);
	return NULL;
}

void directory_free(struct directory *d)
{
	if (!d)
		return;
	free_users(d->users);
	free(d);
}

void directory_default_classes(struct directory *d, const char *classes)
{
	for (struct dir_user *u = d->users; u; u = u->next) {
		if (u->default_classes)
			snprintf(u->classes, sizeof(u->classes), "%s", classes);
	}
}

const struct dir_user *directory_find(const struct directory *d, const char *userid)
{
	const struct dir_user *u = d->users;

	while (u && strcasecmp(u->userid, userid) != 0)
		u = u->next;
	return u;
}

struct place reader_place(const struct dir_reader *r, int i)
{
	struct place p;

	source_place(r->src, i, &p.line, &p.column);
	return p;
}

static const struct statement *find_statement(struct operands *ops)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		if (op_keyword(ops, statements[i].mixed))
			return &statements[i];
	}
	return NULL;
}

/* May the statement stand here?  Complains if not. */
static bool in_order(struct dir_reader *r, const struct statement *st)
{
	int line = r->given[st - statements];

	if (st->flags & ST_HEAD)
		return true;
	if (!r->user)
		source_complain(r->src, 0, MSG_STATEMENT_ORDER, st->name,
			"it follows USER, IDENTITY or PROFILE");
	else if ((st->flags & ST_FIRST) && r->profile)
		source_complain(r->src, 0, MSG_STATEMENT_ORDER, st->name,
			"a PROFILE cannot have it");
	else if ((st->flags & ST_FIRST) && r->n_statements > 1)
		source_complain(r->src, 0, MSG_STATEMENT_ORDER, st->name,
			"it comes first after USER or IDENTITY");
	else if ((st->flags & ST_ONCE) && line)
		source_complain(r->src, 0, MSG_GIVEN_TWICE, st->name, line);
	else
		return true;
	return false;
}

static void read_statement(struct dir_reader *r)
{
	struct operands ops = { .words = r->src->words };
	const struct statement *st = find_statement(&ops);
	int rc;

	if (!st) {
		source_complain(r->src, 0, MSG_UNKNOWN_STATEMENT, op_peek(&ops));
		return;
	}
	if (!in_order(r, st))
		return;
	if (st->flags & ST_HEAD)
		end_entry(r);
	rc = st->fn(r, &ops);
	if (!rc)
		rc = scan_end(&ops, &r->err);
	if (rc)
		source_complain_message(r->src, ops.next, &r->err);
	r->given[st - statements] = r->src->statement_line;
	r->n_statements++;
	if (st->flags & ST_LATER)
		reader_not_in_force(r, st->name);
}

/* Begins an entry. */
static struct dir_user *new_entry(struct dir_reader *r, const char *userid)
{
	struct dir_user *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	snprintf(u->userid, sizeof(u->userid), "%s", userid);
	u->line = r->src->statement_line;
	u->host_uid = -1;
	u->max_cpus = 1;
	u->share = (struct dir_share) { .kind = SHARE_RELATIVE, .value = 100 };
	r->user = u;
	return u;
}

static void end_entry(struct dir_reader *r)
{
	if (r->user)
		reader_check_entry(r);
	r->user = NULL;
	r->profile = false;
	r->classes_given = false;
	r->n_statements = 0;
	r->n_vdevs = 0;
	memset(r->given, 0, sizeof(r->given));
}

/* Word 1 as the userid of an entry. */
static void check_userid(struct dir_reader *r, const char *userid)
{
	const struct dir_user *other = directory_find(r->dir, userid);
	char what[24];

	if (userid_reserved(userid))
		source_complain(r->src, 1, MSG_USERID_RESERVED, userid);
	snprintf(what, sizeof(what), "Userid %s", userid);
	if (other)
		source_complain(r->src, 1, MSG_GIVEN_TWICE, what, other->line);
}

static int scan_password(struct dir_reader *r, struct operands *ops)
{
	static const struct {
		const char *word;
		int pw;
	} words[] = { { "NOLOG", DIR_PW_NOLOG }, { "AUTOONLY", DIR_PW_AUTOONLY },
		{ "LBYONLY", DIR_PW_LBYONLY } };
	struct dir_user *u = r->user;
	char *text = u->password;
	int rc = scan_copy(ops, "password", text, sizeof(u->password), &r->err);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(text, words[i].word)) {
			u->pw = (unsigned)words[i].pw;
			text[0] = '\0';
			return 0;
		}
	}
	u->pw = text[0] == '$' ? DIR_PW_HASH : DIR_PW_CLEAR;
	if (u->pw == DIR_PW_CLEAR)
		source_complain(r->src, ops->next - 1, MSG_PASSWORD_CLEAR, u->userid);
	else if (!password_is_hash(text))
		source_complain(r->src, ops->next - 1, MSG_HASH_INVALID, u->userid);
	return 0;
}

/* storage [maxstorage].  A size that is none is complained of, and reading goes on. */
static int scan_sizes(struct dir_reader *r, struct operands *ops)
{
	struct dir_user *u = r->user;
	char text[2][24];

	r->storage_place = reader_place(r, ops->next);
	if (!op_more(ops))
		return scan_storage(ops, "storage", &u->storage, &r->err);
	if (scan_storage(ops, "storage", &u->storage, &r->err))
		source_complain_message(r->src, ops->next++, &r->err);
	u->max_storage = u->storage;
	if (op_more(ops) &&
		scan_storage(ops, "maximum storage", &u->max_storage, &r->err))
		source_complain_message(r->src, ops->next++, &r->err);
	else if (u->storage > u->max_storage)
		source_complain(r->src, ops->next - 2, MSG_STORAGE_OVER_MAX,
			size_text(u->storage, text[0], sizeof(text[0])),
			size_text(u->max_storage, text[1], sizeof(text[1])));
	return 0;
}

/* userid password storage [maxstorage [classes]] */
static int begin_user(struct dir_reader *r, struct operands *ops, bool identity)
{
	char userid[USERID_MAX + 1] = "?";
	bool none = !op_more(ops);
	int rc = 0;

	if (scan_userid(ops, userid, &r->err))
		source_complain_message(r->src, ops->next++, &r->err);
	else
		check_userid(r, userid);
	if (r->dir->n_users == DIR_MAX_USERS)
		return msg_set(&r->err, MSG_TOO_MANY, DIR_MAX_USERS, "users");
	if (!new_entry(r, userid))
		return msg_set(&r->err, MSG_NO_MEMORY, userid);
	r->user->identity = identity;
	*r->user_tail = r->user;
	r->user_tail = &r->user->next;
	r->dir->n_users++;

	if (none)
		return 0;
	rc = scan_password(r, ops);
	if (!rc)
		rc = scan_sizes(r, ops);
	if (!rc && op_more(ops)) {
		r->classes_given = true;
		rc = scan_classes(ops, r->user->classes, &r->err);
	}
	return rc;
}

int st_user(struct dir_reader *r, struct operands *ops)
{
	return begin_user(r, ops, false);
}

int st_identity(struct dir_reader *r, struct operands *ops)
{
	return begin_user(r, ops, true);
}

static const struct dir_user *find_profile(const struct dir_reader *r, const char *name)
{
	const struct dir_user *p = r->profiles;

	while (p && strcmp(p->userid, name) != 0)
		p = p->next;
	return p;
}

int st_profile(struct dir_reader *r, struct operands *ops)
{
	char name[USERID_MAX + 1] = "", what[24];
	const struct dir_user *other;

	if (scan_name(ops, "name of the profile", name, &r->err))
		source_complain_message(r->src, ops->next++, &r->err);
	other = *name ? find_profile(r, name) : NULL;
	snprintf(what, sizeof(what), "Profile %s", name);
	if (other)
		source_complain(r->src, 1, MSG_GIVEN_TWICE, what, other->line);
	if (!new_entry(r, name))
		return msg_set(&r->err, MSG_NO_MEMORY, name);
	r->user->next = r->profiles;
	r->profiles = r->user;
	r->profile = true;
	return 0;
}

int st_include(struct dir_reader *r, struct operands *ops)
{
	char name[USERID_MAX + 1];
	const struct dir_user *profile;
	int rc = scan_name(ops, "name of the profile", name, &r->err);

	if (rc)
		return rc;
	profile = find_profile(r, name);
	if (!profile)
		source_complain(r->src, 1, MSG_PROFILE_UNKNOWN, name);
	else if (reader_inherit(r, profile))
		return msg_set(&r->err, MSG_NO_MEMORY, name);
	return 0;
}

static void free_reader(struct dir_reader *r)
{
	while (r->refs) {
		struct dir_ref *ref = r->refs;

		r->refs = ref->next;
		free(ref);
	}
	free_users(r->profiles);
	free(r);
}

static void free_user(struct dir_user *u)
{
	while (u->commands) {
		struct dir_command *c = u->commands;

		u->commands = c->next;
		free(c->text);
		free(c);
	}
	free(u);
}

static void free_users(struct dir_user *list)
{
	while (list) {
		struct dir_user *u = list;

		list = u->next;
		free_user(u);
	}
}
