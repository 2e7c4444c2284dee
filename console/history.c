/* What was typed before. */
#include "console/history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS      " \t"
#define END_OF_WORD " \t#"

int history_path(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (state && *state == '/')
		n = snprintf(path, size, "%s/bulkhead/history", state);
	else if (home && *home == '/')
		n = snprintf(path, size, "%s/.local/state/bulkhead/history", home);
	else
		return -ENOENT;
	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int history_create(const char *path)
{
	char part[PATH_MAX];
	int fd;

	for (const char *slash = strchr(path + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0700) && errno != EEXIST)
			return -errno;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Is this LOGON userid password?  CP does not need the password there, but people type
 * it.  Its verb may be abbreviated to anything. */
static bool is_logon_with_password(const char *command)
{
	size_t verb = strcspn(command, END_OF_WORD);

	if (!verb || verb > strlen("LOGON") || strncasecmp(command, "LOGON", verb))
		return false;
	command += verb;
	command += strspn(command, BLANKS);
	command += strcspn(command, END_OF_WORD); /* the userid */
	command += strspn(command, BLANKS);
	return *command && *command != '#';
}

bool history_allows(const char *line)
{
	while (line) {
		line += strspn(line, BLANKS);
		if (!strncasecmp(line, "CP ", 3))
			line += 3 + strspn(line + 3, BLANKS);
		if (is_logon_with_password(line))
			return false;
		line = strchr(line, '#');
		line = line ? line + 1 : NULL;
	}
	return true;
}
