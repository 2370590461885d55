/* tally_table.h - keys counted in bounded memory: exact up to a bound, beyond it with a known error
 *
 * Theory of operation: a hash table of at most entries_max keys, each with its counts. As long as
 * it has never been full, every figure is exact. When it is full, it is thinned as Misra and Gries
 * do ("Finding repeated elements", 1982; in this form Anderson et al., "A high-performance
 * algorithm for identifying frequent items in data streams", 2017): each key has a credit, which is
 * its weight; a median of the credits is taken from all, and keys that have none left go. All that
 * was taken so far, `taken`, bounds what of any key's weight was forgotten: a key that came in
 * while it was B has its weight short by at most B, and one that came in before the first thinning
 * is exact. `taken` is at most about 2 / entries_max of all weight, as each thinning takes the
 * median from half of the keys at least; the median is that of a sample, so the bound that counts
 * is the one that was measured, and tally_row.error has it.
 *
 * How many different keys there were is counted exactly as long as nothing went, else estimated by
 * HyperLogLog (Flajolet et al., 2007) of 2^14 registers with Ertl's estimator ("New cardinality
 * estimation algorithms for HyperLogLog sketches", 2017): standard error 1.04 / 2^7 = 0.81 %.
 *
 * Keys come from packets, so the hash is seeded: nobody who does not know the seed can choose keys
 * that collide.
 */
#ifndef SECVF_ANALYSIS_TALLY_TABLE_H
#define SECVF_ANALYSIS_TALLY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_HLL_BITS 14
/* Of the estimate of different keys: 1.04 / sqrt(2^14). */
#define TALLY_HLL_ERROR_PERMILLE 9u /* 8.1, rounded up */

/* What is counted of a key. */
enum tally_count {
	TALLY_FRAMES, /* frames that have it */
	TALLY_BYTES,  /* their bytes on the wire */
	TALLY_VALUES, /* how often it stands in them; of an address: frames that it sent */
	TALLY_OUT_FRAMES = TALLY_VALUES,
	TALLY_OUT_BYTES,
	TALLY_IN_FRAMES,
	TALLY_IN_BYTES,
	TALLY_COUNTS
};

/** struct tally_amount - What one frame adds to a key */
struct tally_amount {
	uint64_t n[TALLY_COUNTS];
};

/** struct tally_row - A key and its counts; borrowed until the table changes */
struct tally_row {
	const unsigned char *key;
	size_t key_n;
	const uint64_t *n; /* TALLY_COUNTS of them */
	uint64_t error;	   /* its weight may be greater by this; 0: all counts are exact */
};

struct tally_table {
	uint32_t entries_max; /* a power of two */
	uint32_t key_max;     /* bytes; a longer key is cut */
	enum tally_count by;  /* TALLY_FRAMES or TALLY_BYTES: the weight */
	uint64_t seed;
	uint32_t stride;
	uint32_t entries;
	uint64_t taken; /* of every key's credit, by all thinnings */
	uint64_t thinnings;
	uint64_t lost;		  /* additions for which there was no memory */
	unsigned char *entry;	  /* entries_max of stride bytes; NULL until the first key */
	uint32_t *slot;		  /* 2 * entries_max: index + 1, 0 is free; open addressing */
	unsigned char *registers; /* of HyperLogLog */
};

/** tally_table_init() - An empty table; memory comes with the first key */
void tally_table_init(struct tally_table *t, uint32_t entries_max, uint32_t key_max,
		      enum tally_count by, uint64_t seed);

/** tally_table_done() - Free; the table is empty then, and can be used again */
void tally_table_done(struct tally_table *t);

/** tally_table_bytes_max() - Memory that such a table takes at most */
size_t tally_table_bytes_max(uint32_t entries_max, uint32_t key_max);

/**
 * tally_table_add() - Add to the counts of a key
 * @key:   Any bytes; cut at key_max
 * @more:  Of every kind of count
 */
void tally_table_add(struct tally_table *t, const void *key, size_t key_n,
		     const struct tally_amount *more);

/**
 * tally_table_take() - Take back what was added before
 *
 * A key that has no frames left goes. Exact unless the key was thinned out meanwhile; no count goes
 * below 0. An estimate of different keys does not go down.
 */
void tally_table_take(struct tally_table *t, const void *key, size_t key_n,
		      const struct tally_amount *less);

/**
 * tally_table_distinct() - Different keys
 * @estimated:  Set to whether it is an estimate
 */
uint64_t tally_table_distinct(const struct tally_table *t, bool *estimated);

/**
 * tally_table_top() - Rows by weight, greatest first, then by key
 * @rows:  Set to an array to be freed by the caller; NULL where there is none
 * @most:  Rows wanted; 0: all
 *
 * Return: rows; 0 where memory ran out too
 */
size_t tally_table_top(const struct tally_table *t, size_t most, struct tally_row **rows);

/** tally_table_find() - The row of a key. Return: false where it is not there */
bool tally_table_find(const struct tally_table *t, const void *key, size_t key_n,
		      struct tally_row *row);

#endif
