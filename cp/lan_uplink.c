/* What leads out of a LAN: a device or socket of the host that its process gets, or a
 * process that has one (cp/lan_feeder.c). */
#include "cp/lan_engine.h"

#include "cp/lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPLINK_NAME "UPLINK"

static int open_tap(const char *name);
static int open_udp(const char *here, const char *there);
static struct lan_member *uplink_of(struct lan *lan);
static void add_port(struct lan *lan, struct lan_member *m);

static bool is_descriptor(enum lan_uplink_kind kind)
{
	return kind == UPLINK_TAP || kind == UPLINK_UDP;
}

static int open_uplink(const struct lan_uplink *up)
{
	return up->kind == UPLINK_TAP ? open_tap(up->name)
				      : open_udp(up->here, up->there);
}

int lan_uplink_check(struct cp *cp, const struct lan_def *def, struct message *err)
{
	int fd;

	if (!is_descriptor(def->uplink.kind))
		return lan_feeder_check(cp, def, err);
	fd = open_uplink(&def->uplink);
	if (fd < 0)
		return msg_set(err, MSG_UPLINK_REFUSED, lan_word(def), def->owner,
			def->name, strerror(-fd));
	close(fd);
	return 0;
}

void lan_uplink_start(struct lan *lan)
{
	struct lan_member *m = uplink_of(lan);

	if (is_descriptor(lan->def.uplink.kind)) {
		if (!m)
			m = lan_member_add_named(lan, UPLINK_NAME);
		if (m && !m->plugged)
			add_port(lan, m);
	}
	lan_feeder_start(lan);
}

void lan_uplink_stop(struct lan *lan)
{
	lan_feeder_stop(lan);
}

bool lan_uplink_end(struct lan *lan)
{
	return lan_feeder_end(lan);
}

void lan_uplink_free(struct lan *lan)
{
	lan_feeder_free(lan);
}

/* A tunnel or device of ours is opened anew. */
void lan_uplink_gone(struct lan_member *m, const char *why)
{
	struct lan *lan = m->lan;
	const struct lan_id id = { .id = m->id };

	log_warn("lan", "%s: its uplink: %s", lan->link->id, why);
	if (lan_feeder_gone(m, why))
		return;
	if (!allowance_take(&m->replugged, &lan_replug_rule, loop_now(lan->cp->loop))) {
		operator_say(lan->cp, MSG_UPLINK_LOST, lan_word(&lan->def),
			lan->def.owner, lan->def.name, why);
		return;
	}
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_DEL,
				      .verb = "UPLINK",
				      .head = &id,
				      .head_len = sizeof(id) });
	m->plugged = false;
	lan_member_renumber(m);
	add_port(lan, m);
}

static struct lan_member *uplink_of(struct lan *lan)
{
	struct list *pos;

	list_for_each (pos, &lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (!m->userid[0] && !strcmp(m->name, UPLINK_NAME))
			return m;
	}
	return NULL;
}

static void answered_add(void *owner, struct link_pending *rq, const struct link_reply *r)
{
	struct lan *lan = owner;

	(void)rq;
	if (r->why->number)
		operator_say(lan->cp, MSG_UPLINK_LOST, lan_word(&lan->def),
			lan->def.owner, lan->def.name, r->why->text);
}

static void add_port(struct lan *lan, struct lan_member *m)
{
	struct lan_port port;
	int fd = open_uplink(&lan->def.uplink);

	if (fd < 0) {
		operator_say(lan->cp, MSG_UPLINK_LOST, lan_word(&lan->def),
			lan->def.owner, lan->def.name, strerror(-fd));
		return;
	}
	lan_member_port(lan, m, &port);
	port.kind = lan->def.uplink.kind == UPLINK_TAP ? LAN_PORT_TAP : LAN_PORT_DGRAM;
	m->plugged = true;
	lan_tell_process(lan, &(struct link_ask) { .type = LAN_PORT_ADD,
				      .verb = "UPLINK",
				      .head = &port,
				      .head_len = sizeof(port),
				      .fds = &fd,
				      .n_fds = 1,
				      .fn = answered_add });
	close(fd);
}

/* ---- Descriptors ------------------------------------------------------------------ */

/* A device we made is down.  One that was made for us without this right has somebody who
 * sets it up. */
static int set_up(struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, ifr))
		err = -errno;
	ifr->ifr_flags |= IFF_UP;
	if (!err && ioctl(fd, SIOCSIFFLAGS, ifr) && errno != EPERM)
		err = -errno;
	close(fd);
	return err;
}

/* Its header and offloads are the port's to set. */
static int open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	if (ioctl(fd, TUNSETIFF, &ifr))
		err = -errno;
	if (!err)
		err = set_up(&ifr);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* "10.0.0.1:4000", "[fe80::1]:4000" -> an address; 0 or -EINVAL. */
static int parse_address(const char *text, struct addrinfo **out)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM };
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[' && colon && colon > text && colon[-1] == ']';
	char host[64];

	if (!colon || !colon[1])
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text) - 2 * brackets,
		text + brackets);
	return getaddrinfo(host, colon + 1, &hints, out) ? -EINVAL : 0;
}

static int open_udp(const char *here, const char *there)
{
	struct addrinfo *from = NULL, *to = NULL;
	int err = parse_address(here, &from), fd = -1;

	if (!err)
		err = parse_address(there, &to);
	if (!err) {
		fd = socket(
			from->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0 || bind(fd, from->ai_addr, from->ai_addrlen) ||
			connect(fd, to->ai_addr, to->ai_addrlen))
			err = -errno;
	}
	if (from)
		freeaddrinfo(from);
	if (to)
		freeaddrinfo(to);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}
