/* contest.h - rivals measured in turn, round by round, and what came of it
 *
 * Theory of operation: machines are shared and noisy, so a figure alone says little. Each round
 * runs every rival once, one after the other (A B A B ...), after a round that does not count;
 * figures are medians, and a ratio is taken round by round before its median. Rounds end early
 * where there is no time for another, but not before the first. A peer that fails is left out, with
 * why; where the first rival, which is ours, fails, the contest does.
 */
#ifndef SECVF_CLI_CONTEST_H
#define SECVF_CLI_CONTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CONTEST_ROUNDS_MAX 100u
#define CONTEST_RIVALS_MAX 8u

/** struct contest_sample - What a run came to */
struct contest_sample {
	double value;  /* in the contest's unit */
	double cpu_ns; /* processor time of it all; 0: not measured */
};

struct contest_rival {
	const char *name; /* outlives the contest */
	bool (*run)(void *ctx, struct contest_sample *s, struct err *err);
	void *ctx;
	char missing[256]; /* why it is left out; "": it is not */
	struct contest_sample sample[CONTEST_ROUNDS_MAX];
};

struct contest {
	const char *bench; /* outlives it */
	char what[128];	   /* what is done; one line */
	const char *unit;
	bool less;	 /* is better; else more is */
	uint64_t frames; /* that each run has; 0: it has none */
	char note[160];	 /* where there is no peer: why; "" */
	struct contest_rival rival[CONTEST_RIVALS_MAX];
	unsigned rivals, rounds; /* rounds: that were run */
};

/** contest_new() - Zeroed, but for these; ends with free(). @what: as printf. Return: NULL without
 * memory */
struct contest *contest_new(const char *bench, const char *unit, uint64_t frames, const char *what,
			    ...) __attribute__((format(printf, 4, 5)));

/** contest_add() - A rival; the first is ours. @missing: why it is left out, or NULL */
void contest_add(struct contest *c, const char *name,
		 bool (*run)(void *ctx, struct contest_sample *s, struct err *err), void *ctx,
		 const char *missing);

/**
 * contest_run() - Run it
 * @rounds:     At most, above 0; up to CONTEST_ROUNDS_MAX
 * @budget_ns:  No round is begun that would, if it took as long as the longest so far, end later
 *              than this after the start
 *
 * Return: false with @err where ours fails
 */
bool contest_run(struct contest *c, unsigned rounds, uint64_t budget_ns, struct err *err);

/** contest_median() - Of @n values, above 0 */
double contest_median(const double *values, unsigned n);

/** contest_value(), contest_cpu_ns() - Median of a rival; 0 where it is missing */
double contest_value(const struct contest *c, unsigned rival);
double contest_cpu_ns(const struct contest *c, unsigned rival);

/** contest_ratio() - How much better ours is than @rival: above 1, ours is. 0: not known */
double contest_ratio(const struct contest *c, unsigned rival);

/** contest_cpu_ratio() - Processor time of ours to that of @rival; 0: not known */
double contest_cpu_ratio(const struct contest *c, unsigned rival);

struct json_object;

/** contest_json() - Add it to a list, as an object: bench, what, unit, better, rounds, frames,
 * note, rivals; a rival has its name and missing, or median, cpu_ns_per_frame, ours_to_it,
 * cpu_ours_to_it */
void contest_json(const struct contest *c, struct json_object *list);

/** contest_table() - Lines for a person */
void contest_table(const struct contest *c, struct buf *out);

#endif
