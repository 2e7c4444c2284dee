/* The operands of LANs and VSWITCHes. */
#include "cp/clauses.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#define MAXCONN_MAX 1024
#define MTU_MIN     576
#define MTU_MAX     65535
#define VLAN_MAX    4094

/* Options that share a bit exclude each other. */
enum {
	BIT_OWNER = 1 << 0,
	BIT_MAXCONN = 1 << 1,
	BIT_RESTRICTED = 1 << 2,
	BIT_VLAN = 1 << 3,
	BIT_MTU = 1 << 4,
	BIT_MEMORY = 1 << 5,
	BIT_UPLINK = 1 << 6,
	BIT_PORTTYPE = 1 << 7,
	BIT_NATIVE = 1 << 8,
	BIT_PROMISCUOUS = 1 << 9,
};

static int take_user(struct operands *ops, struct lan_clause *lan, struct message *err);
static int take_text(
	struct operands *ops, const char *what, size_t max, struct message *err);

static int opt_owner(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_clause *lan = ctx;
	const char *word = op_peek(ops);

	if (lan->vswitch) { /* always SYSTEM's */
		ops->next--;
		return scan_unknown(ops, "option", err);
	}
	if (word && !strcasecmp(word, "SYSTEM")) {
		ops->next++;
		return 0;
	}
	if (word)
		word_userid(word, lan->owner);
	return take_user(ops, lan, err);
}

static int opt_maxconn(struct operands *ops, void *ctx, struct message *err)
{
	uint64_t n;

	(void)ctx;
	return scan_number(ops, "most connections", 1, MAXCONN_MAX, &n, err);
}

static int opt_mtu(struct operands *ops, void *ctx, struct message *err)
{
	uint64_t n;

	(void)ctx;
	return scan_number(ops, "MTU", MTU_MIN, MTU_MAX, &n, err);
}

static int opt_vlan_aware(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "AWARE", "UNAWARE", NULL };
	int which;

	(void)ctx;
	return scan_choice(ops, "AWARE or UNAWARE", words, &which, err);
}

static int opt_memory(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "SHARED", "BOUNCE", NULL };
	int which;

	(void)ctx;
	return scan_choice(ops, "SHARED or BOUNCE", words, &which, err);
}

static int opt_porttype(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "ACCESS", "TRUNK", NULL };
	int which;

	(void)ctx;
	return scan_choice(ops, "ACCESS or TRUNK", words, &which, err);
}

static int opt_native(struct operands *ops, void *ctx, struct message *err)
{
	uint64_t n;

	(void)ctx;
	return scan_number(ops, "native VLAN", 1, VLAN_MAX, &n, err);
}

static int opt_vlan_set(struct operands *ops, void *ctx, struct message *err)
{
	char set[128];

	(void)ctx;
	return scan_vlans(ops, set, sizeof(set), err);
}

/* hostport:userid:port */
static bool is_forward(const char *word, char userid[USERID_MAX + 1])
{
	const char *first = strchr(word, ':'),
		   *second = first ? strchr(first + 1, ':') : NULL;
	char host_port[8], name[USERID_MAX + 2];
	uint64_t port;

	if (!second || second - first > USERID_MAX + 1)
		return false;
	snprintf(host_port, sizeof(host_port), "%.*s", (int)(first - word), word);
	snprintf(name, sizeof(name), "%.*s", (int)(second - first - 1), first + 1);
	return first - word < 6 && !word_u64(host_port, 1, UINT16_MAX, &port) &&
	       !word_userid(name, userid) && !word_u64(second + 1, 1, UINT16_MAX, &port);
}

static int add_user(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	if (lan->n_users == LAN_MAX_USERS)
		return msg_set(
			err, MSG_TOO_MANY, LAN_MAX_USERS, "userids in one statement");
	lan->user_word[lan->n_users++] = ops->next++;
	return 0;
}

static int uplink_nat(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	int rc = 0;

	while (!rc && op_keyword(ops, "FORWARD")) {
		const char *word = op_peek(ops);
		char userid[USERID_MAX + 1];

		if (!word)
			return msg_set(err, MSG_OPERAND_MISSING, "hostport:userid:port");
		if (!is_forward(word, userid))
			return msg_set(err, MSG_INVALID_OPERAND, word,
				"hostport:userid:port such as 8080:ALPHA:80");
		rc = add_user(ops, lan, err);
	}
	return rc;
}

/* address:port, the address maybe in brackets */
static int udp_end(struct operands *ops, struct message *err)
{
	const char *word = op_peek(ops), *colon = word ? strrchr(word, ':') : NULL;
	uint64_t port;

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "address:port");
	if (!colon || colon == word || word_u64(colon + 1, 1, UINT16_MAX, &port))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"address:port such as 192.0.2.1:4789");
	ops->next++;
	return 0;
}

static int opt_uplink(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "TAP", "IF", "NAT", "UDP", "VDE", "NOUPLINK",
		NULL };
	enum { TAP, IF, NAT, UDP, VDE } which;
	int choice, rc;

	rc = scan_choice(ops, "TAP, IF, NAT, UDP, VDE or NOUPLINK", words, &choice, err);
	if (rc)
		return rc;
	which = (unsigned)choice;
	if (which == TAP || which == IF)
		return take_text(ops, "name of the interface", IFNAMSIZ - 1, err);
	if (which == VDE)
		return take_text(ops, "VDE socket",
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1, err);
	if (which == NAT)
		return uplink_nat(ops, ctx, err);
	if (which == UDP) {
		rc = udp_end(ops, err);
		return rc ? rc : udp_end(ops, err);
	}
	return 0;
}

/* What only a VSWITCH has comes first, so that a LAN's options are a part of the table.
 */
static const struct scan_option options[] = {
	{ "RDEV", BIT_UPLINK, opt_uplink },
	{ "NOUPLINK", BIT_UPLINK, NULL },
	{ "PORTType", BIT_PORTTYPE, opt_porttype },
	{ "NATive", BIT_NATIVE, opt_native },
	{ "MAXCONN", BIT_MAXCONN, opt_maxconn },
	{ "RESTRicted", BIT_RESTRICTED, NULL },
	{ "UNRESTRicted", BIT_RESTRICTED, NULL },
	{ "VLAN", BIT_VLAN, opt_vlan_aware },
	{ "MTU", BIT_MTU, opt_mtu },
	{ "MEMory", BIT_MEMORY, opt_memory },
	{ "OWNERid", BIT_OWNER, opt_owner },
	{ 0 },
};
#define VSWITCH_ONLY 4

static int scan_lan_name(
	struct operands *ops, struct lan_clause *lan, struct message *err)
{
	lan->n_users = 0;
	snprintf(lan->owner, sizeof(lan->owner), "SYSTEM");
	return scan_name(ops, lan->vswitch ? "name of the VSWITCH" : "name of the LAN",
		lan->name, err);
}

int scan_lan(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	int rc = scan_lan_name(ops, lan, err);

	if (rc)
		return rc;
	return scan_options(
		ops, lan->vswitch ? options : options + VSWITCH_ONLY, lan, err);
}

static int change_grant(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	static const struct scan_option grants[] = {
		{ "PORTType", BIT_PORTTYPE, opt_porttype },
		{ "VLAN", BIT_VLAN, opt_vlan_set },
		{ "PROmiscuous", BIT_PROMISCUOUS, NULL },
		{ 0 },
	};
	int rc = take_user(ops, lan, err);

	return rc ? rc : scan_options(ops, grants, lan, err);
}

static int change_switch(struct operands *ops, struct message *err)
{
	static const char *const words[] = { "ON", "OFF", NULL };
	int which;

	return scan_choice(ops, "ON or OFF", words, &which, err);
}

/* u vdev TO u vdev */
static int change_mirror(
	struct operands *ops, struct lan_clause *lan, struct message *err)
{
	uint16_t vdev;
	int rc = take_user(ops, lan, err);

	if (!rc)
		rc = scan_vdev(ops, &vdev, err);
	if (!rc && !op_keyword(ops, "TO"))
		rc = scan_unknown(ops, "TO", err);
	if (!rc)
		rc = take_user(ops, lan, err);
	return rc ? rc : scan_vdev(ops, &vdev, err);
}

int scan_lan_change(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	int rc = scan_lan_name(ops, lan, err);

	if (!rc && op_keyword(ops, "OWNERid"))
		rc = opt_owner(ops, lan, err);
	if (rc)
		return rc;
	if (op_keyword(ops, "GRAnt"))
		return change_grant(ops, lan, err);
	if (op_keyword(ops, "REVoke"))
		return take_user(ops, lan, err);
	if (op_keyword(ops, "ISOLation") || op_keyword(ops, "MACProtect"))
		return change_switch(ops, err);
	if (op_keyword(ops, "MIRROR"))
		return change_mirror(ops, lan, err);
	return scan_unknown(ops, "GRANT, REVOKE, ISOLATION, MACPROTECT or MIRROR", err);
}

static int take_user(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	char userid[USERID_MAX + 1];
	int rc = scan_userid(ops, userid, err);

	if (rc)
		return rc;
	ops->next--;
	return add_user(ops, lan, err);
}

static int take_text(
	struct operands *ops, const char *what, size_t max, struct message *err)
{
	const char *word;
	int rc = scan_word(ops, what, &word, err);

	if (rc || strlen(word) <= max)
		return rc;
	ops->next--;
	return msg_set(err, MSG_OPERAND_TOO_LONG, what, (int)max);
}
