/* The operands of DEFINE LAN and DEFINE VSWITCH. */
#include "cp/clauses.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MTU_MIN     576
#define MTU_MAX     65535
#define MTU_USUAL   1500
#define VLAN_MAX    4094
#define VLAN_NATIVE 1 /* where LANs are aware and nothing is said */

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
};

/* A clause being read: what was said of it, where that is not the same as its value. */
struct reading {
	struct lan_clause *lan;
	bool porttype_said;
};

static int uplink_nat(struct operands *ops, struct lan_clause *lan, struct message *err);
static int udp_end(struct operands *ops, char *out, size_t size, struct message *err);

static int opt_owner(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_clause *lan = ((struct reading *)ctx)->lan;
	int rc;

	if (lan->def.vswitch) { /* always SYSTEM's */
		ops->next--;
		return scan_unknown(ops, "option", err);
	}
	lan->owner_said = true;
	if (op_keyword(ops, "SYSTEM"))
		return 0;
	rc = scan_userid(ops, lan->def.owner, err);
	if (!rc)
		lan->user_word[lan->n_users++] = ops->next - 1;
	return rc;
}

static int opt_maxconn(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_def *def = &((struct reading *)ctx)->lan->def;
	uint64_t n;
	int rc = scan_number(ops, "most connections", 1, LAN_MAX_PORTS, &n, err);

	if (!rc)
		def->max_conn = (uint32_t)n;
	return rc;
}

static int opt_restricted(struct operands *ops, void *ctx, struct message *err)
{
	(void)ops, (void)err;
	((struct reading *)ctx)->lan->def.restricted = true;
	return 0;
}

static int opt_unrestricted(struct operands *ops, void *ctx, struct message *err)
{
	(void)ops, (void)err;
	((struct reading *)ctx)->lan->def.restricted = false;
	return 0;
}

static int opt_mtu(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_def *def = &((struct reading *)ctx)->lan->def;
	uint64_t n;
	int rc = scan_number(ops, "MTU", MTU_MIN, MTU_MAX, &n, err);

	if (!rc)
		def->mtu = (uint32_t)n;
	return rc;
}

static int opt_vlan_aware(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "AWARE", "UNAWARE", NULL };
	int which, rc = scan_choice(ops, "AWARE or UNAWARE", words, &which, err);

	if (!rc)
		((struct reading *)ctx)->lan->def.aware = !which;
	return rc;
}

static int opt_memory(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "SHARED", "BOUNCE", NULL };
	struct lan_def *def = &((struct reading *)ctx)->lan->def;
	int which, rc = scan_choice(ops, "SHARED or BOUNCE", words, &which, err);

	if (rc)
		return rc;
	def->memory_said = true;
	def->bounce = which;
	return 0;
}

static int opt_porttype(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "ACCESS", "TRUNK", NULL };
	struct reading *r = ctx;
	int which, rc = scan_choice(ops, "ACCESS or TRUNK", words, &which, err);

	if (rc)
		return rc;
	r->porttype_said = true;
	r->lan->def.uplink.trunk = which;
	return 0;
}

static int opt_native(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_def *def = &((struct reading *)ctx)->lan->def;
	uint64_t n;
	int rc = scan_number(ops, "native VLAN", 1, VLAN_MAX, &n, err);

	if (!rc)
		def->native = (uint16_t)n;
	return rc;
}

static int opt_uplink(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "TAP", "IF", "NAT", "UDP", "VDE", "NOUPLINK",
		NULL };
	static const enum lan_uplink_kind kinds[] = { UPLINK_TAP, UPLINK_IF, UPLINK_NAT,
		UPLINK_UDP, UPLINK_VDE, UPLINK_NONE };
	struct lan_clause *lan = ((struct reading *)ctx)->lan;
	struct lan_uplink *up = &lan->def.uplink;
	int which, rc;

	rc = scan_choice(ops, "TAP, IF, NAT, UDP, VDE or NOUPLINK", words, &which, err);
	if (rc)
		return rc;
	up->kind = kinds[which];
	switch (up->kind) {
	case UPLINK_TAP:
	case UPLINK_IF:
		return scan_copy(ops, "name of the interface", up->name, IFNAMSIZ, err);
	case UPLINK_VDE:
		return scan_copy(ops, "VDE socket", up->name, sizeof(up->name), err);
	case UPLINK_NAT: return uplink_nat(ops, lan, err);
	case UPLINK_UDP:
		rc = udp_end(ops, up->here, sizeof(up->here), err);
		return rc ? rc : udp_end(ops, up->there, sizeof(up->there), err);
	default: return 0;
	}
}

/* What only a VSWITCH has comes first, so that a LAN's options are a part of the table.
 */
static const struct scan_option options[] = {
	{ "RDEV", BIT_UPLINK, opt_uplink },
	{ "NOUPLINK", BIT_UPLINK, NULL },
	{ "PORTType", BIT_PORTTYPE, opt_porttype },
	{ "NATive", BIT_NATIVE, opt_native },
	{ "MAXCONN", BIT_MAXCONN, opt_maxconn },
	{ "RESTRicted", BIT_RESTRICTED, opt_restricted },
	{ "UNRESTRicted", BIT_RESTRICTED, opt_unrestricted },
	{ "VLAN", BIT_VLAN, opt_vlan_aware },
	{ "MTU", BIT_MTU, opt_mtu },
	{ "MEMory", BIT_MEMORY, opt_memory },
	{ "OWNERid", BIT_OWNER, opt_owner },
	{ 0 },
};
#define VSWITCH_ONLY 3

/* What follows from the rest.  Of the uplinks only NAT takes no tagged frames. */
static int complete(const struct reading *r, struct message *err)
{
	struct lan_def *def = &r->lan->def;
	struct lan_uplink *up = &def->uplink;

	if (!def->aware && (def->native || up->trunk))
		return msg_set(err, MSG_OPERAND_MISSING,
			"VLAN AWARE, without which there is no NATIVE and no TRUNK");
	if (!def->native && def->aware)
		def->native = VLAN_NATIVE;
	if (!def->memory_said)
		def->bounce = def->restricted;
	if (!r->porttype_said)
		up->trunk = def->aware && up->kind != UPLINK_NONE &&
			    up->kind != UPLINK_NAT;
	up->native = def->native;
	return 0;
}

enum lan_view scan_lan_view(struct operands *ops)
{
	static const struct {
		const char *mixed;
		enum lan_view view;
	} views[] = {
		{ "DETAILS", VIEW_DETAILS },
		{ "ACCESSLIST", VIEW_ACCESS },
		{ "PROmiscuous", VIEW_PROMISCUOUS },
		{ "FDB", VIEW_FDB },
	};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (op_keyword(ops, views[i].mixed))
			return views[i].view;
	}
	return VIEW_SUMMARY;
}

/* One that QUERY can tell from its keywords. */
static int scan_new_name(
	struct operands *ops, const char *what, char *name, struct message *err)
{
	struct operands ahead = *ops;

	if (scan_lan_view(&ahead) != VIEW_SUMMARY || op_keyword(&ahead, "ALL"))
		return msg_set(err, MSG_INVALID_OPERAND, op_peek(ops),
			"a name: it is a keyword of QUERY LAN");
	return scan_name(ops, what, name, err);
}

int scan_lan(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	bool vswitch = lan->def.vswitch;
	struct reading r = { .lan = lan };
	int rc;

	*lan = (struct lan_clause) { .def = { .owner = "SYSTEM",
					     .vswitch = vswitch,
					     .restricted = vswitch,
					     .protect = true,
					     .mtu = MTU_USUAL } };
	rc = scan_new_name(ops, vswitch ? "name of the VSWITCH" : "name of the LAN",
		lan->def.name, err);
	if (!rc)
		rc = scan_options(
			ops, vswitch ? options : options + VSWITCH_ONLY, &r, err);
	return rc ? rc : complete(&r, err);
}

/* hostport:userid:port */
static bool scan_forward(const char *word, struct lan_forward *out)
{
	const char *first = strchr(word, ':'),
		   *second = first ? strchr(first + 1, ':') : NULL;
	char host_text[8], name[USERID_MAX + 2];
	uint64_t host_port, port;

	if (!second || second - first > USERID_MAX + 1 || first - word > 5)
		return false;
	snprintf(host_text, sizeof(host_text), "%.*s", (int)(first - word), word);
	snprintf(name, sizeof(name), "%.*s", (int)(second - first - 1), first + 1);
	if (word_u64(host_text, 1, UINT16_MAX, &host_port) ||
		word_userid(name, out->userid) ||
		word_u64(second + 1, 1, UINT16_MAX, &port))
		return false;
	out->host_port = (uint16_t)host_port;
	out->port = (uint16_t)port;
	return true;
}

static bool is_forwarded(const struct lan_uplink *up, uint16_t host_port)
{
	for (int i = 0; i < up->n_forwards; i++) {
		if (up->forward[i].host_port == host_port)
			return true;
	}
	return false;
}

static int add_forward(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	struct lan_uplink *up = &lan->def.uplink;
	const char *word = op_peek(ops);

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "hostport:userid:port");
	if (up->n_forwards == LAN_MAX_FORWARDS)
		return msg_set(err, MSG_TOO_MANY, LAN_MAX_FORWARDS, "ports of one NAT");
	if (!scan_forward(word, &up->forward[up->n_forwards]))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"hostport:userid:port such as 8080:ALPHA:80");
	if (is_forwarded(up, up->forward[up->n_forwards].host_port))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"a port of the host that is still free");
	up->n_forwards++;
	lan->user_word[lan->n_users++] = ops->next++;
	return 0;
}

static int uplink_nat(struct operands *ops, struct lan_clause *lan, struct message *err)
{
	int rc = 0;

	while (!rc && op_keyword(ops, "FORWARD"))
		rc = add_forward(ops, lan, err);
	return rc;
}

/* address:port, the address maybe in brackets */
static int udp_end(struct operands *ops, char *out, size_t size, struct message *err)
{
	const char *word = op_peek(ops), *colon = word ? strrchr(word, ':') : NULL;
	uint64_t port;

	if (word &&
		(!colon || colon == word || word_u64(colon + 1, 1, UINT16_MAX, &port)))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"address:port such as 192.0.2.1:4789");
	return scan_copy(ops, "address:port", out, size, err);
}
