/* What a device model is, and what it may ask of its machine.
 *
 * A device never sees KVM, threads or sockets of CP: only struct machine.  So each runs
 * in a unit test with a fake one.
 *
 * Threads: every hook and every bus handler is called with the machine's lock held, from
 * the loop thread or a vCPU thread; a device needs no lock of its own.  Work that may
 * block goes to the loop (descriptors) or to a disk's queue, never into a handler. */
#ifndef PARTITIONS_DEV_DEVICE_H
#define PARTITIONS_DEV_DEVICE_H

#include "cp/lib/gmem.h"
#include "cp/lib/loop.h"
#include "cp/lib/snap.h"

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct device;
struct machine;
struct pci_bus;

/* What a device's own thread is for; a sandbox gives each its own allowlist. */
enum device_thread { DEVICE_THREAD_DISK };

/* What a machine does for its devices.  All may be called with its lock held, from any
 * of its threads. */
struct machine_ops {
	/* Sends a message signalled interrupt now. */
	void (*msi)(struct machine *m, uint64_t addr, uint32_t data);

	/* Drives an interrupt line (GSI). */
	void (*line)(struct machine *m, unsigned gsi, bool level);

	/* From now on a 2-byte write to `gpa` makes `fd` (an eventfd) readable instead of
	 * reaching the bus; and no more.  0 or -errno: then the device must serve the
	 * write as a bus access. */
	int (*kick_add)(struct machine *m, gpa_t gpa, int fd);
	void (*kick_del)(struct machine *m, gpa_t gpa, int fd);

	/* A readable `fd` interrupts the guest with this message, without our help; a
	 * second call for an fd changes the message, addr 0 ends it.  For backends in
	 * other processes.  0 or -errno. */
	int (*irqfd)(struct machine *m, int fd, uint64_t addr, uint32_t data);

	/* The guest asked for this; the machine does it once the access has returned. */
	void (*power_off)(struct machine *m);
	void (*reset)(struct machine *m);

	/* The guest broke device `vdev`, which needs reset: told to the owner. */
	void (*broken)(struct machine *m, uint16_t vdev, const char *why);

	/* The LAN of NIC `vdev` has gone: told to the owner. */
	void (*nic_lost)(struct machine *m, uint16_t vdev);

	/* The guest's console `from`, of the two there are, wrote bytes (kept, and shown
	 * to who watches). */
	void (*console_out)(struct machine *m, const struct device *from,
		const void *bytes, size_t len);

	/* The cp port: a whole command arrived; the guest opened the port anew; the guest
	 * (no longer) listens for CP_SIGNAL. */
	void (*cp_command)(struct machine *m, uint32_t id, uint16_t flags,
		const char *text, size_t len);
	void (*cp_reset)(struct machine *m);
	void (*cp_enable)(struct machine *m, bool enabled);

	/* The guest (no longer) looks at the power button. */
	void (*acpi_enable)(struct machine *m, bool enabled);

	/* Called on a thread a device has made for itself, before its first work, while
	 * the device's create() waits: the place to close its sandbox.  0 or -errno:
	 * then the thread ends and the device is not made.  May be NULL. */
	int (*thread_started)(struct machine *m, enum device_thread role);
};

/* A piece of storage as a descriptor, for backends in other processes. */
struct machine_bank {
	int fd;          /* the machine's; devices only pass it on */
	uint64_t offset; /* in fd, of the byte at gpa */
	uint64_t size;
	gpa_t gpa;
};

struct machine {
	const struct machine_ops *ops;
	struct loop *loop;
	struct gmem *gmem;
	struct bus *bus;
	struct pci_bus *pci;
	const struct machine_bank *bank; /* all of storage; n_banks 0: cannot be shared */
	int n_banks;
};

/* What a device is made from; the struct and what it points to end with create(). */
struct device_conf {
	uint16_t vdev;
	uint16_t slot; /* PCI device number, 1..31; 0: not a PCI device */
	bool read_only;
	int fd;        /* given: the device owns it, also if create() fails; or -1 */
	uint64_t size; /* disk: bytes */
	uint8_t mac[6];
	unsigned pairs; /* NIC: pairs of queues that the guest has a use for; 0: one */
};

struct device_stat {
	bool broken;  /* needs reset */
	bool driver;  /* a driver of the guest has it */
	bool coupled; /* a NIC: there is a LAN behind it */
	uint64_t in_ops, out_ops, in_bytes, out_bytes, errors;
};

struct device_ops {
	const char *name; /* the model's file name, for messages: "virtio_blk" */
	size_t size;      /* of the struct that begins with struct device */

	/* Makes the device; memory is zero but for ops, machine and conf's vdev and slot.
	 * 0 or -errno, after which destroy() is called: it takes what a failed create
	 * left. */
	int (*create)(struct device *d, const struct device_conf *conf);
	void (*destroy)(struct device *d);

	/* As after power-on; what the guest set up is forgotten, what is in flight is
	 * waited for or dropped. */
	void (*reset)(struct device *d);

	/* Saves or loads (cp/lib/snap.h) all that reset() would lose.  Called while no
	 * vCPU runs, after quiesce().  0 or -errno. */
	int (*snap)(struct device *d, struct snap *s);

	/* Returns once nothing of the guest's is in flight: no buffer of it is read or
	 * written afterwards, until resume().  May be NULL. */
	void (*quiesce)(struct device *d);

	/* Ends quiesce(), and begins after a load: the device looks for work by itself.
	 * NULL exactly where quiesce is. */
	void (*resume)(struct device *d);

	/* What QUERY and INDICATE show. */
	void (*stat)(const struct device *d, struct device_stat *out);
};

/* The head of every device. */
struct device {
	const struct device_ops *ops;
	struct machine *machine;
	uint16_t vdev;
	uint16_t slot;
};

/* The models, by name: partitions/dev/devices.def. */
enum device_model {
#define DEVICE(name) DEVICE_##name,
#include "partitions/dev/devices.def"
#undef DEVICE
	DEVICE_MODELS
};

#define DEVICE(name) extern const struct device_ops name##_ops;
#include "partitions/dev/devices.def"
#undef DEVICE

/* Makes a device of this model.  0 and *out, or -errno with nothing left behind. */
int device_create(struct machine *m, enum device_model model,
	const struct device_conf *conf, struct device **out);
void device_destroy(struct device *d); /* accepts NULL */

#endif
