/* Records of LANs: the ports of other programs in them, and what cannot be so. */
#include "tests/unit/cp/lan_fixture.h"

#include "cp/fields.h"

static const struct lan_outlet_def trunk = { .name = "TRUNK",
	.path = "/run/trunk",
	.mac = "02:00:00:00:00:0b",
	.trunk = true,
	.vlans = "1-3,7",
	.community = 9 };

/* The record of a LAN with that outlet and its member, id 1. */
static json_t *record(struct lab *l)
{
	const struct message none = { 0 };
	static struct lan_outlet o;
	struct lan_member *m;
	json_t *root;
	char *text;

	o = (struct lan_outlet) { .def = trunk, .lan = l->lan, .inode = UINT64_MAX - 1 };
	list_append(&l->lan->outlets, &o.node);
	l->lan->last_id = 0;
	m = lan_member_add_named(l->lan, "*.TRUNK");
	must(m != NULL);
	text = lan_record_text(l->lan, true);
	must(text != NULL);
	root = json_loads(text, 0, NULL);
	free(text);
	lan_member_drop(m, &none);
	list_remove(&o.node);
	must(root != NULL);
	return root;
}

/* What of it cannot be so, or NULL; consumes it. */
static const char *parse(json_t *root, struct lan_record *out)
{
	char *text = json_dumps(root, 0);
	const char *why = NULL;

	must(text != NULL);
	lan_record_parse(text, strlen(text), "SYSTEM.LABNET", out, &why);
	free(text);
	json_decref(root);
	return why;
}

static json_t *item(json_t *root, const char *array)
{
	return json_array_get(json_object_get(root, array), 0);
}

static void test_outlets(void **state)
{
	static struct lan_record r;

	assert_null(parse(record(*state), &r));
	assert_true(r.active);
	assert_int_equal(r.n_outlets, 1);
	assert_memory_equal(&r.outlet[0], &trunk, sizeof(trunk));
	assert_true(r.inode[0] == UINT64_MAX - 1);
	assert_int_equal(r.n_members, 1);
	assert_string_equal(r.member[0].name, "*.TRUNK");
}

/* One that an earlier version wrote. */
static void test_without_outlets(void **state)
{
	static struct lan_record r;
	json_t *root = record(*state);

	json_object_del(root, "outlets");
	json_array_clear(json_object_get(root, "members"));
	assert_null(parse(root, &r));
	assert_int_equal(r.n_outlets, 0);
}

static void test_outlets_that_cannot_be(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} bad[] = {
		{ "name", "", "outlets" },
		{ "name", "lower", "outlets" },
		{ "name", "A.B", "outlets" },
		{ "name", "TOOLONGNAME", "name" },
		{ "path", "", "outlets" },
		{ "path", "relative", "outlets" },
		{ "path", "/control\ncharacter", "path" },
		{ "mac", "02:00", "outlets" },
		{ "mac", "01:00:00:00:00:01", "outlets" },
		{ "vlans", "4095", "outlets" },
		{ "vlans", "x", "outlets" },
		{ "trunk", "true", "trunk" },
		{ "community", "1", "community" },
		{ "inode", "1", "inode" },
	};
	static struct lan_record r;

	for (size_t i = 0; i < N_FIELDS(bad); i++) {
		json_t *root = record(*state);

		json_object_set_new(
			item(root, "outlets"), bad[i].key, json_string(bad[i].value));
		assert_string_equal(parse(root, &r), bad[i].why);
	}
}

static void test_twice(void **state)
{
	static const char *const arrays[] = { "outlets", "members" };
	static struct lan_record r;

	for (size_t i = 0; i < 2; i++) {
		json_t *root = record(*state);

		json_array_append_new(json_object_get(root, arrays[i]),
			json_deep_copy(item(root, arrays[i])));
		assert_string_equal(parse(root, &r), arrays[i]);
	}
}

static void test_too_many(void **state)
{
	static struct lan_record r;
	json_t *root = record(*state);
	char name[9];

	for (int i = 0; i < LAN_MAX_OUTLETS; i++) {
		json_t *more = json_deep_copy(item(root, "outlets"));

		snprintf(name, sizeof(name), "N%hhu", (uint8_t)i);
		json_object_set_new(more, "name", json_string(name));
		json_array_append_new(json_object_get(root, "outlets"), more);
	}
	assert_string_equal(parse(root, &r), "outlets");
}

/* A member of an outlet that is not. */
static void test_nobodys_member(void **state)
{
	static struct lan_record r;
	json_t *root = record(*state);

	json_object_set_new(item(root, "members"), "name", json_string("*.OTHER"));
	assert_string_equal(parse(root, &r), "members");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_outlets),
		TEST(test_without_outlets),
		TEST(test_outlets_that_cannot_be),
		TEST(test_twice),
		TEST(test_too_many),
		TEST(test_nobodys_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
