/* What keeps partitions apart on this host, and what does not: QUERY ISOLATION. */
#ifndef CP_ISOLATION_H
#define CP_ISOLATION_H

struct partition;
struct request;

/* The record and line of each thing; with `p` also what encloses its process. */
void isolation_show(struct request *rq, const struct partition *p);

#endif
