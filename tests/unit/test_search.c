/* test_search.c - the search for the highest rate without loss
 *
 * Goal: for every limit, the rate found does not lose, is as near below the limit as was asked for
 * and has stood two trials; a machine with bad moments makes it lower, never an endless search.
 *
 * Method: a machine of arithmetic, which loses above a limit: all limits of a range, and greater
 * ones at random. Then one that loses at random as well, and one whose limit falls.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "ramp.h"
#include "random.h"
#include "search.h"

/* A search on a machine that loses above @limit. Return: trials */
static unsigned run(struct search *s, uint64_t limit)
{
	uint64_t tried[SEARCH_TRIALS_MAX + 1];
	unsigned n = 0, same = 0;

	while (search_next(s, &tried[n])) {
		assert_in_range(tried[n], s->low, s->high);
		search_tell(s, tried[n] > limit);
		assert_true(++n <= SEARCH_TRIALS_MAX);
	}
	for (unsigned i = 0; i < n; i++)
		same += tried[i] == search_max(s);
	if (s->state == SEARCH_FOUND) {
		assert_int_equal(same, 2);
		assert_int_equal(tried[n - 1], search_max(s));
	}
	return n;
}

static void expect_found(uint64_t low, uint64_t high, unsigned permille, uint64_t limit)
{
	struct search s;
	uint64_t max, pps;

	search_init(&s, low, high, permille);
	run(&s, limit);
	max = search_max(&s);
	assert_false(search_next(&s, &pps));
	if (limit < low) {
		assert_int_equal(s.state, SEARCH_FAILED);
		assert_int_equal(max, 0);
		return;
	}
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_true(max <= limit);
	if (limit >= high) {
		assert_int_equal(max, high);
		assert_int_equal(s.bad, 0);
		return;
	}
	assert_true(s.bad > limit);
	assert_true(s.bad - max <= (max * permille / 1000 > 1 ? max * permille / 1000 : 1));
}

static void every_limit_is_found(void **state)
{
	(void)state;
	for (uint64_t low = 1; low < 60; low += 7) {
		for (uint64_t high = low + 1; high < 300; high += 13) {
			for (uint64_t limit = 0; limit < 310; limit++)
				expect_found(low, high, (unsigned)(limit % 50) + 1, limit);
		}
	}
}

static void great_limits_are_found(void **state)
{
	struct sim_random random = {42};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t low = random_range(&random, 1, 1u << random_range(&random, 1, 20));
		uint64_t high = low + random_range(&random, 1, RAMP_PPS_MAX - low);

		expect_found(low, high, (unsigned)random_range(&random, 1, 100),
			     random_range(&random, 0, high + high / 4));
	}
}

/* From one to the greatest at the finest takes no more than was counted on. */
static void trials_are_bounded(void **state)
{
	struct search s;

	(void)state;
	search_init(&s, 1, RAMP_PPS_MAX, 1);
	assert_in_range(run(&s, 67108863), 28, 45);
}

static void bad_moments_make_it_lower(void **state)
{
	struct sim_random random = {7};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct search s;
		uint64_t pps, last = 0, limit = random_range(&random, 1000, 900000);
		bool lost = true;
		unsigned n = 0;

		search_init(&s, 1000, 1000000, 10);
		while (search_next(&s, &pps)) {
			last = pps;
			lost = pps > limit || random_range(&random, 0, 9) == 0;
			search_tell(&s, lost);
			assert_true(++n <= SEARCH_TRIALS_MAX);
		}
		assert_true(search_max(&s) <= limit);
		if (s.state == SEARCH_FOUND && n < SEARCH_TRIALS_MAX) {
			assert_false(lost);
			assert_int_equal(last, search_max(&s));
		}
	}
}

/* Others begin to work: what was good loses at its second trial, and so does what is below. */
static void limit_that_falls(void **state)
{
	struct search s;
	uint64_t pps;

	(void)state;
	search_init(&s, 100, 100000, 10);
	while (search_next(&s, &pps))
		search_tell(&s,
			    pps > (s.state == SEARCH_CONFIRMING || s.trials > 15 ? 20000 : 50000));
	assert_int_equal(s.state, SEARCH_FOUND);
	assert_in_range(search_max(&s), 12800, 20000);
	assert_in_range(s.bad, search_max(&s), search_max(&s) * 101 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_is_found), cmocka_unit_test(great_limits_are_found),
		cmocka_unit_test(trials_are_bounded),	cmocka_unit_test(bad_moments_make_it_lower),
		cmocka_unit_test(limit_that_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
