/* The shim: what ring 3 asks of ring 0, and what the two share (trap.S).
 *
 * Interrupts never interrupt: the shim notes them in shim_pending and returns.  Ring 3
 * looks when it wants to, always in this order: take what is pending, look at the
 * devices, idle.  What comes after the taking is pending again, and idling returns at
 * once: nothing is missed.  Whoever has not looked at all devices puts back the taken. */
#ifndef CMS_SHIM_H
#define CMS_SHIM_H

/* Services.  Arguments a, b. */
#define SHIM_IDLE       0 /* sleep until something is pending; a: TSC deadline or 0 */
#define SHIM_IDLE_COUNT 1 /* the same; a: ticks of the local APIC's timer, or 0 */
#define SHIM_MMIO       2 /* a: struct mmio_op array, b: how many (1 or more) */
#define SHIM_WRMSR      3 /* a: MSR, b: value */
#define SHIM_STOP       4 /* stop with interrupts disabled, for good */
#define SHIM_TRIPLE     5 /* triple fault */
#define SHIM_ODD        6 /* an instruction that emulators of ring 0 leave out */
#define SHIM_SERVICES   7

/* Interrupt vectors 32..255 set bit (vector % 32) of shim_pending. */
#define VECTOR_TIMER    0x40
#define VECTOR_DEVICE   0x41
#define VECTOR_UART     0x42
#define VECTOR_SPURIOUS 0xff
#define PENDING(vector) (1u << ((vector) % 32))

#ifndef __ASSEMBLER__

#include <stdint.h>

/* What a program check in ring 3 left. */
struct shim_fault {
	uint64_t vector, error, rip, rsp, address;
};

extern volatile uint32_t shim_pending; /* set by ring 0 at any time */
extern struct shim_fault shim_fault;

/* The one way into ring 0: int3, because `syscall` and `int n` do not work everywhere
 * that ring 0 is emulated. */
#define CMS_CALL(service, a, b)                                   \
	({                                                        \
		uint64_t a_ = (a), b_ = (b), rax_ = (service);    \
		__asm__ volatile("int3"                           \
				 : "+a"(rax_), "+D"(a_), "+S"(b_) \
				 :                                \
				 : "rcx", "rdx", "memory", "cc"); \
	})

static inline uint32_t shim_take(void)
{
	return __atomic_exchange_n(&shim_pending, 0, __ATOMIC_SEQ_CST);
}

static inline void shim_put_back(uint32_t pending)
{
	__atomic_fetch_or(&shim_pending, pending, __ATOMIC_SEQ_CST);
}

/* Calls fn(ctx).  What it returns, or PROTECT_FAULT when a program check ended it.  May
 * be nested (user.S). */
#define PROTECT_FAULT INT32_MIN
int protect(int (*fn)(void *ctx), void *ctx);

#endif
#endif
