/* pace.h - when the next frame is due
 *
 * Theory of operation: deadlines come from one fixed start and the count (frames, bits, or recorded
 * time) since then, in 128-bit integer arithmetic, never from summed gaps, so that there is no
 * drift in hours and the rate is exact at 0.1 and at 500,000 frames a second. A deadline is rounded
 * down to the nanosecond, once; the next one starts from the exact value again.
 *
 * Deadlines never fall. A sender that was held up finds them in the past and catches up at once;
 * one that should not calls pace_init(). A deadline past the end of the clock is UINT64_MAX, which
 * never comes.
 */
#ifndef SECVF_SIM_PACE_H
#define SECVF_SIM_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ramp.h"

enum pace_mode {
	PACE_RECORDED, /* gaps as recorded, divided by the multiplier */
	PACE_PPS,
	PACE_MBPS, /* megabits of frame bytes (wire length, at most what was captured) a second */
	PACE_TOPSPEED,
	PACE_RAMP, /* frames a second, in steps and ramps; past the last it is never due */
};

/** struct pace_rate - A rate as an exact fraction: num / den of the mode's unit, neither is 0 */
struct pace_rate {
	enum pace_mode mode;
	uint64_t num, den;
	const struct ramp *ramp; /* PACE_RAMP: borrowed while the pace lives */
};

struct pace {
	struct pace_rate rate;
	uint64_t start_ns;    /* monotonic ns of the first frame */
	uint64_t first_ts_ns; /* recorded time of the first frame */
	uint64_t frames;      /* so far */
	uint64_t bits;	      /* so far */
	uint64_t last_ns;     /* last deadline given; the next is not before it */
	struct ramp_at at;    /* PACE_RAMP */
	bool started;
};

/**
 * pace_rate_parse() - A decimal number as an exact fraction in lowest terms: "0.1" is 1 / 10
 * @rate:    Set on success; untouched on failure
 * @mode:    Copied to @rate; not PACE_TOPSPEED or PACE_RAMP, which have no number
 * @option:  Name of the option, for the message
 * @text:    What the user gave: at most 18 digits, at most one point and then a digit after it,
 *           above 0. Signs, exponents, spaces and units are refused.
 * @err:     EXIT_USAGE, naming @option and @text and saying what to give instead; may be NULL
 */
bool pace_rate_parse(struct pace_rate *rate, enum pace_mode mode, const char *option,
		     const char *text, struct err *err);

/** pace_rate_text() - "as recorded", "1000 frames/s", "top speed", ... into @text */
void pace_rate_text(const struct pace_rate *rate, char *text, size_t n);

/** pace_mode_name() - "recorded", "pps", "mbps", "topspeed", "ramp" */
const char *pace_mode_name(enum pace_mode mode);

/** pace_init() - Start over with a rate */
void pace_init(struct pace *p, struct pace_rate rate);

/**
 * pace_next() - Deadline of the next frame
 * @p:       Pace
 * @ts_ns:   Its recorded time; one that goes backwards is due at once (with the frame before it)
 * @bytes:   Its length; counts for the frames after it
 * @now_ns:  Monotonic; used by the first frame (it is due now) and by PACE_TOPSPEED
 *
 * Return: monotonic ns at which it is due
 */
uint64_t pace_next(struct pace *p, uint64_t ts_ns, uint32_t bytes, uint64_t now_ns);

#endif
