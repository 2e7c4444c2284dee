/* Where CMS lies in storage, and its segments.  For C and the assembler.
 *
 *     up to SHIM_BASE    what the loader left: start information, PARM; the first page
 *                        is read only, so that a store to a null pointer is seen
 *     SHIM_BASE          ring 0: entry, page tables, gates; ring 3 cannot touch it
 *     TEXT_BASE          programs and constants, read only
 *     DATA_BASE          stack, data; free storage follows
 *
 * Everything below 4 GiB is mapped to itself but for one page: LAPIC_ALIAS, the local
 * APIC where the shim reaches it by a short address.  cms.lds has the same numbers. */
#ifndef CMS_LAYOUT_H
#define CMS_LAYOUT_H

#define SHIM_BASE   0x100000
#define SHIM_GATES  0x108000 /* trap.S; both hold parts of their own addresses */
#define SHIM_DATA   0x10b000
#define LAPIC_ALIAS 0x10f000
#define TEXT_BASE   0x110000
#define DATA_BASE   0x130000
#define PAGE_SIZE   0x1000

#define LAPIC_BASE  0xfee00000
#define IOAPIC_BASE 0xfec00000

#define SHIM_CS 0x08
#define USER_DS 0x13
#define USER_CS 0x1b
#define TASK    0x20

#define USER_FLAGS 0x202 /* interrupts enabled */

#endif
