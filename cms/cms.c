/* What happens while commands run. */
#include "cms/cms.h"

#include "cms/command.h"
#include "cms/port.h"
#include "cms/shim.h"
#include "cms/string.h"

#define CP_OPEN_TIME (2 * NS_PER_S)

static void handle_line(struct cms *cms);
static bool is_halt(const char *line);
static bool is_cp_line(const char *line);
static void do_urgent(struct cms *cms);
static void wait_cp_port(struct cms *cms);
static bool must_end(const struct cms *cms);

void cms_poll(struct cms *cms)
{
	uint32_t pending = shim_take();
	enum typed_event event;

	if (!cms->console.uses_uart)
		vcon_poll(&cms->console.vcon);
	cpport_poll(&cms->cp);
	nets_poll(&cms->nets);
	while ((event = console_read(&cms->console, pending))) {
		if (event == TYPED_LINE)
			handle_line(cms);
		else
			reply(cms, CMS_LINE_TOO_LONG, LINE_LIMIT);
	}
}

void cms_wait(struct cms *cms, uint64_t until)
{
	uint64_t due = nets_next(&cms->nets);

	nets_flush(&cms->nets);
	if (!cms->nets.busy)
		timer_idle(&cms->timer, due < until ? due : until);
	cms_poll(cms);
}

bool cms_goes_on(struct cms *cms)
{
	if (shim_pending || cms->nets.busy)
		cms_poll(cms);
	do_urgent(cms);
	return !must_end(cms);
}

int cms_cp(struct cms *cms, const char *command)
{
	wait_cp_port(cms);
	if (!cpport_send(&cms->cp, command))
		return reply(cms, CMS_NO_CP);
	while (cms->cp.busy && !must_end(cms))
		cms_wait(cms, NEVER);
	if (!cms->cp.busy)
		return (int)cms->cp.rc;
	cpport_abandon(&cms->cp);
	return 0;
}

struct inet *cms_inet(struct cms *cms)
{
	bool started = nets_start(&cms->nets, &cms->mem, &cms->timer);

	if (started)
		cms->nets.inet->now = timer_now(&cms->timer);
	return cms->nets.inet;
}

void cms_power_off(struct cms *cms)
{
	console_drain(&cms->console);
	port_write8(GUEST_SLEEP_PORT, GUEST_SLEEP_OFF);
	for (;;)
		CMS_CALL(SHIM_STOP, 0, 0);
}

/* While a command runs, two lines do not wait for its end: HX and #CP.  Empty ones mean
 * nothing then. */
static void handle_line(struct cms *cms)
{
	const char *line = skip_blanks(cms->console.typed.line);

	if (cms->running && is_halt(line)) {
		typed_drop(&cms->console.typed);
		cms->halt = true;
	} else if (cms->running && is_cp_line(line) && !*cms->urgent) {
		text_copy(cms->urgent, sizeof(cms->urgent), line);
	} else if (!cms->running || *line) {
		typed_keep(&cms->console.typed);
	}
}

static bool is_halt(const char *line)
{
	char word[WORD_LIMIT + 1];

	return word_next(&line, word) && text_same(word, "HX") && !*skip_blanks(line);
}

static bool is_cp_line(const char *line)
{
	char word[WORD_LIMIT + 1];

	return word_next(&line, word) && text_same(word, "#CP");
}

static void do_urgent(struct cms *cms)
{
	char line[LINE_LIMIT + 1];

	if (!*cms->urgent || cms->in_urgent || cms->cp.busy)
		return;
	text_copy(line, sizeof(line), cms->urgent);
	*cms->urgent = '\0';
	cms->in_urgent = true;
	console_end_line(&cms->console);
	command_cp_line(cms, line);
	cms->in_urgent = false;
}

/* The port may still be opening when the first command comes. */
static void wait_cp_port(struct cms *cms)
{
	uint64_t until = timer_now(&cms->timer) + CP_OPEN_TIME;

	cms_poll(cms);
	while (!cms->console.uses_uart && !cpport_open(&cms->cp) && !must_end(cms) &&
		timer_now(&cms->timer) < until)
		cms_wait(cms, until);
}

static bool must_end(const struct cms *cms)
{
	return cms->halt || cms->cp.signalled;
}
