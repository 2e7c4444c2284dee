/* How an end of a LAN is plugged in: one file for each kind. */
#ifndef TESTS_BENCH_LAN_ENDS_H
#define TESTS_BENCH_LAN_ENDS_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BURST 32
#define LARGE (64 * 1024)
#define MTU   1514
#define NS    UINT64_C(1000000000)

/* Rings, where the ends have them: entries, and bytes for each entry to send from and to
 * receive into. */
#define RING       256
#define BUFFER     2048
#define RING_LARGE 64
#define BUF_LARGE  (LARGE + 64)

/* A frame, and what is said of a large one. */
struct sample {
	const uint8_t *bytes;
	size_t len;
	const struct virtio_net_hdr_v1 *hdr; /* NULL: nothing */
};

struct end;

struct kind {
	const char *name;
	int window; /* frames on their way at once: fewer than there is room for */
	int window_large;
	/* Plugs in an end; `large`: for frames above the MTU.  0 or -errno. */
	int (*open)(const char *where, bool large, struct end **out);
	/* Sends up to n frames like this one: how many went. */
	int (*send)(struct end *e, const struct sample *s, int n);
	/* Up to n frames that have come; who else speaks is left out. */
	int (*receive)(struct end *e, int n);
};

/* `where` is... */
extern const struct kind kind_vhost;  /* the socket of a vhost-user backend */
extern const struct kind kind_bounce; /* the same, of which a partition's NIC gets the
					 frames and copies them */
extern const struct kind kind_tap;    /* a TAP device's name */
extern const struct kind kind_vde;    /* a VDE switch's socket */
extern const struct kind kind_relay;  /* the processor of a thread that copies */
extern const struct kind kind_memcpy; /* nothing: there is no LAN at all */

/* Ours are of an ethertype for experiments, or TCP: a host's own chatter is neither. */
static inline bool is_ours(const uint8_t *frame, size_t len)
{
	return len >= 60 && frame[0] == 2 &&
	       ((frame[12] == 0x88 && frame[13] == 0xb5) || frame[12] == 0x08);
}

uint64_t bench_now(void); /* ns */
void bench_pin(int cpu);  /* this thread; < 0: nowhere */

/* The end of the program, for what it cannot go on without. */
void bench_die(const char *what, int err) __attribute__((noreturn));

/* Connects to a UNIX socket.  The descriptor or -errno. */
int bench_connect(const char *path, int type);

#endif
