/* What a command answers: records with typed fields, and messages.  Text and JSON are two
 * ways to print one result. */
#ifndef CP_RESULT_H
#define CP_RESULT_H

#include "cp/msg.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Records are kept as JSON objects; lines are the text form, made by the handler next to
 * the record.  A handler that only has text adds lines and no record, and the other way
 * round. */
struct result {
	const char *command; /* as expanded: "QUERY NAMES" */
	char command_buf[64];
	int rc;           /* number of the first E or S message, else 0 */
	json_t *records;  /* array */
	json_t *messages; /* array of {id, text} */
	char *out;
	size_t out_len; /* text for standard output */
	char *err;
	size_t err_len;            /* text for standard error: W E S messages */
	FILE *out_file, *err_file; /* memory streams behind them */
	json_t *spare;             /* what result_record() gives when memory is out */
};

int result_init(struct result *r, const char *command); /* 0 or -ENOMEM */
void result_fini(struct result *r);

/* A new record, owned by the result; never NULL after a successful init: without memory a
 * record is empty and the result says so with MSG_NO_MEMORY. */
json_t *result_record(struct result *r);

/* Adds a line to the text form.  Control characters in it become '?'; a newline begins
 * another line. */
void result_line(struct result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a message: I to the text for standard output, W, E and S to that for standard
 * error.  Returns its number (I and W: 0), which is what handlers return. */
int result_message(struct result *r, const struct message *m);
int result_say(struct result *r, enum msg_number number, ...);

/* The one-line JSON object of the whole; malloc'ed. */
char *result_json(struct result *r);

/* Fields of a record.  They accept NULL for the record (there was no memory for it).
 * Bytes that are not UTF-8 become U+FFFD; a number no JSON reader could hold becomes the
 * nearest it can, and what is no number becomes null. */
void rec_str(json_t *rec, const char *key, const char *value);
void rec_u64(json_t *rec, const char *key, uint64_t value);
void rec_null(json_t *rec, const char *key); /* there is no such thing */
void rec_real(json_t *rec, const char *key, double value);
void rec_bool(json_t *rec, const char *key, bool value);
void rec_time(
	json_t *rec, const char *key, uint64_t realtime_ns); /* ISO 8601 with zone */
json_t *rec_array(json_t *rec, const char *key);
json_t *rec_object(json_t *rec, const char *key);
json_t *rec_item(json_t *array); /* a new object at the end of an array */

#endif
