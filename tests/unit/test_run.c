/* test_run.c - runs of lost frames
 *
 * Goal: a run takes exactly the number that follows its last, and keeps first, last, count, times.
 *
 * Method: numbers at and around the one that follows, by hand; a refusal must leave the run as it
 * was.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/run.h"

static void empty_run_takes_any_number(void **state)
{
	static const uint64_t numbers[] = {0, 1, 77, UINT64_MAX};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct run r = {0};

		assert_true(run_extend(&r, numbers[i], 5));
		assert_int_equal(r.first, numbers[i]);
		assert_int_equal(r.last, numbers[i]);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.first_ts_ns, 5);
		assert_int_equal(r.last_ts_ns, 5);
	}
}

static void only_the_next_number_follows(void **state)
{
	struct run r = {0}, before;

	(void)state;
	assert_true(run_extend(&r, 10, 100));
	assert_true(run_extend(&r, 11, 90)); /* time may go back */
	assert_true(run_extend(&r, 12, 95));
	before = r;
	assert_false(run_extend(&r, 12, 1));
	assert_false(run_extend(&r, 14, 1));
	assert_false(run_extend(&r, 9, 1));
	assert_false(run_extend(&r, 0, 1));
	assert_memory_equal(&r, &before, sizeof(r));
	assert_int_equal(r.first, 10);
	assert_int_equal(r.last, 12);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.first_ts_ns, 100);
	assert_int_equal(r.last_ts_ns, 95);
}

/* A joined run counts less than it spans; what follows its last still extends it. */
static void joined_run_goes_on(void **state)
{
	struct run r = {.first = 1, .last = 9, .count = 4, .first_ts_ns = 1, .last_ts_ns = 9};

	(void)state;
	assert_true(run_extend(&r, 10, 10));
	assert_int_equal(r.count, 5);
	assert_int_equal(r.first, 1);
	assert_int_equal(r.last, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_run_takes_any_number),
		cmocka_unit_test(only_the_next_number_follows),
		cmocka_unit_test(joined_run_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
