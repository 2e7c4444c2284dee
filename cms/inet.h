/* The network of CMS: interfaces, IPv4 and IPv6, as one state that is passed around.
 *
 * Nothing here waits and nothing here knows devices or commands: frames come in by
 * inet_input(), time by `now` and inet_tick(), and what is to be sent goes out by a NIC's
 * send().  Frames are foreign bytes: each layer checks the length of what it reads
 * before, and hands on a pointer with what is left. */
#ifndef CMS_INET_H
#define CMS_INET_H

#include "cms/addr.h"
#include "cms/dhcp.h"

#define NICS_MAX       8
#define IFACES_MAX     32
#define IFACE_ADDRS    8
#define IFACE_GROUPS   4
#define ROUTES_MAX     32
#define NEIGHBOURS_MAX 128
#define REASSEMBLIES   4
#define BUFFERS        24

/* The largest MTU that is used, the largest datagram that is cut up or put together. */
#define MTU_MIN      68u
#define MTU_MAX      9000u
#define DATAGRAM_MAX 9216u
#define HEADROOM     96u /* for all headers, of Ethernet and IP */

/* What became of frames that went no further: counted for each interface. */
enum drop {
#define DROP(name, text) DROP_##name,
#include "cms/drops.def"
#undef DROP
	DROPS
};
extern const char *const drop_texts[DROPS];

/* A packet on its way: `at` moves to the front as headers are put there. */
struct buf {
	struct buf *next;
	uint8_t *at;
	size_t len;
	struct iface *iface; /* of one that comes back to us */
	uint8_t space[HEADROOM + DATAGRAM_MAX];
};

/* Who gave us an address or a route. */
enum origin { BY_USER, BY_ITSELF, BY_DHCP, BY_ROUTER };
#define FOR_EVER UINT64_MAX

struct iface_addr {
	struct addr addr; /* family 0: this place is free */
	uint8_t len;
	enum origin origin;
	uint64_t until;
};

struct nic_ops {
	/* Queues a frame of at most its MTU and 18 bytes.  False: there is no room. */
	bool (*send)(void *nic, const void *frame, size_t len);
};

struct inet_nic {
	const struct nic_ops *ops;
	void *ctx;
	uint8_t mac[MAC_SIZE];
	uint16_t mtu;
};

struct iface {
	bool used, up;
	uint8_t nic;   /* index: ETHn */
	uint16_t vlan; /* 0: untagged */
	uint16_t mtu;
	uint8_t mac[MAC_SIZE];
	struct iface_addr addr[IFACE_ADDRS];
	struct addr group[IFACE_GROUPS]; /* joined by a command; family 0: free */
	struct dhcp dhcp;
	uint64_t frames_in, bytes_in, frames_out, bytes_out;
	uint64_t drops[DROPS];
};

/* A route that is not an interface's own network. */
struct route {
	struct addr net; /* family 0: this place is free */
	uint8_t len;
	enum origin origin;
	struct addr via;
	struct iface *iface; /* NULL: wherever `via` is */
	uint64_t until;
};

struct neighbour {
	struct iface *iface; /* NULL: this place is free */
	struct addr addr;
	uint8_t mac[MAC_SIZE];
	bool known;     /* mac is */
	unsigned asked; /* so many times since it was last heard of; 0: not asking */
	uint64_t heard, used; /* when */
	uint64_t next;        /* when to ask again, while asking */
	struct buf *waiting;  /* until it is known */
};

struct reassembly {
	struct buf *buf; /* NULL: this place is free */
	struct addr from, to;
	uint32_t id;
	uint8_t protocol;
	bool spoilt; /* the rest of it is for nothing */
	size_t len;  /* 0: the end has not come */
	uint64_t until;
	uint8_t have[DATAGRAM_MAX / 64]; /* a bit for each 8 bytes */
};

/* A packet that came in, without its IP header. */
struct packet {
	struct iface *in;
	struct addr from, to;
	uint8_t protocol, ttl;
	bool to_many;        /* broadcast or multicast, of Ethernet or IP */
	bool alert;          /* a router alert option */
	const uint8_t *data; /* what the protocol is about */
	size_t len;
	const uint8_t *whole; /* from the IP header on; NULL: was put together */
	size_t whole_len;
};

/* An ICMP error about something we sent, or could not send. */
struct icmp_error {
	struct addr from;    /* who says so */
	struct addr to;      /* where it was to go */
	uint8_t type, code;  /* of from.family */
	uint32_t mtu;        /* of "too big" */
	uint8_t protocol;    /* what it was */
	const uint8_t *data; /* its first bytes, 8 or more */
	size_t len;
};

/* The command that waits for answers.  Any function may be NULL. */
struct listener {
	void *ctx;
	void (*echo)(void *ctx, const struct packet *p); /* an echo reply */
	void (*error)(void *ctx, const struct icmp_error *e);
	void (*udp)(void *ctx, const struct packet *p); /* a datagram to `port` */
	void (*other)(void *ctx, const struct iface *i, unsigned type); /* a frame */
	uint16_t port;
};

struct inet {
	uint64_t now;    /* ns, set by the caller before each call */
	uint64_t random; /* state of inet_random() */
	bool forward;
	int n_nics;
	struct inet_nic nic[NICS_MAX];
	struct iface iface[IFACES_MAX];
	struct route route[ROUTES_MAX];
	struct neighbour neighbour[NEIGHBOURS_MAX];
	struct reassembly reassembly[REASSEMBLIES];
	const struct listener *listener; /* or NULL */
	struct buf *free, *looped, **looped_end;
	uint32_t n_free;
	uint16_t ip_id;
	uint64_t next_query;  /* when all are asked for their groups; 0: never */
	uint32_t errors_left; /* ICMP errors we may still send until errors_until */
	uint64_t errors_until;
	struct buf bufs[BUFFERS];
};

/* Begins with zeroed storage; `seed` differs between machines. */
void inet_start(struct inet *n, uint64_t seed);

/* Adds a NIC and its interface, ETHn, which is up. */
struct iface *inet_add_nic(struct inet *n, const struct nic_ops *ops, void *ctx,
	const uint8_t mac[MAC_SIZE], uint16_t mtu);

/* A frame that came in. */
void inet_input(struct inet *n, int nic, const uint8_t *frame, size_t len);

/* Does what is due at `now`, and what we have sent to ourselves. */
void inet_tick(struct inet *n);

/* When inet_tick() has something to do again; FOR_EVER: never of its own. */
uint64_t inet_next(const struct inet *n);

uint32_t inet_random(struct inet *n);

/* An empty buffer for `len` bytes to be put behind `at`; NULL: there is none, or it is
 * too much.  Whoever gives a buffer to a function that sends has it no more. */
struct buf *buf_get(struct inet *n, size_t len);
void buf_free(struct inet *n, struct buf *b);

/* Room for a header in front. */
uint8_t *buf_push(struct buf *b, size_t len);

#endif
