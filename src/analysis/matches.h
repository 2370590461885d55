/* matches.h - the frames that a display filter shows, as they become known
 *
 * Theory of operation: ids of frames in compressed bitmaps (CRoaring, one for each 2^32 ids), and
 * up to where every frame has been judged. One thread adds, in any order; any thread asks.
 */
#ifndef SECVF_ANALYSIS_MATCHES_H
#define SECVF_ANALYSIS_MATCHES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct matches {
	pthread_mutex_t lock;
	void **part; /* roaring_bitmap_t, of ids n << 32 on */
	size_t parts;
	atomic_ullong count;  /* matches; written under the lock */
	atomic_ullong judged; /* every id below has its verdict; 1 where none has */
	bool failed;	      /* memory ran out: matches are missing */
};

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNKNOWN /* not yet */
};

/** matches_init() - Empty. Return: 0, or -errno */
int matches_init(struct matches *m);

/** matches_done() - Free */
void matches_done(struct matches *m);

/** matches_add() - Frame @id is shown */
void matches_add(struct matches *m, uint64_t id);

/** matches_judge() - Every id below @id has its verdict; never goes back */
void matches_judge(struct matches *m, uint64_t id);

/** matches_has() - What is known of frame @id. Any thread */
enum match matches_has(struct matches *m, uint64_t id);

/** matches_list() - The matches from the @rank-th (from 0) on, in the order of ids. Any thread.
 * Return: how many were put into @ids, at most @n */
size_t matches_list(struct matches *m, uint64_t rank, uint64_t *ids, size_t n);

/** matches_below() - How many matches have ids below @id. Any thread */
uint64_t matches_below(struct matches *m, uint64_t id);

/** matches_bytes() - Memory that the bitmaps take */
size_t matches_bytes(struct matches *m);

#endif
