/* From a line to commands, from a command to its function. */
#include "cms/command.h"

#include "cms/shim.h"
#include "cms/string.h"

#define COMMAND(mixed, fn, takes, operands, help, detail) \
	{ mixed, fn, takes, operands, help, detail },
const struct command commands[] = {
#include "cms/commands.def"
	{ 0 },
};
const struct command queries[] = {
#include "cms/queries.def"
	{ 0 },
};
const struct command exercises[] = {
#include "cms/exercises.def"
	{ 0 },
};
const struct command bads[] = {
#include "cms/bads.def"
	{ 0 },
};
#undef COMMAND

/* A command on its way through protect(). */
struct job {
	struct cms *cms;
	const struct command *command;
	struct args args;
};

static void run(struct cms *cms, const char *line);
static int do_command(struct cms *cms, const char *line);
static int do_job(void *ctx);
static int program_check(struct cms *cms);
static void prompt(struct cms *cms, int rc);

const struct command *command_find(const struct command *table, const char *word)
{
	for (const struct command *c = table; c->mixed; c++) {
		if (word_abbreviates(word, c->mixed))
			return c;
	}
	return NULL;
}

void command_line(struct cms *cms, const char *line)
{
	char word[WORD_LIMIT + 1], command[CP_COMMAND_MAX + 1];
	const char *rest = line, *at = line;

	if (!word_next(&at, word) || text_same(word, "#CP")) {
		run(cms, line);
		return;
	}
	while (command_next(&rest, command, sizeof(command))) {
		if (*command)
			run(cms, command);
		if (cms->halt || cms->cp.signalled)
			return;
	}
}

void command_parm(struct cms *cms, const char *parm)
{
	char line[CP_COMMAND_MAX + 1];

	while (!cms->cp.signalled && parm_next(&parm, line, sizeof(line))) {
		if (*line)
			command_line(cms, line);
	}
}

int command_cp_line(struct cms *cms, const char *line)
{
	char word[WORD_LIMIT + 1];

	word_next(&line, word);
	return cms_cp(cms, skip_blanks(line));
}

/* Runs one command and prompts for the next. */
static void run(struct cms *cms, const char *line)
{
	int rc;

	cms->halt = false;
	cms->running = true;
	rc = do_command(cms, line);
	if (rc == PROTECT_FAULT)
		rc = program_check(cms);
	cms->running = false;
	if (cms->halt)
		rc = reply(cms, CMS_HALTED);
	if (!cms->cp.signalled)
		prompt(cms, rc);
}

static int do_command(struct cms *cms, const char *line)
{
	char text[CP_COMMAND_MAX + 1], word[WORD_LIMIT + 1];
	struct job job = { .cms = cms, .args = { .line = line, .text = text } };

	text_copy(text, sizeof(text), line);
	command_undouble(text);
	if (!word_next(&job.args.text, word))
		return 0;
	job.args.text = skip_blanks(job.args.text);
	if (text_same(word, "#CP"))
		return command_cp_line(cms, line);
	job.command = command_find(commands, word);
	return job.command ? protect(do_job, &job) : cms_cp(cms, line);
}

static int do_job(void *ctx)
{
	const struct job *job = ctx;

	return command_call(job->cms, job->command, &job->args);
}

/* What the command was at is forgotten.  Names by vector (AMD64 APM 2, 8.2). */
static int program_check(struct cms *cms)
{
	static const char *const names[] = {
		[0] = "divide error",
		[1] = "debug",
		[3] = "breakpoint",
		[4] = "overflow",
		[6] = "undefined instruction",
		[7] = "device not available",
		[10] = "invalid TSS",
		[11] = "segment not present",
		[12] = "stack fault",
		[13] = "general protection",
		[14] = "page fault",
		[16] = "x87 exception",
		[17] = "alignment check",
		[18] = "machine check",
		[19] = "SIMD exception",
	};
	uint64_t vector = shim_fault.vector;
	const char *name = vector < sizeof(names) / sizeof(*names) ? names[vector] : NULL;

	cms->in_urgent = false;
	cpport_abandon(&cms->cp);
	nets_forget(&cms->nets);
	return reply(cms, CMS_PROGRAM_CHECK, name ? name : "unknown exception",
		shim_fault.rip, vector == 14 ? shim_fault.address : 0);
}

static void prompt(struct cms *cms, int rc)
{
	console_end_line(&cms->console);
	if (rc)
		say(cms, "Ready(%05u);\n", (unsigned)rc);
	else
		say(cms, "Ready;\n");
}
