/* The first serial port: a 16550A, for a guest's early console and for guests without
 * virtio (National Semiconductor PC16550D data sheet, 8).
 *
 * Transmission takes no time: the transmit FIFO is always empty.  What the host types
 * waits in a queue, of which the guest sees the first 16 bytes as the receive FIFO. */
#include "partitions/dev/console_port.h"

#include "cp/guest_abi.h"
#include "partitions/dev/bus.h"
#include "partitions/dev/bytes.h"

#include <string.h>

#define UART_PORTS 8
#define INPUT_MAX  65536

enum reg { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };

#define IER_RX       0x01
#define IER_TX       0x02
#define IER_DEFINED  0x0f
#define IIR_NONE     0x01
#define IIR_TX       0x02
#define IIR_RX       0x04
#define IIR_TIMEOUT  0x0c /* fewer bytes than the trigger level, and no more come */
#define IIR_FIFO     0xc0
#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB     0x80
#define MCR_DTR      0x01
#define MCR_RTS      0x02
#define MCR_OUT1     0x04
#define MCR_OUT2     0x08 /* on a PC: lets interrupts out */
#define MCR_LOOP     0x10
#define MCR_DEFINED  0x1f
#define LSR_READY    0x01
#define LSR_TX_EMPTY 0x60
#define MSR_CTS      0x10
#define MSR_DSR      0x20
#define MSR_RI       0x40
#define MSR_DCD      0x80

struct uart {
	struct device dev;
	bool on_bus;
	bool level;      /* of the interrupt line */
	bool tx_pending; /* the empty transmitter has not been noticed yet */
	uint8_t ier, fcr, lcr, mcr, scratch;
	uint8_t divisor[2];
	struct bytes input;
	struct device_stat stat;
};

static const struct bus_handler uart_handler;

static void update_line(struct uart *u);

size_t uart_input(struct device *d, const void *bytes, size_t len)
{
	struct uart *u = (struct uart *)d;
	size_t taken = bytes_put(&u->input, bytes, len);

	update_line(u);
	return taken;
}

bool uart_is_read(const struct device *d)
{
	return ((const struct uart *)d)->ier & IER_RX;
}

static int uart_create(struct device *d, const struct device_conf *conf)
{
	struct uart *u = (struct uart *)d;
	int err;

	(void)conf;
	err = bytes_init(&u->input, INPUT_MAX);
	if (err)
		return err;
	err = bus_add(
		d->machine->bus, BUS_PORT, GUEST_COM1_PORT, UART_PORTS, &uart_handler, u);
	u->on_bus = !err;
	return err;
}

static void uart_destroy(struct device *d)
{
	struct uart *u = (struct uart *)d;

	if (u->on_bus)
		bus_del(d->machine->bus, BUS_PORT, GUEST_COM1_PORT);
	bytes_fini(&u->input);
}

static void uart_reset(struct device *d)
{
	struct uart *u = (struct uart *)d;

	u->tx_pending = false;
	u->ier = u->fcr = u->lcr = u->mcr = u->scratch = 0;
	memset(u->divisor, 0, sizeof(u->divisor));
	bytes_clear(&u->input);
	update_line(u);
}

static int uart_snap(struct device *d, struct snap *s)
{
	struct uart *u = (struct uart *)d;

	if (!snap_begin(s, "uart", 1))
		return s->err;
	snap_u8(s, "ier", &u->ier);
	snap_u8(s, "fcr", &u->fcr);
	snap_u8(s, "lcr", &u->lcr);
	snap_u8(s, "mcr", &u->mcr);
	snap_u8(s, "scratch", &u->scratch);
	snap_bytes(s, "divisor", u->divisor, sizeof(u->divisor));
	snap_bool(s, "tx_pending", &u->tx_pending);
	bytes_snap(&u->input, s, "input");
	snap_end(s);
	if (s->loading && !s->err)
		update_line(u);
	return s->err;
}

static void uart_stat(const struct device *d, struct device_stat *out)
{
	const struct uart *u = (const struct uart *)d;

	*out = u->stat;
	out->driver = u->ier != 0;
}

const struct device_ops uart_ops = {
	.name = "uart",
	.size = sizeof(struct uart),
	.create = uart_create,
	.destroy = uart_destroy,
	.reset = uart_reset,
	.snap = uart_snap,
	.stat = uart_stat,
};

static unsigned trigger_level(const struct uart *u)
{
	static const uint8_t level[] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

/* What interrupts, as the identification register says it: the highest priority first. */
static uint8_t interrupt(const struct uart *u)
{
	if (u->ier & IER_RX && u->input.len)
		return u->input.len >= trigger_level(u) ? IIR_RX : IIR_TIMEOUT;
	if (u->ier & IER_TX && u->tx_pending)
		return IIR_TX;
	return IIR_NONE;
}

static void update_line(struct uart *u)
{
	struct machine *m = u->dev.machine;
	bool level = u->mcr & MCR_OUT2 && !(u->mcr & MCR_LOOP) &&
		     interrupt(u) != IIR_NONE;

	if (level == u->level)
		return;
	u->level = level;
	m->ops->line(m, GUEST_COM1_GSI, level);
}

static uint8_t read_data(struct uart *u)
{
	uint8_t byte;

	if (!u->input.len)
		return 0;
	byte = *bytes_front(&u->input);
	bytes_drop(&u->input, 1);
	u->stat.in_ops++;
	u->stat.in_bytes++;
	return byte;
}

/* Reading that the transmitter interrupts is what ends its interrupt (table III). */
static uint8_t read_iir(struct uart *u)
{
	uint8_t iir = interrupt(u);

	if (iir == IIR_TX)
		u->tx_pending = false;
	return u->fcr & FCR_ENABLE ? iir | IIR_FIFO : iir;
}

/* In the loop the modem control outputs are its inputs. */
static uint8_t read_msr(const struct uart *u)
{
	uint8_t msr = 0;

	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (u->mcr & MCR_DTR)
		msr |= MSR_DSR;
	if (u->mcr & MCR_RTS)
		msr |= MSR_CTS;
	if (u->mcr & MCR_OUT1)
		msr |= MSR_RI;
	if (u->mcr & MCR_OUT2)
		msr |= MSR_DCD;
	return msr;
}

static uint8_t read_reg(struct uart *u, unsigned reg)
{
	bool divisor = u->lcr & LCR_DLAB;

	switch (reg) {
	case DATA: return divisor ? u->divisor[0] : read_data(u);
	case IER: return divisor ? u->divisor[1] : u->ier;
	case IIR_FCR: return read_iir(u);
	case LCR: return u->lcr;
	case MCR: return u->mcr;
	case LSR: return u->input.len ? LSR_TX_EMPTY | LSR_READY : LSR_TX_EMPTY;
	case MSR: return read_msr(u);
	default: return u->scratch;
	}
}

static void write_data(struct uart *u, uint8_t byte)
{
	struct machine *m = u->dev.machine;

	u->tx_pending = true;
	if (u->mcr & MCR_LOOP) {
		bytes_put(&u->input, &byte, 1);
		return;
	}
	u->stat.out_ops++;
	u->stat.out_bytes++;
	m->ops->console_out(m, &u->dev, &byte, 1);
}

/* Asking for the transmitter's interrupt while it is empty gives one at once. */
static void write_ier(struct uart *u, uint8_t ier)
{
	if (ier & ~u->ier & IER_TX)
		u->tx_pending = true;
	u->ier = ier & IER_DEFINED;
}

static void write_fcr(struct uart *u, uint8_t fcr)
{
	if (fcr & FCR_CLEAR_RX || (fcr ^ u->fcr) & FCR_ENABLE)
		bytes_clear(&u->input);
	u->fcr = fcr & FCR_ENABLE ? fcr : 0;
}

static void write_reg(struct uart *u, unsigned reg, uint8_t value)
{
	bool divisor = u->lcr & LCR_DLAB;

	switch (reg) {
	case DATA:
	case IER:
		if (divisor)
			u->divisor[reg] = value;
		else if (reg == DATA)
			write_data(u, value);
		else
			write_ier(u, value);
		break;
	case IIR_FCR: write_fcr(u, value); break;
	case LCR: u->lcr = value; break;
	case MCR: u->mcr = value & MCR_DEFINED; break;
	case SCRATCH: u->scratch = value; break;
	default: break; /* the status registers are not written */
	}
}

static void uart_read(void *ctx, uint64_t offset, void *data, unsigned len)
{
	struct uart *u = ctx;
	uint8_t *byte = data;

	for (unsigned i = 0; i < len; i++)
		byte[i] = read_reg(u, (unsigned)offset + i);
	update_line(u);
}

static void uart_write(void *ctx, uint64_t offset, const void *data, unsigned len)
{
	struct uart *u = ctx;
	const uint8_t *byte = data;

	for (unsigned i = 0; i < len; i++)
		write_reg(u, (unsigned)offset + i, byte[i]);
	update_line(u);
}

static const struct bus_handler uart_handler = { uart_read, uart_write };
