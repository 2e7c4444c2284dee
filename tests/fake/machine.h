/* A machine for device models: 1 MiB of storage, buses, a loop; it records what devices
 * ask of it. */
#ifndef TESTS_FAKE_MACHINE_H
#define TESTS_FAKE_MACHINE_H

#include "partitions/dev/bus.h"
#include "partitions/dev/device.h"
#include "partitions/dev/pci.h"

#define FAKE_STORAGE 0x100000u
#define FAKE_MSIS    256
#define FAKE_KICKS   64
#define FAKE_IRQFDS  32
#define FAKE_LINES   24
#define FAKE_TEXT    0x40000
#define FAKE_CMDS    16

struct fake_machine {
	struct machine m;
	struct gmem gmem;
	int storage_fd;
	uint8_t *storage; /* guest address 0 */
	uint8_t *ecam;
	struct machine_bank bank;

	struct {
		uint64_t addr;
		uint32_t data;
	} msi[FAKE_MSIS];
	int n_msi;

	bool line[FAKE_LINES];
	int line_changes;

	bool refuse_kicks; /* kick_add() fails: notifications come as bus accesses */
	struct {
		gpa_t gpa;
		int fd;
	} kick[FAKE_KICKS];
	int n_kicks;

	struct {
		int fd;
		uint64_t addr;
		uint32_t data;
	} irqfd[FAKE_IRQFDS];
	int n_irqfds;

	int power_offs, resets;
	int broken; /* reports */
	uint16_t broken_vdev;
	char broken_why[128];

	int nics_lost;
	uint16_t lost_vdev;

	char console[FAKE_TEXT];
	size_t console_len;

	struct {
		uint32_t id;
		uint16_t flags;
		size_t len;
		char text[4097];
	} command[FAKE_CMDS];
	int n_commands, cp_resets;
	bool cp_enabled, acpi_enabled;

	int threads, thread_err; /* started; what thread_started() answers */
};

int fake_machine_create(struct fake_machine **out); /* 0 or -errno */
void fake_machine_destroy(struct fake_machine *f);

/* Runs the loop until it has nothing more to do. */
void fake_run(struct fake_machine *f);

/* Runs the loop until `done`, for at most ten seconds.  Was it done? */
bool fake_run_until(struct fake_machine *f, bool (*done)(void *ctx), void *ctx);

/* An access of the guest's to memory that is no storage, as KVM would pass it on. */
void fake_write(struct fake_machine *f, gpa_t gpa, uint64_t value, unsigned len);
uint64_t fake_read(struct fake_machine *f, gpa_t gpa, unsigned len);
void fake_out(struct fake_machine *f, uint16_t port, uint8_t value);
uint8_t fake_in(struct fake_machine *f, uint16_t port);

/* Forgets what was recorded. */
void fake_forget(struct fake_machine *f);

#endif
