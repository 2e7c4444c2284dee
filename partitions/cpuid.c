/* One table of changes, applied in order. */
#include "partitions/cpuid.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

#define HYPERVISOR      (1u << 31) /* leaf 1, ecx */
#define HYPERVISOR_LEAF 0x40000000u

#define ANY          0xffffffffu
#define XSAVE_LEGACY 576u /* bytes: the x87 and SSE area and the header (SDM 1, 13.4) */
#define XSAVE_FIRST  2    /* the first component beyond them */
#define XSAVE_LAST   62

enum reg { EAX, EBX, ECX, EDX };
enum when { ALWAYS, NO_XSAVE };
enum value {
	ZERO,
	ONE,
	APIC_ID,
	CPUS,
	LAST_CPU,
	MANY,    /* 1 if there is more than one vCPU */
	ID_BITS, /* of an APIC id */
	THREADS, /* leaf 0xb: level 0, of type 1 */
	CORES,   /* leaf 0xb: level 1, of type 2 */
	VALUES
};

struct change {
	uint32_t leaf, sub;
	enum reg reg;
	uint32_t mask;
	enum value value;
	enum when when;
	const char *why;
};

static const struct change changes[] = {
#define CPUID(leaf, sub, reg, mask, value, when, why) \
	{ leaf, sub, reg, mask, value, when, why },
#include "partitions/cpuid.def"
#undef CPUID
};

static bool area_fits(const struct cpuid *c, size_t xsave_size);
static uint32_t id_bits(unsigned n_cpus);
static int make_room(struct cpuid *c, const struct change *ch);
static void apply(struct cpuid *c, const struct change *ch, uint32_t value);
static const struct kvm_cpuid_entry2 *look(
	const struct cpuid *c, uint32_t leaf, uint32_t sub);

int cpuid_filter(struct cpuid *c, unsigned id, unsigned n_cpus, bool xsave)
{
	const uint32_t value[VALUES] = {
		[ONE] = 1,
		[APIC_ID] = id,
		[CPUS] = n_cpus,
		[LAST_CPU] = n_cpus - 1,
		[MANY] = n_cpus > 1,
		[ID_BITS] = id_bits(n_cpus),
		[THREADS] = 1 << 8 | 0,
		[CORES] = 2 << 8 | 1,
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *ch = &changes[i];

		if (ch->when == NO_XSAVE && xsave)
			continue;
		if (make_room(c, ch))
			return -ENOSPC;
		apply(c, ch, value[ch->value]);
	}
	return 0;
}

const char *cpuid_xsave_flaw(const struct cpuid *c, size_t xsave_size, bool host_is_tcg)
{
	if (!area_fits(c, xsave_size))
		return "this host's XSAVE area has not the size of its parts";
	return host_is_tcg ? "this host is emulated by QEMU, whose SVM does not "
			     "intercept XSETBV"
			   : NULL;
}

/* The signature of QEMU's own emulation (of KVM it is another one). */
bool cpuid_host_is_tcg(void)
{
	uint32_t eax, ecx, edx, name[4] = { 0 };

	__cpuid(1, eax, name[0], ecx, edx);
	if (!(ecx & HYPERVISOR))
		return false;
	__cpuid(HYPERVISOR_LEAF, eax, name[0], name[1], name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", 12);
}

/* KVM works the size out from the components; a host whose own idea of them is broken (as
 * that of some emulated ones is) shows it by a size that does not fit them. */
static bool area_fits(const struct cpuid *c, size_t xsave_size)
{
	const struct kvm_cpuid_entry2 *features = look(c, 1, 0), *area = look(c, 0xd, 0);
	uint32_t need = XSAVE_LEGACY;
	uint64_t components;

	if (!features || !(features->ecx & 1u << 26) || !area || (area->eax & 3) != 3)
		return false;
	components = (uint64_t)area->edx << 32 | area->eax;
	for (uint32_t i = XSAVE_FIRST; i <= XSAVE_LAST; i++) {
		const struct kvm_cpuid_entry2 *part = look(c, 0xd, i);

		if (!(components >> i & 1))
			continue;
		if (!part || !part->eax || part->ebx < XSAVE_LEGACY)
			return false;
		if (part->ebx + part->eax > need)
			need = part->ebx + part->eax;
	}
	return area->ecx == need && need <= xsave_size;
}

/* How many bits name n_cpus processors. */
static uint32_t id_bits(unsigned n_cpus)
{
	uint32_t bits = 0;

	while (1u << bits < n_cpus)
		bits++;
	return bits;
}

static const struct kvm_cpuid_entry2 *look(
	const struct cpuid *c, uint32_t leaf, uint32_t sub)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct kvm_cpuid_entry2 *e = &c->entry[i];

		if (e->function == leaf && e->index == sub)
			return e;
	}
	return NULL;
}

/* A subleaf named in the table is added where KVM does not list it, if the processor has
 * leaves up to there. */
static int make_room(struct cpuid *c, const struct change *ch)
{
	const struct kvm_cpuid_entry2 *first = look(c, 0, 0);

	if (ch->sub == ANY || ch->value == ZERO || look(c, ch->leaf, ch->sub))
		return 0;
	if (!first || first->eax < ch->leaf)
		return 0;
	if (c->n == KVM_MAX_CPUID)
		return -ENOSPC;
	c->entry[c->n++] = (struct kvm_cpuid_entry2) {
		.function = ch->leaf,
		.index = ch->sub,
		.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
	};
	return 0;
}

static uint32_t *reg_of(struct kvm_cpuid_entry2 *e, enum reg reg)
{
	uint32_t *const regs[] = { &e->eax, &e->ebx, &e->ecx, &e->edx };

	return regs[reg];
}

static void apply(struct cpuid *c, const struct change *ch, uint32_t value)
{
	uint32_t bits = value * (ch->mask & -ch->mask) & ch->mask;

	for (uint32_t i = 0; i < c->n; i++) {
		struct kvm_cpuid_entry2 *e = &c->entry[i];
		uint32_t *reg = reg_of(e, ch->reg);

		if (e->function == ch->leaf && (ch->sub == ANY || e->index == ch->sub))
			*reg = (*reg & ~ch->mask) | bits;
	}
}
