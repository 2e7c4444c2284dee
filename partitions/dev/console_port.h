/* The host's side of a partition's console and cp port (virtio_console.c and uart.c). */
#ifndef PARTITIONS_DEV_CONSOLE_PORT_H
#define PARTITIONS_DEV_CONSOLE_PORT_H

#include "partitions/dev/device.h"

/* Bytes typed for the guest; the number of bytes taken.  64 KiB wait for a guest that
 * does not read.  The virtio console takes none before a driver has opened it: until then
 * they are for the UART. */
size_t virtio_console_input(struct device *d, const void *bytes, size_t len);
bool virtio_console_opened(const struct device *d);
size_t uart_input(struct device *d, const void *bytes, size_t len);
bool uart_is_read(const struct device *d); /* the guest wants an interrupt for input */

/* A frame of cp/guest_abi.h for the cp port, whole or not at all.  0; -EBUSY: the guest
 * does not have the port open; -ENOBUFS: it does not read (256 KiB are queued). */
int virtio_console_cp_send(struct device *d, uint16_t type, uint32_t id, uint16_t flags,
	const void *data, size_t len);

#endif
