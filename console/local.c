/* The words of line mode that are bulkhead's own. */
#include "console/local.h"

#include "console/terminal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct local {
	const char *word;
	void (*fn)(struct terminal *t, const char *operand);
	const char *operand, *help;
};

static void do_command(struct terminal *t, const char *operand)
{
	terminal_command(t, operand);
}

static void do_console(struct terminal *t, const char *operand)
{
	terminal_attach(t, operand, ATTACH_DRIVE);
}

static void do_watch(struct terminal *t, const char *operand)
{
	terminal_attach(t, operand, ATTACH_WATCH);
}

static void do_take(struct terminal *t, const char *operand)
{
	terminal_attach(t, operand, ATTACH_TAKE);
}

static void do_leave(struct terminal *t, const char *operand)
{
	(void)operand;
	terminal_leave(t);
}

static void do_raw(struct terminal *t, const char *operand)
{
	(void)operand;
	terminal_raw(t);
}

static void do_help(struct terminal *t, const char *operand);

static const struct local words[] = {
	{ "#CP", do_command, "command",
		"issue a CP command, also while a console is shown" },
	{ "#CONSOLE", do_console, "[userid]",
		"show a console, with its keyboard if that is free" },
	{ "#WATCH", do_watch, "[userid]", "show a console without its keyboard" },
	{ "#TAKE", do_take, "[userid]", "show a console and take its keyboard over" },
	{ "#RAW", do_raw, "", "give every key to the guest at once, until Ctrl-]" },
	{ "#LEAVE", do_leave, "",
		"leave the console; so does Ctrl-]. The guest does not notice" },
	{ "#HELP", do_help, "", "list these words; HELP lists the commands of CP" },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static const struct local *find(const char *text)
{
	size_t len = strcspn(text, " \t");

	for (size_t i = 0; i < N_WORDS; i++)
		if (len == strlen(words[i].word) &&
			!strncasecmp(text, words[i].word, len))
			return &words[i];
	return NULL;
}

bool local_knows(const char *text)
{
	return find(text);
}

bool local_perform(struct terminal *t, const char *text)
{
	const struct local *word = find(text);

	if (!word)
		return false;
	text += strlen(word->word);
	word->fn(t, text + strspn(text, " \t"));
	return true;
}

static void do_help(struct terminal *t, const char *operand)
{
	char text[160];

	(void)operand;
	for (size_t i = 0; i < N_WORDS; i++) {
		snprintf(text, sizeof(text), "%-8s %-8s %s", words[i].word,
			words[i].operand, words[i].help);
		show_line(t, text);
	}
}
