/* backfill.h - decode what a live run skipped, from memory and from its files, once it has ended
 *
 * Theory of operation: a second pipeline, lossless and without files of its own, with the same
 * tsharks. The session's thread is its source: it goes through the gaps of the first one, oldest
 * first, and publishes their frames anew. Both number frames without gaps, so the second one's n-th
 * frame is the n-th of the gaps. Who reads the rows gets them as updates, and the first pipeline's
 * ledger is told: what was skipped is now backfilled, or quarantined.
 */
#ifndef SECVF_CLI_BACKFILL_H
#define SECVF_CLI_BACKFILL_H

#include <stdatomic.h>
#include <stdint.h>

struct session;

/** struct backfill - What was done */
struct backfill {
	uint64_t asked;	       /* frames in gaps */
	uint64_t lost;	       /* of them, no longer in memory nor in any file */
	atomic_ullong decoded; /* decoded now; the progress line reads it, relaxed */
	uint64_t quarantined;  /* have been found to end their tshark */
	uint64_t left;	       /* not decoded, for other reasons: told in the audit log */
	uint64_t ns;
};

/** backfill_run() - The pipeline has finished, its frames and files are there; the output still
 * takes rows. Session's thread */
void backfill_run(struct session *s, struct backfill *result);

#endif
