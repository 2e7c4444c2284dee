/* The names of a ring of files. */
#ifndef CP_LIB_RING_NAME_H
#define CP_LIB_RING_NAME_H

#include <stddef.h>

/* The name of file `number` of those named `name`: the number goes before the ending,
 * "lab.pcapng" is "lab-2.pcapng"; 0: the name as it is.  0 or -ENAMETOOLONG. */
int ring_name(char *buf, size_t size, const char *name, unsigned number);

#endif
