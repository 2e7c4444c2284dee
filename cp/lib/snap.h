/* Tagged, versioned fields: one call writes or reads, so that save and load are one text.
 *
 * A stream is a list of sections {tag, version, length}; a section is a list of fields
 * {name, length, bytes}.  Readers find fields by name, in any order; a missing field is
 * an error (one that a later version added is asked for only when snap_begin() returned
 * that version); an unknown one is skipped.  A stream being read is hostile.
 *
 * Encoded, little endian: section u8 tag length, tag, u32 version, u32 length, fields;
 * field u8 name length, name, u32 length, bytes. */
#ifndef CP_LIB_SNAP_H
#define CP_LIB_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snap {
	bool loading;
	int err;        /* the first error; later calls do nothing: -EINVAL malformed or
			   refused, -ENOENT missing, -ENOMEM */
	char where[64]; /* section and field of the first error */
	uint8_t *buf;   /* written: owned by the snap; read: the caller's */
	size_t len, max;
	size_t sect, sect_end; /* of the open section */
	char sect_tag[32];
	uint32_t sect_version;
};

void snap_init_save(struct snap *s);
void snap_init_load(struct snap *s, const void *buf, size_t len); /* buf outlives it */
void snap_fini(struct snap *s);

/* Opens a section (a tag has at most 31 characters, a field's name 255; there are none
 * within sections); every field until snap_end() is in it.  When loading: finds the
 * section, whose version must be at most `version`.  Its version, or 0 with err set. */
uint32_t snap_begin(struct snap *s, const char *tag, uint32_t version);
bool snap_has(struct snap *s, const char *tag); /* loading: is there such a section? */
void snap_end(struct snap *s);

void snap_bool(struct snap *s, const char *name, bool *v);
void snap_u8(struct snap *s, const char *name, uint8_t *v);
void snap_u16(struct snap *s, const char *name, uint16_t *v);
void snap_u32(struct snap *s, const char *name, uint32_t *v);
void snap_u64(struct snap *s, const char *name, uint64_t *v);
void snap_bytes(struct snap *s, const char *name, void *v, size_t len); /* exactly len */

/* *len bytes; when loading at most `max`, and *len is set. */
void snap_blob(struct snap *s, const char *name, void *v, size_t *len, size_t max);

/* Loading: refuses the stream (-EINVAL) unless `ok`, naming the field. */
void snap_check(struct snap *s, const char *name, bool ok);

#endif
