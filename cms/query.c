/* QUERY: what CMS itself knows; the rest is asked of CP. */
#include "cms/netcmd.h"

#include "cms/date.h"
#include "cms/iface.h"

int cmd_query(struct cms *cms, const struct args *args)
{
	const char *rest = args->text;
	char word[WORD_LIMIT + 1];

	if (!word_next(&rest, word))
		return reply(cms, CMS_OPERAND_MISSING, "operand");
	if (!command_find(queries, word) || *skip_blanks(rest))
		return cms_cp(cms, args->line);
	return command_sub(cms, queries, args);
}

int query_disk(struct cms *cms, const struct args *args)
{
	struct disks *disks = &cms->disks;

	(void)args;
	disks_start(disks, &cms->mem, &cms->timer);
	for (int i = 0; i < disks->n; i++) {
		const struct disk *d = disks->disk[i];

		say(cms, "DISK %04X %s %lu blocks of 4K\n", d->vdev,
			d->read_only ? "R/O" : "R/W", d->blocks);
	}
	if (!disks->n)
		say(cms, "There are no disks\n");
	return 0;
}

int query_nic(struct cms *cms, const struct args *args)
{
	struct nets *nets = &cms->nets;
	int rc;

	(void)args;
	if (!netcmd_begin(cms, &rc))
		return rc;
	for (int i = 0; i < nets->n; i++) {
		const uint8_t *m = nets->net[i]->mac;
		const struct iface *own = iface_find(nets->inet, (unsigned)i, 0);

		say(cms, "NIC ETH%d MAC %02X-%02X-%02X-%02X-%02X-%02X LINK %s\n", i, m[0],
			m[1], m[2], m[3], m[4], m[5],
			net_link(nets->net[i]) ? "UP" : "DOWN");
		if (own)
			netcmd_show_addresses(cms, own);
	}
	if (!nets->n)
		say(cms, "There are no NICs\n");
	return 0;
}

int query_storage(struct cms *cms, const struct args *args)
{
	const struct mem *m = &cms->mem;

	(void)args;
	say(cms, "STORAGE = %luK, %luK free\n", m->total >> 10, (m->end - m->next) >> 10);
	return 0;
}

int query_time(struct cms *cms, const struct args *args)
{
	static const char *const days[] = { "SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY",
		"THURSDAY", "FRIDAY", "SATURDAY" };
	struct date d = date_of(timer_utc(&cms->timer));
	uint64_t ms = (timer_now(&cms->timer) - cms->timer.ipl) / NS_PER_MS;

	(void)args;
	say(cms, "TIME IS %02u:%02u:%02u UTC %s %04u-%02u-%02u\n", d.hour, d.minute,
		d.second, days[d.weekday], d.year, d.month, d.day);
	say(cms, "IPL %lu.%03lu seconds ago\n", ms / 1000, ms % 1000);
	return 0;
}
