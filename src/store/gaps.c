/* gaps.c - runs of ids */
#include "store/gaps.h"

#include <stdlib.h>

bool gap_may_close(enum undecoded cause)
{
	return cause == UNDECODED_SKIPPED_STALL || cause == UNDECODED_SKIPPED_BACKLOG ||
	       cause == UNDECODED_SKIPPED_LOAD || cause == UNDECODED_LOST_CHILD;
}

static bool extend(struct gaps *g, uint64_t first, uint64_t last, enum undecoded cause)
{
	struct gap *before = g->n ? &g->gap[g->n - 1] : NULL;

	if (!before || before->cause != cause || before->last + 1 != first)
		return false;
	before->last = last;
	return true;
}

static bool grow(struct gaps *g)
{
	uint32_t cap = g->cap ? 2 * g->cap : 256;
	struct gap *gap;

	if (g->n < g->cap)
		return true;
	gap = cap <= GAPS_MAX ? realloc(g->gap, cap * sizeof(*gap)) : NULL;
	if (!gap)
		return false;
	g->gap = gap;
	g->cap = cap;
	return true;
}

void gaps_add_run(struct gaps *g, uint64_t first, uint64_t last, enum undecoded cause)
{
	uint64_t n = last - first + 1;

	if (!extend(g, first, last, cause)) {
		if (!grow(g)) {
			g->forgotten += n;
			return;
		}
		g->gap[g->n++] = (struct gap){.first = first, .last = last, .cause = cause};
	}
	g->frames += n;
}

void gaps_add(struct gaps *g, uint64_t id, enum undecoded cause)
{
	gaps_add_run(g, id, id, cause);
}

static int by_first(const void *a, const void *b)
{
	uint64_t left = ((const struct gap *)a)->first, right = ((const struct gap *)b)->first;

	return (left > right) - (left < right);
}

void gaps_sort(struct gaps *g)
{
	if (g->n)
		qsort(g->gap, g->n, sizeof(*g->gap), by_first);
}

void gaps_done(struct gaps *g)
{
	free(g->gap);
	*g = (struct gaps){0};
}
