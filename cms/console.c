/* Which device is the console, and its lines. */
#include "cms/console.h"

#include "cms/shim.h"
#include "cms/string.h"
#include "cms/uart.h"

#define OPEN_SECONDS 1

static bool is_open(void *console);
static bool read_byte(struct console *c, char *to);

void console_start(struct console *c, struct mem *mem, const struct timer *timer)
{
	if (!vcon_start(&c->vcon, mem, timer) ||
		!wait_device(timer, OPEN_SECONDS, is_open, c))
		console_use_uart(c);
	c->uart_input = true; /* typed before the console was open */
}

void console_use_uart(struct console *c)
{
	c->uses_uart = true;
	c->vcon.cp_open = false;
	uart_start();
}

void console_write(struct console *c, const char *text, size_t len)
{
	if (!len)
		return;
	c->in_line = text[len - 1] != '\n';
	if (!c->uses_uart && !pipe_write(&c->vcon.console, text, len))
		console_use_uart(c);
	if (c->uses_uart)
		uart_write(text, len);
}

void console_end_line(struct console *c)
{
	if (c->in_line)
		console_write(c, "\n", 1);
}

void console_drain(struct console *c)
{
	if (!c->uses_uart)
		pipe_drain(&c->vcon.console);
}

enum typed_event console_read(struct console *c, uint32_t pending)
{
	enum typed_event event = TYPED_NOTHING;
	char byte;

	if (pending & PENDING(VECTOR_UART))
		c->uart_input = true;
	while (!event && typed_room(&c->typed) && read_byte(c, &byte))
		event = typed_byte(&c->typed, byte);
	return event;
}

static bool is_open(void *console)
{
	struct console *c = console;

	vcon_poll(&c->vcon);
	return c->vcon.console_open;
}

static bool read_byte(struct console *c, char *to)
{
	if (!c->uses_uart && pipe_read(&c->vcon.console, to, 1))
		return true;
	if (!c->uart_input)
		return false;
	c->uart_input = uart_read(to, 1);
	return c->uart_input;
}
