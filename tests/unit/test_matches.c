/* test_matches.c - goal: what was added is there, in order, also beyond 2^32 ids; nothing is said
 * to be hidden before it was judged. Method: a plain array beside it; two threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/matches.h"

static void test_three_answers(void **state)
{
	struct matches m;

	(void)state;
	assert_int_equal(matches_init(&m), 0);
	assert_int_equal(matches_has(&m, 1), MATCH_UNKNOWN);
	matches_add(&m, 5);
	assert_int_equal(matches_has(&m, 5), MATCH_YES);
	assert_int_equal(matches_has(&m, 4), MATCH_UNKNOWN);
	matches_judge(&m, 5);
	assert_int_equal(matches_has(&m, 4), MATCH_NO);
	assert_int_equal(matches_has(&m, 6), MATCH_UNKNOWN);
	/* It never goes back. */
	matches_judge(&m, 2);
	assert_int_equal(matches_has(&m, 4), MATCH_NO);
	matches_done(&m);
}

static void test_lists(void **state)
{
	static const uint64_t ids[] = {1,	    2,		 1000,	     0xffffffff,
				       0x100000000, 0x100000001, 0x300000007};
	const size_t n = sizeof(ids) / sizeof(ids[0]);
	struct matches m;
	uint64_t got[16];

	(void)state;
	assert_int_equal(matches_init(&m), 0);
	/* In any order, and once more. */
	for (size_t i = n; i--;)
		matches_add(&m, ids[i]);
	matches_add(&m, 1000);
	assert_int_equal(m.count, n);
	for (size_t rank = 0; rank <= n; rank++) {
		for (size_t want = 0; want <= n; want++) {
			size_t left = n - rank < want ? n - rank : want;

			assert_int_equal(matches_list(&m, rank, got, want), left);
			for (size_t i = 0; i < left; i++)
				assert_int_equal(got[i], ids[rank + i]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(matches_below(&m, ids[i]), i);
		assert_int_equal(matches_below(&m, ids[i] + 1), i + 1);
	}
	assert_int_equal(matches_below(&m, 0), 0);
	assert_int_equal(matches_below(&m, UINT64_MAX), n);
	assert_true(matches_bytes(&m) > 0);
	matches_done(&m);
}

#define MANY 200000u

static void *add_many(void *ctx)
{
	struct matches *m = ctx;

	for (uint64_t id = 1; id <= MANY; id++) {
		if (id % 3 == 0)
			matches_add(m, id);
		if (id % 7 == 0)
			matches_judge(m, id + 1);
	}
	matches_judge(m, MANY + 1);
	return NULL;
}

/* Whoever sees "no" may rely on it. */
static void test_two_threads(void **state)
{
	struct matches m;
	pthread_t thread;
	uint64_t id = 1;

	(void)state;
	assert_int_equal(matches_init(&m), 0);
	assert_int_equal(pthread_create(&thread, NULL, add_many, &m), 0);
	while (id <= MANY) {
		enum match match = matches_has(&m, id);

		if (match == MATCH_UNKNOWN)
			continue;
		assert_int_equal(match, id % 3 ? MATCH_NO : MATCH_YES);
		id++;
	}
	pthread_join(thread, NULL);
	matches_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_answers),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
