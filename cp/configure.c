/* The commands of the system configuration. */
#include "cp/configure.h"

#include "cp/lan.h"
#include "cp/request.h"
#include "cp/sysconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The file has the authority of whoever writes it. */
#define CONFIG_AUTHORITY "ABCDEFG"

/* A command that is issued. */
struct issued {
	const struct cfg_command *command;
	bool done;
	bool left; /* nobody waits for it any more */
};

static bool *find_adopted(struct cp *cp);
static int issue(struct cp *cp, const struct cfg_command *c);
static void on_done(struct request *rq, void *ctx);

int configure(struct cp *cp, struct message *err)
{
	bool *adopted = find_adopted(cp);
	int rc = adopted ? 0 : -ENOMEM;
	size_t i = 0;

	cp->configuring = true;
	for (const struct cfg_command *c = cp->config->commands; c && !rc; c = c->next) {
		if (c->lan[0] && !adopted[i++])
			rc = issue(cp, c);
	}
	free(adopted);
	cp->configuring = false;
	if (!rc)
		lans_configured(cp);
	return rc ? msg_set(err, MSG_START_CP_FAILED, "its configuration", strerror(-rc))
		  : 0;
}

/* For each command that concerns a LAN: was it there before the first of them?  NULL: no
 * memory. */
static bool *find_adopted(struct cp *cp)
{
	const struct cfg_command *c;
	size_t n = 0;
	bool *adopted;

	for (c = cp->config->commands; c; c = c->next)
		n++;
	adopted = calloc(n + 1, sizeof(*adopted));
	n = 0;
	for (c = cp->config->commands; c && adopted; c = c->next) {
		if (c->lan[0])
			adopted[n++] = lan_find(cp, c->owner, c->lan);
	}
	return adopted;
}

/* 0, or -errno: it cannot be waited for. */
static int issue(struct cp *cp, const struct cfg_command *c)
{
	struct issued *job = calloc(1, sizeof(*job));
	int err = -ENOMEM;

	if (!job)
		return err;
	job->command = c;
	err = request_issue(
		cp, cp->config->operator_id, CONFIG_AUTHORITY, c->text, on_done, job);
	if (err) {
		free(job);
		return err;
	}
	while (!job->done && err >= 0)
		err = loop_once(cp->loop, -1);
	if (job->done)
		free(job);
	else
		job->left = true;
	return err < 0 ? err : 0;
}

static void on_done(struct request *rq, void *ctx)
{
	struct issued *job = ctx;
	const struct cfg_command *c = job->command;
	char *why = rq->result.err;

	if (rq->result.rc) {
		why[strcspn(why, "\n")] = '\0';
		operator_say(rq->cp, MSG_CONFIG_FAILED, c->line, c->text, why);
	}
	job->done = true;
	if (job->left)
		free(job);
}
