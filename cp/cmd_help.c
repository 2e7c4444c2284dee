/* Commands: HELP, and the list of what one may issue. */
#include "cp/commands.h"
#include "cp/help.h"
#include "cp/request.h"

#include <string.h>

#define COLUMNS 6 /* of QUERY COMMANDS */

int cmd_help(struct request *rq, struct operands *ops)
{
	return help_print(&rq->result, op_rest(ops), rq->classes);
}

int query_commands(struct request *rq, struct operands *ops)
{
	struct result *r = &rq->result;
	const struct command *c;
	char line[COLUMNS * 16] = "";
	int n = 0, rc = op_end(rq, ops);

	if (rc)
		return rc;
	for (int i = 0; (c = command_at(i)); i++) {
		size_t len = strlen(line);

		if (!command_allowed(c, rq->classes))
			continue;
		rec_str(result_record(r), "command", c->name);
		snprintf(line + len, sizeof(line) - len, "%-13s", c->name);
		if (++n % COLUMNS == 0) {
			result_line(r, "%s", line);
			line[0] = '\0';
		}
	}
	if (line[0])
		result_line(r, "%s", line);
	return 0;
}
