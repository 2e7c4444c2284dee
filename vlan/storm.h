/* The limit of frames that everybody gets: a bucket that holds one second's worth. */
#ifndef VLAN_STORM_H
#define VLAN_STORM_H

#include <stdbool.h>
#include <stdint.h>

#define STORM_SECOND  UINT64_C(1000000000)
#define STORM_MAX_FPS STORM_SECOND

struct storm {
	uint64_t fps;   /* 0: no limit */
	uint64_t level; /* what may go, in frames * STORM_SECOND */
	uint64_t at;    /* when it was so */
};

/* Sets the limit; a new one begins with a full bucket. */
static inline void storm_set(struct storm *s, uint64_t fps)
{
	fps = fps < STORM_MAX_FPS ? fps : STORM_MAX_FPS;
	if (s->fps == fps)
		return;
	s->fps = fps;
	s->level = fps * STORM_SECOND;
}

/* May one more go? */
static inline bool storm_take(struct storm *s, uint64_t now)
{
	uint64_t passed = now > s->at ? now - s->at : 0;
	uint64_t full = s->fps * STORM_SECOND;

	if (!s->fps)
		return true;
	passed = passed < STORM_SECOND ? passed : STORM_SECOND;
	s->level += passed * s->fps;
	s->level = s->level < full ? s->level : full;
	s->at = now;
	if (s->level < STORM_SECOND)
		return false;
	s->level -= STORM_SECOND;
	return true;
}

#endif
