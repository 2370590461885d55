/* mutate_pcapng.c - changes that leave the blocks of a pcapng file with right lengths
 *
 * The first byte is the target's own. Behind it blocks are looked for as long as their lengths are
 * right, in the byte order of the section; one of them is repeated, taken away, moved, put in anew,
 * or has a field, an option or its length changed. Files that are no pcapng, and a third of the
 * changes, are libFuzzer's own.
 *
 * Source: draft-ietf-opsawg-pcapng.
 */
#include "base/bytes.h"
#include "mutate.h"

#define BLOCKS_MAX 256u
#define SECTION	   0x0a0d0d0au
#define MAGIC	   0x1a2b3c4du

struct block {
	size_t at;
	uint32_t n, type;
	bool big;
};

struct blocks {
	struct block b[BLOCKS_MAX];
	unsigned count;
};

static uint32_t load(const uint8_t *p, bool big)
{
	return big ? be32_load(p) : le32_load(p);
}

static void store(uint8_t *p, uint32_t v, bool big)
{
	for (unsigned i = 0; i < 4; i++)
		p[big ? 3 - i : i] = (uint8_t)(v >> 8 * i);
}

static void blocks_find(struct blocks *all, const struct mutant *m)
{
	bool big = false;
	size_t at = 1;

	all->count = 0;
	while (all->count < BLOCKS_MAX && at + 12 <= m->n) {
		struct block *b = &all->b[all->count];

		if (load(m->p + at, false) == SECTION)
			big = load(m->p + at + 8, true) == MAGIC;
		*b = (struct block){at, load(m->p + at + 4, big), load(m->p + at, big), big};
		if (b->n < 12 || b->n % 4 || b->n > m->n - at)
			return;
		at += b->n;
		all->count++;
	}
}

/* The block is @grown bytes longer now. */
static void set_length(struct mutant *m, const struct block *b, size_t grown)
{
	uint32_t n = b->n + (uint32_t)grown;

	store(m->p + b->at + 4, n, b->big);
	store(m->p + b->at + n - 4, n, b->big);
}

/* Any number, the odd ones more often. */
static uint32_t number(struct mutant *m)
{
	static const uint32_t odd[] = {0,	   1,	       4,      12,     0x7fffffff,
				       0xffffffff, 0x80000000, 262144, 262145, 65535};

	if (mutant_below(m, 2))
		return odd[mutant_below(m, sizeof(odd) / sizeof(odd[0]))];
	return (uint32_t)(random_next(&m->random) >> mutant_below(m, 64));
}

/* One of its body's words, or half of one. */
static void change_field(struct mutant *m, const struct block *b)
{
	size_t at = b->at + 8;

	if (b->n < 16)
		return;
	/* The first words are the fields; data and options follow. */
	at += 4 * mutant_below(m, mutant_below(m, 4) && b->n >= 32 ? 5 : (b->n - 12) / 4);
	if (mutant_below(m, 3))
		store(m->p + at, number(m), b->big);
	else
		m->p[at + mutant_below(m, 4)] = (uint8_t)number(m);
}

/* At the end of a block that has options at all: behind the last, or behind their end. */
static void add_option(struct mutant *m, const struct block *b)
{
	static const uint16_t codes[] = {0,  1,	 2,  3,	 4,    5,    9,	    11,
					 12, 13, 14, 15, 2988, 2989, 19372, 0x8001};
	uint16_t code = codes[mutant_below(m, sizeof(codes) / sizeof(codes[0]))];
	size_t n = mutant_below(m, mutant_below(m, 4) ? 13 : 300), whole = 4 + (n + 3) / 4 * 4;
	uint8_t option[4 + 304] = {0};
	size_t at = b->at + b->n - 4;

	option[b->big ? 0 : 1] = (uint8_t)(code >> 8);
	option[b->big ? 1 : 0] = (uint8_t)code;
	option[b->big ? 2 : 3] = (uint8_t)(n >> 8);
	option[b->big ? 3 : 2] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		option[4 + i] =
			(uint8_t)(mutant_below(m, 4) ? ' ' + mutant_below(m, 95) : number(m));
	/* In front of an opt_endofopt, mostly. */
	if (b->n >= 16 && !load(m->p + at - 4, b->big) && mutant_below(m, 4))
		at -= 4;
	if (mutant_put(m, at, 0, option, whole))
		set_length(m, b, whole);
}

/* Some of its bytes more, or fewer. */
static void resize(struct mutant *m, const struct block *b)
{
	size_t at = b->at + 8 + 4 * mutant_below(m, (b->n - 8) / 4), end = b->at + b->n - 4;
	size_t n = 4 * (1 + mutant_below(m, 16));

	if (mutant_below(m, 2)) {
		if (n <= end - at && mutant_put(m, at, n, NULL, 0))
			set_length(m, b, 0 - n);
	} else if (mutant_put(m, at, 0, m->p + b->at, n < b->n ? n : b->n)) {
		set_length(m, b, n < b->n ? n : b->n);
	}
}

/* A block that the file may not have: each type, its body zero but for a number. */
static void add_block(struct mutant *m, const struct block *before)
{
	static const uint32_t types[] = {1, 2, 3, 4, 5, 6, 9, 10, 0xbad, 0x40000bad, 0x80000001};
	uint32_t n = 12 + 4 * (uint32_t)mutant_below(m, 12);
	uint8_t block[12 + 4 * 12] = {0};

	store(block, types[mutant_below(m, sizeof(types) / sizeof(types[0]))], before->big);
	store(block + 4, n, before->big);
	store(block + 8, number(m), before->big);
	store(block + n - 4, n, before->big);
	mutant_put(m, before->at, 0, block, n);
}

/* Its bytes as a section of the other byte order: the header alone is turned. */
static void turn(struct mutant *m, const struct block *b)
{
	if (b->type != SECTION || b->n < 28)
		return;
	store(m->p + b->at + 8, MAGIC, !b->big);
	store(m->p + b->at + 12, b->big ? 1 : 0x10000, !b->big); /* version 1.0 */
	store(m->p + b->at + 4, b->n, !b->big);
	store(m->p + b->at + b->n - 4, b->n, !b->big);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
	struct mutant m = {.p = data, .n = size, .max = size_max, .random = {.state = seed}};
	struct blocks all;
	const struct block *b, *to;

	if (size > 1)
		blocks_find(&all, &m);
	if (size <= 1 || !all.count || !mutant_below(&m, 3))
		return LLVMFuzzerMutate(data, size, size_max);
	b = &all.b[mutant_below(&m, all.count)];
	to = &all.b[mutant_below(&m, all.count)];
	switch (mutant_below(&m, 10)) {
	case 0: mutant_put(&m, to->at, 0, m.p + b->at, b->n); break;
	case 1: mutant_put(&m, b->at, b->n, NULL, 0); break;
	case 2: mutant_put(&m, to->at, to->n, m.p + b->at, b->n); break;
	case 3: add_block(&m, b); break;
	case 4: turn(&m, &all.b[0]); break;
	case 5: resize(&m, b); break;
	case 6: m.n = b->at + mutant_below(&m, b->n); break;
	case 7: add_option(&m, b); break;
	default: change_field(&m, b); break;
	}
	return m.n;
}
