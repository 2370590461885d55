/* hist.h - a histogram of ns with a bounded relative error, in fixed memory
 *
 * Theory of operation: values share a bucket with those that agree in their power of two and the
 * next HIST_BITS bits below it, so a quantile is off by 1 in 2^HIST_BITS at most (3 %), over the
 * whole range of 64 bits, as in HDR histograms.
 */
#ifndef SECVF_BASE_HIST_H
#define SECVF_BASE_HIST_H

#include <stdint.h>

#define HIST_BITS    5
#define HIST_BUCKETS ((64 - HIST_BITS + 1) << HIST_BITS)

struct hist {
	uint64_t count[HIST_BUCKETS];
	uint64_t total, max;
};

/** hist_add() - Count one value. Zero the struct to start */
void hist_add(struct hist *h, uint64_t value);

/** hist_quantile() - Upper edge of the bucket that holds the quantile @permille; 0 where nothing
 * was counted */
uint64_t hist_quantile(const struct hist *h, unsigned permille);

#endif
