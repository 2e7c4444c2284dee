/* Structs as JSON objects and back: one list of fields serves both ways.  What is read is
 * hostile: every value is checked for its kind and range. */
#ifndef CP_FIELDS_H
#define CP_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT, /* an array of char, terminated */
	FIELD_BOOL,
	FIELD_NUMBER, /* unsigned, of any size, up to INT64_MAX; also enums and signed
			 ones, which are checked by who knows them */
	FIELD_BITS    /* 64 bits of any value */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, size;
};

/* A field of a struct; an enum is one of as many bytes as unsigned. */
#define FIELD(struct_, key, kind, member)                            \
	{                                                            \
		key, FIELD_##kind, offsetof(struct struct_, member), \
			sizeof(((struct struct_ *)0)->member)        \
	}

#define N_FIELDS(fields) (sizeof(fields) / sizeof((fields)[0]))

/* 0, or not 0 where there is no memory. */
int fields_put(json_t *to, const void *from, const struct field *fields, size_t n);

/* An object added to an array, or under a key; NULL: no memory. */
json_t *fields_add_object(json_t *to, const char *key);

/* NULL, or the key of the field that cannot be so.  With `may_lack` one that is not there
 * leaves what *to has. */
const char *fields_get(const json_t *from, void *to, const struct field *fields, size_t n,
	bool may_lack);

/* A text of at most size - 1 bytes without control characters. */
bool fields_text(const json_t *v, char *to, size_t size);

#endif
