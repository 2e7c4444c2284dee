/* A 16550A by its registers (National Semiconductor PC16550D, 8). */
#include "cms/uart.h"

#include "cms/layout.h"
#include "cms/mmio.h"
#include "cms/port.h"
#include "cms/shim.h"
#include "cp/guest_abi.h"

#define DATA           (GUEST_COM1_PORT + 0)
#define INT_ENABLE     (GUEST_COM1_PORT + 1)
#define FIFO_CONTROL   (GUEST_COM1_PORT + 2)
#define LINE_CONTROL   (GUEST_COM1_PORT + 3)
#define MODEM_CONTROL  (GUEST_COM1_PORT + 4)
#define LINE_STATUS    (GUEST_COM1_PORT + 5)
#define INT_RECEIVED   0x01
#define FIFO_ENABLE    0x01
#define EIGHT_BITS     0x03
#define DTR_RTS_OUT2   0x0b /* OUT2 lets the interrupt through */
#define DATA_READY     0x01
#define TRANSMIT_EMPTY 0x20
#define FIFO_SIZE      16

#define IOAPIC_ENTRY(gsi) (0x10 + 2 * (gsi))

static void wait_transmit(void);

void uart_start(void)
{
	struct mmio list;

	mmio_begin(&list);
	mmio_add(&list, MMIO_WRITE32, IOAPIC_BASE, IOAPIC_ENTRY(GUEST_COM1_GSI) + 1);
	mmio_add(&list, MMIO_WRITE32, IOAPIC_BASE + 0x10, 0);
	mmio_add(&list, MMIO_WRITE32, IOAPIC_BASE, IOAPIC_ENTRY(GUEST_COM1_GSI));
	mmio_add(&list, MMIO_WRITE32, IOAPIC_BASE + 0x10, VECTOR_UART);
	mmio_run(&list);
	port_write8(LINE_CONTROL, EIGHT_BITS);
	port_write8(FIFO_CONTROL, FIFO_ENABLE);
	port_write8(MODEM_CONTROL, DTR_RTS_OUT2);
	port_write8(INT_ENABLE, INT_RECEIVED);
}

void uart_write(const char *text, size_t len)
{
	while (len) {
		size_t piece = len < FIFO_SIZE ? len : FIFO_SIZE;

		wait_transmit();
		port_write_string(DATA, text, piece);
		text += piece;
		len -= piece;
	}
}

size_t uart_read(char *to, size_t size)
{
	size_t len = 0;

	while (len < size && port_read8(LINE_STATUS) & DATA_READY)
		to[len++] = (char)port_read8(DATA);
	return len;
}

/* A UART that never gets ready is not there: its output is lost either way. */
static void wait_transmit(void)
{
	for (int i = 0; i < 10000; i++) {
		if (port_read8(LINE_STATUS) & TRANSMIT_EMPTY)
			return;
	}
}
