/* A directory while it is being read; only for the directory's own files. */
#ifndef CP_DIRECTORY_READER_H
#define CP_DIRECTORY_READER_H

#include "cp/directory.h"
#include "cp/operands.h"
#include "cp/statements.h"

struct place {
	int line, column;
};

/* Something an entry names that must exist once the whole directory has been read. */
struct dir_ref {
	struct dir_ref *next;
	char userid[USERID_MAX + 1];
	struct place userid_place;
	bool disk; /* and this disk of it */
	uint16_t vdev;
	struct place vdev_place;
};

enum {
#define STATEMENT(name, mixed, fn, flags, operands, help, detail) STATEMENT_##name,
#include "cp/statements.def"
#undef STATEMENT
	STATEMENTS
};

/* A virtual device number an entry has given away; DEDICATE has no dir_device. */
struct dir_vdev {
	uint16_t vdev;
	int line;
	bool inherited; /* from a profile: may be replaced */
};

#define DIR_MAX_VDEVS 64

struct dir_reader {
	struct source *src;
	struct directory *dir;
	struct dir_user **user_tail;
	struct dir_user *profiles; /* kept as users */
	struct dir_ref *refs;

	/* The entry being read */
	struct dir_user *user; /* NULL before the first */
	bool profile;
	int n_statements;      /* of the entry, its head included */
	int given[STATEMENTS]; /* line of the last of each kind; 0: none */
	bool classes_given;    /* by USER or CLASS */
	struct place storage_place, cpu_place[DIR_MAX_CPUS];
	struct dir_vdev vdev[DIR_MAX_VDEVS];
	int n_vdevs;

	struct message err; /* of the statement being read */
};

/* Does a statement whose name is consumed.  0; or a number with the message in r->err,
 * and ops->next at the word it is about.  What does not end the statement is complained
 * of on the way. */
typedef int dir_statement_fn(struct dir_reader *r, struct operands *ops);

#define STATEMENT(name, mixed, fn, flags, operands, help, detail) dir_statement_fn fn;
#include "cp/statements.def"
#undef STATEMENT

/* The place of word `i` of the present statement. */
struct place reader_place(const struct dir_reader *r, int i);

/* Remembers that word `i` names a user; returned to add a disk to, NULL without memory.
 */
struct dir_ref *reader_refer(struct dir_reader *r, int i, const char *userid);

/* Gives vdev, word `i`, to a device of the present entry: one inherited from a profile is
 * replaced, another is complained of.  0 or a number, as a statement. */
int reader_vdev(struct dir_reader *r, int i, uint16_t vdev);
/* Likewise, and adds the device. */
int reader_device(struct dir_reader *r, int i, const struct dir_device *dev);

/* What has no function yet, once in the list of the present entry. */
void reader_not_in_force(struct dir_reader *r, const char *what);

/* Takes `from` over into the present entry; -ENOMEM. */
int reader_inherit(struct dir_reader *r, const struct dir_user *from);

/* What can only be checked at the end of an entry, and of the directory. */
void reader_check_entry(struct dir_reader *r);
void reader_check_directory(struct dir_reader *r);

#endif
