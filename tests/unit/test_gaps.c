/* test_gaps - what was skipped, in runs
 *
 * Runs grow while id follows id for one cause; they come out in the order of ids; only what may yet
 * be decoded is a gap; beyond the bound frames are counted as forgotten.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_grow),
		cmocka_unit_test(beyond_the_bound_is_forgotten),
		cmocka_unit_test(which_may_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
