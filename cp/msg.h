/* Numbered messages: what CP says to people (cp/messages.def is the list).
 *
 * A message's number is its contract: it is the return code of the command it ends, it
 * is never reused, and HELP CPnnnnE explains it. */
#ifndef CP_MSG_H
#define CP_MSG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* MSG_NOT_LOGGED_ON = 45 and so on. */
enum msg_number {
#define MESSAGE(name, number, severity, text, cause, action, reply) MSG_##name = number,
#include "cp/messages.def"
#undef MESSAGE
};

#define MSG_TEXT_MAX 1024

/* A message with its operands filled in. */
struct message {
	int number;    /* 0: none */
	char severity; /* I W E S */
	char text[MSG_TEXT_MAX];
};

struct msg_info {
	const char *name; /* "NOT_LOGGED_ON" */
	int number;
	char severity;
	const char *text;   /* printf format */
	const char *cause;  /* what happened */
	const char *action; /* what CP did */
	const char *reply;  /* what to do */
};

/* Fills in a message.  Returns its number, so that `return msg_set(m, ...)` carries it
 * up. Control characters in the operands become '?': they come from guests and files. */
int msg_set(struct message *m, enum msg_number number, ...);
int msg_vset(struct message *m, enum msg_number number, va_list ap);

/* Does it say that something was not done?  Number 0 and severities I and W do not. */
bool msg_failed(const struct message *m);

/* "CP0045E ALPHA not logged on".  Returns buf. */
const char *msg_line(const struct message *m, char *buf, size_t len);

/* The text of a message with "..." where its operands go.  Returns buf. */
const char *msg_form(const struct msg_info *info, char *buf, size_t len);

const struct msg_info *msg_find(int number); /* NULL: no such message */
const struct msg_info *msg_at(int i);        /* by number; NULL past the end */

#endif
