/* Requests: a line of commands, done one after the other. */
#include "cp/request.h"

#include "cp/commands.h"
#include "cp/guest_abi.h"
#include "cp/partition.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PIECE     32768 /* bytes of an answer in one record */
#define AUDIT_MAX 512   /* of a command in the audit log; longer ones are cut */
#define FOR_WORDS 3     /* FOR userid CMD: what is shown of it in any case */

static void cancel_prompt(struct request *rq, void *ctx);
static struct request *request_create(struct cp *cp, struct session *s, const char *text);
static void request_free(struct request *rq);
static int collect_line(void *ctx, const char *line);
static void refuse_text(struct request *rq, bool many, int bad_column);
static void request_run(struct request *rq);
static bool request_next(struct request *rq, const char **line);
static void request_identify(struct request *rq);
static int run_handler(struct request *rq, const char *line);
static int settle(struct request *rq, int rc);
static void conclude(struct request *rq, int rc);
static void answer(struct request *rq);
static void send_text(struct request *rq, bool err, const char *text, size_t len);
static void request_end(struct request *rq);
static int request_call(
	struct request *rq, const struct command *c, struct operands *ops);
static int shown_words(const struct request *rq, const struct command *c);
static bool is_audited(const struct request *rq, const struct command *c);
static void audit(struct request *rq, const char *verdict);

void request_start(struct session *s, uint32_t id, bool json, const char *text)
{
	struct request *rq = request_create(s->cp, s, text);
	int bad_column = 0, err;

	if (!rq) {
		s->ops->done(s, id, MSG_NO_MEMORY);
		return;
	}
	rq->id = id;
	rq->json = json;
	err = command_split(text, collect_line, rq, &bad_column);
	if (err || s->n_requests > SESSION_MAX_REQUESTS) {
		bool many = err == -E2BIG || s->n_requests > SESSION_MAX_REQUESTS;

		rq->next = NULL;
		refuse_text(rq, many, bad_column);
		request_end(rq);
		return;
	}
	rq->next = rq->rest;
	request_run(rq);
}

void request_start_fn(struct session *s, uint32_t id, const char *name,
	int (*fn)(struct request *rq, void *arg), void *arg)
{
	struct request *rq = request_create(s->cp, s, "");
	int rc;

	if (!rq || result_init(&rq->result, name)) {
		s->ops->done(s, id, MSG_NO_MEMORY);
		if (rq)
			request_free(rq);
		return;
	}
	rq->id = id;
	request_identify(rq);
	rq->in_handler = true;
	rc = settle(rq, fn(rq, arg));
	if (rc != REQUEST_PENDING)
		request_finish(rq, rc);
}

int request_issue(struct cp *cp, const char *userid, const char *classes,
	const char *line, void (*done)(struct request *rq, void *ctx), void *ctx)
{
	struct request *rq = request_create(cp, NULL, line);

	if (!rq)
		return -ENOMEM;
	rq->done = done;
	rq->done_ctx = ctx;
	snprintf(rq->userid, sizeof(rq->userid), "%s", userid);
	snprintf(rq->asked_by, sizeof(rq->asked_by), "%s", userid);
	snprintf(rq->classes, sizeof(rq->classes), "%s", classes);
	collect_line(rq, line);
	rq->next = rq->rest;
	request_run(rq);
	return 0;
}

void request_finish(struct request *rq, int rc)
{
	if (rq->in_handler) {
		assert(!rq->finished);
		rq->finished = true;
		rq->finished_rc = rc;
		return;
	}
	rq->cancel = NULL;
	conclude(rq, rc);
	request_run(rq);
}

void request_orphan(struct request *rq)
{
	if (rq->session)
		rq->session->n_requests--;
	rq->session = NULL;
	rq->next = NULL;
	list_remove(&rq->node);
	if (rq->cancel)
		rq->cancel(rq, rq->cancel_ctx);
}

void request_reply(struct request *rq, const char *text)
{
	int (*reply)(struct request *, const char *) = rq->reply;
	int rc;

	rq->reply = NULL;
	rq->cancel = NULL;
	rq->in_handler = true;
	rc = reply(rq, text);
	rc = settle(rq, rc);
	if (rc != REQUEST_PENDING)
		request_finish(rq, rc);
}

int request_prompt(struct request *rq, const char *text,
	int (*reply)(struct request *rq, const char *text),
	const struct message *otherwise)
{
	struct session *s = rq->session;

	if (!s || !s->tty || !s->ops->prompt || s->ops->prompt(s, rq->id, true, text))
		return result_message(&rq->result, otherwise);
	rq->reply = reply;
	rq->cancel = cancel_prompt;
	return REQUEST_PENDING;
}

static void cancel_prompt(struct request *rq, void *ctx)
{
	(void)ctx;
	rq->reply = NULL;
	request_finish(rq, 0);
}

bool request_can_open(const struct request *rq)
{
	return rq->session && rq->session->ops->open;
}

static void cancel_open(struct request *rq, void *ctx)
{
	(void)ctx;
	request_opened(rq, -1, -ECANCELED);
}

int request_open(struct request *rq, const struct session_file *file,
	void (*opened)(void *ctx, int fd, int err), void *ctx)
{
	int err = rq->session->ops->open(rq->session, rq->id, file);

	if (err)
		return err;
	rq->opened = opened;
	rq->opened_ctx = ctx;
	rq->cancel = cancel_open;
	return 0;
}

void request_opened(struct request *rq, int fd, int err)
{
	void (*opened)(void *, int, int) = rq->opened;

	rq->opened = NULL;
	rq->cancel = NULL;
	opened(rq->opened_ctx, fd, err);
}

void request_name(struct request *rq, const char *word)
{
	struct result *r = &rq->result;
	size_t len = strlen(r->command_buf);

	snprintf(r->command_buf + len, sizeof(r->command_buf) - len, "%s%s",
		len ? " " : "", word);
}

int request_perform(struct request *rq, const char *line)
{
	struct operands ops = { 0 };
	const struct command *c;
	int bad_column = 0, rc, err;

	err = words_split(&ops.words, line, &bad_column);
	if (err == -ENOMEM)
		return result_say(&rq->result, MSG_NO_MEMORY, "a command");
	if (err == -E2BIG)
		return result_say(&rq->result, MSG_WORD_TOO_LONG, WORD_MAX);
	if (err)
		return result_say(&rq->result, MSG_COMMAND_TEXT, bad_column);
	if (!ops.words.n) {
		words_free(&ops.words);
		return 0;
	}

	c = command_find(ops.words.word[0].text, rq->classes);
	if (c) {
		ops.next = 1;
		rc = request_call(rq, c, &ops);
	} else {
		rq->shown_words = rq->for_words + 1;
		request_name(rq, ops.words.word[0].text);
		rc = request_unknown(rq);
	}
	words_free(&ops.words);
	return rc;
}

int request_subcommand(struct request *rq, struct operands *ops, const char *verb)
{
	const char *word = op_peek(ops);
	const struct command *c;

	if (!word)
		return result_say(&rq->result, MSG_OPERAND_MISSING, verb);
	c = subcommand_find(verb, word, rq->classes);
	if (!c)
		return -ENOENT;
	ops->next++;
	return request_call(rq, c, ops);
}

static struct request *request_create(struct cp *cp, struct session *s, const char *text)
{
	struct request *rq = calloc(1, sizeof(*rq));

	if (!rq)
		return NULL;
	rq->rest = calloc(1, strlen(text) + 3); /* each '#' becomes the end of a line */
	if (!rq->rest) {
		free(rq);
		return NULL;
	}
	rq->cp = cp;
	rq->session = s;
	list_init(&rq->node);
	if (s) {
		list_append(&s->requests, &rq->node);
		s->n_requests++;
	}
	return rq;
}

static void request_free(struct request *rq)
{
	if (rq->session)
		rq->session->n_requests--;
	list_remove(&rq->node);
	explicit_bzero(rq->rest, strlen(rq->rest));
	free(rq->rest);
	free(rq);
}

/* No command holds a control character, so an end of line parts them.  They are done
 * without a look at anybody else: a line has as many as may be in progress. */
static int collect_line(void *ctx, const char *line)
{
	struct request *rq = ctx;

	if (rq->n_commands++ == SESSION_MAX_REQUESTS)
		return -E2BIG;
	for (const char *c = line; *c; c++) {
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return -EINVAL;
	}
	strcat(rq->rest, line);
	strcat(rq->rest, "\n");
	return 0;
}

/* The text as a whole cannot be taken: nothing of it was done. */
static void refuse_text(struct request *rq, bool many, int bad_column)
{
	if (result_init(&rq->result, "")) {
		rq->rc = MSG_NO_MEMORY;
		return;
	}
	if (many)
		result_say(&rq->result, MSG_TOO_MANY_COMMANDS, SESSION_MAX_REQUESTS);
	else
		result_say(&rq->result, MSG_COMMAND_TEXT, bad_column);
	conclude(rq, rq->result.rc);
}

static void request_run(struct request *rq)
{
	const char *line;
	int rc;

	while (request_next(rq, &line)) {
		rc = run_handler(rq, line);
		if (rc == REQUEST_PENDING)
			return;
		conclude(rq, rc);
	}
	request_end(rq);
}

static bool request_next(struct request *rq, const char **line)
{
	char *end;

	if (!rq->next || !*rq->next)
		return false;
	end = strchr(rq->next, '\n');
	*line = rq->next;
	*end = '\0';
	rq->next = end + 1;
	return true;
}

/* Each command has the identity its session has by then: LOGON changes it. */
static void request_identify(struct request *rq)
{
	if (!rq->session)
		return;
	snprintf(rq->userid, sizeof(rq->userid), "%s", rq->session->userid);
	snprintf(rq->asked_by, sizeof(rq->asked_by), "%s", rq->session->userid);
	snprintf(rq->classes, sizeof(rq->classes), "%s", rq->session->classes);
	rq->for_depth = 0;
}

static int run_handler(struct request *rq, const char *line)
{
	request_identify(rq);
	if (result_init(&rq->result, "")) {
		rq->rc = rq->rc ? rq->rc : MSG_NO_MEMORY;
		return 0;
	}
	rq->line = line;
	rq->for_words = 0;
	rq->shown_words = 1; /* what is no command may still be a LOGON */
	rq->audited = rq->audit_due = false;
	rq->in_handler = true;
	return settle(rq, request_perform(rq, line));
}

/* The handler has returned: a request that ended inside it has ended only now. */
static int settle(struct request *rq, int rc)
{
	rq->in_handler = false;
	if (rc == REQUEST_PENDING && rq->finished)
		rc = rq->finished_rc;
	rq->finished = false;
	return rc;
}

/* One command has ended: what it says goes to who asked. */
static void conclude(struct request *rq, int rc)
{
	struct result *r = &rq->result;

	if (!r->rc)
		r->rc = rc;
	if (!rq->rc)
		rq->rc = r->rc;
	if (rq->done)
		rq->done(rq, rq->done_ctx);
	if (r->rc)
		audit(rq, "refused");
	if (r->records && (r->rc || r->command[0]))
		answer(rq);
	result_fini(r);
}

static void answer(struct request *rq)
{
	struct result *r = &rq->result;
	char *json;

	if (!rq->session)
		return;
	if (!rq->json) {
		send_text(rq, false, r->out, r->out_len);
		send_text(rq, true, r->err, r->err_len);
		return;
	}
	json = result_json(r);
	if (json) {
		send_text(rq, false, json, strlen(json));
		send_text(rq, false, "\n", 1);
	}
	free(json);
}

/* In pieces that fit a record.  The session may end meanwhile. */
static void send_text(struct request *rq, bool err, const char *text, size_t len)
{
	while (len && rq->session) {
		size_t piece = len < PIECE ? len : PIECE;
		struct session *s = rq->session;

		(err ? s->ops->err : s->ops->out)(s, rq->id, text, piece);
		text += piece;
		len -= piece;
	}
}

static void request_end(struct request *rq)
{
	if (rq->session)
		rq->session->ops->done(rq->session, rq->id, rq->rc);
	if (rq->session && rq->end_why[0] && rq->session->ops->end)
		rq->session->ops->end(rq->session, rq->end_why);
	request_free(rq);
}

static int request_call(struct request *rq, const struct command *c, struct operands *ops)
{
	int rc;

	request_name(rq, c->name);
	rq->shown_words = shown_words(rq, c);
	rc = request_before_logon(rq);
	if (rc)
		return rc;
	rq->audit_due |= is_audited(rq, c);
	if (rq->audit_due && !rq->audited && c->fn != cmd_for) {
		audit(rq, "accepted");
		rq->audited = true;
	}
	return c->fn(rq, ops);
}

/* After LOGON and a userid there may be a password.  What FOR passes on is shown, and
 * audited, when it is known to be another command than that. */
static int shown_words(const struct request *rq, const struct command *c)
{
	if (c->fn == cmd_for)
		return FOR_WORDS;
	if (c->fn == cmd_logon)
		return rq->for_words + 2;
	return 0;
}

/* What is done by virtue of a class above G; looking at what G may look at is not. */
static bool is_audited(const struct request *rq, const struct command *c)
{
	bool looks = !strncmp(rq->result.command, "QUERY", 5) ||
		     !strncmp(rq->result.command, "INDICATE", 8);
	bool above = false;

	for (const char *class = rq->classes; *class; class ++)
		above |= *class != 'G' && strchr(c->classes, *class);
	return above && !(looks && strchr(c->classes, 'G'));
}

const char *request_shown(const struct request *rq, char *buf, size_t len)
{
	int left = rq->shown_words ? rq->shown_words : INT_MAX;
	const char *end = rq->line;

	while (*end && left--) {
		end += strspn(end, " \t");
		end += strcspn(end, " \t");
	}
	snprintf(buf, len, "%.*s", (int)(end - rq->line), rq->line);
	return buf;
}

static void audit(struct request *rq, const char *verdict)
{
	char text[AUDIT_MAX], what[32];

	if (!rq->session || !rq->line)
		return;
	request_shown(rq, text, sizeof(text));
	snprintf(what, sizeof(what), "%s", verdict);
	if (rq->result.rc)
		snprintf(what, sizeof(what), "%s, %d", verdict, rq->result.rc);
	session_audit(rq->session, text, what);
}
