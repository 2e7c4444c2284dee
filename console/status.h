/* How bulkhead and vmcp end. */
#ifndef CONSOLE_STATUS_H
#define CONSOLE_STATUS_H

enum exit_status {
	STATUS_DONE = 0,
	STATUS_REFUSED = 1, /* CP refused; the message has the number */
	STATUS_OUTPUT = 2,  /* done, but the answer could not be written */
	STATUS_NO_CP = 3,   /* no CP to talk to, or it went away before the answer */
	STATUS_USAGE = 4,   /* bad option */
};

#endif
