/* cpd --hash. */
#include "cp/hash_tool.h"

#include "cp/directory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 128

/* Echo off before the prompt, and on again; false: this is no terminal. */
static bool echo_off(struct termios *was)
{
	struct termios quiet;

	if (tcgetattr(STDIN_FILENO, was))
		return false;
	quiet = *was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	return !tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

int hash_tool(void)
{
	char line[PASSWORD_MAX + 2] = "", hash[128];
	struct termios was;
	bool terminal = echo_off(&was);
	int status = 1;

	if (terminal)
		fprintf(stderr, "Password: ");
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fprintf(stderr, "\n");
	}
	line[strcspn(line, "\n")] = '\0';
	if (!line[0] || strlen(line) > PASSWORD_MAX) {
		fprintf(stderr, "cpd: a password of 1 to %d characters is expected\n",
			PASSWORD_MAX);
	} else if (password_hash(line, hash)) {
		fprintf(stderr, "cpd: no memory for a hash\n");
	} else {
		puts(hash);
		status = 0;
	}
	explicit_bzero(line, sizeof(line));
	return status;
}
