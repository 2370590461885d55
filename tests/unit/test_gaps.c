/* test_gaps - what was skipped, in runs
 *
 * Runs grow while id follows id for one cause; they come out in the order of ids; only what may yet
 * be decoded is a gap; beyond the bound frames are counted as forgotten. What is taken is the
 * oldest, each frame once, in whatever order gaps came.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/gaps.h"

static void expect(const struct gaps *g, uint32_t i, uint64_t first, uint64_t last,
		   enum undecoded cause)
{
	assert_true(i < g->n);
	assert_int_equal(g->gap[i].first, first);
	assert_int_equal(g->gap[i].last, last);
	assert_int_equal(g->gap[i].cause, cause);
}

static void runs_grow(void **state)
{
	struct gaps g = {0};

	(void)state;
	for (uint64_t id = 10; id < 20; id++)
		gaps_add(&g, id, UNDECODED_SKIPPED_STALL);
	gaps_add(&g, 20, UNDECODED_SKIPPED_LOAD);
	gaps_add(&g, 22, UNDECODED_SKIPPED_LOAD);
	gaps_add_run(&g, 23, 30, UNDECODED_SKIPPED_LOAD);
	gaps_add(&g, 5, UNDECODED_SKIPPED_LOAD); /* another shard's */
	gaps_sort(&g);
	assert_int_equal(g.n, 4);
	expect(&g, 0, 5, 5, UNDECODED_SKIPPED_LOAD);
	expect(&g, 1, 10, 19, UNDECODED_SKIPPED_STALL);
	expect(&g, 2, 20, 20, UNDECODED_SKIPPED_LOAD);
	expect(&g, 3, 22, 30, UNDECODED_SKIPPED_LOAD);
	assert_int_equal(g.frames, 21);
	gaps_done(&g);
	assert_int_equal(g.n, 0);
	gaps_sort(&g);
}

static void beyond_the_bound_is_forgotten(void **state)
{
	struct gaps g = {0};

	(void)state;
	for (uint64_t i = 0; i < GAPS_MAX + 3; i++)
		gaps_add(&g, 2 * i + 1, UNDECODED_SKIPPED_STALL);
	assert_int_equal(g.n, GAPS_MAX);
	assert_int_equal(g.frames, GAPS_MAX);
	assert_int_equal(g.forgotten, 3);
	/* The last run may grow all the same. */
	gaps_add(&g, g.gap[GAPS_MAX - 1].last + 1, UNDECODED_SKIPPED_STALL);
	assert_int_equal(g.frames, GAPS_MAX + 1);
	gaps_done(&g);
}

static void which_may_close(void **state)
{
	unsigned may = 0;

	(void)state;
	for (int cause = 0; cause < UNDECODED_CAUSES; cause++)
		may |= (unsigned)gap_may_close((enum undecoded)cause) << cause;
	assert_int_equal(may, 1u << UNDECODED_SKIPPED_STALL | 1u << UNDECODED_SKIPPED_BACKLOG |
				      1u << UNDECODED_SKIPPED_LOAD | 1u << UNDECODED_LOST_CHILD);
}

/* Taken in pieces while others come, against a set of ids. */
static void the_oldest_are_taken(void **state)
{
	static bool is_gap[20000];
	struct gaps g = {0};
	uint64_t next = 1, left = 0, taken = 0;
	uint32_t bits = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t oldest = 1, before, most;
		struct gap piece;

		bits = bits * 1103515245u + 12345u;
		if (next + 12 < 20000 && bits >> 16 & 1) {
			/* Two shards give up for themselves; the later part first. */
			uint64_t first = next + (bits >> 20 & 3), middle = first + 4;

			gaps_add_run(&g, middle, middle + 2, UNDECODED_SKIPPED_STALL);
			gaps_add_run(&g, first, middle - 1, UNDECODED_SKIPPED_STALL);
			for (uint64_t id = first; id <= middle + 2; id++)
				is_gap[id] = true;
			left += middle + 3 - first;
			next = middle + 3;
		}
		while (oldest < 20000 && !is_gap[oldest])
			oldest++;
		assert_int_equal(gaps_oldest(&g), oldest < 20000 ? oldest : UINT64_MAX);
		before = oldest + (bits >> 24 & 7);
		most = bits >> 28 & 3;
		if (oldest == 20000)
			before = UINT64_MAX;
		if (!gaps_take(&g, before, most, &piece)) {
			assert_true(oldest == 20000 || before == oldest || !most);
			continue;
		}
		assert_int_equal(piece.first, oldest);
		assert_true(piece.last < before && piece.last - piece.first < most);
		for (uint64_t id = piece.first; id <= piece.last; id++, taken++) {
			assert_true(is_gap[id]);
			is_gap[id] = false;
		}
		left -= piece.last - piece.first + 1;
		assert_int_equal(g.frames, left);
	}
	assert_true(taken > 5000);
	gaps_done(&g);
}

/* Neighbours of one cause become one run. */
static void sorting_joins(void **state)
{
	struct gaps g = {0};
	struct gap piece;

	(void)state;
	for (uint64_t id = 1; id < 100; id += 2)
		gaps_add(&g, id, UNDECODED_SKIPPED_STALL);
	for (uint64_t id = 2; id < 100; id += 2)
		gaps_add(&g, id, UNDECODED_SKIPPED_STALL);
	assert_int_equal(g.n, 99);
	assert_true(gaps_take(&g, UINT64_MAX, UINT64_MAX, &piece));
	assert_int_equal(piece.first, 1);
	assert_int_equal(piece.last, 99);
	assert_int_equal(g.frames, 0);
	assert_false(gaps_take(&g, UINT64_MAX, 1, &piece));
	gaps_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_grow),	   cmocka_unit_test(beyond_the_bound_is_forgotten),
		cmocka_unit_test(which_may_close), cmocka_unit_test(the_oldest_are_taken),
		cmocka_unit_test(sorting_joins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
