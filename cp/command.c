/* The command language: splitting what was typed, and operands answered to a request.
 * The rows and their look-up are in command_table.c. */
#include "cp/command.h"

#include "cp/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* Copies one command from *at to `to`, up to its '#' or the end, and moves *at past it.
 * The column of a quote left open, or 0. */
static int copy_command(const char *text, const char **at, char *to)
{
	const char *p = *at, *open = NULL;

	for (; *p && (open || *p != '#' || p[1] == '#'); p++) {
		if (*p == '"')
			open = open ? NULL : p;
		else if (*p == '#' && !open)
			p++;
		*to++ = *p;
	}
	*to = '\0';
	*at = *p ? p + 1 : p;
	return open ? (int)(open - text) + 1 : 0;
}

/* The command without blanks around it and without a leading "CP". */
static char *trim(char *line)
{
	char *start = line + strspn(line, " \t");
	size_t len = strlen(start);

	while (len && strchr(" \t", start[len - 1]))
		start[--len] = '\0';
	if (!strncasecmp(start, "CP", 2) && strchr(" \t", start[2]))
		start += 2 + strspn(start + 2, " \t");
	return start;
}

/* Looks for an open quote before anything is done. */
static int check_quotes(const char *text, char *scratch)
{
	int column = 0;

	for (const char *at = text; *at && !column;)
		column = copy_command(text, &at, scratch);
	return column;
}

int command_split(const char *text, int (*fn)(void *ctx, const char *line), void *ctx,
	int *bad_column)
{
	char *scratch = malloc(strlen(text) + 1);
	int rc = 0, column;

	if (!scratch)
		return -ENOMEM;
	column = check_quotes(text, scratch);
	if (column) {
		*bad_column = column;
		rc = -EINVAL;
	}
	for (const char *at = skip_blanks(text); *at && !rc; at = skip_blanks(at)) {
		char *line;

		copy_command(text, &at, scratch);
		line = trim(scratch);
		if (*line)
			rc = fn(ctx, line);
	}
	free(scratch);
	return rc;
}

static int answer(struct request *rq, int number, const struct message *m)
{
	return number ? result_message(&rq->result, m) : 0;
}

int op_word(struct request *rq, struct operands *ops, const char *what, const char **out)
{
	struct message m;

	return answer(rq, scan_word(ops, what, out, &m), &m);
}

int op_userid(struct request *rq, struct operands *ops, char out[USERID_MAX + 1])
{
	struct message m;

	return answer(rq, scan_userid(ops, out, &m), &m);
}

int op_vdev(struct request *rq, struct operands *ops, uint16_t *out)
{
	struct message m;

	return answer(rq, scan_vdev(ops, out, &m), &m);
}

int op_number(struct request *rq, struct operands *ops, const char *what, uint64_t min,
	uint64_t max, uint64_t *out)
{
	struct message m;

	return answer(rq, scan_number(ops, what, min, max, out, &m), &m);
}

int op_size(struct request *rq, struct operands *ops, const char *what, uint64_t *out)
{
	struct message m;

	return answer(rq, scan_size(ops, what, out, &m), &m);
}

int op_end(struct request *rq, struct operands *ops)
{
	struct message m;

	return answer(rq, scan_end(ops, &m), &m);
}
