/* Records of LANs: what is written is read as the same; what cannot be a LAN is refused
 * with the reason. */
#include "tests/unit/cp/lan_fixture.h"

#include <jansson.h>

static struct lan_record record;

/* A LAN with something of everything. */
static struct lan *full_lan(struct lab *l)
{
	struct lan_def *def = &l->lan->def;

	def->restricted = def->aware = true;
	def->native = 7;
	def->uplink = (struct lan_uplink) {
		.kind = UPLINK_NAT, .n_forwards = 1, .forward = { { 8022, 22, "ALPHA" } }
	};
	def->grant[def->n_grants++] = (struct lan_grant) {
		.userid = "ALPHA", .vlans = "1-10,20", .trunk = true, .community = 5
	};
	must(lan_member_add(l->lan, "ALPHA", 0x600) != NULL);
	lan_member_add(l->lan, "BETA", 0x700)->mirror = 1;
	l->lan->link->service.id.pid = 4711;
	return l->lan;
}

static void test_round_trip(void **state)
{
	struct lab *l = *state;
	char *text = lan_record_text(full_lan(l), true);
	const char *why = NULL;

	assert_int_equal(
		lan_record_parse(text, strlen(text), "SYSTEM.LABNET", &record, &why), 0);
	assert_true(record.active);
	assert_memory_equal(&record.def, &l->lan->def, sizeof(record.def));
	assert_int_equal(record.id.pid, 4711);
	assert_int_equal(record.def.n_grants, 1);
	assert_string_equal(record.def.grant[0].vlans, "1-10,20");
	assert_int_equal(record.def.uplink.forward[0].host_port, 8022);
	assert_int_equal(record.n_members, 2);
	assert_int_equal(record.last_id, 2);
	assert_string_equal(record.member[1].name, "BETA.0700");
	assert_int_equal(record.member[1].mirror, 1);
	free(text);
}

/* One that is being coupled or uncoupled is not one yet, or no more. */
static void test_members_on_their_way(void **state)
{
	struct lab *l = *state;
	const char *why;
	char *text;

	must(!lan_plug(lan_member_add(l->lan, "ALPHA", 0x600), true, NULL, NULL));
	text = lan_record_text(l->lan, false);
	assert_int_equal(
		lan_record_parse(text, strlen(text), "SYSTEM.LABNET", &record, &why), 0);
	assert_false(record.active);
	assert_int_equal(record.n_members, 0);
	free(text);
}

/* The value at a path such as "grants/0/userid". */
static void put(json_t *root, const char *path, json_t *value)
{
	char part[64];
	size_t len;

	while ((len = strcspn(path, "/"), path[len])) {
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		root = json_is_array(root) ? json_array_get(root, (size_t)atoi(part))
					   : json_object_get(root, part);
		path += len + 1;
	}
	must(!json_object_set_new(root, path, value));
}

static void test_what_cannot_be(void **state)
{
	struct lab *l = *state;
	char *good = lan_record_text(full_lan(l), true);
	static const struct {
		const char *path;
		const char *text; /* NULL: the number */
		json_int_t number;
		const char *why;
	} cases[] = {
		{ "version", NULL, 2, "version" },
		{ "phase", "passive", 0, "phase" },
		{ "socket", "../x.sock", 0, "socket" },
		{ "owner", "ROOT", 0, "name" },
		{ "name", "a b", 0, "name" },
		{ "mtu", NULL, 65536, "mtu" },
		{ "mtu", NULL, -1, "mtu" },
		{ "max_conn", NULL, LAN_MAX_PORTS + 1, "mtu" },
		{ "native", NULL, 4095, "native" },
		{ "dhcp_net", "10.0.0.0/24 and more than fits", 0, "dhcp_net" },
		{ "uplink/kind", NULL, 99, "kind" },
		{ "uplink/native", NULL, 5000, "native" },
		{ "uplink/forwards", NULL, 1, "forwards" },
		{ "grants/0/userid", "", 0, "userid" },
		{ "grants/0/vlans", "5000", 0, "vlans" },
		{ "process/pid", NULL, 1, "pid" },
		{ "process/pid", "x", 0, "pid" },
		{ "members/0/id", NULL, 0, "members" },
		{ "members/0/id", NULL, 3, "members" },
		{ "members/1/userid", "a b", 0, "members" },
		{ "members", NULL, 0, "members" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *root = json_loads(good, 0, NULL);
		const char *why = NULL;
		char *bad;

		put(root, cases[i].path,
			cases[i].text ? json_string(cases[i].text)
				      : json_integer(cases[i].number));
		bad = json_dumps(root, 0);
		assert_int_equal(lan_record_parse(bad, strlen(bad), "SYSTEM.LABNET",
					 &record, &why),
			-EINVAL);
		assert_string_equal(why, cases[i].why);
		free(bad);
		json_decref(root);
	}
	free(good);
}

static void test_what_is_no_record(void **state)
{
	static const char *const texts[] = { "", "x", "{}", "[1]", "{\"version\":1}" };
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		why = NULL;
		assert_int_equal(lan_record_parse(texts[i], strlen(texts[i]),
					 "SYSTEM.LABNET", &record, &why),
			-EINVAL);
		assert_non_null(why);
	}
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_round_trip),
		LAB(test_members_on_their_way),
		LAB(test_what_cannot_be),
		LAB(test_what_is_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
