/* Start-up as a list, and what follows: doing what is typed. */
#include "cms/command.h"

#include "cms/date.h"
#include "cms/print.h"
#include "cms/shim.h"
#include "cms/string.h"
#include "cms/uart.h"

/* From user.S.  `start_info`: where the loader has described the machine. */
void start(uint64_t start_info);

/* From user.S: a program check, but of no command.  The machine stops afterwards. */
void start_lost(void);

static void need_clock(struct cms *cms, bool there);
static void banner(struct cms *cms);
static void serve(struct cms *cms);

void start(uint64_t start_info)
{
	static struct cms cms;

	mem_start(&cms.mem, start_info);                   /* devices need storage */
	need_clock(&cms, timer_start(&cms.timer));         /* no wait is for ever */
	console_start(&cms.console, &cms.mem, &cms.timer); /* now CMS can speak */
	cpport_start(&cms.cp, &cms.console);               /* and CP can be asked */
	banner(&cms);                                      /* who speaks, and when */
	command_parm(&cms, cms.mem.parm);                  /* what IPL wants done */
	serve(&cms);                                       /* then what is typed */
	cms_power_off(&cms);                               /* CP wants us to end */
}

void start_lost(void)
{
	char text[128];

	print_to(text, sizeof(text),
		"\nCMS0143S Program check in CMS: %lu at rip %08lX, address %016lX\n",
		shim_fault.vector, shim_fault.rip, shim_fault.address);
	uart_write(text, text_length(text));
}

static void need_clock(struct cms *cms, bool there)
{
	if (there)
		return;
	cms->console.uses_uart = true;
	reply(cms, CMS_NO_CLOCK);
	CMS_CALL(SHIM_STOP, 0, 0);
}

static void banner(struct cms *cms)
{
	struct date d = date_of(timer_utc(&cms->timer));

	say(cms, "CMS %s  %04u-%02u-%02u %02u:%02u:%02u UTC\nReady;\n", CMS_LEVEL, d.year,
		d.month, d.day, d.hour, d.minute, d.second);
}

/* Until CP says that the machine is to end. */
static void serve(struct cms *cms)
{
	char line[LINE_LIMIT + 1];

	cms_poll(cms);
	while (!cms->cp.signalled) {
		if (typed_next(&cms->console.typed, line)) {
			command_line(cms, line);
			cms_poll(cms); /* what found no room before */
		} else {
			cms_wait(cms, NEVER);
		}
	}
	reply(cms, CMS_SHUTDOWN, cms->cp.seconds);
}
