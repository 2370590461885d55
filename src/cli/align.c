/* align.c - which of two lists' elements are the same one */
#include "cli/align.h"

#include <stdlib.h>
#include <string.h>

/* One search: from (a, b), with what each number of edits reached, diagonal by diagonal. */
struct search {
	const struct align_config *c;
	size_t a, b, a_n, b_n; /* the part that is searched */
	int edits_max;	       /* rows that there is room for, less one */
	int32_t *reach;	       /* rows of the trace, one after the other; row d has 2 d + 1 */
};

/* Where row d of the trace begins: 1 + 3 + 5 + ... */
static size_t row_at(int d)
{
	return (size_t)d * (size_t)d;
}

static int32_t slide(const struct search *s, int32_t x, int32_t k)
{
	while ((size_t)x < s->a_n && x - k >= 0 && (size_t)(x - k) < s->b_n &&
	       s->c->a_key[s->a + (size_t)x] == s->c->b_key[s->b + (size_t)(x - k)])
		x++;
	return x;
}

/* How far one gets on diagonal @k with one more edit than row @d - 1 had. @down: that was an extra
 * element of b. */
static int32_t step(const struct search *s, int d, int k, bool *down)
{
	const int32_t *before = s->reach + row_at(d - 1);
	int32_t extra, missing;

	/* Diagonal j of row d - 1 is at j + d - 1. */
	extra = k + 1 <= d - 1 ? before[k + 1 + d - 1] : -1;
	missing = k - 1 >= -(d - 1) ? before[k - 1 + d - 1] : -1;
	missing += missing >= 0;
	*down = extra >= missing;
	return *down ? extra : missing;
}

/* Back from diagonal @k of row @d, noting what was the same. */
static void settle(const struct search *s, int d, int k, size_t *partner)
{
	int32_t x = s->reach[row_at(d) + (size_t)(k + d)];

	for (;;) {
		bool down = false;
		int32_t from = d ? step(s, d, k, &down) : 0;

		while (x > from) {
			x--;
			partner[s->a + (size_t)x] = s->b + (size_t)(x - k);
		}
		if (!d)
			return;
		k += down ? 1 : -1;
		d--;
		x = s->reach[row_at(d) + (size_t)(k + d)];
	}
}

/* Search until the end or the bound; moves (a, b) to what was reached. */
static void search(struct search *s, size_t *partner)
{
	int best_k = 0, last = 0;

	for (int d = 0; d <= s->edits_max; d++) {
		int32_t best = -1;

		last = d;
		for (int k = -d; k <= d; k++) {
			bool down;
			int32_t x = -1;

			if ((k + d) % 2 == 0)
				x = d ? step(s, d, k, &down) : 0;
			/* Beyond an end there is nothing. */
			if (x < 0 || (size_t)x > s->a_n || x - k < 0 || (size_t)(x - k) > s->b_n)
				x = -1;
			else
				x = slide(s, x, k);
			s->reach[row_at(d) + (size_t)(k + d)] = x;
			if (x >= 0 && 2 * x - k > best) {
				best = 2 * x - k;
				best_k = k;
			}
			if (x >= 0 && (size_t)x == s->a_n && (size_t)(x - k) == s->b_n) {
				settle(s, d, k, partner);
				s->a += s->a_n;
				s->b += s->b_n;
				return;
			}
		}
	}
	settle(s, last, best_k, partner);
	s->a += (size_t)s->reach[row_at(last) + (size_t)(best_k + last)];
	s->b += (size_t)(s->reach[row_at(last) + (size_t)(best_k + last)] - best_k);
}

/* ---- what is left over ---- */

enum move {
	PAIR,
	MISSING,
	EXTRA
};

struct gap {
	unsigned cost[ALIGN_GAP_MAX + 1][ALIGN_GAP_MAX + 1];
	unsigned char move[ALIGN_GAP_MAX + 1][ALIGN_GAP_MAX + 1];
};

/* Costs of the best way from (i, j) to the end of both. A missing and an extra element together
 * cost as much as the worst pair. */
static void weigh(struct gap *g, const struct align_config *c, size_t a, size_t n, size_t b,
		  size_t m)
{
	for (size_t i = n + 1; i-- > 0;) {
		for (size_t j = m + 1; j-- > 0;) {
			unsigned pair = UINT32_MAX, missing = UINT32_MAX, extra = UINT32_MAX;

			g->cost[i][j] = 0;
			if (i < n)
				missing = g->cost[i + 1][j] + c->worst;
			if (j < m)
				extra = g->cost[i][j + 1] + c->worst;
			if (i < n && j < m) {
				unsigned differ = c->differ(c->ctx, a + i, b + j);

				if (differ < c->worst)
					pair = g->cost[i + 1][j + 1] + 2 * differ;
			}
			if (i == n && j == m)
				continue;
			g->move[i][j] = pair <= missing && pair <= extra ? PAIR
					: missing <= extra		 ? MISSING
									 : EXTRA;
			g->cost[i][j] = g->move[i][j] == PAIR	   ? pair
					: g->move[i][j] == MISSING ? missing
								   : extra;
		}
	}
}

static void pair_gap(struct gap *g, const struct align_config *c, size_t a, size_t n, size_t b,
		     size_t m, size_t *partner)
{
	if (n > ALIGN_GAP_MAX || m > ALIGN_GAP_MAX) {
		for (size_t i = 0; i < n && i < m; i++)
			partner[a + i] = b + i;
		return;
	}
	if (!n || !m)
		return;
	weigh(g, c, a, n, b, m);
	for (size_t i = 0, j = 0; i < n && j < m;) {
		enum move move = (enum move)g->move[i][j];

		if (move == PAIR)
			partner[a + i] = b + j;
		i += move != EXTRA;
		j += move != MISSING;
	}
}

static bool pair_gaps(const struct align_config *c, size_t *partner)
{
	struct gap *g = calloc(1, sizeof(*g));
	size_t a = 0, b = 0;

	if (!g)
		return false;
	for (size_t i = 0; i <= c->a_n; i++) {
		size_t end = i == c->a_n ? c->b_n : partner[i];

		if (end == ALIGN_NONE)
			continue;
		pair_gap(g, c, a, i - a, b, end - b, partner);
		a = i + 1;
		b = end + 1;
	}
	free(g);
	return true;
}

bool align(const struct align_config *c, size_t *partner)
{
	struct search s = {.c = c};
	size_t end = 0;

	for (size_t i = 0; i < c->a_n; i++)
		partner[i] = ALIGN_NONE;
	while (s.a < c->a_n && s.a < c->b_n && c->a_key[s.a] == c->b_key[s.a]) {
		partner[s.a] = s.a;
		s.a++;
	}
	s.b = s.a;
	while (end < c->a_n - s.a && end < c->b_n - s.b &&
	       c->a_key[c->a_n - end - 1] == c->b_key[c->b_n - end - 1]) {
		end++;
		partner[c->a_n - end] = c->b_n - end;
	}
	if (s.a < c->a_n - end && s.b < c->b_n - end) {
		size_t all = c->a_n + c->b_n - 2 * end - s.a - s.b;

		s.edits_max = all < ALIGN_EDITS_MAX ? (int)all : ALIGN_EDITS_MAX;
		s.reach = malloc(row_at(s.edits_max + 1) * sizeof(*s.reach));
		if (!s.reach)
			return false;
	}
	while (s.a < c->a_n - end && s.b < c->b_n - end) {
		s.a_n = c->a_n - end - s.a;
		s.b_n = c->b_n - end - s.b;
		search(&s, partner);
	}
	free(s.reach);
	return pair_gaps(c, partner);
}
