/* The line being typed. */
#include "console/line.h"

#include "console/complete.h"
#include "console/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_LINES 1000
#define ESCAPE_KEY    0x1d /* Ctrl-] */

/* readline's callbacks have no context: this is theirs. */
static struct line *the_line;

static void readable(struct loop_fd *watch, uint32_t events);
static void open_history(struct line *l);
static void configure(void);
static void entered(char *text);

int line_open(struct line *l, struct loop *loop)
{
	int err;

	l->loop = loop;
	the_line = l;
	configure();
	open_history(l);
	err = line_resume(l);
	if (err)
		line_close(l);
	return err;
}

void line_close(struct line *l)
{
	if (!l->loop)
		return;
	line_suspend(l);
	the_line = NULL;
	l->loop = NULL;
}

void line_prompt(struct line *l, const char *text)
{
	if (!strcmp(l->prompt, text))
		return;
	line_above_begin(l);
	snprintf(l->prompt, sizeof(l->prompt), "%s", text);
	rl_set_prompt(l->prompt);
	line_above_end(l);
}

void line_above_begin(struct line *l)
{
	if (!l->gaps++ && l->active && !l->entering)
		rl_clear_visible_line();
}

void line_above_end(struct line *l)
{
	fflush(stdout);
	if (--l->gaps || !l->active || l->entering)
		return;
	rl_on_new_line();
	rl_redisplay();
}

void line_suspend(struct line *l)
{
	if (!l->active)
		return;
	if (!l->entering)
		rl_clear_visible_line();
	fflush(stdout);
	rl_callback_handler_remove();
	loop_fd_del(&l->watch);
	l->active = false;
}

int line_resume(struct line *l)
{
	int err;

	if (l->active)
		return 0;
	err = loop_fd_add(l->loop, &l->watch, STDIN_FILENO, EPOLLIN, readable, l);
	if (err)
		return err;
	l->active = true;
	rl_callback_handler_install(l->prompt, entered);
	return 0;
}

void line_discard(struct line *l)
{
	if (!l->active)
		return;
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 1);
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
}

void line_resized(struct line *l)
{
	if (l->active)
		rl_resize_terminal();
}

void line_remember(struct line *l, const char *text, bool write)
{
	const HIST_ENTRY *last = history_length
					 ? history_get(history_base + history_length - 1)
					 : NULL;

	if (!*text || (last && !strcmp(last->line, text)))
		return;
	add_history(text);
	if (write && l->history[0])
		append_history(1, l->history);
}

static void readable(struct loop_fd *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	rl_callback_read_char();
}

/* A history that cannot be kept is done without. */
static void open_history(struct line *l)
{
	using_history();
	stifle_history(HISTORY_LINES);
	if (history_path(l->history, sizeof(l->history)) || history_create(l->history)) {
		l->history[0] = 0;
		return;
	}
	read_history(l->history);
	history_truncate_file(l->history, HISTORY_LINES);
}

static char *candidate(const char *word, int state)
{
	static int next;
	char *before, *found;

	next = state ? next + 1 : 0;
	before = strndup(rl_line_buffer, (size_t)(rl_point - (int)strlen(word)));
	if (!before)
		return NULL;
	found = complete_word(the_line->table, before, word, next);
	free(before);
	return found;
}

static char **complete_line(const char *word, int start, int end)
{
	(void)start;
	(void)end;
	rl_attempted_completion_over = 1; /* no file names */
	return rl_completion_matches(word, candidate);
}

static int escape_key(int count, int key)
{
	(void)count;
	(void)key;
	the_line->escaped(the_line);
	return 0;
}

/* Signals are the loop's; several lines pasted are several commands. */
static void configure(void)
{
	rl_readline_name = "bulkhead";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_completer_word_break_characters = " \t#";
	rl_attempted_completion_function = complete_line;
	rl_initialize();
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_bind_key(ESCAPE_KEY, escape_key);
}

static void entered(char *text)
{
	struct line *l = the_line;

	l->entering = true;
	if (text)
		l->entered(l, text);
	else
		l->ended(l);
	l->entering = false;
	free(text);
}
