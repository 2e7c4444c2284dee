/* Groups of operands that mean the same in commands, in the directory and in the system
 * configuration.  They work as the scan_ functions of cp/operands.h do. */
#ifndef CP_CLAUSES_H
#define CP_CLAUSES_H

#include "cp/directory.h"
#include "cp/operands.h"

#define CLASSES_MAX 35

/* [CMS | KERNEL f [INITRD f] | vdev | name] [PARM text]; kind IPL_NONE: nothing is named.
 * A name of up to four hexadecimal digits is a vdev. */
int scan_ipl(struct operands *ops, struct ipl *out, struct message *err);

/* RELative n | ABSolute n% [RELative m | ABSolute m% [LIMITSoft | LIMITHard] | NOLimit].
 * A maximum without a kind is soft. */
int scan_share(struct operands *ops, struct dir_share *out, struct message *err);

/* Privilege classes, A to Z and 1 to 6, each once; upper case in `out`. */
int scan_classes(struct operands *ops, char out[CLASSES_MAX + 1], struct message *err);

/* The size of a partition: at least 1M, a multiple of 4K. */
int scan_storage(
	struct operands *ops, const char *what, uint64_t *out, struct message *err);

#define LAN_MAX_USERS 64

/* What a DEFINE, MODIFY or SET of a LAN or VSWITCH names. */
struct lan_clause {
	bool vswitch;
	char name[USERID_MAX + 1];
	char owner[USERID_MAX + 1];   /* "SYSTEM" where not given */
	int user_word[LAN_MAX_USERS]; /* the words that are userids */
	int n_users;
};

/* name [OWNERid u] [MAXCONN n] ... of DEFINE LAN, or name [RDEV ...] ... of DEFINE
 * VSWITCH; lan->vswitch says which. */
int scan_lan(struct operands *ops, struct lan_clause *lan, struct message *err);

/* name [OWNERid u] GRAnt ... | REVoke ... | ISOLation ... of MODIFY and SET. */
int scan_lan_change(struct operands *ops, struct lan_clause *lan, struct message *err);

/* A CPU pool: name CAPacity n.nn, its capacity in hundredths of a processor. */
int scan_cpupool(struct operands *ops, char name[USERID_MAX + 1], uint32_t *capacity,
	struct message *err);

#endif
