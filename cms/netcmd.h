/* What the commands of the network share: their operands, and how they begin. */
#ifndef CMS_NETCMD_H
#define CMS_NETCMD_H

#include "cms/command.h"
#include "cms/ip.h"

#define DATA_MAX 8192u /* bytes of data in a datagram that a command sends */

/* A keyword with a number behind it; a table of them ends with an empty row. */
struct netcmd_option {
	const char *mixed; /* "COUNT": as in the tables of commands */
	uint64_t least, most;
	uint64_t *value;
};

/* An address as typed: addr, or addr%ETHn for one that may be on several links. */
struct target {
	struct addr addr;
	struct iface *iface; /* NULL: none was named */
	char text[ADDR_TEXT];
};

/* The network, started; NULL: *rc is what the command ends with. */
struct inet *netcmd_begin(struct cms *cms, int *rc);

/* Takes an address, a port; 0, or the number of the message that says what is wrong. */
int netcmd_target(struct cms *cms, struct inet *n, const char **text, struct target *to);
int netcmd_number(struct cms *cms, const char **text, const char *name, uint64_t least,
	uint64_t most, uint64_t *value);

/* Takes the rest: options of the table in any order. */
int netcmd_options(struct cms *cms, const char *text, const struct netcmd_option *table);

/* Nothing more may follow. */
int netcmd_end(struct cms *cms, const char *text);

/* Shows an interface, or the lines with its addresses. */
void netcmd_show(struct cms *cms, const struct iface *i);
void netcmd_show_addresses(struct cms *cms, const struct iface *i);

/* "n sent, n bytes, n.nnn s, n pps, n bit/s": of n datagrams in so many ns. */
void netcmd_traffic(
	struct cms *cms, const char *what, uint64_t n, uint64_t bytes, uint64_t ns);

/* Says why nothing could be sent. */
int netcmd_refused(struct cms *cms, enum sent why, const struct target *to);

#endif
