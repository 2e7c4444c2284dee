/* A line that somebody typed: split, and each of its words taken for each kind of value.
 */
#include "cp/lib/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool known(int err)
{
	return err == 0 || err == -EINVAL || err == -ERANGE;
}

static void numbers(const char *text)
{
	uint64_t v = 0;
	uint32_t u = 0;
	uint16_t vdev = 0;

	require(known(word_u64(text, 3, 1000, &v)) && (!v || (v >= 3 && v <= 1000)));
	v = 0;
	require(known(word_hex(text, 0xffff, &v)) && v <= 0xffff);
	require(known(word_vdev(text, &vdev)));
	require(known(word_percent(text, &u)) && u <= 10000);
	u = 0;
	require(known(word_hundredths(text, 6400, &u)) && u <= 6400);
	u = 0;
	require(known(word_mac_id(text, &u)) && u <= 0xffffff);
	require(known(word_duration(text, &v)));
	require(known(word_rate(text, &v)));
}

static void size_both_ways(const char *text)
{
	uint64_t v, back;
	char buf[32];

	if (!word_size(text, &v))
		require(!word_size(size_text(v, buf, sizeof(buf)), &back) && back == v);
}

static void names(const char *text)
{
	char userid[USERID_MAX + 1];
	uint8_t set[512] = { 0 };

	if (!word_userid(text, userid))
		require(strlen(userid) == strlen(text) && word_is(text, userid, 1));
	require(known(word_vlan_set(text, set)));
	require(!(set[0] & 1) && !(set[511] & 0x80));
	require(word_min(text) <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	int column = -1;
	struct words w;

	if (!line)
		abort();
	memcpy(line, data, size);
	line[size] = '\0';
	if (words_split(&w, line, &column)) {
		require(column >= 1 && (size_t)column <= strlen(line));
	} else {
		for (int i = 0; i < w.n; i++) {
			require(strlen(w.word[i].text) <= WORD_MAX);
			require(words_rest(&w, i) == w.line + w.word[i].column - 1);
			numbers(w.word[i].text);
			size_both_ways(w.word[i].text);
			names(w.word[i].text);
		}
		words_free(&w);
	}
	free(line);
	return 0;
}
