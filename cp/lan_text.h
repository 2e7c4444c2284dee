/* Values of guest LANs and NICs as people write and read them.  All return buf. */
#ifndef CP_LAN_TEXT_H
#define CP_LAN_TEXT_H

#include "cp/lan_proto.h"

#include <stddef.h>

const char *rate_text(uint64_t bps, char *buf, size_t len);    /* "100M" */
const char *duration_text(uint64_t ns, char *buf, size_t len); /* "250us" */
const char *ppm_text(uint32_t ppm, char *buf, size_t len);     /* "0.5%" */

/* "DELAY 10ms JITTER 2ms LOSS 1% SEED 7", as SET NIC takes it; "" where nothing is done.
 */
#define IMPAIR_TEXT 256 /* bytes that hold any */
const char *impair_text(const struct lan_impair *im, char *buf, size_t len);

/* "1-10,20"; what does not fit is left out and shown as "...". */
const char *vlan_set_text(const uint8_t set[512], char *buf, size_t len);

/* The key and the words of a reason of cp/lan_drops.def; NULL past the last. */
const char *drop_key(unsigned i);
const char *drop_words(unsigned i);

#endif
