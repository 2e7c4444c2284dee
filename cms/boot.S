/* Entry from the loader, and the page tables.
 *
 * The loader enters in 32-bit protected mode with %ebx at the start information (PVH,
 * the ELF note below).  Ring 0 may be emulated at a few million instructions a second, so
 * all tables are data of the image: a dozen instructions lead to ring 3. */
#include "cms/layout.h"

#define NOTE_PHYS32_ENTRY 18

#define CR0_PE_ET_NE_WP_PG 0x80010031
#define CR4_PAE            0x20
#define MSR_EFER           0xc0000080
#define EFER_LME           0x100

/* Present, accessed and dirty: no walk has anything to write back. */
#define PTE_SHIM  0x63
#define PTE_READ  0x65
#define PTE_USER  0x67
#define PTE_LARGE 0x80
#define PTE_UC    0x18 /* uncached */

	.section .note.pvh, "a", @note
	.balign 4
	.long	4, 8, NOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.quad	boot_entry

	.section .shim.boot, "ax", @progbits
	.code32
	.globl	boot_entry
boot_entry:
	cld
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	mov	$EFER_LME, %eax
	xor	%edx, %edx
	wrmsr
	mov	$CR0_PE_ET_NE_WP_PG, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$SHIM_CS, $boot_long

	.code64
boot_long:
	lidt	idt_pointer
	mov	$TASK, %eax
	ltr	%ax
	mov	$shim_stack, %esp
	push	$USER_DS
	push	$stack_top
	push	$USER_FLAGS
	push	$USER_CS
	push	$user_entry
	mov	%ebx, %edi
	iretq

/* Identity, 4 GiB: the first 2 MiB by small pages, the rest by large ones. */
	.balign	PAGE_SIZE
pml4:
	.quad	pdpt + PTE_USER
	.zero	511 * 8
pdpt:
	.set	i, 0
	.rept	4
	.quad	page_dirs + i * PAGE_SIZE + PTE_USER
	.set	i, i + 1
	.endr
	.zero	508 * 8
page_dirs:
	.quad	page_table + PTE_USER
	.set	i, 1
	.rept	3 * 512 - 1
	.quad	(i << 21) + PTE_USER + PTE_LARGE
	.set	i, i + 1
	.endr
	.rept	512 /* no storage here: device memory */
	.quad	(i << 21) + PTE_USER + PTE_LARGE + PTE_UC
	.set	i, i + 1
	.endr

	.macro	pages from, to, flags
	.set	i, \from
	.rept	(\to - \from) / PAGE_SIZE
	.quad	i + \flags
	.set	i, i + PAGE_SIZE
	.endr
	.endm
page_table:
	.quad	PTE_READ
	pages	PAGE_SIZE, SHIM_BASE, PTE_USER
	pages	SHIM_BASE, LAPIC_ALIAS, PTE_SHIM
	.quad	LAPIC_BASE + PTE_SHIM + PTE_UC
	pages	TEXT_BASE, DATA_BASE, PTE_READ
	pages	DATA_BASE, 0x200000, PTE_USER

	.section .note.GNU-stack, "", @progbits
