/* afl_mutator.c - a mutator made for libFuzzer, as AFL++ loads it: AFL_CUSTOM_MUTATOR_LIBRARY
 *
 * Source: AFL++'s docs/custom_mutators.md.
 */
#include <stdlib.h>

#include "base/check.h"
#include "mutate.h"

struct afl_mutator {
	unsigned seed;
	uint8_t *out;
	size_t cap;
};

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(struct afl_mutator *m, uint8_t *p, size_t n, uint8_t **out, uint8_t *add,
		       size_t add_n, size_t n_max);
void afl_custom_deinit(struct afl_mutator *m);

void *afl_custom_init(void *afl, unsigned seed)
{
	struct afl_mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	check(m);
	m->seed = seed;
	return m;
}

size_t afl_custom_fuzz(struct afl_mutator *m, uint8_t *p, size_t n, uint8_t **out, uint8_t *add,
		       size_t add_n, size_t n_max)
{
	(void)add;
	(void)add_n;
	if (n_max > m->cap) {
		m->cap = n_max;
		m->out = realloc(m->out, n_max);
		check(m->out);
	}
	if (n > n_max)
		n = n_max;
	memcpy(m->out, p, n);
	*out = m->out;
	return LLVMFuzzerCustomMutator(m->out, n, n_max, m->seed++);
}

void afl_custom_deinit(struct afl_mutator *m)
{
	free(m->out);
	free(m);
}
