/* The registers of a vCPU by name. */
#include "cp/registers.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct reg {
	const char *name, *other; /* other: by its number, as assemblers count; or "" */
	size_t offset;
	bool writable;
} table[] = {
#define GPR(name, other, i)                                                  \
	{                                                                    \
		name, other, offsetof(struct part_regs, gpr) + 8 * (i), true \
	}
#define REG(name, other, field, writable)                                \
	{                                                                \
		name, other, offsetof(struct part_regs, field), writable \
	}
	GPR("RAX", "R0", 0),
	GPR("RBX", "R3", 1),
	GPR("RCX", "R1", 2),
	GPR("RDX", "R2", 3),
	GPR("RSI", "R6", 4),
	GPR("RDI", "R7", 5),
	GPR("RBP", "R5", 6),
	GPR("RSP", "R4", 7),
	GPR("R8", "", 8),
	GPR("R9", "", 9),
	GPR("R10", "", 10),
	GPR("R11", "", 11),
	GPR("R12", "", 12),
	GPR("R13", "", 13),
	GPR("R14", "", 14),
	GPR("R15", "", 15),
	REG("RIP", "PSW", rip, true),
	REG("RFLAGS", "", rflags, true),
	REG("CR0", "", cr0, false),
	REG("CR2", "", cr2, false),
	REG("CR3", "", cr3, false),
	REG("CR4", "", cr4, false),
	REG("EFER", "", efer, false),
	REG("CS", "", cs, false),
	REG("SS", "", ss, false),
	REG("CSBASE", "", cs_base, false),
	REG("GDT", "", gdt, false),
	REG("IDT", "", idt, false),
	REG("TR", "", tr, false),
#undef GPR
#undef REG
};

#define REGISTERS ((int)(sizeof(table) / sizeof(table[0])))

const char *register_at(const struct part_regs *regs, int i, uint64_t *value)
{
	if (i < 0 || i >= REGISTERS)
		return NULL;
	if (value)
		memcpy(value, (const char *)regs + table[i].offset, sizeof(*value));
	return table[i].name;
}

int register_find(const char *name)
{
	for (int i = 0; i < REGISTERS; i++) {
		if (!strcasecmp(name, table[i].name) || !strcasecmp(name, table[i].other))
			return i;
	}
	return -1;
}

bool register_set(struct part_regs *regs, int i, uint64_t value)
{
	if (!table[i].writable)
		return false;
	memcpy((char *)regs + table[i].offset, &value, sizeof(value));
	return true;
}
