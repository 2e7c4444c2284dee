/* The MAC table: chains of entries by hash; the learned ones also by when they were
 * seen. */
#include "vlan/fdb.h"

#include "vlan/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define BUCKETS   256  /* at first, a power of two */
#define ENTRIES   64   /* room for, at first */
#define MOVE      8    /* buckets that an insertion moves to a grown table */
#define AGE_BURST 1024 /* entries that fdb_age() forgets at most */
#define AGE       UINT64_C(300000000000)

/* Entries refer to each other by number; 0 is none, and the ends of the list. */
struct entry {
	uint64_t key; /* address and VLAN */
	uint64_t seen;
	uint32_t chain;        /* the next one of this bucket, or of the free ones */
	uint32_t older, newer; /* of the learned ones */
	uint16_t port;         /* FDB_NONE: this entry is free */
};

struct fdb {
	struct hash hash;
	uint64_t age, grain;
	struct entry *entry;
	uint32_t n_room; /* entries allocated, number 0 included */
	uint32_t top;    /* those from here on were never used */
	uint32_t free;   /* first of those that were */
	uint32_t count;
	uint32_t *bucket, mask;
	uint32_t *old, old_mask, moved; /* being left: its buckets below `moved` are */
	uint32_t learned[LAN_MAX_PORTS];
};

static uint32_t *find(const struct fdb *f, uint64_t key);
static int insert(struct fdb *f, uint64_t key, uint16_t port, uint32_t *out);
static void forget(struct fdb *f, uint32_t i);
static void note(struct fdb *f, uint32_t i, uint64_t now);
static void list_out(struct fdb *f, uint32_t i);
static int make_room(struct fdb *f);
static void grow(struct fdb *f);
static void move_some(struct fdb *f);

static_assert(sizeof(struct entry) == 32, "half a cache line");

int fdb_create(struct fdb **out)
{
	struct fdb *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->entry = calloc(ENTRIES, sizeof(*f->entry));
	f->bucket = calloc(BUCKETS, sizeof(*f->bucket));
	if (!f->entry || !f->bucket) {
		fdb_destroy(f);
		return -ENOMEM;
	}
	hash_init(&f->hash);
	f->n_room = ENTRIES;
	f->top = 1;
	f->mask = BUCKETS - 1;
	f->entry[0].port = FDB_NONE;
	fdb_set_age(f, AGE);
	*out = f;
	return 0;
}

void fdb_destroy(struct fdb *f)
{
	if (!f)
		return;
	free(f->entry);
	free(f->bucket);
	free(f->old);
	free(f);
}

void fdb_set_age(struct fdb *f, uint64_t age_ns)
{
	f->age = age_ns;
	f->grain = age_ns / 16;
}

static uint64_t key_of(uint16_t vlan, uint64_t mac)
{
	return mac | (uint64_t)vlan << 48;
}

uint16_t fdb_find(const struct fdb *f, uint16_t vlan, uint64_t mac, uint64_t now)
{
	uint32_t i = *find(f, key_of(FDB_ANY, mac));

	if (i)
		return f->entry[i].port;
	i = *find(f, key_of(vlan, mac));
	if (!i || now >= f->entry[i].seen + f->age)
		return FDB_NONE;
	return f->entry[i].port;
}

void fdb_learn(struct fdb *f, uint16_t vlan, uint64_t mac, uint16_t port, uint32_t limit,
	uint64_t now)
{
	uint32_t i = *find(f, key_of(vlan, mac));

	assert(vlan != FDB_ANY);
	if (i && f->entry[i].port == port && now < f->entry[i].seen + f->grain)
		return;
	if (*find(f, key_of(FDB_ANY, mac))) {
		if (i)
			forget(f, i);
		return;
	}
	if (i && f->entry[i].port == port) {
		list_out(f, i);
		note(f, i, now);
		return;
	}
	if (!mac || f->learned[port] >= limit)
		return; /* what another port has, it keeps */
	if (i)
		forget(f, i);
	if (!insert(f, key_of(vlan, mac), port, &i)) {
		f->learned[port]++;
		note(f, i, now);
	}
}

int fdb_add_static(struct fdb *f, uint64_t mac, uint16_t port)
{
	uint32_t i = *find(f, key_of(FDB_ANY, mac));

	if (i)
		return f->entry[i].port == port ? 0 : -EEXIST;
	return insert(f, key_of(FDB_ANY, mac), port, &i);
}

static bool entry_is_static(const struct entry *e)
{
	return e->key >> 48 == FDB_ANY;
}

void fdb_forget_static(struct fdb *f, uint16_t port)
{
	for (uint32_t i = 1; i < f->top; i++) {
		if (f->entry[i].port == port && entry_is_static(&f->entry[i]))
			forget(f, i);
	}
}

void fdb_forget_learned(struct fdb *f, uint16_t port)
{
	uint32_t next;

	for (uint32_t i = f->entry[0].newer; i; i = next) {
		next = f->entry[i].newer;
		if (port == FDB_NONE || f->entry[i].port == port)
			forget(f, i);
	}
}

uint32_t fdb_learned(const struct fdb *f, uint16_t port)
{
	return f->learned[port];
}

uint32_t fdb_count(const struct fdb *f)
{
	return f->count;
}

uint64_t fdb_next(const struct fdb *f)
{
	uint32_t i = f->entry[0].newer;

	return i ? f->entry[i].seen + f->age : UINT64_MAX;
}

void fdb_age(struct fdb *f, uint64_t now)
{
	for (int n = 0; n < AGE_BURST && fdb_next(f) <= now; n++)
		forget(f, f->entry[0].newer);
}

int fdb_list(const struct fdb *f, uint32_t after, struct fdb_entry *out, int max)
{
	int n = 0;

	for (uint32_t i = 1; i < f->top && n < max; i++) {
		const struct entry *e = &f->entry[i];

		if (e->port == FDB_NONE)
			continue;
		if (after) {
			after--;
			continue;
		}
		out[n++] = (struct fdb_entry) {
			.mac = e->key & (UINT64_MAX >> 16),
			.seen = e->seen,
			.vlan = (uint16_t)(e->key >> 48),
			.port = e->port,
		};
	}
	return n;
}

/* ---- chains ---- */

static uint32_t *bucket_of(const struct fdb *f, uint64_t key)
{
	uint32_t h = hash_of(&f->hash, key);

	if (f->old && (h & f->old_mask) >= f->moved)
		return &f->old[h & f->old_mask];
	return &f->bucket[h & f->mask];
}

void fdb_prefetch(const struct fdb *f, uint64_t mac)
{
	__builtin_prefetch(bucket_of(f, key_of(FDB_ANY, mac)));
}

/* Where the number of the entry with this key is, or a 0. */
static uint32_t *find(const struct fdb *f, uint64_t key)
{
	uint32_t *at = bucket_of(f, key);

	while (*at && f->entry[*at].key != key)
		at = &f->entry[*at].chain;
	return at;
}

static int insert(struct fdb *f, uint64_t key, uint16_t port, uint32_t *out)
{
	uint32_t *bucket, i;

	if (!f->free && f->top == f->n_room && make_room(f))
		return -ENOMEM;
	if (f->old)
		move_some(f);
	else if (f->count > f->mask)
		grow(f);
	i = f->free;
	if (i)
		f->free = f->entry[i].chain;
	else
		i = f->top++;
	bucket = bucket_of(f, key);
	f->entry[i] = (struct entry) { .key = key, .port = port, .chain = *bucket };
	*bucket = i;
	f->count++;
	*out = i;
	return 0;
}

static void forget(struct fdb *f, uint32_t i)
{
	struct entry *e = &f->entry[i];

	*find(f, e->key) = e->chain;
	if (!entry_is_static(e)) {
		list_out(f, i);
		f->learned[e->port]--;
	}
	e->port = FDB_NONE;
	e->chain = f->free;
	f->free = i;
	f->count--;
}

/* ---- the learned ones, oldest first; entry 0 is the list's head ---- */

static void note(struct fdb *f, uint32_t i, uint64_t now)
{
	struct entry *e = &f->entry[i], *head = f->entry;

	e->seen = now;
	e->newer = 0;
	e->older = head->older;
	f->entry[head->older].newer = i;
	head->older = i;
}

static void list_out(struct fdb *f, uint32_t i)
{
	struct entry *e = &f->entry[i];

	f->entry[e->older].newer = e->newer;
	f->entry[e->newer].older = e->older;
}

/* ---- growing ---- */

/* What is large enough to take long is moved by the kernel, page by page and uncopied. */
static int make_room(struct fdb *f)
{
	uint32_t n = 2 * f->n_room;
	struct entry *e = realloc(f->entry, n * sizeof(*e));

	if (!e)
		return -ENOMEM;
	f->entry = e;
	f->n_room = n;
	return 0;
}

/* Without memory chains just become longer. */
static void grow(struct fdb *f)
{
	uint32_t n = 2 * (f->mask + 1);
	uint32_t *bucket = calloc(n, sizeof(*bucket));

	if (!bucket)
		return;
	f->old = f->bucket;
	f->old_mask = f->mask;
	f->moved = 0;
	f->bucket = bucket;
	f->mask = n - 1;
}

static void move_some(struct fdb *f)
{
	for (int n = 0; n < MOVE; n++) {
		uint32_t i = f->old[f->moved], next;

		/* Before its entries are: they belong to the new table from now on. */
		f->moved++;
		for (; i; i = next) {
			uint32_t *bucket = bucket_of(f, f->entry[i].key);

			next = f->entry[i].chain;
			f->entry[i].chain = *bucket;
			*bucket = i;
		}
		if (f->moved > f->old_mask) {
			free(f->old);
			f->old = NULL;
			return;
		}
	}
}
