/* What the kinds of EXERCISE BAD share: noise, the same from the same seed. */
#ifndef CMS_BAD_H
#define CMS_BAD_H

#include <stdint.h>

struct noise {
	uint64_t state;
};

struct noise noise_from(uint64_t seed);
uint32_t noise_next(struct noise *n);

#endif
