/* How a process has ended. */
#include "cp/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

bool process_reap(int pidfd, int *code, int *status)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) || !info.si_pid)
		return false;
	*code = info.si_code;
	*status = info.si_status;
	return true;
}

void process_end_text(bool known, int code, int status, char *buf, size_t len)
{
	if (!known)
		snprintf(buf, len, "its process has ended");
	else if (code == CLD_EXITED)
		snprintf(buf, len, "its process ended with status %d", status);
	else
		snprintf(buf, len, "its process was ended by signal %d (%s)", status,
			strsignal(status));
}
