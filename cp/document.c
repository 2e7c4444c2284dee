/* The manual, from the tables. */
#include "cp/document.h"

#include "cp/command.h"
#include "cp/statements.h"

#include <string.h>

struct statement {
	const char *mixed;
	unsigned flags;
	const char *operands, *help, *detail;
};

static const struct statement directory[] = {
#define STATEMENT(name, mixed, fn, flags, operands, help, detail) \
	{ mixed, flags, operands, help, detail },
#include "cp/statements.def"
	{ 0 }
};

static const struct statement config[] = {
#include "cp/config.def"
#undef STATEMENT
	{ 0 }
};

static const char abbreviations[] =
	"Capital letters are the minimum abbreviation, [ ] is optional, { } groups, | "
	"separates alternatives, ... repeats.";

static void text(FILE *out, const char *s);
static void sentences(FILE *out, const char *help, const char *detail);

void document_messages(FILE *out)
{
	const struct msg_info *m;
	char form[MSG_TEXT_MAX];

	fputs("# Messages\n\n", out);
	text(out,
		"The number of a message is the return code of the command it ends. The letter "
		"is I for information, W for a warning, E for an error, S where something was "
		"lost or stopped. The operands of a message are shown as ...");
	fputs("\n", out);
	for (int i = 0; (m = msg_at(i)); i++) {
		fprintf(out, "\n## CP%04d%c\n\n", m->number, m->severity);
		fprintf(out, "`%s`\n\n", msg_form(m, form, sizeof(form)));
		text(out, m->cause);
		fputs("\n\n*Action:* ", out);
		text(out, m->action);
		fputs("\n\n*What to do:* ", out);
		text(out, m->reply);
		fputs("\n", out);
	}
}

static void command(
	FILE *out, const char *heading, const char *verb, const struct command *c)
{
	fprintf(out, "\n%s %s%s%s\n\n", heading, verb, *verb ? " " : "", c->name);
	fprintf(out, "`%s%s%s%s%s`", verb, *verb ? " " : "", c->mixed,
		*c->operands ? " " : "", c->operands);
	fprintf(out, " (%s%s)\n\n", *c->classes == '*' ? "any user" : "class ",
		*c->classes == '*' ? "" : c->classes);
	sentences(out, c->help, c->detail);
	fputs("\n", out);
}

void document_commands(FILE *out)
{
	const struct command *c, *sub;

	fputs("# Commands\n\n", out);
	text(out, abbreviations);
	text(out,
		" A class in brackets is needed for a command; without it the command does not "
		"exist. # separates commands on a line.");
	fputs("\n", out);
	for (int i = 0; (c = command_at(i)); i++) {
		command(out, "##", "", c);
		for (int k = 0; (sub = subcommand_at(c->name, k)); k++)
			command(out, "###", c->mixed, sub);
	}
}

static void statements(FILE *out, const struct statement *s)
{
	for (; s->mixed; s++) {
		fputs("\n### ", out);
		for (const char *p = s->mixed; *p; p++)
			fputc(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, out);
		fprintf(out, "\n\n`%s %s`\n\n", s->mixed, s->operands);
		sentences(out, s->help, s->detail);
		if (s->flags & ST_LATER)
			fputs(" It is checked, but not in force yet.", out);
		fputs("\n", out);
	}
}

void document_directory(FILE *out)
{
	fputs("# Directory and system configuration\n\n", out);
	text(out,
		"Both are plain text, a statement a line; a trailing comma continues it. Lines "
		"that begin with * are comments. A value that holds blanks stands between "
		"quotation marks. cpd --check reads both and shows every error with its file, "
		"line and column.");
	fputs("\n\n", out);
	text(out, abbreviations);
	fputs("\n\n## user.direct\n", out);
	statements(out, directory);
	fputs("\n## system.config\n", out);
	statements(out, config);
}

/* Text with the characters that mean something in Markdown escaped. */
static void text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\*_<>`|#", *s))
			fputc('\\', out);
		fputc(*s, out);
	}
}

/* A one-line help as a sentence, and what there is to say beyond it. */
static void sentences(FILE *out, const char *help, const char *detail)
{
	fputc(*help >= 'a' && *help <= 'z' ? *help - 'a' + 'A' : *help, out);
	text(out, help + 1);
	fputs(*detail ? ". " : ".", out);
	text(out, detail);
}
