/* The user directory: who there is, and what each partition is made of.
 *
 * Pure: text in, structs and complaints out; no file is touched but the one read.  The
 * statements are cp/statements.def; docs/directory.md is made from it. */
#ifndef CP_DIRECTORY_H
#define CP_DIRECTORY_H

#include "cp/lib/words.h"
#include "cp/source.h"

#include <stdbool.h>
#include <stdint.h>

#define DIR_MAX_CPUS    64
#define DIR_MAX_DEVICES 29 /* PCI slots of a partition, less one for its rng */
#define DIR_MAX_USERS   4096
#define DIR_MAX_NAMES   8    /* userids in AUTOLOG, in LOGONBY */
#define DIR_PARM_MAX    2048 /* characters of an IPL parameter */

enum ipl_kind { IPL_NONE, IPL_CMS, IPL_KERNEL, IPL_VDEV, IPL_NAME };

/* What is to be loaded; in the directory and in commands. */
struct ipl {
	enum ipl_kind kind;
	char kernel[256], initrd[256]; /* IPL_KERNEL; initrd may be "" */
	bool absolute;             /* names that begin with '/' may be used: the directory
				      or an operator of the host gave them; others are
				      below STATEDIR/userid */
	uint16_t vdev;             /* IPL_VDEV */
	char name[USERID_MAX + 1]; /* IPL_NAME */
	char parm[DIR_PARM_MAX + 1];
};

enum share_kind { SHARE_RELATIVE, SHARE_ABSOLUTE };
enum share_limit { LIMIT_NONE, LIMIT_SOFT, LIMIT_HARD };

struct dir_share {
	enum share_kind kind;
	uint32_t value; /* relative: 1..10000; absolute: hundredths of a percent */
	enum share_kind max_kind;
	uint32_t max_value; /* 0: no maximum */
	enum share_limit limit;
};

enum dir_device_type { DIR_CONSOLE, DIR_MDISK, DIR_LINK, DIR_NIC };

struct dir_device {
	enum dir_device_type type;
	uint16_t vdev;
	int line, column; /* in the directory, for messages */
	/* MDISK */
	char file[256]; /* as written: relative ones are under STATEDIR */
	uint64_t size;  /* 0: as the file is */
	char mode[4];   /* "R" "RR" "W" "WR" "M" "MR" "MW" */
	/* LINK */
	char owner[USERID_MAX + 1];
	uint16_t owner_vdev;
	/* NIC */
	char lan_owner[USERID_MAX + 1], lan[USERID_MAX + 1]; /* "" when not coupled */
	char vlans[128];
	uint32_t mac_id; /* low three bytes; 0: CP chooses */
	uint64_t rate_bps;
};

struct dir_command {
	struct dir_command *next;
	char *text;
};

struct dir_user {
	struct dir_user *next;
	char userid[USERID_MAX + 1];
	int line;
	bool identity; /* IDENTITY instead of USER */
	enum {
		DIR_PW_HASH,
		DIR_PW_CLEAR,
		DIR_PW_NOLOG,
		DIR_PW_AUTOONLY,
		DIR_PW_LBYONLY
	} pw;
	char password[128];            /* hash or clear text */
	uint64_t storage, max_storage; /* bytes */
	char classes[36];
	bool default_classes; /* not said; directory_default_classes() may change them */
	int64_t host_uid;     /* OPTION HOSTUID n: that host user is this userid; -1 */
	unsigned max_cpus;    /* MACHINE KVM n */
	unsigned n_cpus;      /* at logon: the CPU statements, else max_cpus */
	struct {
		bool defined, dedicate;
	} cpu[DIR_MAX_CPUS];
	struct dir_share share;
	struct ipl ipl;
	bool huge_2m, huge_1g; /* OPTION HUGEPAGES 2M or 1G */
	char account[17];
	/* AUTOLOG or XAUTOLOG u...: who may start it; LOGONBY u... */
	char autolog_by[DIR_MAX_NAMES][USERID_MAX + 1];
	int n_autolog_by;
	char logon_by[DIR_MAX_NAMES][USERID_MAX + 1];
	int n_logon_by;
	/* Always with a console: 0009, or the next free number, where none is said. */
	struct dir_device device[DIR_MAX_DEVICES];
	int n_devices;
	struct dir_command *commands; /* COMMAND, in order */
	char not_in_force[256]; /* statements checked but without function yet, or "" */
};

struct directory {
	struct dir_user *users; /* in the file's order */
	int n_users;
};

/* Reads a directory.  Every complaint goes to `src`, with line and column; the result is
 * NULL if one was an error.  directory_free() accepts NULL. */
struct directory *directory_parse(struct source *src);
void directory_free(struct directory *d);
const struct dir_user *directory_find(const struct directory *d, const char *userid);

/* Gives those for whom it does not say them these classes (PRIV_CLASSES USER) instead of
 * G. */
void directory_default_classes(struct directory *d, const char *classes);

/* Does `text` open what `user` has in the directory: hash or clear text?  NOLOG, AUTOONLY
 * and LBYONLY are opened by nothing. */
bool directory_password(const struct dir_user *user, const char *text);
int password_hash(const char *text, char out[128]); /* 0 or -ENOMEM */
bool password_is_hash(const char *text); /* one directory_password() can check */

/* Adds to a list such as "SHARE, NICDEF LAN" what is not in it. */
void not_in_force_add(char *list, size_t size, const char *what);

/* Is `name` refused as a userid: a keyword of the language, or like a device number? */
bool userid_reserved(const char *name);

#endif
