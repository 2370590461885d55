/* shrink_seed.h - the least of a failing seed that still fails */
#ifndef SECVF_SIM_SHRINK_SEED_H
#define SECVF_SIM_SHRINK_SEED_H

#include <stdbool.h>

#include "world.h"

/**
 * shrink_seed() - Take faults and frames away, as long as it fails
 * @limits:  Of a run that fails; made as small as can be
 * @faults:  How many there are
 * @fails:   Whether it still does, with less
 *
 * Greedy: each fault is tried once more whenever one could be left out, so that in the end no
 * single one can. Frames are then halved, and counted down by ever smaller steps. Return: runs made
 */
unsigned shrink_seed(struct world_limits *limits, unsigned faults, uint32_t frames,
		     bool (*fails)(void *ctx, const struct world_limits *limits), void *ctx);

#endif
