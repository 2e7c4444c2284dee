/* Ring 3's own assembler: its first instructions, the way back from a program check. */
#include "cms/shim.h"

	.text
	.globl	user_entry, user_fault, protect

/* From boot.S; %edi: the start information. */
user_entry:
	mov	%edi, %ebx
	mov	$bss_start, %edi
	mov	$bss_quads, %ecx
	xor	%eax, %eax
	rep stosq
	mov	%ebx, %edi
	call	start
	mov	$SHIM_STOP, %eax
	int3

/* int protect(int (*fn)(void *ctx), void *ctx) */
protect:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	protected
	mov	%rsp, protected
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
unprotect:
	pop	protected
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* From the shim, with everything but the stack pointer as the fault left it. */
user_fault:
	mov	protected, %rsp
	test	%rsp, %rsp
	jz	unprotected
	mov	$0x80000000, %eax /* PROTECT_FAULT */
	jmp	unprotect
unprotected:
	mov	$stack_top, %esp
	btsl	$0, lost
	jc	stop
	call	start_lost
stop:
	mov	$SHIM_STOP, %eax
	int3

	.bss
	.balign	8
protected:
	.quad	0 /* stack of the innermost protect() */
lost:
	.quad	0 /* a program check that none protects was there: the next is silent */

	.globl	shim_pending, shim_fault
shim_pending:
	.quad	0
shim_fault:
	.zero	5 * 8

	.section .note.GNU-stack, "", @progbits
