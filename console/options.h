/* What was asked of bulkhead on its command line. */
#ifndef CONSOLE_OPTIONS_H
#define CONSOLE_OPTIONS_H

struct options {
	const char *userid;  /* -u: log on as */
	const char *console; /* -C: whose console to show */
	const char *rundir;  /* -r */
};

#endif
