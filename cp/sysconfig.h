/* The system configuration.  Pure, as the directory; statements in cp/config.def. */
#ifndef CP_SYSCONFIG_H
#define CP_SYSCONFIG_H

#include "cp/directory.h"

#include <stdio.h>

struct cfg_name {
	struct cfg_name *next;
	char userid[USERID_MAX + 1];
	int line, column;
};

/* A command to be issued at the start as OPERATOR: DEFINE LAN ...; SET LAN ... for MODIFY
 * LAN ... */
struct cfg_command {
	struct cfg_command *next;
	char *text;
	int line;
	char owner[USERID_MAX + 1], lan[USERID_MAX + 1]; /* what it is about; lan "": it
							    is not in force yet */
};

struct sysconfig {
	char system[USERID_MAX + 1]; /* SYSTEM_IDENTIFIER; "BULKHEAD" if not given */
	uint64_t pool_bytes;         /* STORAGE POOL 4G; or... */
	uint32_t pool_percent;       /* ...hundredths of a percent of the host's memory;
					both 0: 75 % */
	uint64_t host_cpus[16]; /* PROCESSORS HOST 0,2-3: bits; CP's own; all 0: none */
	int host_cpus_line, host_cpus_column; /* where that list is */
	char operator_id[USERID_MAX + 1];     /* OPERATOR userid; "OPERATOR" */
	struct cfg_name *autolog;             /* AUTOLOG u..., in order */
	struct cfg_name *named; /* users named elsewhere: owners of LANs, grants ... */
	struct cfg_command *commands; /* in order */
	char operator_classes[36],
		user_classes[36]; /* PRIV_CLASSES OPERATOR ABC... USER G */
	char not_in_force[256];   /* statements checked but without function yet, or "" */
};

/* Every complaint goes to `src`; NULL if one was an error. */
struct sysconfig *sysconfig_parse(struct source *src);
struct sysconfig *sysconfig_default(void); /* NULL: no memory */
void sysconfig_free(struct sysconfig *c);  /* accepts NULL */

/* Complains to `src`, from which `c` was parsed, of users the directory does not have.
 * The number of such errors. */
int config_check_against(
	const struct sysconfig *c, const struct directory *d, struct source *src);

/* Checks both files and what holds between them, as cpd --check does: every complaint is
 * a line in `out`.  The number of errors. */
int check_files(const char *config, const char *direct, FILE *out);

#endif
