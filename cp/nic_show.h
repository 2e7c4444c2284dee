/* A NIC as commands show it. */
#ifndef CP_NIC_SHOW_H
#define CP_NIC_SHOW_H

#include "cp/lan.h"
#include "cp/result.h"

/* Adds its record, which is returned. */
json_t *nic_record(struct result *r, struct partition *p, const struct part_dev *d);

/* Adds a line for each direction: what is done to its frames, or that nothing is; and one
 * if its link was set down. */
void nic_impair_lines(struct result *r, const struct part_dev *d);

/* The counters of a port: rx_frames ... rx_drops{reason: n}; and as lines with this
 * indent, which leave out reasons that never happened. */
void port_counters(json_t *rec, const struct lan_stat_port *stat);
void port_counter_lines(
	struct result *r, const char *indent, const struct lan_stat_port *stat);

/* Of the ports of a LAN's answer (lan_stat_all()) the one with this id; false: it has
 * none. */
bool stat_find(const uint8_t *bytes, size_t len, uint32_t id, struct lan_stat_port *out);

const char *port_state_name(uint32_t state); /* "idle", "up", "gone" */

#endif
