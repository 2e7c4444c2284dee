/* CP, ECHO, SLEEP, HX. */
#include "cms/command.h"

#include "cms/string.h"

int cmd_cp(struct cms *cms, const struct args *args)
{
	if (!*args->text)
		return reply(cms, CMS_OPERAND_MISSING, "command");
	return command_cp_line(cms, args->line);
}

/* Text that is all in one pair of quotes is printed without them. */
int cmd_echo(struct cms *cms, const struct args *args)
{
	const char *text = args->text;
	size_t len = text_length(text);
	bool quoted = len > 1 && text[0] == '"' && text[len - 1] == '"';

	console_write(&cms->console, text + quoted, len - 2u * quoted);
	console_write(&cms->console, "\n", 1);
	return 0;
}

int cmd_sleep(struct cms *cms, const struct args *args)
{
	uint64_t until = timer_now(&cms->timer) + args->value[0];

	while (cms_goes_on(cms) && timer_now(&cms->timer) < until)
		cms_wait(cms, until);
	return 0;
}

/* Typed while no command runs: there is nothing to halt. */
int cmd_hx(struct cms *cms, const struct args *args)
{
	(void)cms, (void)args;
	return 0;
}
