/* gaps.c - runs of ids */
#include "store/gaps.h"

#include <stdlib.h>
#include <string.h>

/* Places at the front that are free before the rest is moved there. */
#define GAPS_FREE 4096u

bool gap_may_close(enum undecoded cause)
{
	return cause == UNDECODED_SKIPPED_STALL || cause == UNDECODED_SKIPPED_BACKLOG ||
	       cause == UNDECODED_SKIPPED_LOAD || cause == UNDECODED_LOST_CHILD;
}

static bool extend(struct gaps *g, uint64_t first, uint64_t last, enum undecoded cause)
{
	struct gap *before = g->n > g->from ? &g->gap[g->n - 1] : NULL;

	if (before && first < before->first)
		g->mixed = true;
	if (!before || before->cause != cause || before->last + 1 != first)
		return false;
	before->last = last;
	return true;
}

static void to_the_front(struct gaps *g)
{
	g->n -= g->from;
	if (g->n)
		memmove(g->gap, g->gap + g->from, g->n * sizeof(*g->gap));
	g->from = 0;
}

bool gaps_room(struct gaps *g)
{
	uint32_t cap = g->cap ? 2 * g->cap : 256;
	struct gap *gap;

	if (g->n == g->cap && g->from)
		to_the_front(g);
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
		if (!gaps_room(g)) {
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
	uint32_t last = g->from;

	if (g->n == g->from)
		return;
	qsort(g->gap + g->from, g->n - g->from, sizeof(*g->gap), by_first);
	for (uint32_t i = g->from + 1; i < g->n; i++) {
		struct gap *before = &g->gap[last];

		if (before->cause == g->gap[i].cause && before->last + 1 == g->gap[i].first)
			before->last = g->gap[i].last;
		else
			g->gap[++last] = g->gap[i];
	}
	g->n = last + 1;
	g->mixed = false;
}

uint64_t gaps_oldest(struct gaps *g)
{
	if (g->mixed)
		gaps_sort(g);
	return g->n > g->from ? g->gap[g->from].first : UINT64_MAX;
}

bool gaps_take(struct gaps *g, uint64_t before, uint64_t most, struct gap *piece)
{
	struct gap *oldest;

	if (gaps_oldest(g) >= before || !most)
		return false;
	oldest = &g->gap[g->from];
	*piece = *oldest;
	if (piece->last >= before)
		piece->last = before - 1;
	if (piece->last - piece->first >= most)
		piece->last = piece->first + most - 1;
	g->frames -= piece->last - piece->first + 1;
	if (piece->last < oldest->last)
		oldest->first = piece->last + 1;
	else
		g->from++;
	/* Half of it at least, so that a run is moved once or twice in all. */
	if (g->from == g->n || (g->from >= GAPS_FREE && g->from >= g->n - g->from))
		to_the_front(g);
	return true;
}

void gaps_done(struct gaps *g)
{
	free(g->gap);
	*g = (struct gaps){0};
}
