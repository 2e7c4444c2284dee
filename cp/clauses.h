/* Groups of operands that mean the same in commands, in the directory and in the system
 * configuration.  They work as the scan_ functions of cp/operands.h do. */
#ifndef CP_CLAUSES_H
#define CP_CLAUSES_H

#include "cp/directory.h"
#include "cp/lan.h"
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

/* What DEFINE says of a LAN or VSWITCH. */
struct lan_clause {
	struct lan_def def; /* complete: what was not said is as it is by default */
	bool owner_said;    /* else the owner is SYSTEM */
	int user_word[1 + LAN_MAX_FORWARDS]; /* the words that hold userids */
	int n_users;
};

/* name [OWNERid u] [MAXCONN n] ... of DEFINE LAN, or name [RDEV ...] ... of DEFINE
 * VSWITCH; lan->def.vswitch says which, the rest is filled in. */
int scan_lan(struct operands *ops, struct lan_clause *lan, struct message *err);

/* What QUERY shows of LANs. */
enum lan_view { VIEW_SUMMARY, VIEW_DETAILS, VIEW_ACCESS, VIEW_PROMISCUOUS, VIEW_FDB };

/* DETAILS ...; VIEW_SUMMARY where none of them comes next.  None can be a LAN's name. */
enum lan_view scan_lan_view(struct operands *ops);

enum lan_change_kind {
	CHANGE_GRANT,
	CHANGE_REVOKE,
	CHANGE_ISOLATION,
	CHANGE_PROTECT,
	CHANGE_MIRROR,
	CHANGE_DHCP
};

/* What SET and MODIFY change of one. */
struct lan_change {
	bool vswitch, owner_said;
	char owner[USERID_MAX + 1], name[USERID_MAX + 1]; /* owner "SYSTEM" if not said */
	enum lan_change_kind kind;
	bool on;                /* ISOLATION, MACPROTECT; MIRROR and DHCP: not OFF */
	struct lan_grant grant; /* GRANT; REVOKE and MIRROR: its userid */
	bool vlan_said;         /* VLAN, or PORTTYPE TRUNK */
	uint16_t vdev, to_vdev; /* MIRROR */
	char to[USERID_MAX + 1];
	char net[20];     /* DHCP: "10.1.2.0/24" */
	int user_word[3]; /* as of lan_clause */
	int n_users;
};

/* name [OWNERid u] GRAnt ... | REVoke ... | ISOLation ... of MODIFY and SET;
 * change->vswitch says which, the rest is filled in. */
int scan_lan_change(struct operands *ops, struct lan_change *change, struct message *err);

/* name [OWNERid u], the latter of LANs only; *said tells whether the owner was.  `owner`
 * is SYSTEM where it was not. */
int scan_lan_name(struct operands *ops, bool vswitch, char owner[USERID_MAX + 1],
	char name[USERID_MAX + 1], bool *said, struct message *err);

/* What DEFINE PORT and DETACH PORT say. */
struct port_clause {
	char owner[USERID_MAX + 1], lan[USERID_MAX + 1];
	struct lan_outlet_def def; /* path "": it was not said */
	int user_word;             /* the word that holds the owner; -1: SYSTEM */
};

/* name TO {SYSTEM | userid} lan [SOCKET path] ... */
int scan_port(struct operands *ops, struct port_clause *out, struct message *err);
/* Of it the name and, after this word, the LAN. */
int scan_port_name(struct operands *ops, const char *preposition, struct port_clause *out,
	struct message *err);

/* What SET NIC ... IMPAIR says. */
struct impair_clause {
	bool off;
	bool in, out;         /* the directions it is for */
	bool line;            /* something of `impair` was said */
	bool link, link_down; /* LINK was said; which */
	bool seed;            /* SEED was said */
	struct lan_impair impair;
};

/* What follows IMPAIR. */
int scan_impair(struct operands *ops, struct impair_clause *out, struct message *err);

/* What follows RATE: bits [BURST size], or OFF, which is no limit. */
int scan_nic_rate(struct operands *ops, struct lan_rate *out, struct message *err);

/* A CPU pool: name CAPacity n.nn, its capacity in hundredths of a processor. */
int scan_cpupool(struct operands *ops, char name[USERID_MAX + 1], uint32_t *capacity,
	struct message *err);

#endif
