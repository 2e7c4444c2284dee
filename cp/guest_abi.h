/* What a guest may rely on: the fixed places of the machine, the records of the "cp"
 * port.
 *
 * Freestanding: CMS includes exactly this file and nothing else of the host.  All
 * integers are little endian.  What stands here is never changed, only added to. */
#ifndef CP_GUEST_ABI_H
#define CP_GUEST_ABI_H

#include <stdint.h>

/* ---- The machine -------------------------------------------------------------------
 *
 * Storage starts at 0, in one bank up to GUEST_LOW_END; what is above goes on at
 * GUEST_HIGH_BASE.  Between them is the PCI hole. */
#define GUEST_LOW_END   0xc0000000u  /* first address that is never storage below 4 GiB */
#define GUEST_HIGH_BASE 0x100000000u /* 4 GiB: storage continues here */
#define GUEST_BAR_BASE  0xc0000000u  /* window of the PCI base address registers */
#define GUEST_BAR_END   0xe0000000u
#define GUEST_BAR_LAST  0xdfffffffu /* GUEST_BAR_END - 1; the AML wants numbers */
#define GUEST_BAR_SIZE  0x20000000u
#define GUEST_ECAM_BASE \
	0xe0000000u /* PCIe configuration space of bus 0 (PCIe 5.0, 7.2.2) */
#define GUEST_ECAM_SIZE 0x00100000u /* 32 devices x 8 functions x 4 KiB */

/* Where a PC has its firmware, page 0xe0 of storage and the 31 behind it: the ACPI
 * tables, the RSDP first, and at its end the place where a processor begins after a
 * reset.  Code there, for real mode, resets the machine: Linux without EFI, where ACPI is
 * hardware-reduced, goes there to restart, and nowhere else. */
#define GUEST_ACPI_BASE       0x000e0000u
#define GUEST_ACPI_SIZE       0x00020000u
#define GUEST_RESET_VECTOR    0x000ffff0u
#define GUEST_GENERATION_ADDR 0x000ef000u /* VM generation id, 16 bytes */

#define GUEST_COM1_PORT   0x3f8u /* 16550A, GSI 4 */
#define GUEST_COM1_GSI    4u
#define GUEST_I8042_PORT  0x64u  /* only the reset command 0xfe is there */
#define GUEST_SLEEP_PORT  0x600u /* ACPI 6.5, 4.8.3.7: sleep control, one byte */
#define GUEST_SLEEP_OFF   0x34u  /* SLP_EN | SLP_TYP 5: power off */
#define GUEST_STATUS_PORT 0x601u /* ACPI sleep status, one byte */
#define GUEST_RESET_PORT  0x602u /* ACPI 6.5, 4.8.3.6: reset register */
#define GUEST_RESET_VALUE 0x01u

/* What ACPI calls a generic event device (ACPI 6.5, 5.6.9): a byte that reads as what has
 * happened since it was read last; its level interrupt is on while that is not 0. */
#define GUEST_EVENT_PORT       0x604u
#define GUEST_EVENT_GSI        5u
#define GUEST_EVENT_POWER      0x01u /* the power button was pressed */
#define GUEST_EVENT_GENERATION 0x02u /* the VM generation id is another one */
#define GUEST_EVENT_PCI        0x04u /* a PCI device came or went */
#define GUEST_EVENT_LISTEN     0x01u /* written: the guest will look */

/* ---- The "cp" port: a virtio-console port of this name ------------------------------
 *
 * A stream of frames in both directions.  A frame is a header and `len` bytes.  Frames
 * with one id belong to one command; several commands may be in progress.  When the
 * guest opens the port, everything of earlier openings is forgotten by the host side;
 * a reader that finds no magic number where a header should be skips byte by byte to
 * the next one. */
#define CP_PORT_NAME   "org.bulkhead.cp"
#define CP_FRAME_MAGIC 0x31504342u /* "BCP1" */
#define CP_FRAME_MAX   65536u      /* most bytes after the header */
#define CP_COMMAND_MAX 4096u       /* most bytes of a command */

struct cp_frame {
	uint32_t magic; /* CP_FRAME_MAGIC */
	uint32_t len;   /* bytes that follow, at most CP_FRAME_MAX */
	uint32_t id;    /* chosen by who asks; 0 where nobody asked */
	uint16_t type;  /* enum cp_frame_type */
	uint16_t flags; /* CP_F_* */
};

enum cp_frame_type {
	CP_COMMAND = 1, /* guest: one or several commands as typed, not terminated */
	CP_OUT = 2,     /* CP: a piece of the answer, for standard output */
	CP_ERR = 3,     /* CP: a piece of the answer, for standard error */
	CP_DONE = 4,    /* CP: the end; data is the return code, uint32_t */
	CP_SIGNAL = 5,  /* CP, id 0: shut down; data is the seconds left, uint32_t */
	CP_SMSG = 6,    /* CP, id 0: a special message: "USERID text" */
	CP_ENABLE = 7,  /* guest: CP_SIGNAL is understood from now on; no answer */
};

#define CP_F_JSON 0x0001u /* with CP_COMMAND: answer in JSON, a line per command */

/* The return code of CP_DONE when CP is away, or went away before it answered: what
 * became of the command is not known. */
#define CP_RC_AWAY 0xffffffffu

/* The return code of CP_DONE, which comes alone, for a command of more than
 * CP_COMMAND_MAX bytes: the number of CP's message for that. */
#define CP_RC_TOO_LONG 1402u

#endif
