/* hist.c - quantiles in fixed memory */
#include "base/hist.h"

static unsigned bucket_of(uint64_t value)
{
	unsigned exponent;

	if (value < (1u << HIST_BITS))
		return (unsigned)value;
	exponent = 63 - (unsigned)__builtin_clzll(value);
	return ((exponent - HIST_BITS + 1) << HIST_BITS) |
	       (unsigned)(value >> (exponent - HIST_BITS) & ((1u << HIST_BITS) - 1));
}

static uint64_t upper_edge(unsigned bucket)
{
	unsigned exponent = bucket >> HIST_BITS;
	uint64_t mantissa = bucket & ((1u << HIST_BITS) - 1);

	if (exponent == 0)
		return mantissa;
	mantissa |= 1u << HIST_BITS;
	return ((mantissa + 1) << (exponent - 1)) - 1;
}

void hist_add(struct hist *h, uint64_t value)
{
	h->count[bucket_of(value)]++;
	h->total++;
	if (value > h->max)
		h->max = value;
}

uint64_t hist_quantile(const struct hist *h, unsigned permille)
{
	uint64_t rank = h->total / 1000 * permille + h->total % 1000 * permille / 1000;
	uint64_t seen = 0;

	if (!h->total)
		return 0;
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen > rank || seen == h->total) {
			uint64_t edge = upper_edge(i);

			return edge < h->max ? edge : h->max;
		}
	}
	return h->max;
}
