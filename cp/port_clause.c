/* The operands of DEFINE PORT and DETACH PORT. */
#include "cp/clauses.h"

#include <stdio.h>
#include <string.h>

#define COMMUNITY_MAX UINT16_MAX

enum {
	BIT_SOCKET = 1 << 0,
	BIT_PORTTYPE = 1 << 1,
	BIT_VLAN = 1 << 2,
	BIT_MAC = 1 << 3,
	BIT_COMMUNITY = 1 << 4,
};

static int opt_socket(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_outlet_def *def = ctx;
	const char *word = op_peek(ops);

	if (word && word[0] != '/')
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"a path of the host, which begins with /");
	return scan_copy(ops, "path of the socket", def->path, sizeof(def->path), err);
}

static int opt_porttype(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "ACCESS", "TRUNK", NULL };
	int which, rc = scan_choice(ops, "ACCESS or TRUNK", words, &which, err);

	if (!rc)
		((struct lan_outlet_def *)ctx)->trunk = which;
	return rc;
}

static int opt_vlans(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_outlet_def *def = ctx;

	return scan_vlans(ops, def->vlans, sizeof(def->vlans), err);
}

static int opt_mac(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_outlet_def *def = ctx;
	const char *word = op_peek(ops);
	uint8_t mac[6];

	if (!word)
		return msg_set(err, MSG_OPERAND_MISSING, "address");
	if (word_mac(word, mac))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"the address of a station such as 02:00:00:0a:0b:0c");
	mac_text(mac, def->mac);
	ops->next++;
	return 0;
}

static int opt_community(struct operands *ops, void *ctx, struct message *err)
{
	uint64_t n;
	int rc = scan_number(ops, "community", 1, COMMUNITY_MAX, &n, err);

	if (!rc)
		((struct lan_outlet_def *)ctx)->community = (uint32_t)n;
	return rc;
}

int scan_port_name(struct operands *ops, const char *preposition, struct port_clause *out,
	struct message *err)
{
	int rc;

	*out = (struct port_clause) { .user_word = -1 };
	rc = scan_name(ops, "name of the port", out->def.name, err);
	if (rc)
		return rc;
	if (!op_keyword(ops, preposition))
		return scan_unknown(ops, preposition, err);
	if (op_keyword(ops, "SYSTEM")) {
		snprintf(out->owner, sizeof(out->owner), "SYSTEM");
	} else {
		rc = scan_userid(ops, out->owner, err);
		out->user_word = ops->next - 1;
	}
	return rc ? rc : scan_name(ops, "name of the LAN", out->lan, err);
}

int scan_port(struct operands *ops, struct port_clause *out, struct message *err)
{
	static const struct scan_option options[] = {
		{ "SOCKET", BIT_SOCKET, opt_socket },
		{ "PORTType", BIT_PORTTYPE, opt_porttype },
		{ "VLAN", BIT_VLAN, opt_vlans },
		{ "MAC", BIT_MAC, opt_mac },
		{ "COMMunity", BIT_COMMUNITY, opt_community },
		{ 0 },
	};
	int rc = scan_port_name(ops, "TO", out, err);

	return rc ? rc : scan_options(ops, options, &out->def, err);
}
