/* What Wireshark and bulkhead-extcap say to each other (extcap(4)), as text.  Pure. */
#ifndef CONSOLE_EXTCAP_TEXT_H
#define CONSOLE_EXTCAP_TEXT_H

#include "cp/lib/words.h"

#include <stddef.h>
#include <stdio.h>

/* What is to be captured, as Wireshark's options have it; NULL: not given. */
struct extcap_choice {
	const char *interface; /* "bulkhead-OWNER.NAME" */
	const char *nic;       /* "USERID VDEV" */
	const char *only;      /* "all", "dropped", "trunk" */
	const char *vlan, *length;
	const char *filter;
};

/* The interfaces: a line for each record of QUERY LAN, as `vmcp -j` has it.  0, or
 * -EPROTO: that is no answer to it. */
int extcap_interfaces(FILE *out, const char *json);
void extcap_version(FILE *out); /* the line before them */
void extcap_dlts(FILE *out);
void extcap_config(FILE *out);

/* The command that captures; `id` is its trace's.  0; -EINVAL: no such interface, or no
 * such option; -ENAMETOOLONG. */
int extcap_command(
	char *buf, size_t size, const struct extcap_choice *choice, unsigned id);

#endif
