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
	struct gap *gap;
	uint32_t n, cap;
	uint64_t frames, forgotten;
};

/** gap_may_close() - Whether a frame without decode for @cause may get one later: it was skipped as
 * there was no time or nobody to decode it */
bool gap_may_close(enum undecoded cause);

/** gaps_add() - A frame was given up */
void gaps_add(struct gaps *g, uint64_t id, enum undecoded cause);

/** gaps_add_run() - Frames @first to @last were */
void gaps_add_run(struct gaps *g, uint64_t first, uint64_t last, enum undecoded cause);

/** gaps_sort() - Into the order of ids */
void gaps_sort(struct gaps *g);

/** gaps_done() - Free */
void gaps_done(struct gaps *g);

#endif
