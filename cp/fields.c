/* Fields of structs in JSON. */
#include "cp/fields.h"

#include <string.h>

static json_t *value_json(const void *at, const struct field *f)
{
	uint64_t value = 0;

	switch (f->kind) {
	case FIELD_TEXT: return json_string(at);
	case FIELD_BOOL: return json_boolean(*(const bool *)at);
	default: memcpy(&value, at, f->size); return json_integer((json_int_t)value);
	}
}

int fields_put(json_t *to, const void *from, const struct field *fields, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n; i++)
		err |= json_object_set_new(to, fields[i].key,
			value_json((const char *)from + fields[i].offset, &fields[i]));
	return err;
}

json_t *fields_add_object(json_t *to, const char *key)
{
	json_t *o = json_object();

	if (key ? json_object_set_new(to, key, o) : json_array_append_new(to, o))
		return NULL;
	return o;
}

bool fields_text(const json_t *v, char *to, size_t size)
{
	const char *text = json_string_value(v);

	if (!text || strlen(text) >= size)
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	}
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool read_value(const json_t *v, void *at, const struct field *f)
{
	uint64_t value, max = f->size < 8 ? (UINT64_C(1) << 8 * f->size) - 1 : INT64_MAX;

	if (f->kind == FIELD_TEXT)
		return fields_text(v, at, f->size);
	if (f->kind == FIELD_BOOL) {
		*(bool *)at = json_is_true(v);
		return json_is_boolean(v);
	}
	if (!json_is_integer(v))
		return false;
	value = (uint64_t)json_integer_value(v);
	memcpy(at, &value, f->size);
	return f->kind == FIELD_BITS || value <= max;
}

const char *fields_get(
	const json_t *from, void *to, const struct field *fields, size_t n, bool may_lack)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(from, fields[i].key);

		if ((v || !may_lack) &&
			!read_value(v, (char *)to + fields[i].offset, &fields[i]))
			return fields[i].key;
	}
	return NULL;
}
