/* Passwords in the directory. */
#include "cp/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_hash(void **state)
{
	struct dir_user u = { .pw = DIR_PW_HASH };
	char other[128];

	(void)state;
	assert_int_equal(password_hash("secret", u.password), 0);
	assert_int_equal(password_hash("secret", other), 0);
	assert_string_not_equal(u.password, other); /* salted */
	assert_memory_equal(u.password, "$argon2id$", 10);
	assert_null(strchr(u.password, ' '));
	assert_true(password_is_hash(u.password));
	assert_true(directory_password(&u, "secret"));
	assert_false(directory_password(&u, "Secret"));
	assert_false(directory_password(&u, "secret "));
	assert_false(directory_password(&u, ""));
	u.password[strlen(u.password) - 1] ^= 1;
	assert_false(directory_password(&u, "secret"));
}

static void test_clear(void **state)
{
	struct dir_user u = { .pw = DIR_PW_CLEAR, .password = "secret" };
	char text[200];

	(void)state;
	assert_true(directory_password(&u, "secret"));
	assert_false(directory_password(&u, "secre"));
	assert_false(directory_password(&u, "secrets"));
	assert_false(directory_password(&u, "SECRET"));
	assert_false(directory_password(&u, ""));

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(u.password, 'x', sizeof(u.password) - 1);
	assert_false(directory_password(&u, text));
	assert_true(directory_password(&u, text + sizeof(text) - sizeof(u.password)));
}

/* No text opens these, not even what may stand in the field. */
static void test_never(void **state)
{
	struct dir_user u = { 0 };

	(void)state;
	for (u.pw = DIR_PW_NOLOG; u.pw <= DIR_PW_LBYONLY; u.pw++) {
		snprintf(u.password, sizeof(u.password), "%s", "");
		assert_false(directory_password(&u, ""));
		assert_false(directory_password(&u, "NOLOG"));
		snprintf(u.password, sizeof(u.password), "secret");
		assert_false(directory_password(&u, "secret"));
	}
}

static void test_is_hash(void **state)
{
	char text[300];

	(void)state;
	assert_false(password_is_hash(""));
	assert_false(password_is_hash("secret"));
	assert_false(password_is_hash("$6$salt$hash"));
	assert_false(password_is_hash("$argon2id$v=19$m=16384,t=6,p=1$Z3Vq4iP68"));
	memset(text, '$', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(password_is_hash(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_is_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
