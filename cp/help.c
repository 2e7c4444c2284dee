/* HELP. */
#include "cp/help.h"

#include "cp/command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WIDTH 78 /* of the text form */

static int help_list(struct result *r, const char *classes);
static int help_message(struct result *r, const char *topic);
static int help_command(struct result *r, const char *topic, const char *classes);
static void paragraph(struct result *r, const char *text);

/* Digits, maybe between "CP" and a severity. */
static bool is_message(const char *topic)
{
	size_t digits;

	if (!strncasecmp(topic, "CP", 2))
		topic += 2;
	digits = strspn(topic, "0123456789");
	topic += digits;
	return digits && (!*topic || (strchr("IWESiwes", *topic) && !topic[1]));
}

int help_print(struct result *r, const char *topic, const char *classes)
{
	if (!topic || !*topic)
		return help_list(r, classes);
	return is_message(topic) ? help_message(r, topic)
				 : help_command(r, topic, classes);
}

/* What a row says, as a record. */
static void row_record(struct result *r, const char *verb, const struct command *c)
{
	json_t *rec = result_record(r);
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", verb, *verb ? " " : "", c->name);
	rec_str(rec, "command", name);
	rec_u64(rec, "min", word_min(c->mixed));
	rec_str(rec, "operands", c->operands);
	rec_str(rec, "help", c->help);
	rec_str(rec, "detail", c->detail);
	rec_str(rec, "classes", c->classes);
}

static void list_row(struct result *r, const char *verb, const struct command *c)
{
	row_record(r, verb, c);
	result_line(r, "%-14s %s", c->mixed, c->help);
}

static int help_list(struct result *r, const char *classes)
{
	const struct command *c;

	for (int i = 0; (c = command_at(i)); i++) {
		if (command_allowed(c, classes))
			list_row(r, "", c);
	}
	result_line(r, "HELP command explains one, HELP CP0045E a message.");
	return 0;
}

static int help_message(struct result *r, const char *topic)
{
	const char *digits = topic + strcspn(topic, "0123456789");
	const struct msg_info *info = msg_find((int)strtoul(digits, NULL, 10));
	char form[MSG_TEXT_MAX], id[16];
	json_t *rec;

	if (!info)
		return result_say(r, MSG_NO_SUCH_MESSAGE, topic);
	msg_form(info, form, sizeof(form));
	snprintf(id, sizeof(id), "CP%04d%c", info->number, info->severity);
	result_line(r, "%s %s", id, form);
	paragraph(r, info->cause);
	paragraph(r, info->action);
	paragraph(r, info->reply);
	rec = result_record(r);
	rec_str(rec, "id", id);
	rec_str(rec, "text", form);
	rec_str(rec, "cause", info->cause);
	rec_str(rec, "action", info->action);
	rec_str(rec, "reply", info->reply);
	return 0;
}

static void explain(struct result *r, const struct command *verb, const struct command *c)
{
	result_line(r, "%s%s%s%s%s", verb ? verb->mixed : "", verb ? " " : "", c->mixed,
		*c->operands ? " " : "", c->operands);
	paragraph(r, c->help);
	paragraph(r, c->detail);
	if (strcmp(c->classes, "*") != 0)
		result_line(r, "  Privilege classes: %s", c->classes);
	row_record(r, verb ? verb->name : "", c);
}

/* The operands of a command that has a table of them. */
static void help_operands(
	struct result *r, const struct command *verb, const char *classes)
{
	const struct command *c;

	for (int i = 0; (c = subcommand_at(verb->name, i)); i++) {
		if (command_allowed(c, classes))
			list_row(r, verb->name, c);
	}
}

/* "verb" or "verb operand" */
static int help_command(struct result *r, const char *topic, const char *classes)
{
	const struct command *verb, *c;
	struct words w = { 0 };
	int column;

	if (words_split(&w, topic, &column) || !w.n) {
		words_free(&w);
		return result_say(r, MSG_UNKNOWN_COMMAND, topic);
	}
	verb = c = command_find(w.word[0].text, classes);
	if (c && w.n > 1)
		c = subcommand_find(verb->name, w.word[1].text, classes);
	words_free(&w);
	if (!c)
		return result_say(r, MSG_UNKNOWN_COMMAND, topic);
	explain(r, c == verb ? NULL : verb, c);
	if (c == verb)
		help_operands(r, verb, classes);
	return 0;
}

/* A text in lines of at most WIDTH characters. */
static void paragraph(struct result *r, const char *text)
{
	while (*text) {
		size_t len = strlen(text);

		if (len > WIDTH - 2) {
			len = WIDTH - 2;
			while (len && text[len] != ' ')
				len--;
			if (!len)
				len = strcspn(text, " ");
		}
		result_line(r, "  %.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}
