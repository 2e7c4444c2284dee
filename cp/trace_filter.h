/* The filter of a trace: libpcap's language, compiled to BPF.
 *
 * What is compiled is a stranger's text, and names in it are looked up, which may take
 * long: it is done by a process of its own without any right, which has FILTER_SECONDS.
 */
#ifndef CP_TRACE_FILTER_H
#define CP_TRACE_FILTER_H

#include "cp/lib/loop.h"
#include "cp/msg.h"

#include <linux/filter.h>

#define FILTER_SECONDS 5

/* `insn` is the receiver's from here on; NULL with what is wrong in *err. */
typedef void trace_filter_done(
	void *ctx, struct sock_filter *insn, uint32_t n, const struct message *err);

/* `privileged`: we are root, and the process shall not be.  0, and `done` is called once,
 * later, from the loop; or -errno. */
int trace_filter_compile(struct loop *loop, const char *text, bool privileged,
	trace_filter_done *done, void *ctx);

#endif
