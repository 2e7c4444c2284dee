/* An interface of the host, by libpcap: what comes in at it goes to the LAN, what comes
 * from the LAN goes out of it.  The host itself is not reached by this, as with any
 * bridge of two other stations.
 *
 * What the host's receive offload has merged is larger than the LAN's MTU and dropped
 * there: such an interface needs "ethtool -K IF gro off lro off". */
#include "vlan/uplink/uplink.h"

#include <errno.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define BURST   64
#define LOOK_MS 500 /* at an interface that went down: is it still there? */
#define BUFFER  (4 << 20)

struct iface {
	pcap_t *pcap;
	int fd, at;     /* its place in the poll */
	unsigned index; /* of the interface, whatever it is called by now */
	bool down;      /* it was, and no frame has come since */
};

static int set_options(pcap_t *p)
{
	int err = pcap_set_snaplen(p, UPLINK_FRAME);

	if (!err)
		err = pcap_set_promisc(p, 1);
	if (!err)
		err = pcap_set_immediate_mode(p, 1);
	if (!err)
		err = pcap_set_buffer_size(p, BUFFER);
	return err ? err : pcap_activate(p);
}

/* Warnings of pcap_activate() are above 0. */
static int begin_pcap(struct iface *f, const char *name, char why[UPLINK_WHY])
{
	char text[PCAP_ERRBUF_SIZE] = "";
	int err;

	f->pcap = pcap_create(name, text);
	if (!f->pcap)
		return uplink_fail(why, EINVAL, "%s: %s", name, text);
	err = set_options(f->pcap);
	if (err < 0)
		return uplink_fail(why, err == PCAP_ERROR_PERM_DENIED ? EPERM : ENODEV,
			"%s: %s", name, pcap_geterr(f->pcap));
	if (pcap_datalink(f->pcap) != DLT_EN10MB)
		return uplink_fail(why, ENOTSUP, "%s is no Ethernet", name);
	if (pcap_setdirection(f->pcap, PCAP_D_IN) || pcap_setnonblock(f->pcap, 1, text))
		return uplink_fail(why, EINVAL, "%s: %s", name, pcap_geterr(f->pcap));
	f->index = if_nametoindex(name);
	f->fd = pcap_get_selectable_fd(f->pcap);
	return f->fd < 0 ? uplink_fail(why, ENOTSUP, "%s cannot be polled", name) : 0;
}

static int iface_open(struct uplink *u, char why[UPLINK_WHY])
{
	const char *name = conf_get(u->conf, "interface");
	struct iface *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return uplink_fail(why, ENOMEM, "an interface");
	err = name ? begin_pcap(f, name, why) : uplink_fail(why, EINVAL, "no interface");
	if (!err) {
		u->own = f;
		return 0;
	}
	if (f->pcap)
		pcap_close(f->pcap);
	free(f);
	return err;
}

/* What is larger than the interface's MTU is refused, and lost as on any wire. */
static void iface_frame(struct uplink *u, const uint8_t *bytes, size_t len)
{
	const struct iface *f = u->own;

	if (pcap_inject(f->pcap, bytes, len) < 0)
		u->lost++;
}

static void iface_fill(struct uplink *u, struct uplink_poll *p)
{
	struct iface *f = u->own;

	f->at = uplink_poll_add(p, f->fd, POLLIN);
	if (f->down)
		p->timeout_ms = LOOK_MS;
}

static void got(u_char *ctx, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct uplink *u = (struct uplink *)ctx;

	if (h->caplen == h->len)
		uplink_send(u, bytes, h->caplen);
}

/* An interface that is down comes up again; one that was removed does not.  The kernel
 * says "down" of both, and of the latter just before it is gone. */
static int iface_run(struct uplink *u, const struct uplink_poll *p)
{
	struct iface *f = u->own;
	short events = uplink_poll_got(p, f->at);
	char name[IF_NAMESIZE];
	int n;

	if (events & POLLERR)
		f->down = true;
	if (events) {
		n = pcap_dispatch(f->pcap, BURST, got, (u_char *)u);
		if (n > 0)
			f->down = false;
	}
	return f->down && !if_indextoname(f->index, name) ? -ENODEV : 0;
}

const struct uplink_kind uplink_if = { .name = "if",
	.role = UPLINK_ROLE_IF,
	.open = iface_open,
	.frame = iface_frame,
	.fill = iface_fill,
	.run = iface_run };
