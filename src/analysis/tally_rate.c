/* tally_rate.c - frames and bytes over time */
#include "analysis/tally_rate.h"

#include <string.h>

#define NS_A_SECOND UINT64_C(1000000000)

/* Index of the first bucket that ends after @s. Frames mostly come in order. */
static uint32_t place(const struct tally_rate *r, uint64_t s)
{
	uint32_t low = 0, high = r->n;

	if (r->n && s >= r->bucket[r->n - 1].to_s)
		return r->n;
	if (r->n && s >= r->bucket[r->n - 1].from_s)
		return r->n - 1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->bucket[middle].to_s > s)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void join_older(struct tally_rate *r)
{
	const uint32_t half = TALLY_RATE_BUCKETS / 2;

	for (uint32_t i = 0; i < half / 2; i++) {
		struct tally_bucket *two = &r->bucket[(size_t)2 * i];

		r->bucket[i] = (struct tally_bucket){.from_s = two[0].from_s,
						     .to_s = two[1].to_s,
						     .frames = two[0].frames + two[1].frames,
						     .bytes = two[0].bytes + two[1].bytes};
	}
	memmove(&r->bucket[half / 2], &r->bucket[half], (r->n - half) * sizeof(r->bucket[0]));
	r->n -= half / 2;
}

void tally_rate_add(struct tally_rate *r, uint64_t ts_ns, uint64_t bytes)
{
	uint64_t s = ts_ns / NS_A_SECOND;
	uint32_t i = place(r, s);

	if (i == r->n || r->bucket[i].from_s > s) {
		if (r->n == TALLY_RATE_BUCKETS) {
			join_older(r);
			i = place(r, s);
		}
	}
	if (i == r->n || r->bucket[i].from_s > s) {
		memmove(&r->bucket[i + 1], &r->bucket[i], (r->n - i) * sizeof(r->bucket[0]));
		r->bucket[i] = (struct tally_bucket){.from_s = s, .to_s = s + 1};
		r->n++;
	}
	r->bucket[i].frames++;
	r->bucket[i].bytes += bytes;
}

void tally_rate_take(struct tally_rate *r, uint64_t ts_ns, uint64_t bytes)
{
	uint64_t s = ts_ns / NS_A_SECOND;
	uint32_t i = place(r, s);
	struct tally_bucket *b = &r->bucket[i];

	if (i == r->n || b->from_s > s || !b->frames)
		return;
	b->frames--;
	b->bytes -= b->bytes < bytes ? b->bytes : bytes;
	if (b->frames || b->to_s - b->from_s > 1)
		return;
	r->n--;
	memmove(b, b + 1, (r->n - i) * sizeof(*b));
}
