/* The protocol between cpd and a partition process: records over cp/lib/wire.h.
 *
 * cpd asks, with an id; the partition process answers each request once, with the same
 * id, and tells of its own accord (id 0) what happens to its guest.  Payloads are the
 * structs below, little endian, without padding.  They only ever grow at their end: a
 * receiver takes a shorter one as filled up with zeros and ignores what is beyond its
 * own. So an older process is adopted by a newer cpd and the other way round; what a
 * version adds is asked for only after PART_HELLO said that it is there.
 *
 * Neither side trusts the other: a partition process checks what would harm its guest,
 * cpd takes everything that arrives as hostile. */
#ifndef CP_PART_PROTO_H
#define CP_PART_PROTO_H

#include <stdint.h>

#ifndef PART_VERSION
#define PART_VERSION                                                       \
	4 /* 3: without PART_NIC; 2: nor PART_PLUG and PART_UNPLUG; 1: nor \
	     PART_SMSG */
#endif
#define PART_OLDEST       1
#define PART_MAX_VCPUS    64
#define PART_MAX_DEVICES  30
#define PART_PLUG_SLOT    16 /* from here to 31: devices that come while the guest runs */
#define PART_CONSOLE_KEEP (256 * 1024) /* bytes of console output the process keeps */
#define PART_CHUNK        32768 /* most bytes of storage or console in one record */

/* Descriptors a partition process is started with. */
enum part_fd {
	/* a bound UNIX SOCK_SEQPACKET socket, on which the process itself listens */
	PART_FD_LISTEN = 3,
	/* /dev/kvm */
	PART_FD_KVM = 4,
	/* the seccomp programs: struct part_seccomp, then the filters */
	PART_FD_SECCOMP = 5,
	/* a pipe: one byte 0 once listening, then what of the sandbox could not be had,
	 * if anything; or a text why not; then closed */
	PART_FD_READY = 6,
	PART_FD_FIRST_FREE = 7,
};

/* Thread roles; each has its own allowlist (cp/part_syscalls.def). */
enum part_role { PART_ROLE_LOOP, PART_ROLE_VCPU, PART_ROLE_DISK, PART_ROLES };

/* At the start of PART_FD_SECCOMP: for each role the number of struct sock_filter that
 * follow, role after role.  0: no filter (said by QUERY SANDBOX as what it is). */
struct part_seccomp {
	uint32_t count[PART_ROLES];
};

enum part_request {
	PART_HELLO = 1, /* part_hello; answered by PART_HELLO_ANSWER */
	PART_ACTIVATE,  /* part_activate, then n_devices * part_device; fds as they say */
	PART_IPL, /* part_ipl, then the command line (not terminated); fds image [initrd]
		   */
	PART_BEGIN,         /* part_cpu */
	PART_STOP,          /* part_cpu; answered when the vCPUs stand still */
	PART_RESET,         /* part_reset */
	PART_SIGNAL,        /* part_signal: ask the guest to shut down */
	PART_CONSOLE_IN,    /* bytes for the guest's console; no answer */
	PART_STORAGE_READ,  /* part_storage; PART_OK carries the bytes */
	PART_STORAGE_WRITE, /* part_storage, then the bytes */
	PART_REGS_READ,     /* part_cpu; PART_OK carries part_regs */
	PART_REGS_WRITE,    /* part_regs (cpu says which) */
	PART_STAT, /* nothing; PART_OK carries part_stat, then n_vcpus * part_stat_vcpu,
		      then n_devices * part_stat_device */
	PART_END,  /* end the process at once; no answer but the end */
	PART_GUEST_OUT,  /* answer to PART_GUEST_COMMAND: id, bytes for CP_OUT; no answer
			  */
	PART_GUEST_ERR,  /* likewise for CP_ERR */
	PART_GUEST_DONE, /* likewise; uint32_t return code */
	PART_SMSG,       /* text for the guest, "FROM text"; no answer; fails silently */
	PART_PLUG,       /* part_device, a NIC; fds as it says: one device more */
	PART_UNPLUG,     /* part_unplug: a NIC less, whatever the guest does with it */
	PART_NIC,        /* part_nic: couples a NIC, to the vhost-user socket that comes
			    with it, or uncouples it; the link */
};

enum part_answer {
	PART_OK = 64,      /* id of the request */
	PART_FAIL,         /* id of the request; part_fail, then text */
	PART_HELLO_ANSWER, /* part_hello_answer */
	PART_EVENT,        /* part_event, then text */
	PART_CONSOLE, /* part_console, then the bytes; in order, without gaps but those
			 said */
	PART_GUEST_COMMAND, /* id, CP_F_* flags, the text: a command on the guest's cp
			       port */
	PART_GUEST_RESET,   /* the guest opened its cp port anew: forget its commands */
};

struct part_hello {
	uint32_t version; /* the newest the sender speaks */
	uint32_t zero;
	uint64_t console_from; /* replay console output from this offset on (0: all there
				  is) */
};

enum part_run {           /* what the guest is doing, as the process knows */
	PART_EMPTY = 0,   /* not activated */
	PART_STOPPED = 1, /* activated; no vCPU runs */
	PART_RUNNING = 2,
	PART_DISABLED_WAIT = 3,
	PART_CHECKSTOPPED = 4,
};

struct part_hello_answer {
	uint32_t version;     /* what both speak from now on */
	uint32_t run;         /* enum part_run */
	uint64_t console_end; /* offset after the last byte of console output */
	uint32_t n_vcpus;
	uint32_t signal_enabled;
};

#define PART_ACT_HUGE_2M 0x1u /* hugetlb pages asked for; fail if not to be had */
#define PART_ACT_HUGE_1G 0x2u

struct part_activate {
	uint64_t storage; /* bytes, a multiple of 4 KiB */
	uint32_t n_vcpus;
	uint32_t flags; /* PART_ACT_* */
	uint32_t n_devices;
	uint32_t max_vcpus; /* with those that may be added later; 0: n_vcpus */
	char userid[16];
};

enum part_device_type {
	PART_DEV_CONSOLE =
		1,         /* virtio-console with the console and the cp port; and COM1 */
	PART_DEV_RNG = 2,  /* fd_index: /dev/urandom */
	PART_DEV_DISK = 3, /* fd_index: the image */
	PART_DEV_NIC = 4,  /* fd_index: -1 (not coupled) or a vhost-user socket */
};

#define PART_DEVICE_RO 0x1u

struct part_device {
	uint16_t type; /* enum part_device_type */
	uint16_t vdev;
	uint16_t slot; /* PCI device number, 1..31 */
	uint16_t flags;
	int32_t fd_index; /* into the record's descriptors, or -1 */
	uint32_t zero;
	uint64_t size; /* disk: bytes */
	uint8_t mac[6];
	uint8_t pad[2];
};

struct part_unplug {
	uint16_t vdev, zero[3];
};

#define PART_NIC_COUPLE 0x1u /* fd: the LAN, instead of one it is coupled to */
#define PART_NIC_BOUNCE 0x2u /* the LAN may not map the guest's storage */
#define PART_NIC_LINK   0x4u /* what the guest is told: the link is up */
#define PART_NIC_KEEP   0x8u /* coupled or not, it stays as it is: only the link is set */

/* Neither COUPLE nor KEEP: it is uncoupled.  PART_FAIL with PART_R_DEVICE: the LAN lacks
 * what the guest was promised (text says what: "the LAN lacks TSO4, MQ"), or does not
 * answer; the NIC is then not coupled, and its link as it was. */
struct part_nic {
	uint16_t vdev, flags; /* PART_NIC_* */
	uint16_t mtu; /* the LAN's, for a driver that starts from now on; 0: 1500 */
	uint16_t zero;
};

enum part_ipl_kind { PART_IPL_ELF = 1, PART_IPL_BZIMAGE = 2 };

#define PART_IPL_CLEAR 0x1u /* clear storage first */
#define PART_IPL_STOP  0x2u /* load, and stay stopped */

struct part_ipl {
	uint32_t kind; /* enum part_ipl_kind */
	uint32_t flags;
	uint32_t has_initrd; /* the second descriptor is one */
	uint32_t parm_len;   /* bytes of the command line */
};

#define PART_ALL_CPUS 0xffffffffu

struct part_cpu {
	uint32_t cpu; /* or PART_ALL_CPUS */
	uint32_t zero;
};

enum part_reset_kind {
	PART_RESET_SYSTEM = 1,  /* vCPUs and devices; storage stays; then stopped */
	PART_RESET_CLEAR = 2,   /* and storage becomes zeros */
	PART_RESET_RESTART = 3, /* re-IPL what was IPLed last, and run */
};

struct part_reset {
	uint32_t kind;
	uint32_t zero;
};

struct part_signal {
	uint32_t seconds;
	uint32_t zero;
};

struct part_storage {
	uint64_t addr;
	uint32_t len; /* at most PART_CHUNK */
	uint32_t zero;
};

struct part_regs {
	uint32_t cpu;
	uint32_t zero;
	uint64_t gpr[16]; /* rax rbx rcx rdx rsi rdi rbp rsp r8..r15 */
	uint64_t rip, rflags;
	uint64_t cr0, cr2, cr3, cr4, efer; /* from here on: read only */
	uint64_t cs, ss, cs_base, gdt, idt, tr;
};

struct part_stat {
	uint64_t storage;                 /* bytes committed */
	uint64_t console_out, console_in; /* bytes */
	uint32_t n_vcpus, n_devices;
};

struct part_stat_vcpu {
	uint32_t vcpu;
	uint32_t state; /* enum part_run */
	uint64_t exits; /* KVM's own counter, or 0 where KVM does not say */
	uint64_t user_exits;
};

struct part_stat_device {
	uint16_t vdev, type;
	uint32_t flags; /* PART_STAT_* */
	uint64_t in_ops, out_ops, in_bytes, out_bytes, errors;
};

#define PART_STAT_BROKEN  0x1u /* needs reset */
#define PART_STAT_DRIVER  0x2u /* a driver of the guest has it (DRIVER_OK) */
#define PART_STAT_COUPLED 0x4u /* a NIC: there is a LAN behind it */

struct part_fail {
	int32_t err;     /* errno */
	uint32_t reason; /* enum part_reason */
};

/* Why a request failed or an event happened.  cpd words them; the text adds detail. */
enum part_reason {
	PART_R_NONE = 0,
	PART_R_STATE,      /* not in this state */
	PART_R_PROTOCOL,   /* the request is malformed */
	PART_R_KVM,        /* KVM refused: text says which call */
	PART_R_STORAGE,    /* storage could not be committed */
	PART_R_VCPU,       /* a vCPU could not be made */
	PART_R_DEVICE,     /* a device could not be made: text says which and why */
	PART_R_SANDBOX,    /* the sandbox could not be closed */
	PART_R_IMAGE,      /* the image is not one we can load: text says why */
	PART_R_IMAGE_SIZE, /* does not fit storage */
	PART_R_ADDRESS,    /* not storage of this partition */
	PART_R_IO,         /* reading the image failed */
	PART_R_BUSY,       /* the guest does not listen */
};

enum part_event_kind {
	PART_EV_STATE =
		1, /* run changed without a request, for another reason than below */
	PART_EV_POWER_OFF, /* the guest turned itself off */
	PART_EV_REBOOT,    /* the guest reset itself; it is being IPLed again */
	PART_EV_HALT,      /* every vCPU waits with interrupts disabled */
	PART_EV_TRIPLE_FAULT,
	PART_EV_KVM_ERROR,      /* KVM cannot go on: emulation failure; insn says where */
	PART_EV_DEVICE,         /* a device needs reset: vdev; text says why */
	PART_EV_SIGNAL_ENABLED, /* the guest listens for PART_SIGNAL (run: 1) or no more
				   (0) */
	PART_EV_IPL_FAILED,     /* a re-IPL failed: reason and text */
	PART_EV_NIC_LOST, /* the LAN of NIC vdev has gone: it waits for another PART_NIC;
			     the guest is not told */
};

struct part_event {
	uint32_t kind; /* enum part_event_kind */
	uint32_t run;  /* enum part_run, after it */
	uint32_t vcpu;
	uint32_t reason; /* enum part_reason */
	uint64_t rip, cr2;
	uint32_t suberror; /* KVM_EXIT_INTERNAL_ERROR's, or the hardware's reason */
	uint16_t vdev;
	uint8_t n_insn; /* bytes valid in insn */
	uint8_t zero;
	uint8_t insn[16];
};

struct part_console {
	uint64_t offset; /* of the first byte; a jump says how many were lost */
};

#endif
