/* Tagged, versioned fields: written and read. */
#include "cp/lib/snap.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 255

/* A section or a field of a stream, whose bounds have been checked. */
struct item {
	const uint8_t *name;
	size_t name_len;
	uint32_t version;  /* sections only */
	size_t start, end; /* of its contents */
};

static void fail(struct snap *s, int err, const char *tag, const char *name);
static bool find(struct snap *s, const char *tag, const char *name, struct item *found);
static void put(struct snap *s, const void *bytes, size_t len);
static void put_name(struct snap *s, const char *name);
static void put_u32(struct snap *s, uint32_t v);
static void open_section(struct snap *s, const char *tag, uint32_t version);
static bool load_field(struct snap *s, const char *name, struct item *found);
static void number(struct snap *s, const char *name, uint64_t *v, size_t size);

void snap_init_save(struct snap *s)
{
	*s = (struct snap) { .loading = false };
}

void snap_init_load(struct snap *s, const void *buf, size_t len)
{
	*s = (struct snap) { .loading = true, .buf = (uint8_t *)buf, .len = len };
}

void snap_fini(struct snap *s)
{
	if (!s->loading)
		free(s->buf);
	*s = (struct snap) { 0 };
}

uint32_t snap_begin(struct snap *s, const char *tag, uint32_t version)
{
	assert(!s->sect_tag[0] && version);
	if (s->err)
		return 0;

	open_section(s, tag, version);
	return s->err ? 0 : s->sect_version;
}

bool snap_has(struct snap *s, const char *tag)
{
	struct item found;

	assert(s->loading);
	return !s->err && find(s, tag, NULL, &found);
}

void snap_end(struct snap *s)
{
	size_t size = s->len - s->sect;
	uint32_t len = htole32((uint32_t)size);

	if (!s->loading && !s->err) {
		if (size > UINT32_MAX)
			fail(s, -EINVAL, s->sect_tag, NULL);
		memcpy(s->buf + s->sect - sizeof(len), &len, sizeof(len));
	}
	s->sect_tag[0] = '\0';
}

void snap_bool(struct snap *s, const char *name, bool *v)
{
	uint64_t n = s->loading ? 0 : *v;

	number(s, name, &n, 1);
	snap_check(s, name, n <= 1);
	if (s->loading && !s->err)
		*v = n == 1;
}

void snap_u8(struct snap *s, const char *name, uint8_t *v)
{
	uint64_t n = *v;

	number(s, name, &n, sizeof(*v));
	*v = (uint8_t)n;
}

void snap_u16(struct snap *s, const char *name, uint16_t *v)
{
	uint64_t n = *v;

	number(s, name, &n, sizeof(*v));
	*v = (uint16_t)n;
}

void snap_u32(struct snap *s, const char *name, uint32_t *v)
{
	uint64_t n = *v;

	number(s, name, &n, sizeof(*v));
	*v = (uint32_t)n;
}

void snap_u64(struct snap *s, const char *name, uint64_t *v)
{
	number(s, name, v, sizeof(*v));
}

void snap_bytes(struct snap *s, const char *name, void *v, size_t len)
{
	struct item field;

	if (!s->loading) {
		snap_blob(s, name, v, &len, len);
		return;
	}
	if (!load_field(s, name, &field))
		return;
	if (field.end - field.start != len)
		fail(s, -EINVAL, s->sect_tag, name);
	else if (len)
		memcpy(v, s->buf + field.start, len);
}

void snap_blob(struct snap *s, const char *name, void *v, size_t *len, size_t max)
{
	struct item field;

	if (!s->loading) {
		assert(s->err || (s->sect_tag[0] && *len <= max && *len <= UINT32_MAX));
		put_name(s, name);
		put_u32(s, (uint32_t)*len);
		put(s, v, *len);
		return;
	}
	if (!load_field(s, name, &field))
		return;
	if (field.end - field.start > max) {
		fail(s, -EINVAL, s->sect_tag, name);
		return;
	}
	*len = field.end - field.start;
	if (*len)
		memcpy(v, s->buf + field.start, *len);
}

void snap_check(struct snap *s, const char *name, bool ok)
{
	if (s->loading && !ok)
		fail(s, -EINVAL, s->sect_tag, name);
}

/* The first error is the one that tells something. */
static void fail(struct snap *s, int err, const char *tag, const char *name)
{
	if (s->err)
		return;
	s->err = err;
	snprintf(s->where, sizeof(s->where), "%s%s%s", tag, name ? "." : "",
		name ? name : "");
}

/* ---- Writing ---- */

static int make_room(struct snap *s, size_t len)
{
	size_t max = s->max ? s->max : 256;
	uint8_t *buf;

	if (len <= s->max - s->len)
		return 0;
	while (max - s->len < len) {
		if (max > SIZE_MAX / 2)
			return -ENOMEM;
		max *= 2;
	}
	buf = realloc(s->buf, max);
	if (!buf)
		return -ENOMEM;
	s->buf = buf;
	s->max = max;
	return 0;
}

static void put(struct snap *s, const void *bytes, size_t len)
{
	if (s->err || !len)
		return;
	if (make_room(s, len)) {
		fail(s, -ENOMEM, s->sect_tag, NULL);
		return;
	}
	memcpy(s->buf + s->len, bytes, len);
	s->len += len;
}

static void put_name(struct snap *s, const char *name)
{
	size_t len = strlen(name);
	uint8_t byte = (uint8_t)len;

	assert(len && len <= NAME_BYTES_MAX);
	put(s, &byte, 1);
	put(s, name, len);
}

static void put_u32(struct snap *s, uint32_t v)
{
	v = htole32(v);
	put(s, &v, sizeof(v));
}

/* ---- Reading ---- */

static bool take(const struct snap *s, size_t *at, size_t end, void *to, size_t len)
{
	if (len > end - *at)
		return false;
	memcpy(to, s->buf + *at, len);
	*at += len;
	return true;
}

static bool take_u32(const struct snap *s, size_t *at, size_t end, uint32_t *v)
{
	if (!take(s, at, end, v, sizeof(*v)))
		return false;
	*v = le32toh(*v);
	return true;
}

/* The item at `at`, all of which must lie before `end`. */
static bool take_item(
	const struct snap *s, size_t at, size_t end, bool section, struct item *item)
{
	uint8_t name_len;
	uint32_t len;

	if (!take(s, &at, end, &name_len, 1) || name_len > end - at)
		return false;
	item->name = s->buf + at;
	item->name_len = name_len;
	item->version = 0;
	at += name_len;
	if (section && !take_u32(s, &at, end, &item->version))
		return false;
	if (!take_u32(s, &at, end, &len) || len > end - at)
		return false;
	item->start = at;
	item->end = at + len;
	return true;
}

/* A section, or with `name` a field of the open section.  A stream found malformed on the
 * way is refused. */
static bool find(struct snap *s, const char *tag, const char *name, struct item *found)
{
	const char *wanted = name ? name : tag;
	size_t len = strlen(wanted);
	size_t at = name ? s->sect : 0, end = name ? s->sect_end : s->len;

	for (; at < end; at = found->end) {
		if (!take_item(s, at, end, !name, found)) {
			fail(s, -EINVAL, tag, name);
			return false;
		}
		if (found->name_len == len && !memcmp(found->name, wanted, len))
			return true;
	}
	return false;
}

static bool load_field(struct snap *s, const char *name, struct item *found)
{
	assert(s->err || s->sect_tag[0]);
	if (s->err)
		return false;
	if (!find(s, s->sect_tag, name, found)) {
		fail(s, -ENOENT, s->sect_tag, name);
		return false;
	}
	return true;
}

/* ---- Both ---- */

static void load_section(struct snap *s, const char *tag, uint32_t version)
{
	struct item found;

	if (!find(s, tag, NULL, &found)) {
		fail(s, -ENOENT, tag, NULL);
	} else if (!found.version || found.version > version) {
		fail(s, -EINVAL, tag, NULL);
	} else {
		s->sect = found.start;
		s->sect_end = found.end;
		s->sect_version = found.version;
	}
}

static void open_section(struct snap *s, const char *tag, uint32_t version)
{
	assert(tag[0] && strlen(tag) < sizeof(s->sect_tag));
	snprintf(s->sect_tag, sizeof(s->sect_tag), "%s", tag);
	if (s->loading) {
		load_section(s, tag, version);
		return;
	}
	put_name(s, tag);
	put_u32(s, version);
	put_u32(s, 0); /* the length, known when it ends */
	s->sect = s->len;
	s->sect_version = version;
}

static void number(struct snap *s, const char *name, uint64_t *v, size_t size)
{
	uint64_t le = htole64(*v);

	snap_bytes(s, name, &le, size);
	if (s->loading && !s->err)
		*v = le64toh(le) & (UINT64_MAX >> (64 - 8 * size));
}
