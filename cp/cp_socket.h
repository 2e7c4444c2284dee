/* The CP socket: the records clients (bulkhead, vmcp, scripts) and cpd exchange.
 *
 * RUNDIR/cp.sock, SOCK_SEQPACKET; a record is struct cp_frame of cp/guest_abi.h and its
 * data.  The types of the cp port (CP_COMMAND, CP_OUT, CP_ERR, CP_DONE) mean the same
 * here; below is what only a host's client can ask.  docs/protocol.md tells the whole. */
#ifndef CP_CP_SOCKET_H
#define CP_CP_SOCKET_H

#include <stdint.h>

#define CPS_VERSION 1

enum cps_type {
	/* client to CP */
	CPS_HELLO = 100, /* cps_hello; answered by CPS_WELCOME */
	CPS_LOGON =
		101, /* "USERID\0password\0": become this user; CP_DONE says whether */
	CPS_REPLY = 102,  /* the answer to a CPS_PROMPT, same id */
	CPS_ATTACH = 103, /* flags CPS_F_*, data "USERID" or "" (one's own): watch, or
			     drive, a partition's console; CP_DONE, then CPS_CONSOLE from
			     the oldest kept byte on */
	CPS_DETACH = 104, /* leave that console; the guest does not notice; CP_DONE */
	CPS_INPUT =
		105, /* bytes typed, for the console one drives; CP_ERR only if refused */
	CPS_TABLE = 106, /* asks for the commands one may issue; CP_OUT lines
			    "NAME min operands", then CP_DONE: for completion */
	CPS_CANCEL =
		107, /* id of a command in progress: its answer is not wanted any more */
	CPS_OPENED = 108, /* the answer to a CPS_OPEN, same id: cps_opened, and the
			     descriptor where there is one */

	/* CP to client */
	CPS_WELCOME = 120, /* cps_welcome */
	CPS_PROMPT = 121,  /* id of the command that asks; flag CPS_F_HIDDEN: do not echo;
			      text */
	CPS_NOTE = 122, /* id 0: a line for the terminal: MSG, WNG, operator messages */
	CPS_CONSOLE = 123, /* id 0: cps_console, then bytes of the attached console */
	CPS_STATUS = 124, /* id 0: status word of one's session: "RUNNING", "CP READ", "VM
			     READ"... */
	CPS_END = 125,    /* id 0: the session is over; text says why */
	CPS_CONSOLE_END = 126, /* id 0: one is not attached any more: the partition has
				  ended, or its console may not be seen any longer */
	CPS_OPEN =
		127, /* id of the command that names it, flags CPS_F_CREATE: cps_open,
			then the name as it was typed: open this file, as who you are */
};

#define CPS_F_DRIVE  0x0001u /* CPS_ATTACH: also type */
#define CPS_F_FORCE  0x0002u /* CPS_ATTACH: take the keyboard over from who has it */
#define CPS_F_HIDDEN 0x0001u /* CPS_PROMPT */
#define CPS_F_CREATE 0x0001u /* CPS_OPEN: to write, made or emptied; else to read */
#define CPS_F_TTY    0x0001u /* CPS_HELLO: a person at a terminal, prompts are welcome */

struct cps_hello {
	uint32_t version;
};

struct cps_welcome {
	uint32_t version;
	char system[12];  /* SYSTEM_IDENTIFIER, terminated */
	char userid[12];  /* who CP takes the client for, terminated */
	char classes[36]; /* privilege classes, terminated */
};

/* Of several files of one name each has a number, which is put before its ending:
 * "lab.pcapng" is "lab-2.pcapng".  "-" is the client's standard output. */
struct cps_open {
	uint32_t number; /* 0: the name as it is */
	uint32_t zero;
};

struct cps_opened {
	uint32_t err; /* errno; 0: the descriptor is with it */
	uint32_t zero;
};

struct cps_console {
	uint64_t offset; /* of the first byte since IPL of the partition process */
};

#endif
