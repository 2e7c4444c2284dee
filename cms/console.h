/* The console of CMS: lines in, text out; over virtio, or COM1 where there is no virtio
 * console or it has died. */
#ifndef CMS_CONSOLE_H
#define CMS_CONSOLE_H

#include "cms/typed.h"
#include "cms/vcon.h"

struct console {
	struct vcon vcon;
	bool uses_uart;
	bool uart_input; /* COM1 may have received something */
	bool in_line;    /* output stands within a line */
	struct typed typed;
};

/* Starts it and waits until it can be written to. */
void console_start(struct console *c, struct mem *mem, const struct timer *timer);

/* Goes on at COM1: the device is not to be trusted, CP's port is gone with it. */
void console_use_uart(struct console *c);

/* Waits only for a device that moves. */
void console_write(struct console *c, const char *text, size_t len);

/* Ends the line, if output stands within one. */
void console_end_line(struct console *c);

/* Waits until all that was written is out, before the machine ends. */
void console_drain(struct console *c);

/* Reads what was typed up to the end of a line; `pending` as taken from the shim.  What
 * stands in typed.line after TYPED_LINE is the caller's.  TYPED_NOTHING: all is read, or
 * no more lines may wait. */
enum typed_event console_read(struct console *c, uint32_t pending);

#endif
