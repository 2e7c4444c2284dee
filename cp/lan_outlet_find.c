/* Outlets by their names, and who is there. */
#include "cp/lan.h"

#include <stdio.h>
#include <string.h>

#define MEMBER_MARK "*." /* no userid begins so */

void lan_outlet_member_name(const struct lan_outlet_def *def, char name[LAN_NAME])
{
	snprintf(name, LAN_NAME, MEMBER_MARK "%s", def->name);
}

struct lan_outlet *lan_outlet_find(struct lan *lan, const char *name)
{
	struct list *pos;

	list_for_each (pos, &lan->outlets) {
		struct lan_outlet *o = container_of(pos, struct lan_outlet, node);

		if (!strcmp(o->def.name, name))
			return o;
	}
	return NULL;
}

struct lan_outlet *lan_outlet_of(const struct lan_member *m)
{
	size_t mark = strlen(MEMBER_MARK);

	if (m->userid[0] || strncmp(m->name, MEMBER_MARK, mark) != 0)
		return NULL;
	return lan_outlet_find(m->lan, m->name + mark);
}

struct lan_member *lan_outlet_member(const struct lan_outlet *o)
{
	struct list *pos;

	list_for_each (pos, &o->lan->members) {
		struct lan_member *m = container_of(pos, struct lan_member, node);

		if (lan_outlet_of(m) == o)
			return m;
	}
	return NULL;
}

const char *lan_outlet_state(const struct lan_outlet *o)
{
	if (lan_outlet_member(o))
		return "connected";
	return o->watch.fd < 0 ? "failed" : "waiting";
}
