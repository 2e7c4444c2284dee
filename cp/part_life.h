/* The command column of the life table: called by partition_event() in the states that
 * allow it.  0 when it is under way, or a message's number. */
#ifndef CP_PART_LIFE_H
#define CP_PART_LIFE_H

#include "cp/engine.h"

typedef int part_handler(
	struct partition *p, const struct part_args *a, struct message *err);

part_handler part_do_ipl, part_do_begin, part_do_stop, part_do_reset;
part_handler part_do_signal;
part_handler part_do_signal_again; /* another time limit */
part_handler part_do_force;
part_handler part_do_wait_for_end;         /* it is being ended already */
part_handler part_do_inspect;              /* nothing: it is allowed */
part_handler part_do_plug, part_do_unplug; /* cp/part_plug.c */

/* What is loaded next finds its devices reset and listens to nothing yet. */
void part_forget_guest(struct partition *p);

#endif
