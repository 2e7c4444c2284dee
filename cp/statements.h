/* What the rows of cp/statements.def and cp/config.def say of a statement. */
#ifndef CP_STATEMENTS_H
#define CP_STATEMENTS_H

enum statement_flags {
	ST_HEAD = 1 << 0,  /* begins an entry */
	ST_FIRST = 1 << 1, /* stands right after it */
	ST_ONCE = 1 << 2,  /* at most once, in an entry or in the file */
	ST_LATER = 1 << 3, /* is checked, but has no function yet */
};

#endif
