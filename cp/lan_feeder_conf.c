/* What the process of an uplink is configured with. */
#include "cp/lan_engine.h"

#include "cp/uplink_proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NET "10.0.2.0/24"
#define DEFAULT_MTU 1500

/* Of a NIC that is a member; false: there is none. */
static bool mac_of(struct lan *lan, const struct lan_member *m, char mac[MAC_TEXT])
{
	struct partition *p = m->userid[0] ? partition_find(lan->cp, m->userid) : NULL;
	const struct part_dev *nic = p && !m->left ? lan_nic(p, m->vdev) : NULL;

	if (nic)
		mac_text(nic->mac, mac);
	return nic;
}

/* A forward is in force while its user has a NIC here: the first one. */
static void put_forward(FILE *f, struct lan *lan, const struct lan_forward *fwd)
{
	char mac[MAC_TEXT];
	struct list *pos;

	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);

		if (strcmp(m->userid, fwd->userid) || !mac_of(lan, m, mac))
			continue;
		fprintf(f, "forward=tcp:%u:%s:%u\n", fwd->host_port, mac, fwd->port);
		return;
	}
}

static void put_hosts(FILE *f, struct lan *lan)
{
	char mac[MAC_TEXT];
	struct list *pos;
	int n = 0;

	list_for_each (pos, &lan->members) {
		const struct lan_member *m = container_of(
			pos, const struct lan_member, node);

		if (n < UPLINK_MAX_HOSTS && mac_of(lan, m, mac)) {
			fprintf(f, "host=%s:%s\n", m->userid, mac);
			n++;
		}
	}
}

/* Of a range that no NIC has; LANs that are joined have different ones. */
static void put_own_mac(FILE *f, const struct lan *lan)
{
	uint32_t hash = 2166136261u;

	for (const char *c = lan->link->id; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	fprintf(f, "mac=02:00:02:%02x:%02x:%02x\n", hash >> 16 & 0xff, hash >> 8 & 0xff,
		hash & 0xff);
}

static void put_all(FILE *f, struct lan *lan, const char *kind)
{
	const struct lan_def *def = &lan->def;

	fprintf(f, "mtu=%u\n", def->mtu ? def->mtu : DEFAULT_MTU);
	if (!strcmp(kind, "if")) {
		fprintf(f, "interface=%s\n", def->uplink.name);
	} else if (!strcmp(kind, "vde")) {
		fprintf(f, "socket=%s\n", def->uplink.name);
	} else {
		fprintf(f, "net=%s\n", def->dhcp_net[0] ? def->dhcp_net : DEFAULT_NET);
		if (!strcmp(kind, "names")) {
			put_own_mac(f, lan);
			put_hosts(f, lan);
		}
		for (int i = 0; i < def->uplink.n_forwards; i++)
			put_forward(f, lan, &def->uplink.forward[i]);
	}
}

char *lan_feeder_conf(struct lan *lan, const char *kind)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	put_all(f, lan, kind);
	if (!fclose(f) && len <= UPLINK_CONF_MAX)
		return text;
	free(text);
	return NULL;
}
