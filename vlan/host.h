/* What surrounds the switch in its process: the loop, the poller, and the plugs.
 *
 * A plug is a port together with what is behind it; each kind is one file (port_KIND.c).
 */
#ifndef VLAN_HOST_H
#define VLAN_HOST_H

#include "cp/lib/loop.h"
#include "cp/lib/poll.h"
#include "vlan/switch.h"

struct lan_plug;
struct vhost_shared;

struct lan_host {
	struct loop *loop;
	struct lan_switch *sw;
	struct poller *poller;
	/* The other side of a plug has gone, or was detached for what it did: called
	 * once, `text` is for its owner.  It stays in the switch, as one with nothing
	 * plugged in, until it is destroyed. */
	void (*gone)(struct lan_host *host, struct lan_plug *plug, const char *text);
	/* Its driver started or stopped. */
	void (*state)(struct lan_host *host, struct lan_plug *plug);
	void *ctx;
	struct vhost_shared *vhost; /* port_vhost.c's; NULL before its first port */
};

struct lan_plug_ops {
	void (*destroy)(struct lan_plug *plug); /* takes its port out of the switch */
	/* Kicks and calls, and whether it works. */
	void (*stat)(const struct lan_plug *plug, struct lan_stat_port *out);
};

struct lan_plug {
	const struct lan_plug_ops *ops;
	struct lan_host *host;
	struct port port;
	enum lan_port_state state;
};

/* Time for the switch; the loop's own stands still while ports are polled. */
uint64_t lan_now(void);

#endif
