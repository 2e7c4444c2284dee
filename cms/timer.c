/* Time and its interrupt. */
#include "cms/timer.h"

#include "cms/layout.h"
#include "cms/mmio.h"
#include "cms/shim.h"

#define CPUID_FEATURES     1u
#define TSC_DEADLINE       (1u << 24) /* of ecx */
#define CPUID_KVM          0x40000000u
#define CPUID_KVM_FEATURES 0x40000001u
#define KVM_CLOCKSOURCE2   (1u << 3) /* of eax */
#define MSR_WALL_CLOCK     0x4b564d00u
#define MSR_SYSTEM_TIME    0x4b564d01u

#define LAPIC_SPURIOUS  (LAPIC_BASE + 0xf0u)
#define LAPIC_LVT_TIMER (LAPIC_BASE + 0x320u)
#define LAPIC_LVT_LINT0 (LAPIC_BASE + 0x350u)
#define LAPIC_DIVIDE    (LAPIC_BASE + 0x3e0u)
#define LAPIC_ENABLE    0x100u
#define LVT_MASKED      0x10000u
#define LVT_DEADLINE    0x40000u
#define DIVIDE_BY_1     0xbu

static uint32_t cpuid(uint32_t leaf, uint32_t *ebx, uint32_t *ecx);
static bool has_kvm_clock(void);
static void start_lapic(bool deadline);
static uint64_t rdtsc(void);
static uint64_t multiply_shift(uint64_t a, uint32_t multiplier);
static uint64_t tsc_at(const struct timer *t, uint64_t ns);
static struct timer_host_clock read_clock(const struct timer *t);

bool timer_start(struct timer *t)
{
	uint32_t ebx, ecx;

	cpuid(CPUID_FEATURES, &ebx, &ecx);
	t->deadline = ecx & TSC_DEADLINE;
	start_lapic(t->deadline);
	if (!has_kvm_clock())
		return false;
	CMS_CALL(SHIM_WRMSR, MSR_SYSTEM_TIME, (uint64_t)&t->clock | 1);
	CMS_CALL(SHIM_WRMSR, MSR_WALL_CLOCK, (uint64_t)&t->wall);
	t->ipl = timer_now(t);
	return true;
}

uint64_t timer_now(const struct timer *t)
{
	struct timer_host_clock c = read_clock(t);
	uint64_t delta = rdtsc() - c.tsc;

	delta = c.shift < 0 ? delta >> -c.shift : delta << c.shift;
	return c.ns + multiply_shift(delta, c.multiplier);
}

uint64_t timer_utc(const struct timer *t)
{
	return t->wall.seconds * NS_PER_S + t->wall.nanoseconds + timer_now(t);
}

void timer_idle(const struct timer *t, uint64_t until)
{
	uint64_t now = timer_now(t), ns = until > now ? until - now : 1;

	if (t->deadline)
		CMS_CALL(SHIM_IDLE, until == NEVER ? 0 : tsc_at(t, until), 0);
	else
		CMS_CALL(SHIM_IDLE_COUNT, ns < UINT32_MAX ? ns : UINT32_MAX, 0);
}

static uint32_t cpuid(uint32_t leaf, uint32_t *ebx, uint32_t *ecx)
{
	uint32_t eax = leaf, edx;

	*ecx = 0;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(*ebx), "+c"(*ecx), "=d"(edx));
	return eax;
}

static bool has_kvm_clock(void)
{
	uint32_t ebx, ecx;

	cpuid(CPUID_KVM, &ebx, &ecx);
	if (ebx != 0x4b4d564b || ecx != 0x564b4d56) /* KVMK VMKV */
		return false;
	return cpuid(CPUID_KVM_FEATURES, &ebx, &ecx) & KVM_CLOCKSOURCE2;
}

/* Interrupts come by messages only: the old interrupt controller is masked. */
static void start_lapic(bool deadline)
{
	struct mmio list;

	mmio_begin(&list);
	mmio_add(&list, MMIO_WRITE32, LAPIC_SPURIOUS, LAPIC_ENABLE | VECTOR_SPURIOUS);
	mmio_add(&list, MMIO_WRITE32, LAPIC_LVT_LINT0, LVT_MASKED);
	mmio_add(&list, MMIO_WRITE32, LAPIC_DIVIDE, DIVIDE_BY_1);
	mmio_add(&list, MMIO_WRITE32, LAPIC_LVT_TIMER,
		VECTOR_TIMER | (deadline ? LVT_DEADLINE : 0));
	mmio_run(&list);
}

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* a * multiplier / 2^32 */
static uint64_t multiply_shift(uint64_t a, uint32_t multiplier)
{
	return (uint64_t)((unsigned __int128)a * multiplier >> 32);
}

/* The TSC at `ns` of our clock: the inverse of timer_now().  Points in time farther away
 * than the division can hold become the farthest. */
static uint64_t tsc_at(const struct timer *t, uint64_t ns)
{
	struct timer_host_clock c = read_clock(t);
	uint64_t delta = ns > c.ns ? ns - c.ns : 1, high, low;

	if (delta >> 32 >= c.multiplier)
		delta = ((uint64_t)c.multiplier << 32) - 1;
	high = delta >> 32;
	low = delta << 32;
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"((uint64_t)c.multiplier));
	return c.tsc + (c.shift < 0 ? low << -c.shift : low >> c.shift);
}

/* One consistent copy: the version is odd, or changes, while the host writes. */
static struct timer_host_clock read_clock(const struct timer *t)
{
	const volatile struct timer_host_clock *from = &t->clock;
	struct timer_host_clock c;

	do {
		c.version = from->version;
		c.tsc = from->tsc;
		c.ns = from->ns;
		c.multiplier = from->multiplier;
		c.shift = from->shift;
	} while (c.version & 1 || c.version != from->version);
	return c;
}
