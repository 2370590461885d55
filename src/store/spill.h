/* spill.h - which frames go to disk when, and which leave memory
 *
 * Theory of operation: between the store and the spool, on the pipeline's thread. Two uses:
 * - spilling: at the store's bound the oldest half is written, and leaves memory as it is written;
 * - writing (eager): each frame is written once it is settled, by whole segments or after
 *   SPILL_FLUSH_NS, and stays in memory until the bound.
 * Only frames that are settled and emitted are written, so that one that was skipped or quarantined
 * says so in a comment of its own.
 *
 *     on disk       handed to the spool         to be handed over
 *      |      on_disk          |     queued           |  goal
 *
 * Frames of a journal's segment (spool.h) are on disk as they are; once the last of them is
 * settled, the segment goes to the spool to be sealed, with the comments that its frames got.
 *
 * While the disk fails nothing is under way: frames stay in memory up to the bound, then the oldest
 * are discarded, each counted and told; every SPILL_RETRY_NS, later twice that, and so on up to
 * SPILL_RETRY_NS_MAX, it is tried again.
 *
 *     FINE --job came back refused--> FAILED --retry: a job came back written--> FINE
 */
#ifndef SECVF_STORE_SPILL_H
#define SECVF_STORE_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/audit.h"
#include "store/spool.h"
#include "store/store.h"

#define SPILL_FLUSH_NS	   UINT64_C(1000000000)
#define SPILL_RETRY_NS	   UINT64_C(100000000)
#define SPILL_RETRY_NS_MAX UINT64_C(5000000000)

/* At the end, how long a disk that fails is tried before what is left is given up. */
#define SPILL_END_NS UINT64_C(3000000000)

/** struct spill_comment - A frame that was not decoded, and why */
struct spill_comment {
	uint64_t id;
	enum undecoded cause;
};

struct spill {
	struct store *store;
	struct spool *spool; /* NULL: nothing is written */
	struct audit *audit;
	bool eager;
	bool keep;     /* eager: what was written stays in memory, up to the bound */
	bool cut_each; /* each spilled half is a file of its own */
	uint64_t on_disk, queued,
		goal; /* ids: first that is not on disk; to be queued; ... up to */
	uint64_t epoch;
	unsigned under_way;	 /* jobs; */
	unsigned writing;	 /* of them, those that write frames */
	struct segment *journal; /* whose frames are being passed; a reference */
	uint64_t journal_first;
	uint32_t journal_to; /* bytes up to the last frame passed */
	struct buf comments; /* of struct spill_comment, for it */
	bool failed, cut, ending, gave_up, ended;
	uint64_t retry_ns, pause_ns, flush_ns, end_ns; /* deadlines and the pause between tries */
	struct spool_job *reserve;		       /* for want of memory; NULL: under way */
	struct run discarded_run;
	uint64_t written, written_bytes, unwritten; /* frames; unwritten: discarded before */
	unsigned files, deleted;
	uint64_t troubles;
};

/** spill_init() - @spool NULL: nothing will be written, all else here does nothing. Return: 0, or
 * -ENOMEM */
int spill_init(struct spill *p, struct store *store, struct spool *spool, struct audit *audit);

/** spill_done() - Free */
void spill_done(struct spill *p);

/** spill_step() - Take what came back, hand over what is due, let go of what is written */
void spill_step(struct spill *p, uint64_t now_ns);

/** spill_pressed() - The store is at its bound: begin to spill. Return: whether frames are under
 * way, so that room will come by itself */
bool spill_pressed(struct spill *p, uint64_t now_ns);

/** spill_discard() - The store is at its bound and the disk fails: let the oldest frame go, which
 * is settled and emitted. Return: false where waiting is better */
bool spill_discard(struct spill *p);

/** spill_find() - A frame that has left the store, in the segment of a journal that is not sealed
 * yet. Return: false where there is none; else @segment has one reference more */
bool spill_find(const struct spill *p, uint64_t id, struct segment **segment,
		const unsigned char **block);

/** spill_cut() - End the file being written (SIGUSR1) */
void spill_cut(struct spill *p);

/** spill_end() - No more frames: write what is to be written, seal. Return: whether that is done */
bool spill_end(struct spill *p, uint64_t now_ns);

/** spill_due() - Monotonic ns of the next deadline, UINT64_MAX for none */
uint64_t spill_due(const struct spill *p);

#endif
