/* tally_table.c - keys counted in bounded memory */
#include "analysis/tally_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mix.h"

#define REGISTERS (1u << TALLY_HLL_BITS)
/* Ranks that a register may have: zeros in the 64 - 14 other bits, and one. */
#define RANKS (64u - TALLY_HLL_BITS + 1u)
/* Credits that the median is taken of; 1,024 put it within 5 % of the middle nearly always. */
#define SAMPLE 1024u

struct entry {
	uint64_t n[TALLY_COUNTS];
	uint64_t credit;
	uint64_t base; /* t->taken when it came in */
	uint32_t hash;
	uint32_t key_n;
	unsigned char key[];
};

static uint32_t stride_of(uint32_t key_max)
{
	return (uint32_t)((sizeof(struct entry) + key_max + 7) & ~(size_t)7);
}

static struct entry *entry_at(const struct tally_table *t, uint32_t i)
{
	return (struct entry *)(void *)(t->entry + (size_t)i * t->stride);
}

void tally_table_init(struct tally_table *t, uint32_t entries_max, uint32_t key_max,
		      enum tally_count by, uint64_t seed)
{
	check(entries_max && (entries_max & (entries_max - 1)) == 0);
	check(by == TALLY_FRAMES || by == TALLY_BYTES);
	*t = (struct tally_table){.entries_max = entries_max,
				  .key_max = key_max,
				  .by = by,
				  .seed = seed,
				  .stride = stride_of(key_max)};
}

void tally_table_done(struct tally_table *t)
{
	free(t->entry);
	free(t->slot);
	free(t->registers);
	tally_table_init(t, t->entries_max, t->key_max, t->by, t->seed);
}

size_t tally_table_bytes_max(uint32_t entries_max, uint32_t key_max)
{
	return (size_t)entries_max * (stride_of(key_max) + 2 * sizeof(uint32_t)) + REGISTERS;
}

/* Pages of it are the system's until they are written to. Return: false where there is none */
static bool have_memory(struct tally_table *t)
{
	if (t->entry)
		return true;
	t->entry = calloc(t->entries_max, t->stride);
	t->slot = calloc((size_t)2 * t->entries_max, sizeof(*t->slot));
	t->registers = calloc(REGISTERS, 1);
	if (t->entry && t->slot && t->registers)
		return true;
	free(t->entry);
	free(t->slot);
	free(t->registers);
	t->entry = t->registers = NULL;
	t->slot = NULL;
	return false;
}

static uint64_t hash_of(const struct tally_table *t, const unsigned char *key, size_t n)
{
	uint64_t h = mix64(t->seed ^ (n + 1) * UINT64_C(0x9e3779b97f4a7c15)), word;

	for (; n >= sizeof(word); key += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = mix64(h ^ word) + t->seed;
	}
	word = 0;
	memcpy(&word, key, n);
	return mix64(mix64(h ^ word) + t->seed + 1);
}

/* ---- different keys ---- */

static void note(struct tally_table *t, uint64_t hash)
{
	uint32_t at = (uint32_t)(hash >> (64 - TALLY_HLL_BITS));
	uint64_t rest = hash << TALLY_HLL_BITS;
	unsigned rank = rest ? (unsigned)__builtin_clzll(rest) + 1 : RANKS;

	if (t->registers[at] < rank)
		t->registers[at] = (unsigned char)rank;
}

/* Ertl's sigma and tau, which make up for registers that are empty and full. */
static double sigma(double x)
{
	double y = 1, z = x, before;

	if (x >= 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z > before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x <= 0 || x >= 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z < before);
	return z / 3;
}

static uint64_t estimate(const struct tally_table *t)
{
	unsigned count[RANKS + 1] = {0};
	double m = REGISTERS, z;

	for (unsigned i = 0; i < REGISTERS; i++)
		count[t->registers[i]]++;
	z = m * tau(1 - count[RANKS] / m);
	for (unsigned k = RANKS - 1; k >= 1; k--)
		z = (z + count[k]) / 2;
	z += m * sigma(count[0] / m);
	return (uint64_t)(m * m / (2 * log(2) * z) + 0.5);
}

uint64_t tally_table_distinct(const struct tally_table *t, bool *estimated)
{
	uint64_t n;

	*estimated = t->thinnings != 0;
	if (!*estimated)
		return t->entries;
	n = estimate(t);
	/* So many there were at least. */
	return n > t->entries_max ? n : t->entries_max + UINT64_C(1);
}

/* ---- the table ---- */

static uint32_t slot_mask(const struct tally_table *t)
{
	return 2 * t->entries_max - 1;
}

/* The slot that has the key, or the free one where it would be. */
static uint32_t find(const struct tally_table *t, uint32_t hash, const void *key, size_t n)
{
	uint32_t at = hash & slot_mask(t);

	for (; t->slot[at]; at = (at + 1) & slot_mask(t)) {
		const struct entry *e = entry_at(t, t->slot[at] - 1);

		if (e->hash == hash && e->key_n == n && memcmp(e->key, key, n) == 0)
			break;
	}
	return at;
}

static void index_again(struct tally_table *t)
{
	memset(t->slot, 0, 2 * sizeof(*t->slot) * t->entries_max);
	for (uint32_t i = 0; i < t->entries; i++) {
		uint32_t at = entry_at(t, i)->hash & slot_mask(t);

		while (t->slot[at])
			at = (at + 1) & slot_mask(t);
		t->slot[at] = i + 1;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* At least the entry that had the sample's median goes, so there is room for one. */
static void thin(struct tally_table *t)
{
	uint64_t credit[SAMPLE] = {0}, median;
	uint32_t n = t->entries < SAMPLE ? t->entries : SAMPLE, kept = 0;

	for (uint32_t i = 0; i < n; i++)
		credit[i] = entry_at(t, (uint32_t)((uint64_t)i * t->entries / n))->credit;
	qsort(credit, n, sizeof(credit[0]), by_number);
	median = credit[n / 2];
	for (uint32_t i = 0; i < t->entries; i++) {
		struct entry *e = entry_at(t, i);

		if (e->credit <= median)
			continue;
		e->credit -= median;
		if (kept != i)
			memcpy(entry_at(t, kept), e, t->stride);
		kept++;
	}
	t->entries = kept;
	t->taken += median;
	t->thinnings++;
	index_again(t);
}

static struct entry *make(struct tally_table *t, uint32_t hash, const void *key, size_t n)
{
	struct entry *e;

	if (t->entries == t->entries_max)
		thin(t);
	e = entry_at(t, t->entries++);
	memset(e, 0, sizeof(*e));
	e->base = t->taken;
	e->hash = hash;
	e->key_n = (uint32_t)n;
	memcpy(e->key, key, n);
	/* Thinning moves slots, so it is looked for again. */
	t->slot[find(t, hash, key, n)] = t->entries;
	return e;
}

void tally_table_add(struct tally_table *t, const void *key, size_t key_n,
		     const struct tally_amount *more)
{
	size_t n = key_n < t->key_max ? key_n : t->key_max;
	uint64_t hash;
	struct entry *e;
	uint32_t at;

	if (!have_memory(t)) {
		t->lost++;
		return;
	}
	hash = hash_of(t, key, n);
	note(t, hash);
	at = find(t, (uint32_t)hash, key, n);
	e = t->slot[at] ? entry_at(t, t->slot[at] - 1) : make(t, (uint32_t)hash, key, n);
	for (unsigned i = 0; i < TALLY_COUNTS; i++)
		e->n[i] += more->n[i];
	e->credit += more->n[t->by];
}

/* Takes the slot's entry out: later ones of the same run of slots move up, and the last entry moves
 * into its place. */
static void drop(struct tally_table *t, uint32_t at)
{
	uint32_t i = t->slot[at] - 1, last = t->entries - 1, next = at, home;

	for (;;) {
		next = (next + 1) & slot_mask(t);
		if (!t->slot[next])
			break;
		home = entry_at(t, t->slot[next] - 1)->hash & slot_mask(t);
		if (((next - home) & slot_mask(t)) < ((next - at) & slot_mask(t)))
			continue;
		t->slot[at] = t->slot[next];
		at = next;
	}
	t->slot[at] = 0;
	if (i != last) {
		const struct entry *e = entry_at(t, last);

		t->slot[find(t, e->hash, e->key, e->key_n)] = i + 1;
		memcpy(entry_at(t, i), e, t->stride);
	}
	t->entries--;
}

void tally_table_take(struct tally_table *t, const void *key, size_t key_n,
		      const struct tally_amount *less)
{
	size_t n = key_n < t->key_max ? key_n : t->key_max;
	uint64_t weight = less->n[t->by];
	struct entry *e;
	uint32_t at;

	if (!t->entry)
		return;
	at = find(t, (uint32_t)hash_of(t, key, n), key, n);
	if (!t->slot[at])
		return;
	e = entry_at(t, t->slot[at] - 1);
	for (unsigned i = 0; i < TALLY_COUNTS; i++)
		e->n[i] -= e->n[i] < less->n[i] ? e->n[i] : less->n[i];
	e->credit -= e->credit < weight ? e->credit : weight;
	if (!e->n[TALLY_FRAMES])
		drop(t, at);
}

/* ---- what is read ---- */

static struct tally_row row_of(const struct entry *e)
{
	return (struct tally_row){.key = e->key, .key_n = e->key_n, .n = e->n, .error = e->base};
}

bool tally_table_find(const struct tally_table *t, const void *key, size_t key_n,
		      struct tally_row *row)
{
	size_t n = key_n < t->key_max ? key_n : t->key_max;
	uint32_t at;

	if (!t->entry)
		return false;
	at = find(t, (uint32_t)hash_of(t, key, n), key, n);
	if (!t->slot[at])
		return false;
	*row = row_of(entry_at(t, t->slot[at] - 1));
	return true;
}

static int by_key(const struct tally_row *a, const struct tally_row *b)
{
	size_t n = a->key_n < b->key_n ? a->key_n : b->key_n;
	int order = memcmp(a->key, b->key, n);

	return order ? order : (a->key_n > b->key_n) - (a->key_n < b->key_n);
}

static int by_frames(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->n[TALLY_FRAMES] != y->n[TALLY_FRAMES])
		return x->n[TALLY_FRAMES] < y->n[TALLY_FRAMES] ? 1 : -1;
	return by_key(x, y);
}

static int by_bytes(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->n[TALLY_BYTES] != y->n[TALLY_BYTES])
		return x->n[TALLY_BYTES] < y->n[TALLY_BYTES] ? 1 : -1;
	return by_key(x, y);
}

size_t tally_table_top(const struct tally_table *t, size_t most, struct tally_row **rows)
{
	struct tally_row *all = t->entries ? calloc(t->entries, sizeof(*all)) : NULL;

	*rows = all;
	if (!all)
		return 0;
	for (uint32_t i = 0; i < t->entries; i++)
		all[i] = row_of(entry_at(t, i));
	qsort(all, t->entries, sizeof(*all), t->by == TALLY_BYTES ? by_bytes : by_frames);
	return most && most < t->entries ? most : t->entries;
}
