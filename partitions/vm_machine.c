/* What the machine does for its devices (partitions/dev/device.h). */
#include "partitions/vm_internal.h"

#include "cp/lib/log.h"

#include <sys/prctl.h>

static struct vm *vm_of(struct machine *m)
{
	return (struct vm *)m; /* its first member */
}

/* Nobody can be told that an interrupt was lost, but the log. */
static void said(const char *what, int err)
{
	static struct log_limit limit = LOG_LIMIT(5, 1000);

	if (err)
		log_limited(&limit, LOG_LVL_WARN, "irq", "%s: error %d", what, -err);
}

static void msi(struct machine *m, uint64_t addr, uint32_t data)
{
	said("a message was not sent", kvm_msi(&vm_of(m)->kvm, addr, data));
}

static void line(struct machine *m, unsigned gsi, bool level)
{
	said("a line was not driven", kvm_line(&vm_of(m)->kvm, gsi, level));
}

static int kick_add(struct machine *m, gpa_t gpa, int fd)
{
	return kvm_ioeventfd(&vm_of(m)->kvm, gpa, 2, fd, true);
}

static void kick_del(struct machine *m, gpa_t gpa, int fd)
{
	said("a kick was not ended", kvm_ioeventfd(&vm_of(m)->kvm, gpa, 2, fd, false));
}

static int irqfd(struct machine *m, int fd, uint64_t addr, uint32_t data)
{
	return irq_fd(&vm_of(m)->irq, fd, addr, data);
}

/* The first wish counts.  From here on no vCPU begins another access; the loop does the
 * rest. */
static void wish(struct machine *m, enum vm_wish what)
{
	struct vm *vm = vm_of(m);

	if (vm->wish)
		return;
	vm->wish = what;
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_set_stopped(vm->vcpu[i], true);
	vm_call_attention(vm);
}

static void power_off(struct machine *m)
{
	wish(m, WISH_POWER_OFF);
}

static void reset(struct machine *m)
{
	wish(m, WISH_RESET);
}

static void broken(struct machine *m, uint16_t vdev, const char *why)
{
	struct part_event e = { .kind = PART_EV_DEVICE, .vdev = vdev };

	vm_report(vm_of(m), &e, why);
}

static void nic_lost(struct machine *m, uint16_t vdev)
{
	struct part_event e = { .kind = PART_EV_NIC_LOST, .vdev = vdev };

	vm_report(vm_of(m), &e, "");
}

static void console_out(
	struct machine *m, const struct device *from, const void *bytes, size_t len)
{
	struct vm *vm = vm_of(m);

	vm->spoke_last = from;
	console_write(&vm->console, bytes, len);
	vm->ops->console(vm->ctx);
}

static void cp_command(
	struct machine *m, uint32_t id, uint16_t flags, const char *text, size_t len)
{
	struct vm *vm = vm_of(m);

	vm->ops->guest_command(vm->ctx, id, flags, text, len);
}

static void cp_reset(struct machine *m)
{
	struct vm *vm = vm_of(m);

	vm->ops->guest_reset(vm->ctx);
}

/* A guest may hear of a shutdown in two ways; to CP it is one. */
static void set_hears(struct vm *vm, unsigned way, bool enabled)
{
	unsigned hears = enabled ? vm->hears | way : vm->hears & ~way;
	struct part_event e = { .kind = PART_EV_SIGNAL_ENABLED, .run = hears != 0 };
	bool changed = !hears != !vm->hears;

	vm->hears = hears;
	if (changed)
		vm_report(vm, &e, "");
}

static void cp_enable(struct machine *m, bool enabled)
{
	set_hears(vm_of(m), VM_HEARS_CP, enabled);
}

static void acpi_enable(struct machine *m, bool enabled)
{
	set_hears(vm_of(m), VM_HEARS_BUTTON, enabled);
}

static int thread_started(struct machine *m, enum device_thread role)
{
	static const struct {
		enum part_role role;
		const char *name;
	} threads[] = { [DEVICE_THREAD_DISK] = { PART_ROLE_DISK, "disk" } };

	prctl(PR_SET_NAME, threads[role].name, 0, 0, 0);
	return sandbox_close(vm_of(m)->sandbox, (int)threads[role].role);
}

const struct machine_ops vm_machine_ops = {
	.msi = msi,
	.line = line,
	.kick_add = kick_add,
	.kick_del = kick_del,
	.irqfd = irqfd,
	.power_off = power_off,
	.reset = reset,
	.broken = broken,
	.nic_lost = nic_lost,
	.console_out = console_out,
	.cp_command = cp_command,
	.cp_reset = cp_reset,
	.cp_enable = cp_enable,
	.acpi_enable = acpi_enable,
	.thread_started = thread_started,
};
