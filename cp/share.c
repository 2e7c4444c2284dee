/* Shares of the host's processors. */
#include "cp/share.h"

#include "cp/partition.h"
#include "cp/request.h"

#include <string.h>

/* What the others are entitled to. */
struct sum {
	double absolute; /* percent */
	double relative;
};

static void show_record(json_t *rec, const struct dir_user *u, double entitlement);
static void show_share(
	json_t *rec, const char *key, bool present, enum share_kind kind, uint32_t value);
static void show_lines(struct result *r, const struct dir_user *u, double entitlement);
static void add(struct sum *sum, const struct dir_share *share);
static struct sum sum_of_others(const struct cp *cp, const struct dir_user *u);
static void share_text(enum share_kind kind, uint32_t value, char *buf, size_t len);

double share_entitlement(const struct cp *cp, const struct dir_user *u)
{
	struct sum sum = sum_of_others(cp, u);
	double own = (double)u->share.value, left;

	add(&sum, &u->share);
	if (u->share.kind == SHARE_ABSOLUTE)
		return sum.absolute > 100 ? own / sum.absolute : own / 100;
	left = sum.absolute < 100 ? 100 - sum.absolute : 0;
	return sum.relative > 0 ? left * own / sum.relative : 0;
}

void share_show(struct request *rq, const struct dir_user *u)
{
	double entitlement = share_entitlement(rq->cp, u);

	show_record(result_record(&rq->result), u, entitlement);
	show_lines(&rq->result, u, entitlement);
}

/* One of the two is the share, the other is null. */
static void show_record(json_t *rec, const struct dir_user *u, double entitlement)
{
	static const char *const types[] = {
		[LIMIT_NONE] = "none",
		[LIMIT_SOFT] = "soft",
		[LIMIT_HARD] = "hard",
	};
	const struct dir_share *s = &u->share;
	bool relative = s->kind == SHARE_RELATIVE;

	rec_str(rec, "userid", u->userid);
	show_share(rec, "relative", relative, s->kind, s->value);
	show_share(rec, "absolute", !relative, s->kind, s->value);
	show_share(rec, "max_share", s->limit != LIMIT_NONE, s->max_kind, s->max_value);
	rec_str(rec, "max_type", types[s->limit]);
	rec_null(rec, "cap");
	rec_null(rec, "pool");
	rec_real(rec, "entitlement", entitlement);
	rec_str(rec, "enforced_by", "none");
}

static void show_share(
	json_t *rec, const char *key, bool present, enum share_kind kind, uint32_t value)
{
	if (!present)
		rec_null(rec, key);
	else if (kind == SHARE_RELATIVE)
		rec_u64(rec, key, value);
	else
		rec_real(rec, key, value / 100.0);
}

static void show_lines(struct result *r, const struct dir_user *u, double entitlement)
{
	static const char *const types[] = {
		[LIMIT_NONE] = "",
		[LIMIT_SOFT] = " LIMITSOFT",
		[LIMIT_HARD] = " LIMITHARD",
	};
	const struct dir_share *s = &u->share;
	char share[48], max[48] = "NOLIMIT";

	share_text(s->kind, s->value, share, sizeof(share));
	if (s->limit != LIMIT_NONE)
		share_text(s->max_kind, s->max_value, max, sizeof(max));
	result_line(r, "USER %-8s : %s", u->userid, share);
	result_line(r, "MAXIMUM SHARE = %s%s", max, types[s->limit]);
	result_line(r, "ENTITLEMENT = %.2f%% of the shared processors, not enforced",
		entitlement);
}

static void add(struct sum *sum, const struct dir_share *share)
{
	if (share->kind == SHARE_ABSOLUTE)
		sum->absolute += share->value / 100.0;
	else
		sum->relative += share->value;
}

static struct sum sum_of_others(const struct cp *cp, const struct dir_user *u)
{
	struct sum sum = { 0 };
	const struct list *pos;

	list_for_each (pos, &cp->partitions) {
		const char *userid = container_of(pos, struct partition, node)->userid;
		const struct dir_user *other = directory_find(cp->directory, userid);

		if (other && strcmp(userid, u->userid))
			add(&sum, &other->share);
	}
	return sum;
}

static void share_text(enum share_kind kind, uint32_t value, char *buf, size_t len)
{
	if (kind == SHARE_RELATIVE)
		snprintf(buf, len, "RELATIVE SHARE = %u", value);
	else
		snprintf(
			buf, len, "ABSOLUTE SHARE = %u.%02u%%", value / 100, value % 100);
}
