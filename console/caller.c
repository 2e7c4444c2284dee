/* A session with CP, as a client sees it. */
#include "console/caller.h"

#include "console/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define QUEUE_LIMIT (1024 * 1024) /* bytes kept for a CP that is slow to read */

static const struct wire_ops wire_ops;
static const struct port_ops port_ops;

static void caller_init(struct caller *c, const struct caller_ops *ops, void *ctx);
static int say_hello(struct caller *c, bool tty);
static int ask(struct caller *c, uint16_t type, uint16_t flags, const void *data,
	size_t len, uint32_t *id);
static int tell(
	struct caller *c, uint16_t type, uint32_t id, const void *data, size_t len);
static void take(struct caller *c, uint16_t type, uint16_t flags, uint32_t id,
	const void *data, size_t len);
static void lost(struct caller *c, const char *why);

int caller_open(struct caller *c, struct loop *loop, const char *path, bool tty,
	const struct caller_ops *ops, void *ctx)
{
	int fd = wire_connect(path);

	if (fd >= 0)
		return caller_open_fd(c, loop, fd, tty, ops, ctx);
	caller_init(c, ops, ctx);
	return fd;
}

int caller_open_fd(struct caller *c, struct loop *loop, int fd, bool tty,
	const struct caller_ops *ops, void *ctx)
{
	int err;

	caller_init(c, ops, ctx);
	err = wire_open(&c->wire, loop, fd, QUEUE_LIMIT, &wire_ops, c);
	if (!err)
		err = say_hello(c, tty);
	if (err)
		caller_close(c);
	return err;
}

int caller_open_port(struct caller *c, struct loop *loop, const char *path,
	const struct caller_ops *ops, void *ctx)
{
	caller_init(c, ops, ctx);
	return port_open(&c->port, loop, path, &port_ops, c);
}

int caller_open_port_fd(struct caller *c, struct loop *loop, int fd,
	const struct caller_ops *ops, void *ctx)
{
	caller_init(c, ops, ctx);
	return port_open_fd(&c->port, loop, fd, &port_ops, c);
}

void caller_set_output(struct caller *c, int fd)
{
	c->out = fd;
}

void caller_close(struct caller *c)
{
	free(c->command);
	c->command = NULL;
	wire_close(&c->wire);
	port_close(&c->port);
}

bool caller_is_open(const struct caller *c)
{
	return wire_is_open(&c->wire) || port_is_open(&c->port);
}

bool caller_is_guest(const struct caller *c)
{
	return port_is_open(&c->port);
}

int caller_command(struct caller *c, const char *text, bool json, uint32_t *id)
{
	int err = ask(c, CP_COMMAND, json ? CP_F_JSON : 0, text, strlen(text), id);

	if (err)
		return err;
	free(c->command);
	c->command = strdup(text);
	c->command_id = *id;
	return 0;
}

int caller_logon(struct caller *c, const char *userid, const char *password, uint32_t *id)
{
	char data[512];
	int len = snprintf(data, sizeof(data), "%s%c%s", userid, 0, password);
	int err;

	if (len < 0 || (size_t)len >= sizeof(data))
		err = -EMSGSIZE;
	else
		err = ask(c, CPS_LOGON, 0, data, (size_t)len + 1, id);
	explicit_bzero(data, sizeof(data));
	return err;
}

int caller_attach(struct caller *c, const char *userid, uint16_t flags, uint32_t *id)
{
	return ask(c, CPS_ATTACH, flags, userid, strlen(userid), id);
}

int caller_detach(struct caller *c, uint32_t *id)
{
	return ask(c, CPS_DETACH, 0, "", 0, id);
}

int caller_table(struct caller *c, uint32_t *id)
{
	return ask(c, CPS_TABLE, 0, "", 0, id);
}

int caller_reply(struct caller *c, uint32_t id, const char *text)
{
	return tell(c, CPS_REPLY, id, text, strlen(text));
}

int caller_input(struct caller *c, const void *bytes, size_t len)
{
	return tell(c, CPS_INPUT, 0, bytes, len);
}

int caller_input_line(struct caller *c, const char *text)
{
	size_t len = strlen(text);
	char *line = malloc(len + 1);
	int err;

	if (!line)
		return -ENOMEM;
	memcpy(line, text, len);
	line[len] = '\n';
	err = caller_input(c, line, len + 1);
	free(line);
	return err;
}

int caller_cancel(struct caller *c, uint32_t id)
{
	return tell(c, CPS_CANCEL, id, "", 0);
}

/* Ids start anywhere, so that what is left in a cp port of an earlier client's answer is
 * not taken for ours. */
static void caller_init(struct caller *c, const struct caller_ops *ops, void *ctx)
{
	uint32_t start = (uint32_t)getpid();

	if (getrandom(&start, sizeof(start), GRND_NONBLOCK) < 0)
		start *= 0x9e3779b1u;
	memset(c, 0, sizeof(*c));
	c->ops = ops;
	c->ctx = ctx;
	c->next_id = start;
	c->out = -1;
}

static int say_hello(struct caller *c, bool tty)
{
	const struct cps_hello hello = { .version = CPS_VERSION };

	return wire_send(&c->wire, CPS_HELLO, 0, tty ? CPS_F_TTY : 0, &hello,
		sizeof(hello), NULL, 0);
}

static int send_record(struct caller *c, uint16_t type, uint16_t flags, uint32_t id,
	const void *data, size_t len)
{
	struct cp_frame frame = { CP_FRAME_MAGIC, (uint32_t)len, id, type, flags };

	if (len > CP_FRAME_MAX)
		return -EMSGSIZE;
	if (wire_is_open(&c->wire))
		return wire_send(&c->wire, type, id, flags, data, len, NULL, 0);
	if (!port_is_open(&c->port))
		return -ENOTCONN;
	return type == CP_COMMAND ? port_send(&c->port, &frame, data) : -EOPNOTSUPP;
}

static int ask(struct caller *c, uint16_t type, uint16_t flags, const void *data,
	size_t len, uint32_t *id)
{
	uint32_t mine = c->next_id ? c->next_id : 1; /* 0 means that nobody asked */
	int err = send_record(c, type, flags, mine, data, len);

	if (err)
		return err;
	c->next_id = mine + 1;
	*id = mine;
	return 0;
}

static int tell(
	struct caller *c, uint16_t type, uint32_t id, const void *data, size_t len)
{
	return send_record(c, type, 0, id, data, len);
}

static void take_welcome(struct caller *c, const void *data, size_t len)
{
	struct cps_welcome w = { 0 };

	memcpy(&w, data, len < sizeof(w) ? len : sizeof(w));
	w.system[sizeof(w.system) - 1] = 0;
	w.userid[sizeof(w.userid) - 1] = 0;
	w.classes[sizeof(w.classes) - 1] = 0;
	c->welcomed = true;
	if (c->ops->welcome)
		c->ops->welcome(c, &w);
}

static void take_done(struct caller *c, uint32_t id, const void *data, size_t len)
{
	uint32_t rc = 0;

	if (len < sizeof(rc)) {
		lost(c, "CP sent an answer without return code");
		return;
	}
	memcpy(&rc, data, sizeof(rc));
	if (c->ops->done)
		c->ops->done(c, id, rc);
}

static void take_console(struct caller *c, const void *data, size_t len)
{
	struct cps_console head;

	if (len < sizeof(head) || !c->ops->console)
		return;
	memcpy(&head, data, sizeof(head));
	c->ops->console(
		c, head.offset, (const char *)data + sizeof(head), len - sizeof(head));
}

static void take_end(struct caller *c, const char *text, size_t len)
{
	snprintf(c->end, sizeof(c->end), "%.*s", (int)len, text);
	if (!c->end[0])
		snprintf(c->end, sizeof(c->end), "CP has ended the session");
}

/* Only what the command itself names: another's CP may be at the other end. */
static int open_named(const struct caller *c, uint32_t id, bool create,
	const struct cps_open *o, const char *name)
{
	if (!c->command || id != c->command_id || !*name || !strstr(c->command, name))
		return -EPERM;
	return files_open(name, o->number, create, c->out);
}

static void take_open(
	struct caller *c, uint16_t flags, uint32_t id, const void *data, size_t len)
{
	struct cps_opened answer = { 0 };
	char name[4096];
	struct cps_open o;
	int fd;

	if (len < sizeof(o) || len - sizeof(o) >= sizeof(name))
		return;
	memcpy(&o, data, sizeof(o));
	len -= sizeof(o);
	memcpy(name, (const char *)data + sizeof(o), len);
	name[len] = '\0';
	fd = open_named(c, id, flags & CPS_F_CREATE, &o, name);
	answer.err = fd < 0 ? (uint32_t)-fd : 0;
	wire_send(&c->wire, CPS_OPENED, id, 0, &answer, sizeof(answer), &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void take_text(void (*fn)(struct caller *, const char *, size_t), struct caller *c,
	const char *text, size_t len)
{
	if (fn)
		fn(c, text, len);
}

static void take(struct caller *c, uint16_t type, uint16_t flags, uint32_t id,
	const void *data, size_t len)
{
	switch (type) {
	case CP_OUT:
		if (c->ops->out)
			c->ops->out(c, id, data, len);
		break;
	case CP_ERR:
		if (c->ops->err)
			c->ops->err(c, id, data, len);
		break;
	case CPS_PROMPT:
		if (c->ops->prompt)
			c->ops->prompt(c, id, flags & CPS_F_HIDDEN, data, len);
		break;
	case CP_DONE: take_done(c, id, data, len); break;
	case CP_SMSG:
	case CPS_NOTE: take_text(c->ops->note, c, data, len); break;
	case CPS_STATUS: take_text(c->ops->status, c, data, len); break;
	case CPS_WELCOME: take_welcome(c, data, len); break;
	case CPS_CONSOLE: take_console(c, data, len); break;
	case CPS_CONSOLE_END:
		if (c->ops->console_end)
			c->ops->console_end(c);
		break;
	case CPS_OPEN: take_open(c, flags, id, data, len); break;
	case CPS_END: take_end(c, data, len); break;
	default: break; /* of a newer CP */
	}
}

/* The end of a session, whoever ended it.  The reason is copied: the owner may start
 * another one from inside. */
static void lost(struct caller *c, const char *why)
{
	bool ended = c->end[0];
	char text[256];

	snprintf(text, sizeof(text), "%s", ended ? c->end : why);
	caller_close(c);
	if (c->ops->gone)
		c->ops->gone(c, ended, text);
}

static void wire_record(struct wire *w, struct wire_msg *msg)
{
	take(w->ctx, msg->type, msg->flags, msg->id, msg->data, msg->len);
}

static void wire_gone(struct wire *w, int err)
{
	char why[128] = "CP has gone";

	if (err)
		snprintf(why, sizeof(why), "CP has gone: %s", strerror(-err));
	lost(w->ctx, why);
}

static void port_frame(struct port *p, const struct cp_frame *frame, const void *data)
{
	take(p->ctx, frame->type, frame->flags, frame->id, data, frame->len);
}

static void port_gone(struct port *p, int err)
{
	char why[128] = "CP does not listen on the cp port";

	if (err == -EBUSY)
		snprintf(why, sizeof(why), "another process keeps the cp port");
	else if (err)
		snprintf(why, sizeof(why), "the cp port failed: %s", strerror(-err));
	lost(p->ctx, why);
}

static const struct wire_ops wire_ops = { .record = wire_record, .gone = wire_gone };
static const struct port_ops port_ops = { .frame = port_frame, .gone = port_gone };
