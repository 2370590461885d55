/* ramp.h - a rate that changes: steps and linear ramps, one after the other
 *
 * Theory of operation: in a step of constant rate frame k is due k / rate after its start; in a
 * ramp from a to b over T it is due where a t + (b - a) t^2 / 2T reaches k, which is found by
 * bisection in 128-bit integers, to the nanosecond above. Each step starts afresh, with a frame at
 * its start, so nothing is carried over and nothing drifts.
 */
#ifndef SECVF_SIM_RAMP_H
#define SECVF_SIM_RAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define RAMP_STEPS_MAX	64u
#define RAMP_PPS_MAX	UINT64_C(100000000) /* with RAMP_NS_MAX, what 128 bits hold */
#define RAMP_NS_MAX	UINT64_C(86400000000000)
#define RAMP_BYTES_MAX	1024u /* of the text */
#define RAMP_DIGITS_MAX 18u   /* of a duration */

struct ramp_step {
	/* Constant: num / den frames a second. A ramp: from num to @to, den is 1 */
	uint64_t num, den, to;
	bool sloped;
	uint64_t ns;
};

struct ramp {
	struct ramp_step step[RAMP_STEPS_MAX];
	unsigned count;
	uint64_t ns;		   /* of all steps */
	char text[RAMP_BYTES_MAX]; /* as the user wrote it */
};

/** struct ramp_at - How far one has come; zero it and set @ramp to start */
struct ramp_at {
	const struct ramp *ramp;
	unsigned step;
	uint64_t frames;   /* of this step, handed out */
	uint64_t begin_ns; /* of this step, since the start */
	uint64_t last_ns;  /* of its last frame, since its start */
};

/** ramp_is() - Whether a rate is written as steps rather than as one number */
bool ramp_is(const char *text);

/**
 * ramp_parse() - "1000/10s,1000..200000/60s": RATE/TIME or RATE..RATE/TIME, with commas between
 * @r:       Set on success; untouched on failure
 * @option:  For the message
 * @text:    Rates in frames a second; those of a ramp are whole, one of them may be 0. Times are
 *           whole numbers of ms, s, m or h, a day each at most
 * @err:     EXIT_USAGE, naming the step and what to give instead
 */
bool ramp_parse(struct ramp *r, const char *option, const char *text, struct err *err);

/** ramp_next() - When the next frame is due, in ns since the start; UINT64_MAX after the last */
uint64_t ramp_next(struct ramp_at *at);

/** ramp_rate() - The rate at a time since the start, in thousandths of a frame a second; 0 past the
 * end */
uint64_t ramp_rate(const struct ramp *r, uint64_t ns);

#endif
