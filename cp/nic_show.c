/* A NIC as commands show it. */
#include "cp/nic_show.h"

#include "cp/lan_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void impair_record(json_t *rec, const struct lan_impair *im);
static uint64_t sum(const uint64_t drops[LAN_DROP_ROOM]);
static void drops_record(
	json_t *rec, const char *key, const uint64_t drops[LAN_DROP_ROOM]);
static void drops_lines(struct result *r, const char *indent, const char *direction,
	const uint64_t drops[LAN_DROP_ROOM]);

json_t *nic_record(struct result *r, struct partition *p, const struct part_dev *d)
{
	json_t *rec = result_record(r), *impair;
	struct lan_member *member;
	struct lan *lan = lan_of_nic(p, d->vdev, &member);
	char vdev[8], mac[MAC_TEXT];

	snprintf(vdev, sizeof(vdev), "%04X", d->vdev);
	rec_str(rec, "userid", p->userid);
	rec_str(rec, "vdev", vdev);
	rec_str(rec, "lan", d->nic.lan);
	rec_str(rec, "lan_owner", d->nic.lan_owner);
	rec_str(rec, "mac", mac_text(d->mac, mac));
	rec_bool(rec, "connected", lan);
	rec_str(rec, "link", lan && !d->nic.link_down ? "up" : "down");
	if (lan)
		rec_str(rec, "plug", lan->def.bounce ? "bounce" : "shared");
	else
		rec_null(rec, "plug");
	rec_str(rec, "vlans", d->nic.vlans);
	rec_u64(rec, "rate_bps", d->nic.rate.bps);
	rec_u64(rec, "rate_burst", d->nic.rate.burst);
	impair = rec_object(rec, "impair");
	rec_bool(impair, "link_down", d->nic.link_down);
	impair_record(rec_object(impair, "in"), &d->nic.in);
	impair_record(rec_object(impair, "out"), &d->nic.out);
	return rec;
}

static double percent(uint32_t ppm)
{
	return ppm / (LAN_PPM / 100.0);
}

static void impair_record(json_t *rec, const struct lan_impair *im)
{
	rec_u64(rec, "delay_ns", im->delay_ns);
	rec_u64(rec, "jitter_ns", im->jitter_ns);
	rec_str(rec, "jitter_shape",
		im->jitter == LAN_JITTER_NORMAL ? "normal" : "uniform");
	rec_real(rec, "loss_percent", percent(im->loss));
	rec_u64(rec, "loss_burst", im->loss_burst > 1 ? im->loss_burst : 1);
	rec_real(rec, "duplicate_percent", percent(im->duplicate));
	rec_real(rec, "reorder_percent", percent(im->reorder));
	rec_real(rec, "corrupt_percent", percent(im->corrupt));
	rec_u64(rec, "rate_bps", im->bps);
	rec_u64(rec, "seed", im->seed);
}

static void impair_line(struct result *r, uint16_t vdev, const char *direction,
	const struct lan_impair *im)
{
	char text[IMPAIR_TEXT];

	impair_text(im, text, sizeof(text));
	result_line(
		r, "NIC %04X %-3s %s", vdev, direction, text[0] ? text : "not impaired");
}

void nic_impair_lines(struct result *r, const struct part_dev *d)
{
	impair_line(r, d->vdev, "IN", &d->nic.in);
	impair_line(r, d->vdev, "OUT", &d->nic.out);
	if (d->nic.link_down)
		result_line(r, "NIC %04X LINK DOWN", d->vdev);
}

void port_counters(json_t *rec, const struct lan_stat_port *stat)
{
	rec_str(rec, "state", port_state_name(stat->state));
	rec_u64(rec, "rx_frames", stat->in_frames);
	rec_u64(rec, "tx_frames", stat->out_frames);
	rec_u64(rec, "rx_bytes", stat->in_bytes);
	rec_u64(rec, "tx_bytes", stat->out_bytes);
	drops_record(rec, "rx_drops", stat->in_drops);
	drops_record(rec, "tx_drops", stat->out_drops);
	rec_u64(rec, "kicks", stat->kicks);
	rec_u64(rec, "calls", stat->calls);
}

void port_counter_lines(
	struct result *r, const char *indent, const struct lan_stat_port *stat)
{
	result_line(r, "%sRX Packets: %-20" PRIu64 " Discarded: %" PRIu64, indent,
		stat->in_frames, sum(stat->in_drops));
	drops_lines(r, indent, "RX", stat->in_drops);
	result_line(r, "%sTX Packets: %-20" PRIu64 " Discarded: %" PRIu64, indent,
		stat->out_frames, sum(stat->out_drops));
	drops_lines(r, indent, "TX", stat->out_drops);
	result_line(r, "%sRX Bytes:   %-20" PRIu64 " TX Bytes:  %" PRIu64, indent,
		stat->in_bytes, stat->out_bytes);
}

bool stat_find(const uint8_t *bytes, size_t len, uint32_t id, struct lan_stat_port *out)
{
	size_t at = sizeof(struct lan_stat);

	for (; at + sizeof(*out) <= len; at += sizeof(*out)) {
		uint32_t this;

		memcpy(&this, bytes + at, sizeof(this));
		if (this != id)
			continue;
		memcpy(out, bytes + at, sizeof(*out));
		return true;
	}
	return false;
}

const char *port_state_name(uint32_t state)
{
	switch (state) {
	case LAN_PORT_IDLE: return "idle";
	case LAN_PORT_UP: return "up";
	default: return "gone";
	}
}

static uint64_t sum(const uint64_t drops[LAN_DROP_ROOM])
{
	uint64_t all = 0;

	for (unsigned i = 0; i < LAN_DROP_ROOM; i++)
		all += drops[i];
	return all;
}

static void drops_record(
	json_t *rec, const char *key, const uint64_t drops[LAN_DROP_ROOM])
{
	json_t *object = rec_object(rec, key);

	for (unsigned i = 0; drop_key(i); i++)
		rec_u64(object, drop_key(i), drops[i]);
}

static void drops_lines(struct result *r, const char *indent, const char *direction,
	const uint64_t drops[LAN_DROP_ROOM])
{
	for (unsigned i = 0; drop_key(i); i++) {
		if (drops[i])
			result_line(r, "%s  %s Discarded: %-20" PRIu64 " %s", indent,
				direction, drops[i], drop_words(i));
	}
}
