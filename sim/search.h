/* search.h - the highest rate without loss, by trials
 *
 * Theory of operation: the lowest rate is tried first, then twice that, and so on, until one loses
 * or the highest does not; between the highest that did not lose and the lowest that did, the
 * middle is tried, until they are as near as is asked for. The rate so found is tried once more: a
 * machine that others work on may have had a good moment. If it loses, it counts as one that lost,
 * and the search goes on below. It ends in SEARCH_TRIALS_MAX trials at most.
 *
 * Nothing here runs anything: the caller makes the trial of search_next() and tells how it went.
 */
#ifndef SECVF_SIM_SEARCH_H
#define SECVF_SIM_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* Doubling takes 27 trials from 1 to RAMP_PPS_MAX, halving to one in a thousand 10, and each rate
 * that does not stand its second trial 10 more. */
#define SEARCH_TRIALS_MAX 64u

enum search_state {
	SEARCH_DOUBLING,
	SEARCH_HALVING,
	SEARCH_CONFIRMING,
	SEARCH_FOUND,
	SEARCH_FAILED, /* even the lowest loses */
};

struct search {
	enum search_state state;
	uint64_t low, high; /* bounds that the user gave */
	unsigned permille;  /* how near the two must be, in thousandths of the lower */
	uint64_t good[SEARCH_TRIALS_MAX]; /* rates without loss, rising */
	unsigned goods;
	uint64_t bad;	 /* the lowest that lost; 0: none did */
	uint64_t trying; /* what search_next() gave */
	unsigned trials;
};

/** search_init() - @low, @high: frames a second, low < high; @permille: 1 at least */
void search_init(struct search *s, uint64_t low, uint64_t high, unsigned permille);

/** search_next() - The rate to try. Return: false where the search has ended */
bool search_next(struct search *s, uint64_t *pps);

/** search_tell() - How the trial went that search_next() asked for last */
void search_tell(struct search *s, bool lost);

/** search_max() - The highest rate that is known not to lose; 0: none is */
uint64_t search_max(const struct search *s);

#endif
