/* A record of a LAN, as another cpd may find it: what is taken can be written, and is
 * then read as the same. */
#include "tests/unit/cp/engine_fixture.h"

#include "cp/lan_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_outlet(struct lan *lan, const struct lan_outlet_def *def, uint64_t inode)
{
	struct lan_outlet *o = calloc(1, sizeof(*o));

	must(o != NULL);
	o->def = *def;
	o->lan = lan;
	o->inode = inode;
	o->watch.fd = -1;
	list_append(&lan->outlets, &o->node);
}

/* The text of what was read, as its LAN would write it. */
static char *written(struct cp *cp, const struct lan_record *r)
{
	struct lan *lan = lan_new(cp, &r->def);
	char *text;

	must(lan != NULL);
	for (int i = 0; i < r->n_outlets; i++)
		add_outlet(lan, &r->outlet[i], r->inode[i]);
	for (int i = 0; i < r->n_members; i++) {
		const struct lan_member *from = &r->member[i];
		struct lan_member *m = lan_member_add(lan, from->userid, from->vdev);

		must(m != NULL);
		m->id = from->id;
		m->mirror = from->mirror;
		memcpy(m->name, from->name, sizeof(m->name));
	}
	lan->last_id = r->last_id;
	lan->link->service.id = r->id;
	lan->link->service.uid = r->uid;
	lan->link->service.group = r->group;
	text = lan_record_text(lan, r->active);
	lan_free(lan);
	must(text != NULL);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lan_record first, second;
	static struct cp cp;
	const char *why = NULL;
	char *text, *again;

	list_init(&cp.lans);
	list_init(&cp.partitions);
	if (lan_record_parse((const char *)data, size, "SYSTEM.LABNET", &first, &why)) {
		must(why != NULL);
		return 0;
	}
	text = written(&cp, &first);
	must(!lan_record_parse(text, strlen(text), "SYSTEM.LABNET", &second, &why));
	again = written(&cp, &second);
	must(!strcmp(text, again));
	free(again);
	free(text);
	return 0;
}
