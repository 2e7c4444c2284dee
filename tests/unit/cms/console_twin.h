/* The rest of CMS as the commands of the network see it: what they say goes to `said`,
 * and waiting lets the wire run.  The first host is the one at whose console we are. */
#ifndef TESTS_UNIT_CMS_CONSOLE_TWIN_H
#define TESTS_UNIT_CMS_CONSOLE_TWIN_H

#include "tests/unit/cms/wire.h"

#include "cms/args.c"
#include "cms/flow.c"
#include "cms/ifconfig.c"
#include "cms/netcmd.c"
#include "cms/ping.c"
#include "cms/routecmd.c"
#include "cms/tracerte.c"
#include "cms/udprecv.c"
#include "cms/udpsend.c"

static char said[1 << 18];
static struct cms cms;
static uint64_t halt_at;        /* when HX is typed; 0: never */
static void (*meanwhile)(void); /* what others do while a command waits */

void say(struct cms *c, const char *format, ...)
{
	size_t at = strlen(said);
	va_list args;

	(void)c;
	va_start(args, format);
	vsnprintf(said + at, sizeof(said) - at, format, args);
	va_end(args);
}

int reply(struct cms *c, enum cms_message number, ...)
{
	static const struct {
		int number;
		const char *text;
	} texts[] = {
#define MESSAGE(name, number, severity, text) { number, text },
#include "cms/messages.def"
#undef MESSAGE
	};
	size_t at, i = 0;
	va_list args;

	(void)c;
	while (texts[i].number != (int)number)
		i++;
	at = strlen(said);
	va_start(args, number);
	vsnprintf(said + at, sizeof(said) - at, texts[i].text, args);
	va_end(args);
	strcat(said, "\n");
	return (int)number;
}

struct inet *cms_inet(struct cms *c)
{
	c->nets.inet = wire.host[0];
	wire_set_clocks();
	return wire.host[0];
}

void cms_poll(struct cms *c)
{
	(void)c;
	wire_run();
}

void cms_wait(struct cms *c, uint64_t until)
{
	bool moves = wire.head != wire.tail || wire.host[0]->looped;

	(void)c;
	wire_run();
	if (meanwhile) {
		meanwhile();
		return;
	}
	if (halt_at && halt_at < until)
		until = halt_at;
	if (until == FOR_EVER)
		until = wire.now + NS_PER_S;
	if (!moves)
		wire_step(until);
}

bool cms_goes_on(struct cms *c)
{
	(void)c;
	return !halt_at || wire.now < halt_at;
}

uint64_t timer_now(const struct timer *t)
{
	(void)t;
	return wire.now;
}

bool net_link(const struct net *n)
{
	(void)n;
	return true;
}

void nets_flush(struct nets *n)
{
	(void)n;
}

const struct command *command_find(const struct command *table, const char *word)
{
	(void)table, (void)word;
	return NULL;
}

/* Does a command with these operands; what it says is all in `said`. */
static inline int command(command_fn *fn, const char *text)
{
	const struct args args = { .line = text, .text = text };

	said[0] = '\0';
	return fn(&cms, &args);
}

static inline void says(const char *expected)
{
	if (!strstr(said, expected))
		fail_msg("\"%s\" is not in \"%s\"", expected, said);
}

#endif
