/* random.h - the simulator's random numbers: splitmix64, the same on every machine */
#ifndef SECVF_SIM_RANDOM_H
#define SECVF_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mix.h"

struct sim_random {
	uint64_t state;
};

/** random_next() - 64 random bits. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators" */
static inline uint64_t random_next(struct sim_random *r)
{
	return mix64(r->state += UINT64_C(0x9e3779b97f4a7c15));
}

/** random_range() - A number from @least to @most, both included */
static inline uint64_t random_range(struct sim_random *r, uint64_t least, uint64_t most)
{
	return least + random_next(r) % (most - least + 1);
}

/** random_chance() - True @permille times in a thousand; draws nothing where @permille is 0 */
static inline bool random_chance(struct sim_random *r, unsigned permille)
{
	return permille && random_next(r) % 1000 < permille;
}

#endif
