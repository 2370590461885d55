/* adapt.h - how much tshark is asked for, as much as it keeps up with
 *
 * Theory of operation: told a few times a second what came in, what was decoded and what waits, it
 * says which level to decode at: full, lean, summary, or what summary takes of it, the rest having
 * its basic decode only. One level down where the backlog is past a quarter of its limit and does
 * not shrink; then ADAPT_SETTLE_NS pass before the next, as the change itself
 * takes a moment. One up after ADAPT_CALM_NS with next to no backlog, where the level above is not
 * known to be too slow for what comes in: the rate that it managed when it was left is remembered.
 * What it managed with other traffic says less with time, so the memory is let rise, and a level
 * that was left twice in a row soon after is waited for twice as long. Nothing is judged while the
 * change to a level is under way.
 */
#ifndef SECVF_TSHARK_ADAPT_H
#define SECVF_TSHARK_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#define ADAPT_TICK_NS	  UINT64_C(100000000)
#define ADAPT_SETTLE_NS	  UINT64_C(1500000000)
#define ADAPT_CHANGE_NS	  UINT64_C(5000000000) /* how long a change may be waited for */
#define ADAPT_CALM_NS	  UINT64_C(5000000000)
#define ADAPT_CALM_NS_MAX UINT64_C(320000000000)

enum adapt_level {
	ADAPT_FULL,
	ADAPT_LEAN,
	ADAPT_SUMMARY,
	ADAPT_BASIC,
	ADAPT_LEVELS
};

struct adapt {
	enum adapt_level level;
	uint64_t limit;	    /* backlog at most, frames */
	uint64_t ticked_ns; /* 0: not yet */
	uint64_t changed_ns, calm_since_ns;
	uint64_t settled_ns;		     /* no other change for the worse before then */
	uint64_t captured, decoded, backlog; /* at the last tick */
	double in_rate, out_rate;	     /* frames/s, smoothed */
	double managed[ADAPT_LEVELS];	     /* frames/s when it was left for less; 0: never was */
	uint64_t calm_ns[ADAPT_LEVELS];	     /* how long to be calm before it is tried */
};

/** adapt_init() - At full; @limit: the backlog that must not be reached, frames */
void adapt_init(struct adapt *a, uint64_t limit);

/** adapt_due() - When adapt_step() does something next */
uint64_t adapt_due(const struct adapt *a);

/**
 * adapt_step() - Look
 * @captured, @decoded:  Counts so far
 * @backlog:		 Frames captured and not settled
 * @changing:		 Whether the last change is under way still
 *
 * Return: whether the level changed
 */
bool adapt_step(struct adapt *a, uint64_t now_ns, uint64_t captured, uint64_t decoded,
		uint64_t backlog, bool changing);

#endif
