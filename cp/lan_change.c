/* The operands of SET and MODIFY of LANs and VSWITCHes. */
#include "cp/clauses.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define COMMUNITY_MAX UINT16_MAX
#define NET_BITS_MIN  8 /* of a network that addresses are served in... */
#define NET_BITS_MAX  29

enum {
	BIT_PORTTYPE = 1 << 0,
	BIT_VLAN = 1 << 1,
	BIT_PROMISCUOUS = 1 << 2,
	BIT_COMMUNITY = 1 << 3,
};

/* A userid of one that must be in the directory. */
static int take_user(struct operands *ops, struct lan_change *change,
	char userid[USERID_MAX + 1], struct message *err)
{
	int rc = scan_userid(ops, userid, err);

	if (!rc)
		change->user_word[change->n_users++] = ops->next - 1;
	return rc;
}

static int opt_porttype(struct operands *ops, void *ctx, struct message *err)
{
	static const char *const words[] = { "ACCESS", "TRUNK", NULL };
	struct lan_change *change = ctx;
	int which, rc = scan_choice(ops, "ACCESS or TRUNK", words, &which, err);

	if (rc)
		return rc;
	change->grant.trunk = which;
	change->vlan_said |= which;
	return 0;
}

static int opt_vlan_set(struct operands *ops, void *ctx, struct message *err)
{
	struct lan_change *change = ctx;

	change->vlan_said = true;
	return scan_vlans(ops, change->grant.vlans, sizeof(change->grant.vlans), err);
}

static int opt_promiscuous(struct operands *ops, void *ctx, struct message *err)
{
	(void)ops, (void)err;
	((struct lan_change *)ctx)->grant.promiscuous = true;
	return 0;
}

static int opt_community(struct operands *ops, void *ctx, struct message *err)
{
	uint64_t n;
	int rc = scan_number(ops, "community", 1, COMMUNITY_MAX, &n, err);

	if (!rc)
		((struct lan_change *)ctx)->grant.community = (uint32_t)n;
	return rc;
}

static int change_grant(
	struct operands *ops, struct lan_change *change, struct message *err)
{
	static const struct scan_option grants[] = {
		{ "PORTType", BIT_PORTTYPE, opt_porttype },
		{ "VLAN", BIT_VLAN, opt_vlan_set },
		{ "PROmiscuous", BIT_PROMISCUOUS, opt_promiscuous },
		{ "COMMunity", BIT_COMMUNITY, opt_community },
		{ 0 },
	};
	int rc = take_user(ops, change, change->grant.userid, err);

	return rc ? rc : scan_options(ops, grants, change, err);
}

static int change_revoke(
	struct operands *ops, struct lan_change *change, struct message *err)
{
	return take_user(ops, change, change->grant.userid, err);
}

static int change_switch(
	struct operands *ops, struct lan_change *change, struct message *err)
{
	static const char *const words[] = { "OFF", "ON", NULL };
	int which, rc = scan_choice(ops, "ON or OFF", words, &which, err);

	change->on = !rc && which;
	return rc;
}

/* u vdev {TO u vdev | OFF} */
static int change_mirror(
	struct operands *ops, struct lan_change *change, struct message *err)
{
	int rc = take_user(ops, change, change->grant.userid, err);

	if (!rc)
		rc = scan_vdev(ops, &change->vdev, err);
	if (rc || op_keyword(ops, "OFF"))
		return rc;
	if (!op_keyword(ops, "TO"))
		return scan_unknown(ops, "TO or OFF", err);
	change->on = true;
	rc = take_user(ops, change, change->to, err);
	return rc ? rc : scan_vdev(ops, &change->to_vdev, err);
}

/* An address and the number of its first bits that are the network's; the others are 0.
 */
static bool is_network(const char *word)
{
	const char *slash = strchr(word, '/');
	char address[INET_ADDRSTRLEN];
	struct in_addr in;
	uint64_t bits;

	if (!slash || word_u64(slash + 1, NET_BITS_MIN, NET_BITS_MAX, &bits) ||
		(size_t)(slash - word) >= sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - word), word);
	return inet_pton(AF_INET, address, &in) == 1 &&
	       !(ntohl(in.s_addr) & UINT32_MAX >> bits);
}

static int change_dhcp(
	struct operands *ops, struct lan_change *change, struct message *err)
{
	const char *word = op_peek(ops);

	if (op_keyword(ops, "OFF"))
		return 0;
	if (word && !is_network(word))
		return msg_set(err, MSG_INVALID_OPERAND, word,
			"OFF or a network such as 10.1.2.0/24");
	change->on = true;
	return scan_copy(ops, "network or OFF", change->net, sizeof(change->net), err);
}

int scan_lan_name(struct operands *ops, bool vswitch, char owner[USERID_MAX + 1],
	char name[USERID_MAX + 1], bool *said, struct message *err)
{
	int rc = scan_name(
		ops, vswitch ? "name of the VSWITCH" : "name of the LAN", name, err);

	snprintf(owner, USERID_MAX + 1, "SYSTEM");
	*said = !rc && !vswitch && op_keyword(ops, "OWNERid");
	if (rc || !*said || op_keyword(ops, "SYSTEM"))
		return rc;
	return scan_userid(ops, owner, err);
}

int scan_lan_change(struct operands *ops, struct lan_change *change, struct message *err)
{
	static const struct {
		const char *mixed;
		enum lan_change_kind kind;
		int (*fn)(struct operands *ops, struct lan_change *change,
			struct message *err);
	} changes[] = {
		{ "GRAnt", CHANGE_GRANT, change_grant },
		{ "REVoke", CHANGE_REVOKE, change_revoke },
		{ "ISOLation", CHANGE_ISOLATION, change_switch },
		{ "MACProtect", CHANGE_PROTECT, change_switch },
		{ "MIRROR", CHANGE_MIRROR, change_mirror },
		{ "DHCP", CHANGE_DHCP, change_dhcp },
	};
	int rc;

	*change = (struct lan_change) { .vswitch = change->vswitch };
	rc = scan_lan_name(ops, change->vswitch, change->owner, change->name,
		&change->owner_said, err);
	if (rc)
		return rc;
	if (change->owner_said && strcmp(change->owner, "SYSTEM") != 0)
		change->user_word[change->n_users++] = ops->next - 1;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (op_keyword(ops, changes[i].mixed)) {
			change->kind = changes[i].kind;
			return changes[i].fn(ops, change, err);
		}
	}
	return scan_unknown(
		ops, "GRANT, REVOKE, ISOLATION, MACPROTECT, MIRROR or DHCP", err);
}
