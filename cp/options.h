/* What cpd is started with. */
#ifndef CP_OPTIONS_H
#define CP_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

enum action { ACTION_RUN, ACTION_CHECK, ACTION_HASH, ACTION_DOCUMENT, ACTION_SHOWN };

struct options {
	enum action action; /* ACTION_SHOWN: what was asked for is printed already */
	bool foreground;
	const char *document;                    /* which part of the manual */
	char config[PATH_MAX], direct[PATH_MAX]; /* as given, for messages */
	char rundir[PATH_MAX], statedir[PATH_MAX],
		libdir[PATH_MAX]; /* absolute; libdir as is */
};

/* Reads the command line.  0; or the exit status to end with, the reason printed. */
int options_parse(struct options *o, int argc, char **argv);

#endif
