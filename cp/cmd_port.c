/* Commands: ports of LANs for programs of the host. */
#include "cp/clauses.h"
#include "cp/commands.h"
#include "cp/lan_use.h"

static void show(struct request *rq, const struct port_clause *c, const struct lan *lan,
	const char *path);

int define_port(struct request *rq, struct operands *ops)
{
	struct port_clause c;
	struct message m;
	struct lan *lan;

	if (scan_port(ops, &c, &m))
		return result_message(&rq->result, &m);
	if (c.def.path[0] && !request_is_trusted(rq))
		return result_say(&rq->result, MSG_PORT_PATH, c.def.name);
	lan = request_own_lan(rq, false, c.owner, c.lan);
	if (!lan)
		return rq->result.rc;
	if (lan_outlet_define(lan, &c.def, &m))
		return result_message(&rq->result, &m);
	show(rq, &c, lan, lan_outlet_find(lan, c.def.name)->def.path);
	return 0;
}

int detach_port(struct request *rq, struct operands *ops)
{
	struct port_clause c;
	struct message m;
	struct lan *lan;
	int rc = scan_port_name(ops, "FROM", &c, &m);

	if (!rc)
		rc = scan_end(ops, &m);
	if (rc)
		return result_message(&rq->result, &m);
	lan = request_own_lan(rq, false, c.owner, c.lan);
	if (!lan)
		return rq->result.rc;
	if (lan_outlet_detach(lan, c.def.name, &m))
		return result_message(&rq->result, &m);
	show(rq, &c, lan, NULL);
	return 0;
}

/* Path NULL: it is no more. */
static void show(struct request *rq, const struct port_clause *c, const struct lan *lan,
	const char *path)
{
	json_t *rec = result_record(&rq->result);

	rec_str(rec, "name", c->def.name);
	rec_str(rec, "lan", lan->def.name);
	rec_str(rec, "lan_owner", lan->def.owner);
	if (path)
		rec_str(rec, "socket", path);
	else
		rec_null(rec, "socket");
	result_line(&rq->result, "Port %s of %s %s %s is %s%s", c->def.name,
		lan_word(&lan->def), lan->def.owner, lan->def.name,
		path ? "created, socket " : "destroyed", path ? path : "");
}
