/* EXERCISE BAD: what a broken or hostile guest does to its machine. */
#include "cms/bad.h"
#include "cms/command.h"

#include "cms/port.h"
#include "cms/shim.h"
#include "cms/uart.h"

#define PORTS        0x10000u
#define CONSOLE_LINE 64
#define NOWHERE      UINT64_C(0x100000000) /* the first address that is not mapped */

static int end_by(struct cms *cms, unsigned service);
static bool ends_machine(uint32_t port);

int exercise_bad(struct cms *cms, const struct args *args)
{
	return command_sub(cms, bads, args);
}

/* Program checks: the command ends, CMS goes on. */

int bad_pagefault(struct cms *cms, const struct args *args)
{
	(void)cms, (void)args;
	*(volatile uint32_t *)NOWHERE = 0;
	return 0;
}

int bad_divide(struct cms *cms, const struct args *args)
{
	unsigned quotient = 1, rest = 0;

	(void)cms, (void)args;
	__asm__ volatile("divl %2" : "+a"(quotient), "+d"(rest) : "r"(0));
	return 0;
}

int bad_ud(struct cms *cms, const struct args *args)
{
	(void)cms, (void)args;
	__asm__ volatile("ud2");
	return 0;
}

/* The end of the machine, in several ways. */

int bad_triple(struct cms *cms, const struct args *args)
{
	(void)args;
	return end_by(cms, SHIM_TRIPLE);
}

int bad_halt(struct cms *cms, const struct args *args)
{
	(void)args;
	return end_by(cms, SHIM_STOP);
}

int bad_emulation(struct cms *cms, const struct args *args)
{
	(void)args;
	return end_by(cms, SHIM_ODD);
}

int bad_poweroff(struct cms *cms, const struct args *args)
{
	(void)args;
	cms_power_off(cms);
}

int bad_reset(struct cms *cms, const struct args *args)
{
	(void)args;
	console_drain(&cms->console);
	port_write8(GUEST_RESET_PORT, GUEST_RESET_VALUE);
	return reply(cms, CMS_NOT_HERE);
}

/* Nuisances. */

int bad_console(struct cms *cms, const struct args *args)
{
	uint64_t lines = args->value[0] * (1024 / CONSOLE_LINE);

	for (uint64_t i = 1; i <= lines && cms_goes_on(cms); i++)
		say(cms, "%0*lu\n", CONSOLE_LINE - 1, i);
	return 0;
}

int bad_ports(struct cms *cms, const struct args *args)
{
	struct noise noise = noise_from(timer_utc(&cms->timer));

	(void)args;
	for (uint32_t port = 0; port < PORTS && cms_goes_on(cms); port++) {
		if (!ends_machine(port))
			port_write8((uint16_t)port, (uint8_t)noise_next(&noise));
	}
	if (cms->console.uses_uart)
		uart_start();
	say(cms, "Every port has been written\n");
	return 0;
}

struct noise noise_from(uint64_t seed)
{
	return (struct noise) { seed | 1 };
}

/* Marsaglia's xorshift generator: repeatable, and no more than that. */
uint32_t noise_next(struct noise *n)
{
	n->state ^= n->state << 13;
	n->state ^= n->state >> 7;
	n->state ^= n->state << 17;
	return (uint32_t)(n->state >> 32);
}

/* A service of the shim that should not return. */
static int end_by(struct cms *cms, unsigned service)
{
	console_drain(&cms->console);
	CMS_CALL(service, 0, 0);
	return reply(cms, CMS_NOT_HERE);
}

/* Ours, and those that do it on a PC: the chipset's reset and fast reset. */
static bool ends_machine(uint32_t port)
{
	static const uint16_t ends[] = { GUEST_SLEEP_PORT, GUEST_STATUS_PORT,
		GUEST_RESET_PORT, GUEST_I8042_PORT, 0x92, 0xcf9 };

	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (ends[i] == port)
			return true;
	}
	return false;
}
