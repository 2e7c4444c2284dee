/* COM1: the console of a machine that has no other, and of one whose other died. */
#ifndef CMS_UART_H
#define CMS_UART_H

#include <stddef.h>

/* Lets received bytes interrupt. */
void uart_start(void);

void uart_write(const char *text, size_t len);

/* What has been received, at most `size` bytes. */
size_t uart_read(char *to, size_t size);

#endif
