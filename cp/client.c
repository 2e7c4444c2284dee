/* A client of the CP socket. */
#include "cp/client.h"

#include "cp/become.h"
#include "cp/command.h"
#include "cp/cp_socket.h"
#include "cp/guest_abi.h"
#include "cp/request.h"
#include "cp/sysconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINGER_NS    UINT64_C(10000000000) /* for a client to read CPS_END */
#define PASSWORD_MAX 128
#define ATTACH_MAX   64 /* bytes of what may be meant as a userid */

static const struct wire_ops wire_ops;
static const struct session_ops session_ops;

static void close_later(struct client *c, const char *why);
static void on_closing(struct loop_call *call);
static void on_linger(struct loop_timer *timer);
static bool take(struct client *c, struct wire_msg *msg);
static bool take_hello(struct client *c, const struct wire_msg *msg);
static bool take_command(struct client *c, const struct wire_msg *msg);
static bool take_logon(struct client *c, const struct wire_msg *msg);
static bool take_reply(struct client *c, const struct wire_msg *msg);
static bool take_attach(struct client *c, const struct wire_msg *msg);
static bool take_opened(struct client *c, struct wire_msg *msg);
static void send_welcome(struct client *c);
static void send_table(struct client *c, uint32_t id);

int client_create(struct server *sv, int fd, uid_t uid, const struct identity *who,
	struct client **out)
{
	struct client *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	err = wire_open(&c->wire, sv->cp->loop, fd, CLIENT_QUEUE, &wire_ops, c);
	if (err) {
		free(c);
		return err;
	}
	c->server = sv;
	list_init(&c->node);
	session_init(&c->session, sv->cp, &session_ops, c, who->userid, who->classes);
	c->session.uid = uid;
	c->session.host_operator = who->host_operator;
	client_console_init(c);
	*out = c;
	return 0;
}

void client_destroy(struct client *c)
{
	c->ending = true; /* nothing more is said to it */
	client_detach(c);
	session_fini(&c->session);
	wire_close(&c->wire);
	loop_undefer(&c->closing);
	loop_timer_cancel(&c->linger);
	list_remove(&c->node);
	server_removed(c->server);
	free(c);
}

void client_end(struct client *c, const char *why)
{
	struct loop *loop = c->server->cp->loop;

	if (c->ending)
		return;
	client_send(c, CPS_END, 0, 0, why, strlen(why));
	c->ending = true;
	if (!c->wire.head)
		loop_defer(loop, &c->closing, on_closing, c);
	else if (loop_timer_set(
			 loop, &c->linger, loop_now(loop) + LINGER_NS, on_linger, c))
		loop_defer(loop, &c->closing, on_closing, c);
}

void client_send(struct client *c, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len)
{
	if (c->ending || c->closing.loop)
		return;
	if (wire_send(&c->wire, type, id, flags, data, len, NULL, 0) == -ENOBUFS)
		close_later(c, "does not read what it is sent");
}

void client_done(struct client *c, uint32_t id, int rc)
{
	uint32_t code = (uint32_t)rc;

	client_send(c, CP_DONE, id, 0, &code, sizeof(code));
	client_show_status(c);
}

void client_error(struct client *c, uint32_t id, const struct message *m)
{
	char line[MSG_TEXT_MAX + 16];

	msg_line(m, line, sizeof(line) - 1);
	strcat(line, "\n");
	client_send(c, CP_ERR, id, 0, line, strlen(line));
}

void client_answer(struct client *c, uint32_t id, const struct message *m)
{
	if (m->number)
		client_error(c, id, m);
	client_done(c, id, m->number);
}

/* Its structures may be in use by who called: it ends with the present callback. */
static void close_later(struct client *c, const char *why)
{
	char who[64];

	if (c->closing.loop)
		return;
	log_limited(&c->server->limit, LOG_LVL_WARN, "client", "%s %s: closed",
		session_who(&c->session, who, sizeof(who)), why);
	loop_defer(c->server->cp->loop, &c->closing, on_closing, c);
}

static void on_closing(struct loop_call *call)
{
	client_destroy(call->ctx);
}

static void on_linger(struct loop_timer *timer)
{
	client_destroy(timer->ctx);
}

static void on_record(struct wire *w, struct wire_msg *msg)
{
	struct client *c = w->ctx;

	if (c->ending || c->closing.loop)
		return;
	if (!take(c, msg))
		close_later(c, "sent what is no record of the protocol");
}

static void on_gone(struct wire *w, int err)
{
	struct client *c = w->ctx;
	char who[64];

	if (err)
		log_limited(&c->server->limit, LOG_LVL_WARN, "client", "%s is gone: %s",
			session_who(&c->session, who, sizeof(who)), strerror(-err));
	client_destroy(c);
}

static void on_drained(struct wire *w)
{
	struct client *c = w->ctx;

	if (c->ending)
		loop_defer(c->server->cp->loop, &c->closing, on_closing, c);
	else
		client_pump(c);
}

static const struct wire_ops wire_ops = {
	.record = on_record,
	.gone = on_gone,
	.drained = on_drained,
};

/* False: the record is not one of the protocol. */
static bool take(struct client *c, struct wire_msg *msg)
{
	if (!c->hello)
		return msg->type == CPS_HELLO && take_hello(c, msg);
	switch (msg->type) {
	case CP_COMMAND: return take_command(c, msg);
	case CPS_LOGON: return take_logon(c, msg);
	case CPS_REPLY: return take_reply(c, msg);
	case CPS_ATTACH: return take_attach(c, msg);
	case CPS_DETACH:
		client_detach(c);
		client_done(c, msg->id, 0);
		return true;
	case CPS_INPUT: client_input(c, msg->id, msg->data, msg->len); return true;
	case CPS_TABLE: send_table(c, msg->id); return true;
	case CPS_OPENED: return take_opened(c, msg);
	case CPS_CANCEL: session_cancel(&c->session, msg->id); return true;
	default: return false;
	}
}

static bool take_hello(struct client *c, const struct wire_msg *msg)
{
	if (msg->len < sizeof(struct cps_hello))
		return false;
	c->hello = true;
	c->session.tty = msg->flags & CPS_F_TTY;
	send_welcome(c);
	return true;
}

static void refuse_long(struct client *c, uint32_t id)
{
	struct message m;

	msg_set(&m, MSG_COMMAND_LONG, (int)CP_COMMAND_MAX);
	client_answer(c, id, &m);
}

static bool take_command(struct client *c, const struct wire_msg *msg)
{
	char text[CP_COMMAND_MAX + 1];

	if (msg->len > CP_COMMAND_MAX) {
		refuse_long(c, msg->id);
		return true;
	}
	if (memchr(msg->data, 0, msg->len))
		return false;
	memcpy(text, msg->data, msg->len);
	text[msg->len] = '\0';
	session_command(&c->session, msg->id, msg->flags & CP_F_JSON, text);
	explicit_bzero(text, msg->len);
	return true;
}

struct credentials {
	char userid[USERID_MAX + 1];
	char password[PASSWORD_MAX + 1];
};

static int do_logon(struct request *rq, void *arg)
{
	const struct credentials *cred = arg;

	return become_user(rq, cred->userid, cred->password, BECOME_IDENTITY);
}

/* "USERID\0password\0"; the last NUL may be missing. */
static bool take_logon(struct client *c, const struct wire_msg *msg)
{
	const char *data = msg->data, *nul = memchr(data, 0, msg->len);
	size_t left = nul ? msg->len - (size_t)(nul + 1 - data) : 0;
	struct credentials cred = { 0 };
	struct message m;

	if (!nul)
		return false;
	if (left > PASSWORD_MAX || word_userid(data, cred.userid)) {
		msg_set(&m, MSG_LOGON_FAILED, data);
		client_answer(c, msg->id, &m);
		return true;
	}
	memcpy(cred.password, nul + 1, left);
	request_start_fn(&c->session, msg->id, "LOGON", do_logon, &cred);
	explicit_bzero(&cred, sizeof(cred));
	return true;
}

static bool take_reply(struct client *c, const struct wire_msg *msg)
{
	char text[PASSWORD_MAX + 1] = "";

	if (msg->len && memchr(msg->data, 0, msg->len))
		return false;
	if (msg->len <= PASSWORD_MAX)
		memcpy(text, msg->data, msg->len);
	session_reply(&c->session, msg->id, text);
	return true;
}

static bool take_attach(struct client *c, const struct wire_msg *msg)
{
	char text[ATTACH_MAX + 1], userid[USERID_MAX + 1];
	struct message m;

	if (msg->len > ATTACH_MAX)
		return false;
	memcpy(text, msg->data, msg->len);
	text[msg->len] = '\0';
	if (!text[0]) {
		client_attach(c, msg->id, msg->flags, c->session.userid);
	} else if (!word_userid(text, userid)) {
		client_attach(c, msg->id, msg->flags, userid);
	} else {
		msg_set(&m, MSG_USERID_INVALID, text);
		client_answer(c, msg->id, &m);
	}
	return true;
}

/* A file the client has opened, or why not. */
static bool take_opened(struct client *c, struct wire_msg *msg)
{
	struct cps_opened o;
	int fd;

	if (msg->len < sizeof(o))
		return false;
	memcpy(&o, msg->data, sizeof(o));
	fd = o.err ? -1 : wire_take_fd(msg, 0);
	if (fd < 0 && (!o.err || o.err > INT32_MAX))
		return false;
	session_opened(&c->session, msg->id, fd, -(int)o.err);
	return true;
}

static void send_welcome(struct client *c)
{
	struct cps_welcome w = { .version = CPS_VERSION };

	snprintf(w.system, sizeof(w.system), "%s", c->server->cp->config->system);
	snprintf(w.userid, sizeof(w.userid), "%s", c->session.userid);
	snprintf(w.classes, sizeof(w.classes), "%s", c->session.classes);
	client_send(c, CPS_WELCOME, 0, 0, &w, sizeof(w));
}

static void send_row(
	struct client *c, uint32_t id, const char *verb, const struct command *row)
{
	char line[512];
	int len;

	if (!command_allowed(row, c->session.classes))
		return;
	len = snprintf(line, sizeof(line), "%s%s%s %zu %s\n", verb, *verb ? " " : "",
		row->name, word_min(row->mixed), row->operands);
	if (len > 0 && (size_t)len < sizeof(line))
		client_send(c, CP_OUT, id, 0, line, (size_t)len);
}

static void send_table(struct client *c, uint32_t id)
{
	const struct command *row, *sub;

	for (int i = 0; (row = command_at(i)); i++) {
		send_row(c, id, "", row);
		for (int k = 0; (sub = subcommand_at(row->name, k)); k++)
			send_row(c, id, row->name, sub);
	}
	client_done(c, id, 0);
}

static void say_out(struct session *s, uint32_t id, const char *text, size_t len)
{
	client_send(s->ctx, CP_OUT, id, 0, text, len);
}

static void say_err(struct session *s, uint32_t id, const char *text, size_t len)
{
	client_send(s->ctx, CP_ERR, id, 0, text, len);
}

static void say_done(struct session *s, uint32_t id, int rc)
{
	client_done(s->ctx, id, rc);
}

/* Others can cause notes: a reader that falls behind misses some, it is not closed. */
static void say_note(struct session *s, const char *line)
{
	struct client *c = s->ctx;

	if (c->wire.queued < CLIENT_NOTES)
		client_send(c, CPS_NOTE, 0, 0, line, strlen(line));
}

static int say_prompt(struct session *s, uint32_t id, bool hidden, const char *text)
{
	client_send(
		s->ctx, CPS_PROMPT, id, hidden ? CPS_F_HIDDEN : 0, text, strlen(text));
	return 0;
}

static int say_open(struct session *s, uint32_t id, const struct session_file *file)
{
	const struct cps_open o = { .number = file->number };
	char data[sizeof(o) + WORD_MAX];
	size_t len = strnlen(file->name, WORD_MAX);

	memcpy(data, &o, sizeof(o));
	memcpy(data + sizeof(o), file->name, len);
	client_send(s->ctx, CPS_OPEN, id, file->create ? CPS_F_CREATE : 0, data,
		sizeof(o) + len);
	return 0;
}

static void say_became(struct session *s)
{
	send_welcome(s->ctx);
}

static void say_end(struct session *s, const char *why)
{
	client_end(s->ctx, why);
}

static const struct session_ops session_ops = {
	.out = say_out,
	.err = say_err,
	.done = say_done,
	.note = say_note,
	.prompt = say_prompt,
	.open = say_open,
	.became = say_became,
	.end = say_end,
};
