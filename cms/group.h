/* Groups: IGMPv2 (RFC 2236) and MLDv1 (RFC 2710), as a host, and as who asks for all. */
#ifndef CMS_GROUP_H
#define CMS_GROUP_H

#include "cms/inet.h"

#define MLD_QUERY  130
#define MLD_REPORT 131
#define MLD_DONE   132

/* Hears a group and says so, for a command.  False: no place left. */
bool group_join(struct inet *n, struct iface *i, const struct addr *group);
void group_leave(struct inet *n, struct iface *i, const struct addr *group);

/* Says that we hear a group, or no more. */
void group_report(struct inet *n, struct iface *i, const struct addr *group, bool leaves);

/* Asks what groups there are, if that is wanted (next_query) and due. */
void group_tick(struct inet *n);

/* Does this interface hear it? */
bool group_heard(const struct iface *i, const struct addr *group);

void igmp_input(struct inet *n, const struct packet *p);
void mld_input(struct inet *n, const struct packet *p);

#endif
