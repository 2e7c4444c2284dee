/* The system configuration: what it makes of good files, and the exact complaints of bad
 * ones, those against the sample's directory included. */
#include "tests/unit/cp/pairs.h"

#include "cp/sysconfig.h"

#define SAMPLE "docs/sample/"

static struct directory *sample_directory(void)
{
	struct source src;
	struct directory *d;

	assert_int_equal(source_open(&src, SAMPLE "user.direct"), 0);
	d = directory_parse(&src);
	assert_non_null(d);
	assert_int_equal(src.n_complaints, 0);
	source_close(&src);
	return d;
}

/* Reads as cpd --check does. */
static bool read_config(struct source *src)
{
	struct directory *d = sample_directory();
	struct sysconfig *c = sysconfig_parse(src);
	bool taken = c && !config_check_against(c, d, src);

	sysconfig_free(c);
	directory_free(d);
	return taken;
}

static void test_pairs(void **state)
{
	(void)state;
	pairs_run(PAIRS_DATA "*.config", read_config);
}

static struct sysconfig *parse(const char *text)
{
	struct source src;
	struct sysconfig *c;

	assert_int_equal(source_from(&src, "test", text, strlen(text)), 0);
	c = sysconfig_parse(&src);
	source_close(&src);
	assert_non_null(c);
	return c;
}

static void test_defaults(void **state)
{
	struct sysconfig *c = parse("");

	(void)state;
	assert_string_equal(c->system, "BULKHEAD");
	assert_string_equal(c->operator_id, "OPERATOR");
	assert_string_equal(c->operator_classes, "ABCDEFG");
	assert_string_equal(c->user_classes, "G");
	assert_int_equal(c->pool_bytes, 0);
	assert_int_equal(c->pool_percent, 0);
	for (size_t i = 0; i < sizeof(c->host_cpus) / sizeof(c->host_cpus[0]); i++)
		assert_int_equal(c->host_cpus[i], 0);
	assert_null(c->autolog);
	assert_null(c->commands);
	assert_string_equal(c->not_in_force, "");
	sysconfig_free(c);
	sysconfig_free(NULL);
}

static void test_values(void **state)
{
	struct sysconfig *c = parse(
		"system_id lab-1\nstorage pool 4G\nprocessors host 0,2-3,64,1023\n"
		"operator boss\nautolog one two\nautolog three\n"
		"priv_classes user gh operator abc\n");

	(void)state;
	assert_string_equal(c->system, "LAB-1");
	assert_int_equal(c->pool_bytes, UINT64_C(4) << 30);
	assert_int_equal(c->host_cpus[0], 0xd);
	assert_int_equal(c->host_cpus[1], 1);
	assert_int_equal(c->host_cpus[15], UINT64_C(1) << 63);
	assert_string_equal(c->operator_id, "BOSS");
	assert_string_equal(c->operator_classes, "ABC");
	assert_string_equal(c->user_classes, "GH");
	assert_string_equal(c->autolog->userid, "ONE");
	assert_string_equal(c->autolog->next->userid, "TWO");
	assert_string_equal(c->autolog->next->next->userid, "THREE");
	assert_int_equal(c->autolog->next->next->line, 6);
	assert_null(c->autolog->next->next->next);
	sysconfig_free(c);
}

static void test_percent(void **state)
{
	struct sysconfig *c = parse("STORAGE POOL 12.5%\n");

	(void)state;
	assert_int_equal(c->pool_percent, 1250);
	assert_int_equal(c->pool_bytes, 0);
	sysconfig_free(c);
}

/* What is done by commands is kept as these. */
static void test_commands(void **state)
{
	struct sysconfig *c = parse(
		"DEFINE LAN net,\n  MTU 9000\nDEF VSWITCH sw\n"
		"MODIFY LAN net GRANT alpha\nDEFINE CPUPOOL p CAP 1.5\n");
	const struct cfg_command *cmd = c->commands;

	(void)state;
	assert_string_equal(cmd->text, "DEFINE LAN net   MTU 9000");
	assert_int_equal(cmd->line, 1);
	assert_string_equal(cmd->owner, "SYSTEM");
	assert_string_equal(cmd->lan, "NET");
	cmd = cmd->next;
	assert_string_equal(cmd->text, "DEFINE VSWITCH sw");
	assert_string_equal(cmd->lan, "SW");
	cmd = cmd->next;
	assert_string_equal(cmd->text, "SET LAN net GRANT alpha");
	assert_int_equal(cmd->line, 4);
	cmd = cmd->next;
	assert_string_equal(cmd->text, "DEFINE CPUPOOL p CAP 1.5");
	assert_string_equal(cmd->lan, "");
	assert_null(cmd->next);
	assert_string_equal(c->not_in_force, "DEFINE CPUPOOL");
	sysconfig_free(c);
}

/* A port names a LAN or a VSWITCH that is defined above it. */
static void test_ports(void **state)
{
	struct sysconfig *c = parse("DEFINE LAN net OWNERID alpha\nDEFINE VSWITCH sw\n"
				    "DEF PORT a TO alpha net SOCKET /tmp/a\n"
				    "DEFINE PORT a TO SYSTEM sw MAC 02:00:00:00:00:01\n");
	const struct cfg_command *cmd = c->commands->next->next;

	(void)state;
	assert_string_equal(cmd->text, "DEFINE PORT a TO alpha net SOCKET /tmp/a");
	assert_string_equal(cmd->owner, "ALPHA");
	assert_string_equal(cmd->lan, "NET");
	cmd = cmd->next;
	assert_string_equal(cmd->owner, "SYSTEM");
	assert_string_equal(cmd->lan, "SW");
	assert_null(cmd->next);
	sysconfig_free(c);
}

/* As cpd --check: both files, each complaint with its file. */
static void test_check(void **state)
{
	char *said = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&said, &len);

	(void)state;
	assert_int_equal(
		check_files(SAMPLE "system.config", SAMPLE "user.direct", out), 0);
	fflush(out);
	assert_string_equal(said, "");

	assert_int_equal(
		check_files(PAIRS_DATA "fail-against.config", SAMPLE "user.direct", out),
		6);
	fflush(out);
	assert_non_null(
		strstr(said, PAIRS_DATA "fail-against.config:8:23: CP0053E NOBODY1 "));
	rewind(out);

	/* No machine has this one, but the file may be right for another. */
	assert_int_equal(check_files(PAIRS_DATA "good-elsewhere.config",
				 SAMPLE "user.direct", out),
		0);
	fflush(out);
	assert_non_null(strstr(said, PAIRS_DATA
		"good-elsewhere.config:3:17: CP1423W PROCESSORS HOST names 1023: "));
	rewind(out);

	assert_int_equal(check_files("/nowhere/a", "/nowhere/b", out), 2);
	fclose(out);
	assert_non_null(strstr(said, "/nowhere/a: CP0763E Cannot read /nowhere/a: "));
	assert_non_null(strstr(said, "/nowhere/b: CP0763E "));
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
