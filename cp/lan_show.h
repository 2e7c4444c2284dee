/* A LAN as QUERY shows it: the parts of its record, each with its lines. */
#ifndef CP_LAN_SHOW_H
#define CP_LAN_SHOW_H

#include "cp/lan.h"
#include "cp/request.h"

/* Begins its record, which is returned: what it is. */
json_t *lan_show(struct request *rq, const struct lan *lan);

/* Who may use it, as far as the user of the request may know. */
void lan_show_access(struct request *rq, json_t *rec, const struct lan *lan);
/* Of them those that may see what is for others. */
void lan_show_promiscuous(struct request *rq, json_t *rec, struct lan *lan);

/* Its totals, which only who may change it sees, and its ports, of which others see their
 * own; `bytes` is the answer of lan_stat_all(), NULL where there is none. */
void lan_show_ports(struct request *rq, json_t *rec, struct lan *lan,
	const uint8_t *bytes, size_t len);
/* Its VLANs: an answer to LAN_VLANS for those after `after`.  The last one it shows; 0:
 * there are no more. */
uint16_t lan_show_vlans(struct request *rq, json_t *rec, uint16_t after,
	const uint8_t *bytes, size_t len);

/* A record for each address it has learned: an answer of lan_fdb_all(). */
void lan_show_fdb(struct request *rq, struct lan *lan, const uint8_t *bytes, size_t len);

#endif
