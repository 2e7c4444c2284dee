/* Talking with CP: commands and their answers, signals, special messages. */
#ifndef CMS_CPPORT_H
#define CMS_CPPORT_H

#include "cms/console.h"
#include "cms/frames.h"

#define CP_NOTE_MAX 256 /* most bytes of a frame that is handled as a whole */

struct cpport {
	struct console *console;
	struct pipe *pipe;
	bool enabled;     /* CP knows that we understand its signal */
	bool busy;        /* a command has been sent and has no answer yet */
	uint32_t id;      /* of the last command */
	uint32_t rc;      /* of the last one answered */
	bool signalled;   /* CP asked us to shut down */
	uint32_t seconds; /* and how many it gives us */
	struct frames frames;
	char note[CP_NOTE_MAX + 1]; /* of a frame that is handled as a whole: so far */
	size_t note_len;
};

void cpport_start(struct cpport *p, struct console *console);
bool cpport_open(const struct cpport *p);

/* Handles what came from CP; answers are printed as they come. */
void cpport_poll(struct cpport *p);

/* Sends a command of at most CP_COMMAND_MAX characters; `busy` until rc is there.  False:
 * CP's port is not open or does not take it. */
bool cpport_send(struct cpport *p, const char *command);

/* Forgets the command: what else is answered to it is not printed. */
void cpport_abandon(struct cpport *p);

#endif
