/* test_tally_rate.c - goal: each frame is in the bucket of its second, the newest 3,600 stay
 * seconds, the whole run stays covered, in bounded memory. Method: times in order, backwards and at
 * random, sums and order of the buckets checked; taken back, nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/tally_rate.h"
#include "base/mix.h"

#define S UINT64_C(1000000000)

static struct tally_rate *fresh(void)
{
	struct tally_rate *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	return r;
}

static void expect_sound(const struct tally_rate *r, uint64_t frames)
{
	uint64_t sum = 0;

	assert_true(r->n <= TALLY_RATE_BUCKETS);
	for (uint32_t i = 0; i < r->n; i++) {
		assert_true(r->bucket[i].from_s < r->bucket[i].to_s);
		assert_true(!i || r->bucket[i - 1].to_s <= r->bucket[i].from_s);
		sum += r->bucket[i].frames;
	}
	assert_int_equal(sum, frames);
}

static void test_seconds(void **state)
{
	struct tally_rate *r = fresh();

	(void)state;
	tally_rate_add(r, 5 * S, 10);
	tally_rate_add(r, 6 * S - 1, 20);
	tally_rate_add(r, 6 * S, 30);
	tally_rate_add(r, 2 * S, 40);
	tally_rate_add(r, UINT64_MAX, 50);
	assert_int_equal(r->n, 4);
	assert_int_equal(r->bucket[0].from_s, 2);
	assert_int_equal(r->bucket[1].frames, 2);
	assert_int_equal(r->bucket[1].bytes, 30);
	assert_int_equal(r->bucket[2].from_s, 6);
	assert_int_equal(r->bucket[3].from_s, UINT64_MAX / S);
	expect_sound(r, 5);
	tally_rate_take(r, 5 * S, 10);
	assert_int_equal(r->bucket[1].bytes, 20);
	tally_rate_take(r, 5 * S, 20);
	tally_rate_take(r, 5 * S, 20);
	assert_int_equal(r->n, 3);
	expect_sound(r, 3);
	free(r);
}

static void test_a_day(void **state)
{
	struct tally_rate *r = fresh();

	(void)state;
	for (uint64_t s = 0; s < 86400; s++)
		tally_rate_add(r, 1000 * S + s * S, 100);
	expect_sound(r, 86400);
	assert_int_equal(r->bucket[0].from_s, 1000);
	assert_int_equal(r->bucket[r->n - 1].to_s, 87400);
	for (uint32_t i = r->n - TALLY_RATE_BUCKETS / 2; i < r->n; i++)
		assert_int_equal(r->bucket[i].to_s - r->bucket[i].from_s, 1);
	assert_true(r->bucket[0].frames > 2);
	for (uint64_t s = 0; s < 86400; s++)
		tally_rate_take(r, 1000 * S + s * S, 100);
	expect_sound(r, 0);
	free(r);
}

static void test_any_time(void **state)
{
	struct tally_rate *r = fresh();
	uint64_t random = 1;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		random = mix64(random + i);
		tally_rate_add(r, i % 3 ? random : random % (20000 * S), 1);
	}
	expect_sound(r, 60000);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_a_day),
		cmocka_unit_test(test_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
