/* A VDE switch, by libvdeplug.  Only its UNIX socket: other kinds of VDE networks would
 * have the library load what it finds, and run commands. */
#include "vlan/uplink/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <libvdeplug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 64

struct vde {
	VDECONN *conn;
	int data, control; /* their places in the poll */
};

/* The library takes no notice of MSG_DONTWAIT. */
static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -1 : 0;
}

static int vde_begin(struct uplink *u, char why[UPLINK_WHY])
{
	const char *path = conf_get(u->conf, "socket");
	char url[128], who[] = "bulkhead";
	struct vde *v;
	int n;

	if (!path || *path != '/')
		return uplink_fail(why, EINVAL, "no socket of a VDE switch");
	n = snprintf(url, sizeof(url), "vde://%s", path);
	if (n < 0 || (size_t)n >= sizeof(url) || strpbrk(path, "[]{}?"))
		return uplink_fail(why, EINVAL, "\"%s\" is no path of a switch", path);
	v = calloc(1, sizeof(*v));
	if (!v)
		return uplink_fail(why, ENOMEM, "a VDE connection");
	v->conn = vde_open(url, who, NULL);
	if (v->conn && !set_nonblocking(vde_datafd(v->conn))) {
		u->own = v;
		return 0;
	}
	n = uplink_fail(why, errno ? errno : ENOENT, "no VDE switch at %s", path);
	if (v->conn)
		vde_close(v->conn);
	free(v);
	return n;
}

/* The largest frame of VDE is smaller than ours. */
static void vde_frame(struct uplink *u, const uint8_t *bytes, size_t len)
{
	const struct vde *v = u->own;

	if (len > VDE_ETHBUFSIZE || vde_send(v->conn, bytes, len, 0) < 0)
		u->lost++;
}

static void vde_fill(struct uplink *u, struct uplink_poll *p)
{
	struct vde *v = u->own;

	v->data = uplink_poll_add(p, vde_datafd(v->conn), POLLIN);
	v->control = uplink_poll_add(p, vde_ctlfd(v->conn), POLLIN);
}

/* A frame of 1 byte is what the library says where there was none. */
static int vde_run(struct uplink *u, const struct uplink_poll *p)
{
	uint8_t buf[VDE_ETHBUFSIZE];
	const struct vde *v = u->own;

	if (uplink_poll_got(p, v->control))
		return -EPIPE;
	for (int i = 0; i < BURST && uplink_poll_got(p, v->data); i++) {
		ssize_t n = vde_recv(v->conn, buf, sizeof(buf), 0);

		if (n <= 1)
			break;
		uplink_send(u, buf, (size_t)n);
	}
	return 0;
}

const struct uplink_kind uplink_vde = { .name = "vde",
	.role = UPLINK_ROLE_VDE,
	.open = vde_begin,
	.frame = vde_frame,
	.fill = vde_fill,
	.run = vde_run };
