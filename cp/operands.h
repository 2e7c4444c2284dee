/* The operands of one command or statement, consumed from left to right.
 *
 * The scan_ functions take one operand and turn it into a value.  When they cannot, they
 * fill in *err, return its number and leave `next` at the word to blame (at the end: it
 * is missing).  Who calls them decides where the message goes: commands answer with it,
 * files show it with its place. */
#ifndef CP_OPERANDS_H
#define CP_OPERANDS_H

#include "cp/lib/words.h"
#include "cp/msg.h"

struct operands {
	struct words words;
	int next; /* the next word not yet consumed */
};

bool op_more(const struct operands *ops);
const char *op_peek(const struct operands *ops); /* NULL at the end */
/* Consumes the next word if it abbreviates this keyword; quoted words are no keywords. */
bool op_keyword(struct operands *ops, const char *mixed);
const char *op_rest(struct operands *ops); /* consumes all; may be "" */

/* `what` names the operand where it is missing: "file", "storage". */
int scan_word(
	struct operands *ops, const char *what, const char **out, struct message *err);
/* As scan_word, copied; longer than size - 1 is refused. */
int scan_copy(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err);
/* The name of a file: at most size - 1 characters; a relative one has no ".." in it. */
int scan_file(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err);
int scan_userid(struct operands *ops, char out[USERID_MAX + 1], struct message *err);
/* A name of the same form as a userid: a LAN's, a system's. */
int scan_name(struct operands *ops, const char *what, char out[USERID_MAX + 1],
	struct message *err);
int scan_vdev(struct operands *ops, uint16_t *out, struct message *err);
int scan_number(struct operands *ops, const char *what, uint64_t min, uint64_t max,
	uint64_t *out, struct message *err);
int scan_size(struct operands *ops, const char *what, uint64_t *out, struct message *err);
int scan_rate(struct operands *ops, const char *what, uint64_t *bps, struct message *err);
/* Hundredths of a percent, min..max of them. */
int scan_percent(struct operands *ops, const char *what, uint32_t min, uint32_t max,
	uint32_t *out, struct message *err);
/* A probability in percent, to four decimal places; in millionths. */
int scan_ppm(struct operands *ops, const char *what, uint32_t *out, struct message *err);
/* A time such as 10ms, at most `max` ns. */
int scan_duration(struct operands *ops, const char *what, uint64_t max, uint64_t *ns,
	struct message *err);
/* A set of VLANs, "1-10,20", copied as written once checked. */
int scan_vlans(struct operands *ops, char *out, size_t size, struct message *err);
/* The rest as one text: a single word without its quotes, several with one blank between.
 */
int scan_text(struct operands *ops, const char *what, char *out, size_t size,
	struct message *err);
/* One of the keywords of this list ("ACCESS", "TRUNK", NULL); its index is *out. */
int scan_choice(struct operands *ops, const char *what, const char *const *mixed,
	int *out, struct message *err);
int scan_end(struct operands *ops, struct message *err); /* nothing may be left */

/* Keyword options up to the end, in any order.  The table ends with an empty row. */
struct scan_option {
	const char *mixed;
	unsigned bit; /* options that share one exclude each other; 0: may be repeated */
	/* Takes what follows the keyword; NULL: nothing does. */
	int (*fn)(struct operands *ops, void *ctx, struct message *err);
};
int scan_options(struct operands *ops, const struct scan_option *options, void *ctx,
	struct message *err);

/* What is wrong where the next word is no keyword that may stand there: 26 or 3. */
int scan_unknown(struct operands *ops, const char *what, struct message *err);

#endif
