/* The protocol between cpd and the process of a guest LAN: records over cp/lib/wire.h.
 *
 * The rules are those of cp/part_proto.h: cpd asks, with an id; the LAN answers each
 * request once, with the same id; structs only grow at their end, a shorter one is read
 * as filled up with zeros; neither side trusts the other. */
#ifndef CP_LAN_PROTO_H
#define CP_LAN_PROTO_H

#include <stdint.h>

#define LAN_VERSION    1
#define LAN_MAX_PORTS  1024
#define LAN_MAX_TRACES 16
#define LAN_MAX_FILES  32 /* descriptors of one trace */
#define LAN_NAME       24 /* bytes of a port's name, terminated: "ALPHA.0600" */

/* Descriptors the process is started with. */
enum lan_fd {
	LAN_FD_LISTEN = 3,  /* as PART_FD_LISTEN */
	LAN_FD_SECCOMP = 4, /* struct lan_seccomp, then the filters */
	LAN_FD_READY = 5,   /* as PART_FD_READY */
	LAN_FD_FIRST_FREE = 6,
};

enum lan_role { LAN_ROLE_LOOP, LAN_ROLE_WRITER, LAN_ROLES };

struct lan_seccomp {
	uint32_t count[LAN_ROLES];
};

enum lan_request {
	LAN_HELLO = 1, /* lan_hello; answered by LAN_HELLO_ANSWER */
	LAN_SET,       /* lan_conf: what holds for the whole LAN, from now on */
	LAN_PORT_ADD,  /* lan_port; fds as its kind says */
	LAN_PORT_SET,  /* lan_port: all but its kind may have changed */
	LAN_PORT_DEL,  /* lan_id */
	LAN_MIRROR,    /* lan_mirror: what port `from` sends and gets is copied to `to` */
	LAN_STAT,  /* lan_id: of ports after this one (0: from the first); LAN_OK carries
		      lan_stat, then lan_stat_port; ask again after the last until none
		      comes */
	LAN_FDB,   /* lan_fdb_from; LAN_OK carries lan_fdb_entry; likewise */
	LAN_VLANS, /* lan_id: VLAN to begin after; LAN_OK carries lan_stat_vlan; likewise
		    */
	LAN_TRACE_ADD,  /* lan_trace, then n_insns * struct bpf_insn (linux/bpf_common.h,
			   8 bytes each); fds: the files, in order */
	LAN_TRACE_SET,  /* lan_trace_set */
	LAN_TRACE_NOTE, /* lan_id, then the text */
	LAN_TRACE_DEL,  /* lan_id; LAN_OK when the file is complete */
	LAN_TRACE_STAT, /* nothing; LAN_OK carries lan_stat_trace, all there are */
	LAN_REPLAY,     /* lan_replay; fd: the file; LAN_OK when its beginning was read */
	LAN_REPLAY_END, /* lan_id */
	LAN_END,        /* end the process; no answer but the end */
};

enum lan_answer {
	LAN_OK = 64,
	LAN_FAIL, /* lan_fail, then text */
	LAN_HELLO_ANSWER,
	LAN_EVENT, /* lan_event, then text */
};

struct lan_hello {
	uint32_t version, zero;
};

struct lan_hello_answer {
	uint32_t version;
	uint32_t n_ports;
	uint64_t features; /* virtio features a vhost-user port of this LAN offers */
};

struct lan_id {
	uint32_t id, zero;
};

struct lan_fail {
	int32_t err; /* errno */
	uint32_t zero;
};

#define LAN_AWARE     0x1u /* VLAN AWARE */
#define LAN_ISOLATION 0x2u /* ports reach uplinks and their own community only */
#define LAN_PROTECT   0x4u /* MACPROTECT: a NIC sends from its own address only */

struct lan_conf {
	uint32_t flags;
	uint32_t mtu;        /* bytes after the Ethernet header, 576..65535 */
	uint32_t max_macs;   /* learned of one port; 0: 4096 */
	uint32_t age_s;      /* of learned addresses; 0: 300 */
	uint64_t storm_fps;  /* broadcasts and unknowns a second from one port; 0: no
				limit */
	char name[LAN_NAME]; /* "SYSTEM.LABNET" */
};

enum lan_port_kind {
	LAN_PORT_VHOST = 1, /* fd: a vhost-user socket, we are the backend */
	LAN_PORT_TAP = 2,   /* fd: a TAP device with IFF_VNET_HDR, IFF_NO_PI */
	LAN_PORT_DGRAM = 3, /* fd: a connected datagram socket, one frame a datagram */
	LAN_PORT_NONE = 4,  /* nothing: a trace's, or a NIC without a process */
};

#define LAN_PORT_TRUNK       0x01u /* PORTTYPE TRUNK: tagged frames of `vlans` */
#define LAN_PORT_PROMISCUOUS 0x02u /* gets what is in its VLANs, whomever it is for */
#define LAN_PORT_UPLINK      0x04u /* leads out of the LAN: no protection, never isolated */
#define LAN_PORT_LINK_DOWN   0x08u
#define LAN_PORT_NO_UNKNOWN                                                       \
	0x10u               /* frames for unknown addresses are not flooded to it \
			     */
#define LAN_PORT_OPEN 0x20u /* may send from any address, also where LAN_PROTECT */
#define LAN_PORT_DEAF 0x40u /* nothing is flooded to it: only sends */

struct lan_rate {
	uint64_t bps;   /* 0: no limit */
	uint64_t burst; /* bytes that may go at once */
};

enum lan_jitter { LAN_JITTER_UNIFORM, LAN_JITTER_NORMAL };

#define LAN_PPM 1000000u

/* What is done to the frames of one direction; probabilities in millionths. */
struct lan_impair {
	uint64_t delay_ns, jitter_ns; /* uniform: +- jitter; normal: its deviation */
	uint32_t jitter;              /* enum lan_jitter */
	uint32_t loss, duplicate, reorder, corrupt;
	uint32_t
		loss_burst; /* mean length of a run of lost frames; 0 or 1: independent */
	uint64_t bps;       /* rate of the line; 0: none */
	uint64_t seed;      /* the same seed and frames: the same fate */
};

/* Directions are the NIC's: IN is what it gets, OUT what it sends. */
struct lan_port {
	uint32_t id;   /* CP's choice, not 0; not used again while the process lives */
	uint16_t kind; /* enum lan_port_kind */
	uint16_t flags;
	char name[LAN_NAME];
	uint8_t mac[6];     /* zeros: none of its own */
	uint16_t native;    /* VLAN of untagged frames; 0: there is none (TRUNK), or 1 */
	uint32_t community; /* with ISOLATION: ports of one reach each other; 0: alone */
	uint32_t zero;
	struct lan_rate rate_in, rate_out;
	struct lan_impair impair_in, impair_out;
	uint8_t vlans[512]; /* bit v: member, of TRUNK ports */
};

struct lan_mirror {
	uint32_t from, to; /* ports; to 0: no more */
};

struct lan_stat {
	uint64_t received, copies, sent, dropped, held; /* received + copies = sent +
							   dropped + held */
	uint32_t n_ports, n_macs;
};

#define LAN_DROP_ROOM 32 /* reasons a record has room for */

/* Without the first two: frames and bytes dropped on the way, by reason. */
struct lan_stat_port {
	uint32_t id, state; /* enum lan_port_state */
	uint64_t in_frames, in_bytes, out_frames, out_bytes;
	uint64_t in_drops[LAN_DROP_ROOM], out_drops[LAN_DROP_ROOM];
	uint64_t kicks, calls; /* wakeups: the guest's, and of the guest */
};

enum lan_port_state {
	LAN_PORT_IDLE, /* plugged in, the guest's driver does not run */
	LAN_PORT_UP,
	LAN_PORT_GONE, /* the other side has gone, or was detached for what it did */
};

struct lan_fdb_from {
	uint32_t after; /* entries already had */
	uint32_t zero;
};

struct lan_fdb_entry {
	uint8_t mac[6];
	uint16_t vlan; /* 0: any */
	uint32_t port, is_static;
	uint64_t age_ns;
};

struct lan_stat_vlan {
	uint16_t vlan, zero[3];
	uint64_t frames, bytes, dropped;
};

#define LAN_TRACE_DROPPED 0x1u /* only what is dropped */
#define LAN_TRACE_TRUNK   0x2u /* only uplinks */
#define LAN_TRACE_OFF     0x4u /* disabled */

struct lan_trace {
	uint32_t id;
	uint32_t flags;
	uint32_t port;   /* 0: all */
	uint32_t vlan;   /* 0: all */
	uint32_t length; /* bytes of a frame that are kept; 0: all */
	uint32_t n_insns;
	uint64_t size; /* bytes of a file before the next is taken, or, where there is
			  one only, the trace breaks off; 0: no limit */
	char name[LAN_NAME]; /* of the port, whichever has it by then; "": all */
};

struct lan_trace_set {
	uint32_t id, flags; /* LAN_TRACE_OFF or 0 */
};

struct lan_stat_trace {
	uint32_t id, state; /* enum lan_trace_state */
	uint64_t frames, bytes,
		dropped; /* kept; written; lost because the file is slow */
	int32_t err;     /* errno, of a broken one */
	uint32_t file;   /* the one being written, from 0 */
};

enum lan_trace_state { LAN_TRACE_ACTIVE, LAN_TRACE_DISABLED, LAN_TRACE_BROKEN };

struct lan_replay {
	uint32_t id;    /* below 2^31, not 0 */
	uint32_t port;  /* as if sent by the NIC at this port; 0: from a port of its own,
			   which goes to all VLANs as the frames are tagged */
	uint32_t speed; /* hundredths; 100: as recorded; 0: as fast as it goes */
	uint32_t zero;
};

enum lan_event_kind {
	LAN_EV_PORT_GONE = 1, /* id: a port was detached; text says why */
	LAN_EV_PORT_STATE,    /* id, value: enum lan_port_state */
	LAN_EV_TRACE_BROKEN,  /* id: text says why */
	LAN_EV_REPLAY_DONE, /* id, value: frames sent; text: why it ended early, or "" */
};

struct lan_event {
	uint32_t kind;
	uint32_t id;
	uint64_t value;
};

#endif
