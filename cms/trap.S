/* The shim: all that runs in ring 0 once CMS is up.  A few instructions an event, none
 * that an emulated ring 0 lacks; only while it idles are interrupts enabled. */
#include "cms/layout.h"
#include "cms/shim.h"

#define LAPIC_EOI   (LAPIC_ALIAS + 0xb0)
#define LAPIC_COUNT (LAPIC_ALIAS + 0x380)
#define MSR_TSC_DEADLINE 0x6e0

#define GATE_SHIM 0x8e00 /* present, interrupt gate */
#define GATE_USER 0xee00 /* the same, open to ring 3 */

/* Vectors that push an error code: DF TS NP SS GP PF AC CP HV VC SX. */
#define HAS_ERROR(v) ((0x60227d00 >> (v)) & 1)

	.section .shim.gates, "ax", @progbits
gates: /* is at SHIM_GATES, so that offsets from it are addresses */

	.macro	gate target, type
	.word	(\target - gates + SHIM_GATES) & 0xffff, SHIM_CS, \type
	.word	(\target - gates + SHIM_GATES) >> 16
	.quad	0
	.endm

	.globl	idt_pointer
idt:
	.set	v, 0
	.rept	32
	.if	v == 3
	gate	service, GATE_USER
	.else
	gate	(exceptions + v * 16), GATE_SHIM
	.endif
	.set	v, v + 1
	.endr
	.rept	256 - 32
	gate	(interrupts + (v - 32) * 16), GATE_SHIM
	.set	v, v + 1
	.endr
idt_pointer:
	.word	. - idt - 1
	.quad	idt
idt_empty:
	.word	0
	.quad	0

/* Interrupts: note and acknowledge. */
	.balign	16
interrupts:
	.set	v, 32
	.rept	256 - 32
	.balign	16
	.if	v == VECTOR_SPURIOUS
	iretq
	.else
	orl	$(1 << (v % 32)), shim_pending
	jmp	acknowledge
	.endif
	.set	v, v + 1
	.endr

acknowledge:
	movl	$0, LAPIC_EOI
	iretq

/* Exceptions of ring 3 are noted and go on at user_fault; one of ring 0 ends us. */
	.balign	16
exceptions:
	.set	v, 0
	.rept	32
	.balign	16
	.if	!HAS_ERROR(v)
	push	$0
	.endif
	push	$v
	jmp	exception
	.set	v, v + 1
	.endr

exception:
	testb	$3, 24(%rsp)
	jz	stop
	pop	%rax
	mov	%rax, shim_fault
	pop	%rax
	mov	%rax, shim_fault + 8
	mov	(%rsp), %rax
	mov	%rax, shim_fault + 16
	mov	24(%rsp), %rax
	mov	%rax, shim_fault + 24
	mov	%cr2, %rax
	mov	%rax, shim_fault + 32
	movq	$user_fault, (%rsp)
	movq	$USER_FLAGS, 16(%rsp)
	iretq

/* Services: number in %rax, arguments in %rdi and %rsi; %rcx and %rdx are free. */
service:
	cmp	$SHIM_SERVICES, %rax
	jae	no_service
	jmp	*services(, %rax, 8)
no_service:
	push	$0
	push	$3
	jmp	exception

	.balign	8
services: /* in the order of shim.h */
	.quad	idle, idle_count, mmio, write_msr, stop, triple, odd

idle:
	cmpl	$0, shim_pending
	jne	done
	mov	$MSR_TSC_DEADLINE, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	wrmsr
sleep:
	sti /* takes effect after hlt began: nothing slips in between */
	hlt
	cli
done:
	iretq

idle_count:
	cmpl	$0, shim_pending
	jne	done
	mov	%edi, LAPIC_COUNT
	jmp	sleep

/* A list of accesses for the price of one call (mmio.h). */
mmio:
	mov	(%rdi), %edx
	mov	4(%rdi), %ecx
	mov	8(%rdi), %eax
	jmp	*accesses(, %rcx, 8)
write8:
	mov	%al, (%rdx)
	jmp	next_access
write16:
	mov	%ax, (%rdx)
	jmp	next_access
write32:
	mov	%eax, (%rdx)
next_access:
	add	$12, %rdi
	dec	%esi
	jnz	mmio
	iretq
read8:
	movzbl	(%rdx), %eax
	jmp	store_value
read16:
	movzwl	(%rdx), %eax
	jmp	store_value
read32:
	mov	(%rdx), %eax
store_value:
	mov	%eax, 8(%rdi)
	jmp	next_access

	.balign	8
accesses: /* in the order of enum mmio_kind */
	.quad	write8, write16, write32, read8, read16, read32

write_msr:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	wrmsr
	iretq

stop:
	cli
	hlt
	jmp	stop

triple:
	lidt	idt_empty
	ud2

odd:
	popcnt	%rax, %rax
	iretq

/* What the CPU writes: descriptors get busy, the stack is used. */
	.section .shim.data, "aw", @progbits
tables: /* is at SHIM_DATA */

	.globl	gdt_pointer
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* SHIM_CS */
	.quad	0x00cff3000000ffff /* USER_DS */
	.quad	0x00affb000000ffff /* USER_CS */
	.word	tss_end - tss - 1, (tss - tables + SHIM_DATA) & 0xffff /* TASK */
	.byte	(tss - tables + SHIM_DATA) >> 16, 0x89, 0, 0
	.quad	0
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.balign	8
	.long	0 /* so that the TSS's quadwords are aligned */
tss:
	.long	0
	.quad	shim_stack
	.zero	90
	.word	ports - tss
ports: /* all open to ring 3; not by IOPL, which an emulated ring 0 may lose */
	.zero	8192
	.byte	0xff
tss_end:

	.globl	shim_stack
	.balign	16
	.zero	512
shim_stack:

	.section .note.GNU-stack, "", @progbits
