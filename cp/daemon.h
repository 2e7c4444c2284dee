/* Going into the background, once what was started is there to be used. */
#ifndef CP_DAEMON_H
#define CP_DAEMON_H

/* Forks.  In the parent it returns only to the exit: it waits until the child says
 * daemon_ready() and ends with 0, or with 1 if the child ends before.  In the child: the
 * descriptor for daemon_ready(), or -errno. */
int daemon_start(void);

/* The child leaves its terminal; standard error goes on into this log file. */
void daemon_ready(int fd, const char *log_path);

#endif
