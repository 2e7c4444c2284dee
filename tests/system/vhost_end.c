/* A program of the host that plugs into a guest LAN, driven line by line.
 *
 *   vhost_end SOCKET MAC
 *
 * It says "plugged in" when it is, "from MAC TEXT" for each frame of ours that comes, and
 * "gone" when the LAN has ended the connection.  "to MAC TEXT" on standard input sends a
 * frame; the end of standard input is the end. */
#include "cp/lib/vnic.h"

#include "cp/lib/words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER    14
#define SHORTEST  60
#define ANSWER_MS 60000 /* who is plugged in before us may stay for long */

/* Of an ethertype for experiments, text terminated. */
static const uint8_t ours[2] = { 0x88, 0xb5 };

static void die(const char *what, int err)
{
	fprintf(stderr, "vhost_end: %s: %s\n", what, strerror(err));
	exit(1);
}

static struct vnic *plug_in(const char *path)
{
	const struct vnic_conf conf = {
		.queue_size = 64, .buffer = 2048, .answer_ms = ANSWER_MS
	};
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	struct vnic *v;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die(path, errno);
	err = vnic_create(fd, &conf, &v);
	if (err)
		die(path, -err);
	return v;
}

static void show(const struct vnic_frame *f)
{
	uint8_t bytes[256] = { 0 };
	char mac[MAC_TEXT];
	size_t n = f->seg[0].iov_len;

	memcpy(bytes, f->seg[0].iov_base, n < sizeof(bytes) ? n : sizeof(bytes) - 1);
	if (n > HEADER && !memcmp(bytes + 12, ours, sizeof(ours)))
		printf("from %s %s\n", mac_text(bytes + 6, mac), bytes + HEADER);
}

static void receive(struct vnic *v)
{
	struct vnic_frame frame[VNIC_BURST];
	int n;

	vnic_rx_seen(v);
	do {
		n = vnic_rx(v, frame, VNIC_BURST);
		if (n < 0)
			die("the ring is broken", -n);
		for (int i = 0; i < n; i++)
			show(&frame[i]);
		vnic_rx_done(v);
	} while (n || vnic_rx_wait(v));
}

/* "to MAC TEXT" */
static void send_line(struct vnic *v, const uint8_t from[6], const char *line)
{
	uint8_t frame[256] = { 0 };
	char mac[MAC_TEXT], text[200];
	struct iovec iov = { frame, SHORTEST };
	int err;

	if (sscanf(line, "to %17s %199[^\n]", mac, text) != 2 || word_mac(mac, frame))
		die(line, EINVAL);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, ours, sizeof(ours));
	memcpy(frame + HEADER, text, strlen(text));
	if (HEADER + strlen(text) > SHORTEST)
		iov.iov_len = HEADER + strlen(text);
	err = vnic_tx(v, NULL, &iov, 1, 0, iov.iov_len);
	if (err)
		die("cannot send", -err);
	vnic_tx_flush(v);
}

/* False: the end. */
static bool turn(struct vnic *v, const uint8_t mac[6])
{
	struct pollfd p[] = { { .fd = 0, .events = POLLIN },
		{ .fd = vnic_rx_fd(v), .events = POLLIN },
		{ .fd = vnic_sock_fd(v), .events = POLLIN } };
	char line[256];

	if (poll(p, 3, -1) < 0)
		die("poll", errno);
	if (p[1].revents)
		receive(v);
	if (p[2].revents && vnic_gone(v)) {
		puts("gone");
		return false;
	}
	if (!p[0].revents)
		return true;
	if (!fgets(line, sizeof(line), stdin))
		return false;
	send_line(v, mac, line);
	return true;
}

int main(int argc, char **argv)
{
	struct vnic *v;
	uint8_t mac[6];

	if (argc != 3 || word_mac(argv[2], mac)) {
		fprintf(stderr, "usage: vhost_end SOCKET MAC\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* what poll(2) sees is all there is */
	v = plug_in(argv[1]);
	puts("plugged in");
	receive(v);
	while (turn(v, mac))
		;
	vnic_destroy(v);
	return 0;
}
