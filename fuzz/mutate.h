/* mutate.h - what custom mutators, and the programs that run them, have in common
 *
 * LLVMFuzzerCustomMutator() and LLVMFuzzerMutate() are libFuzzer's; where there is no libFuzzer,
 * mutate.c stands in for the latter.
 */
#ifndef SECVF_FUZZ_MUTATE_H
#define SECVF_FUZZ_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "random.h"

/* Most bytes that one change puts in. */
#define MUTATE_PIECE_MAX 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);

/** struct mutant - An input that is being changed in place */
struct mutant {
	uint8_t *p;
	size_t n, max;
	struct sim_random random;
};

/** mutant_below() - A number below @n, which is not 0 */
static inline size_t mutant_below(struct mutant *m, size_t n)
{
	return (size_t)random_range(&m->random, 0, n - 1);
}

/**
 * mutant_put() - Put bytes in the place of others
 * @at, @old:  The bytes that go
 * @from, @n:  Those that come, MUTATE_PIECE_MAX at most; may lie in the input
 *
 * Return: false, and nothing done, where it would grow too long
 */
static inline bool mutant_put(struct mutant *m, size_t at, size_t old, const void *from, size_t n)
{
	uint8_t piece[MUTATE_PIECE_MAX];

	if (n > sizeof(piece) || m->n - old + n > m->max)
		return false;
	if (n)
		memcpy(piece, from, n);
	memmove(m->p + at + n, m->p + at + old, m->n - at - old);
	if (n)
		memcpy(m->p + at, piece, n);
	m->n = m->n - old + n;
	return true;
}

#endif
