/* search.c - doubling, halving, trying again */
#include "search.h"

#include <string.h>

#include "base/check.h"

void search_init(struct search *s, uint64_t low, uint64_t high, unsigned permille)
{
	check(low && low < high && permille);
	memset(s, 0, sizeof(*s));
	s->low = low;
	s->high = high;
	s->permille = permille;
}

uint64_t search_max(const struct search *s)
{
	return s->goods ? s->good[s->goods - 1] : 0;
}

static bool near(const struct search *s)
{
	uint64_t good = search_max(s), gap = good * s->permille / 1000;

	return s->bad - good <= (gap ? gap : 1);
}

/* What is to be tried in a state. */
static uint64_t choose(const struct search *s)
{
	uint64_t good = search_max(s);

	switch (s->state) {
	case SEARCH_DOUBLING:
		if (!good)
			return s->low;
		return good > s->high / 2 ? s->high : good * 2;
	case SEARCH_HALVING: return good + (s->bad - good) / 2;
	default: return good;
	}
}

bool search_next(struct search *s, uint64_t *pps)
{
	if (s->state >= SEARCH_FOUND)
		return false;
	if (s->trials == SEARCH_TRIALS_MAX) {
		s->state = s->goods ? SEARCH_FOUND : SEARCH_FAILED;
		return false;
	}
	s->trials++;
	s->trying = choose(s);
	*pps = s->trying;
	return true;
}

/* Where a rate was good, or one was lost. */
static enum search_state next_state(const struct search *s)
{
	if (!s->goods)
		return SEARCH_FAILED;
	if (!s->bad)
		return search_max(s) == s->high ? SEARCH_CONFIRMING : SEARCH_DOUBLING;
	return near(s) ? SEARCH_CONFIRMING : SEARCH_HALVING;
}

void search_tell(struct search *s, bool lost)
{
	check(s->trying && s->state < SEARCH_FOUND);
	if (s->state == SEARCH_CONFIRMING && !lost) {
		s->state = SEARCH_FOUND;
	} else {
		if (s->state == SEARCH_CONFIRMING)
			s->goods--;
		if (lost)
			s->bad = s->trying;
		else
			s->good[s->goods++] = s->trying;
		s->state = next_state(s);
	}
	s->trying = 0;
}
