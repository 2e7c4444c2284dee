/* Directory statements: the machine, what it may use, and who may do what with it. */
#include "cp/directory_reader.h"

#include "cp/clauses.h"
#include "cp/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int st_account(struct dir_reader *r, struct operands *ops)
{
	return scan_copy(
		ops, "account", r->user->account, sizeof(r->user->account), &r->err);
}

/* userid ..., added to a list of at most DIR_MAX_NAMES. */
static int scan_userids(struct dir_reader *r, struct operands *ops,
	char list[DIR_MAX_NAMES][USERID_MAX + 1], int *n)
{
	do {
		char userid[USERID_MAX + 1];
		int rc = scan_userid(ops, userid, &r->err);

		if (rc)
			return rc;
		if (*n == DIR_MAX_NAMES) {
			ops->next--;
			return msg_set(&r->err, MSG_TOO_MANY, DIR_MAX_NAMES, "userids");
		}
		if (!reader_refer(r, ops->next - 1, userid))
			return msg_set(&r->err, MSG_NO_MEMORY, userid);
		memcpy(list[(*n)++], userid, sizeof(userid));
	} while (op_more(ops));
	return 0;
}

int st_autolog(struct dir_reader *r, struct operands *ops)
{
	return scan_userids(r, ops, r->user->autolog_by, &r->user->n_autolog_by);
}

int st_logonby(struct dir_reader *r, struct operands *ops)
{
	return scan_userids(r, ops, r->user->logon_by, &r->user->n_logon_by);
}

int st_class(struct dir_reader *r, struct operands *ops)
{
	r->classes_given = true;
	return scan_classes(ops, r->user->classes, &r->err);
}

static int add_command(struct dir_user *u, const char *text)
{
	struct dir_command **tail = &u->commands, *c = calloc(1, sizeof(*c));

	if (c)
		c->text = strdup(text);
	if (!c || !c->text) {
		free(c);
		return -ENOMEM;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = c;
	return 0;
}

int st_command(struct dir_reader *r, struct operands *ops)
{
	const char *verb;

	op_keyword(ops, "CP");
	verb = op_peek(ops);
	if (!verb)
		return msg_set(&r->err, MSG_OPERAND_MISSING, "command");
	if (!name_is_command(verb))
		return msg_set(&r->err, MSG_COMMAND_UNKNOWN, verb);
	if (add_command(r->user, op_rest(ops)))
		return msg_set(&r->err, MSG_NO_MEMORY, "a command");
	return 0;
}

int st_cpu(struct dir_reader *r, struct operands *ops)
{
	uint64_t n;
	int rc = scan_number(ops, "CPU number", 0, DIR_MAX_CPUS - 1, &n, &r->err);

	if (rc)
		return rc;
	r->user->cpu[n].defined = true;
	r->user->cpu[n].dedicate = op_keyword(ops, "DEDicate");
	r->cpu_place[n] = reader_place(r, 1);
	if (r->user->cpu[n].dedicate)
		reader_not_in_force(r, "CPU DEDICATE");
	else
		op_keyword(ops, "NODEDicate");
	return 0;
}

int st_ipl(struct dir_reader *r, struct operands *ops)
{
	int rc = scan_ipl(ops, &r->user->ipl, &r->err);

	if (!rc && r->user->ipl.kind == IPL_NONE) {
		ops->next = 1;
		return msg_set(&r->err, MSG_OPERAND_MISSING, "what to IPL");
	}
	r->user->ipl.absolute = true;
	return rc;
}

int st_machine(struct dir_reader *r, struct operands *ops)
{
	uint64_t n = 1;
	int rc = 0;

	if (!op_keyword(ops, "KVM"))
		return scan_unknown(ops, "KVM", &r->err);
	if (op_more(ops))
		rc = scan_number(ops, "number of CPUs", 1, DIR_MAX_CPUS, &n, &r->err);
	r->user->max_cpus = (unsigned)n;
	return rc;
}

static int opt_host_uid(struct operands *ops, void *ctx, struct message *err)
{
	struct dir_reader *r = ctx;
	const struct dir_user *u = r->dir->users;
	uint64_t uid;
	int rc;

	if (r->profile) {
		ops->next--;
		return msg_set(
			err, MSG_STATEMENT_ORDER, "HOSTUID", "a PROFILE cannot have it");
	}
	rc = scan_number(ops, "number of the host's user", 0, UINT32_MAX - 1, &uid, err);
	if (rc)
		return rc;
	while (u && (u == r->user || u->host_uid != (int64_t)uid))
		u = u->next;
	if (u)
		source_complain(r->src, ops->next - 1, MSG_HOST_UID_TWICE,
			ops->words.word[ops->next - 1].text, u->userid, u->line);
	r->user->host_uid = (int64_t)uid;
	return 0;
}

static int opt_huge_pages(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "2M", "1G", NULL };
	struct dir_reader *r = ctx;
	int which, rc = scan_choice(ops, "2M or 1G", words, &which, err);

	if (rc)
		return rc;
	r->user->huge_2m = which == 0;
	r->user->huge_1g = which == 1;
	return 0;
}

int st_option(struct dir_reader *r, struct operands *ops)
{
	static const struct scan_option options[] = {
		{ "HOSTUID", 1 << 0, opt_host_uid },
		{ "HUGEpages", 1 << 1, opt_huge_pages },
		{ 0 },
	};

	if (!op_more(ops))
		return msg_set(&r->err, MSG_OPERAND_MISSING, "option");
	return scan_options(ops, options, r, &r->err);
}

int st_share(struct dir_reader *r, struct operands *ops)
{
	return scan_share(ops, &r->user->share, &r->err);
}

static int inherit_commands(struct dir_user *u, const struct dir_user *from)
{
	for (const struct dir_command *c = from->commands; c; c = c->next) {
		if (add_command(u, c->text))
			return -ENOMEM;
	}
	return 0;
}

int reader_inherit(struct dir_reader *r, const struct dir_user *from)
{
	const struct dir_user own = *r->user;
	struct dir_user *u = r->user;

	*u = *from;
	u->next = own.next;
	memcpy(u->userid, own.userid, sizeof(u->userid));
	u->line = own.line;
	u->identity = own.identity;
	u->pw = own.pw;
	memcpy(u->password, own.password, sizeof(u->password));
	u->storage = own.storage;
	u->max_storage = own.max_storage;
	if (r->classes_given)
		memcpy(u->classes, own.classes, sizeof(u->classes));
	u->commands = NULL;

	for (int i = 0; i < DIR_MAX_CPUS; i++)
		r->cpu_place[i] = reader_place(r, 1);
	for (int i = 0; i < u->n_devices; i++)
		r->vdev[r->n_vdevs++] = (struct dir_vdev) {
			.vdev = u->device[i].vdev,
			.line = u->device[i].line,
			.inherited = true,
		};
	return inherit_commands(u, from);
}
