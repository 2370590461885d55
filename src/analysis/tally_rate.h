/* tally_rate.h - frames and bytes over time, in bounded memory, the whole run covered
 *
 * Theory of operation: buckets of a second, by the frames' own time stamps, sorted; seconds without
 * a frame have none. When all TALLY_RATE_BUCKETS are taken, neighbours among the older half are
 * joined, two to one, so that the newest half stays as fine as it is, and what is older becomes
 * coarser with its age. A joined bucket also covers the time between its two. Time stamps may come
 * in any order and have any value: a frame counts in the bucket that covers its second.
 */
#ifndef SECVF_ANALYSIS_TALLY_RATE_H
#define SECVF_ANALYSIS_TALLY_RATE_H

#include <stdint.h>

/* Twice the newest 3,600, which are never joined. */
#define TALLY_RATE_BUCKETS 7200u

/** struct tally_bucket - Seconds [from_s, to_s) since 1970 */
struct tally_bucket {
	uint64_t from_s, to_s;
	uint64_t frames, bytes;
};

struct tally_rate {
	uint32_t n;
	struct tally_bucket bucket[TALLY_RATE_BUCKETS]; /* sorted, they do not overlap */
};

/** tally_rate_add() - Count a frame. Zero the struct to start */
void tally_rate_add(struct tally_rate *r, uint64_t ts_ns, uint64_t bytes);

/** tally_rate_take() - Take back a frame that was counted; an empty bucket of a second goes */
void tally_rate_take(struct tally_rate *r, uint64_t ts_ns, uint64_t bytes);

#endif
