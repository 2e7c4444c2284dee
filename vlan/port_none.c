/* A port with nothing behind it. */
#include "vlan/port_tap.h"

#include <errno.h>
#include <stdlib.h>

static int none_send(struct port *p, const struct egress *e, int n, enum lan_drop *why)
{
	(void)p;
	(void)e;
	(void)n;
	*why = DROP_DETACHED;
	return 0;
}

static void none_destroy(struct lan_plug *plug)
{
	switch_port_remove(plug->host->sw, &plug->port);
	free(plug);
}

static void none_stat(const struct lan_plug *plug, struct lan_stat_port *out)
{
	out->state = plug->state;
	out->kicks = out->calls = 0;
}

static const struct lan_plug_ops plug_ops = { none_destroy, none_stat };
static const struct port_ops port_ops = { .name = "none", .send = none_send };

int port_none_create(
	struct lan_host *host, const struct lan_port *conf, struct lan_plug **out)
{
	struct lan_plug *plug = calloc(1, sizeof(*plug));
	int err;

	if (!plug)
		return -ENOMEM;
	plug->ops = &plug_ops;
	plug->host = host;
	plug->port.ops = &port_ops;
	plug->port.conf = *conf;
	plug->state = LAN_PORT_IDLE;
	err = switch_port_add(host->sw, &plug->port);
	if (err)
		free(plug);
	else
		*out = plug;
	return err;
}
