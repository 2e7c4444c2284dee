/* Files that a user names: they lie below STATEDIR/userid, wherever a name or a link in
 * it would lead (openat2(2)). */
#ifndef CP_OWN_FILE_H
#define CP_OWN_FILE_H

#include "cp/cp.h"

#include <sys/types.h>

#define CAPTURE_MIN (UINT64_C(64) << 10)

/* As open(2), with O_CLOEXEC, O_NOCTTY and O_NONBLOCK.  The descriptor or -errno. */
int own_file_open(const struct cp *cp, const char *userid, const char *name, int flags,
	mode_t mode);

/* Makes the directory, where there is none.  0 or -errno. */
int own_file_dir(const struct cp *cp, const char *userid);

/* May a user have a trace written there: "NAME.pcapng", in no directory? */
bool own_file_is_capture(const char *name);

/* Room that the user's capture files take: their bytes, but of each CAPTURE_MIN at least,
 * so that there is a limit to how many there are. */
uint64_t own_file_captures(const struct cp *cp, const char *userid);

#endif
