/* gaps.h - which frames have no decode of tshark's and may yet get one
 *
 * Runs of ids, in the order in which they were given up: nearly that of ids, as shards and the
 * oldest of a backlog give up for themselves. A run takes 24 bytes, and there are GAPS_MAX at most;
 * frames beyond are counted as forgotten, and stay as they are.
 */
#ifndef SECVF_STORE_GAPS_H
#define SECVF_STORE_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ledger.h"

#define GAPS_MAX (1u << 20)

struct gap {
	uint64_t first, last; /* ids */
	enum undecoded cause;
};

struct gaps {
	struct gap *gap; /* [from, n) are there */
	uint32_t from, n, cap;
	bool mixed; /* not in the order of ids */
	uint64_t frames, forgotten;
};

/** gap_may_close() - Whether a frame without decode for @cause may get one later: it was skipped as
 * there was no time or nobody to decode it */
bool gap_may_close(enum undecoded cause);

/** gaps_add() - A frame was given up */
void gaps_add(struct gaps *g, uint64_t id, enum undecoded cause);

/** gaps_add_run() - Frames @first to @last were */
void gaps_add_run(struct gaps *g, uint64_t first, uint64_t last, enum undecoded cause);

/** gaps_room() - Whether one more run finds room; what follows does, then, up to GAPS_MAX */
bool gaps_room(struct gaps *g);

/** gaps_sort() - Into the order of ids; runs that follow each other become one */
void gaps_sort(struct gaps *g);

/**
 * gaps_take() - The oldest frames, which are no gap any more
 * @before:  Only ids below
 * @most:    So many at most
 * @piece:   Set to a run of them
 *
 * Return: false where there is none
 */
bool gaps_take(struct gaps *g, uint64_t before, uint64_t most, struct gap *piece);

/** gaps_oldest() - Return: the id that gaps_take() would begin with, UINT64_MAX for none */
uint64_t gaps_oldest(struct gaps *g);

/** gaps_done() - Free */
void gaps_done(struct gaps *g);

#endif
