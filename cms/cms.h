/* CMS: a small system for one user.  The whole state, passed and never global. */
#ifndef CMS_CMS_H
#define CMS_CMS_H

#include "cms/console.h"
#include "cms/cpport.h"
#include "cms/disk.h"
#include "cms/mem.h"
#include "cms/net.h"
#include "cms/timer.h"

#define CMS_LEVEL "0.1"

struct cms {
	struct mem mem;
	struct timer timer;
	struct console console;
	struct cpport cp;
	struct disks disks;
	struct nets nets;
	bool running;   /* a command is */
	bool halt;      /* HX was typed: the command is to end */
	bool in_urgent; /* a #CP line is being done in the middle of a command */
	char urgent[LINE_LIMIT + 1]; /* the next one, or "" */
};

/* Prints.  Lines end with \n. */
void say(struct cms *cms, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum cms_message {
#define MESSAGE(name, number, severity, text) CMS_##name = number,
#include "cms/messages.def"
#undef MESSAGE
};

/* Says a message (cms/messages.def).  Its number if it is of severity E or S, else 0: the
 * return code of the command it ends. */
int reply(struct cms *cms, enum cms_message number, ...);

/* Handles what happened meanwhile: bytes typed, frames from CP. */
void cms_poll(struct cms *cms);

/* Sleeps until something happens, or it is `until`; then handles it.  Whoever waits for
 * something looks for it before every call. */
void cms_wait(struct cms *cms, uint64_t until);

/* A safe point of a long command: may CMS go on with it?  False after HX, or when CP
 * wants us to shut down: the command ends as soon as it can.  Cheap where nothing has
 * happened; #CP lines typed meanwhile are done here. */
bool cms_goes_on(struct cms *cms);

/* Gives a command to CP, prints the answer.  Its return code; 0 if it was not waited for
 * because we must end. */
int cms_cp(struct cms *cms, const char *command);

/* The network, its clock set; starts it the first time.  NULL: there is no storage. */
struct inet *cms_inet(struct cms *cms);

/* Ends the machine.  Does not return. */
__attribute__((noreturn)) void cms_power_off(struct cms *cms);

#endif
