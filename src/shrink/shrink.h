/* shrink.h - the search for the smallest capture that still does it: delta debugging
 *
 * Theory of operation: a search names one try after the other, an edit of the specimen as it is;
 * whoever runs it says whether the specimen still did what it should. A try that reproduces is made
 * so, one that does not is forgotten. Stages, in this order:
 *
 *     flows    whole conversations dropped, in pieces of half of them, a quarter, ... one
 *     frames   frames (and other blocks) dropped, in the same way
 *     lengths  the length on the wire set to what was captured
 *     tails    ends of frames dropped: of all frames together, of a quarter, ... of one; by all
 *              bytes, half of them, ... one
 *     zeros    bytes that are not 0 set to 0; a piece that can makes the next one twice as long,
 *              one that cannot half as long
 *     cuts     bytes taken out anywhere, in the same way; last, as a byte out of many zeros is as
 *              good as any other, and such candidates are known already
 *
 * and from the start, until a whole round changes nothing: then no flow, no frame, no end, no byte
 * can go by itself, and none can be 0. A stage is left out of a round where nothing has changed
 * since it last came to its end. Each success makes the specimen smaller (or less different from
 * zeros), so the search ends.
 *
 * A try is a value: where the search stands. shrink_next() says where it stands if that one does
 * not reproduce, so that several may run at once; the result is the same as one by one where the
 * first in order that reproduces is taken.
 *
 * shrink_tried() remembers hashes of candidates that did not reproduce, SHRINK_TRIED_MAX at most;
 * then it learns no more. Two candidates of one hash would leave the result larger, never wrong.
 *
 * Sources: Zeller, Hildebrandt: Simplifying and isolating failure-inducing input (ddmin), 2002
 */
#ifndef SECVF_SHRINK_SHRINK_H
#define SECVF_SHRINK_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shrink/specimen.h"

#define SHRINK_TRIED_MAX (1u << 20)

enum shrink_stage {
	SHRINK_FLOWS,
	SHRINK_FRAMES,
	SHRINK_LENGTHS,
	SHRINK_TAILS,
	SHRINK_ZEROS,
	SHRINK_CUTS,
	SHRINK_STAGES,
};

/** struct shrink_try - Where a search stands: one edit. Copy it freely; its meaning is that of the
 * specimen which it was made for */
struct shrink_try {
	enum shrink_stage stage;	 /* SHRINK_STAGES: there is none any more */
	uint64_t at, piece;		 /* in units of the stage: flows, items, bytes */
	uint32_t tail;			 /* tails: bytes to drop */
	uint64_t begun;			 /* successes when its stage began */
	uint64_t settled[SHRINK_STAGES]; /* 1 + successes when a stage last ended without one */
};

struct shrink {
	struct specimen *specimen; /* borrowed */
	unsigned stages;	   /* a bit for each one wanted */
	uint64_t successes;
	/* Of the specimen as it is, one entry more than it has items: units before each of them.
	 * flow_rank: of each flow that is left, its place among those. */
	uint64_t *bytes_before, *nonzero_before;
	uint32_t *flow_rank;
	uint32_t flows_left;
	uint64_t *tried; /* SHRINK_TRIED_SLOTS; 0: empty */
	uint32_t tried_count;
};

/** shrink_stage_name() - "flows" to "cuts"; static */
const char *shrink_stage_name(enum shrink_stage stage);

/**
 * shrink_init() - Start
 * @s:         Filled; shrink_done() frees
 * @specimen:  Read; borrowed, and changed by successes
 * @stages:    1 << enum shrink_stage, for each that is wanted
 * @first:     The first try
 *
 * Return: false where memory ran out
 */
bool shrink_init(struct shrink *s, struct specimen *specimen, unsigned stages,
		 struct shrink_try *first);

/** shrink_next() - The try after @t where @t does not reproduce */
void shrink_next(const struct shrink *s, struct shrink_try *t);

/** shrink_success() - @t reproduces: make the specimen so. @t becomes the next try */
void shrink_success(struct shrink *s, struct shrink_try *t);

/** shrink_over() - Whether there is no try any more */
static inline bool shrink_over(const struct shrink_try *t)
{
	return t->stage == SHRINK_STAGES;
}

/** shrink_candidate() - The file of a try; as specimen_write() */
bool shrink_candidate(const struct shrink *s, const struct shrink_try *t, struct buf *out,
		      struct err *err);

/** shrink_empty() - The file without any item; as specimen_write() */
bool shrink_empty(const struct shrink *s, struct buf *out, struct err *err);

/** shrink_hash() - Of a candidate; never 0 */
uint64_t shrink_hash(const struct buf *candidate);

/** shrink_tried() - Whether a candidate of this hash is known not to reproduce */
bool shrink_tried(const struct shrink *s, uint64_t hash);

/** shrink_remember() - A candidate of this hash does not reproduce */
void shrink_remember(struct shrink *s, uint64_t hash);

/** shrink_done() - Free; the specimen stays */
void shrink_done(struct shrink *s);

#endif
