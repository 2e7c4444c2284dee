/* The console of a partition, as a client has it. */
#include "console/attach.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int request(struct attach *a, enum attach_how how);
static void refused(struct attach *a);

int attach_start(struct attach *a, const char *userid, enum attach_how how)
{
	char text[USERID_MAX + 1];

	if (word_userid(userid, text))
		return -EINVAL;
	memcpy(a->userid, text, sizeof(a->userid));
	a->on = a->drives = false;
	a->seen = 0;
	a->refusal[0] = 0;
	return request(a, how);
}

int attach_again(struct attach *a)
{
	a->on = false;
	a->refusal[0] = 0;
	return request(a, a->drives ? ATTACH_DRIVE : ATTACH_WATCH);
}

/* A replay that ends before what was seen is not of the same console: the partition was
 * started anew meanwhile, and all of the new one is wanted. */
void attach_settle(struct attach *a)
{
	if (!a->on || a->newest >= a->seen)
		return;
	a->seen = 0;
	attach_again(a);
}

void attach_ended(struct attach *a)
{
	a->userid[0] = 0;
	a->on = a->drives = false;
	a->id = 0;
}

int attach_leave(struct attach *a, uint32_t *id)
{
	attach_ended(a);
	return caller_detach(a->caller, id);
}

bool attach_err(struct attach *a, uint32_t id, const char *text, size_t len)
{
	if (!a->id || id != a->id)
		return false;
	snprintf(a->error, sizeof(a->error), "%.*s", (int)len, text);
	a->error[strcspn(a->error, "\n")] = 0;
	return true;
}

bool attach_done(struct attach *a, uint32_t id, uint32_t rc)
{
	if (!a->id || id != a->id)
		return false;
	a->id = 0;
	if (rc) {
		refused(a);
		return true;
	}
	a->on = true;
	a->drives = a->how != ATTACH_WATCH;
	if (a->refusal[0])
		a->say(a, a->refusal);
	a->changed(a);
	return true;
}

void attach_console(struct attach *a, uint64_t offset, const void *bytes, size_t len)
{
	uint64_t end = offset + len;
	char text[80];

	a->newest = end;
	if (end <= a->seen)
		return;
	if (a->seen && offset > a->seen) {
		snprintf(text, sizeof(text), "%" PRIu64 " bytes of output are lost",
			offset - a->seen);
		a->say(a, text);
	}
	if (offset < a->seen) {
		bytes = (const char *)bytes + (a->seen - offset);
		len = (size_t)(end - a->seen);
	}
	a->seen = end;
	a->output(a, bytes, len);
}

static int request(struct attach *a, enum attach_how how)
{
	static const uint16_t flags[] = {
		[ATTACH_WATCH] = 0,
		[ATTACH_DRIVE] = CPS_F_DRIVE,
		[ATTACH_TAKE] = CPS_F_DRIVE | CPS_F_FORCE,
	};

	a->how = how;
	a->newest = 0;
	a->id = 0;
	a->error[0] = 0;
	return caller_attach(a->caller, a->userid, flags[how], &a->id);
}

/* The keyboard is another's, or there is no such console: asking to watch tells which. */
static void refused(struct attach *a)
{
	if (a->how == ATTACH_DRIVE) {
		memcpy(a->refusal, a->error, sizeof(a->refusal));
		if (!request(a, ATTACH_WATCH))
			return;
	}
	a->userid[0] = 0;
	a->say(a, a->error);
	a->changed(a);
}
