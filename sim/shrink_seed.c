/* shrink_seed.c - faults and frames taken away */
#include "shrink_seed.h"

unsigned shrink_seed(struct world_limits *limits, unsigned faults, uint32_t frames,
		     bool (*fails)(void *ctx, const struct world_limits *limits), void *ctx)
{
	unsigned runs = 0;
	bool smaller = true;

	if (!limits->frames)
		limits->frames = frames;
	while (smaller) {
		smaller = false;
		for (unsigned i = 0; i < faults; i++) {
			struct world_limits less = *limits;

			less.off |= UINT64_C(1) << i;
			if (less.off == limits->off)
				continue;
			runs++;
			if (!fails(ctx, &less))
				continue;
			*limits = less;
			smaller = true;
		}
		for (uint32_t step = limits->frames / 2; step; step /= 2) {
			struct world_limits less = *limits;

			if (step >= less.frames)
				continue;
			less.frames -= step;
			runs++;
			if (!fails(ctx, &less))
				continue;
			*limits = less;
			smaller = true;
		}
	}
	return runs;
}
