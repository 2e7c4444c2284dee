/* Passwords: what the directory keeps of them, and whether one opens it. */
#include "cp/directory.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* About 50 ms and 16 MiB: enough to slow down who guesses, little enough for whom it
 * concerns. */
#define HASH_OPS    12
#define HASH_MEMORY (16u << 20)

#define FIELD_SIZE 128
_Static_assert(
	FIELD_SIZE == crypto_pwhash_STRBYTES, "the directory's field is libsodium's");

/* Both are compared in full, whatever they hold. */
static bool same_text(const char *a, const char *b)
{
	char left[FIELD_SIZE] = "", right[FIELD_SIZE] = "";
	bool same;

	if (strlen(b) >= FIELD_SIZE)
		return false;
	snprintf(left, sizeof(left), "%s", a);
	snprintf(right, sizeof(right), "%s", b);
	same = sodium_memcmp(left, right, FIELD_SIZE) == 0;
	sodium_memzero(left, sizeof(left));
	sodium_memzero(right, sizeof(right));
	return same;
}

bool directory_password(const struct dir_user *user, const char *text)
{
	if (sodium_init() < 0)
		return false;
	switch (user->pw) {
	case DIR_PW_HASH:
		return !crypto_pwhash_str_verify(user->password, text, strlen(text));
	case DIR_PW_CLEAR: return same_text(user->password, text);
	case DIR_PW_NOLOG:
	case DIR_PW_AUTOONLY:
	case DIR_PW_LBYONLY: break;
	}
	return false;
}

int password_hash(const char *text, char out[FIELD_SIZE])
{
	if (sodium_init() < 0 ||
		crypto_pwhash_str(out, text, strlen(text), HASH_OPS, HASH_MEMORY))
		return -ENOMEM;
	return 0;
}

bool password_is_hash(const char *text)
{
	char field[FIELD_SIZE] = "";

	if (strlen(text) >= FIELD_SIZE || sodium_init() < 0)
		return false;
	snprintf(field, sizeof(field), "%s", text);
	return crypto_pwhash_str_needs_rehash(field, HASH_OPS, HASH_MEMORY) >= 0;
}
