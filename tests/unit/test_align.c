/* test_align.c - which of two lists' elements are the same one
 *
 * Goal: as many elements as can be are found again, partners rise, none is taken twice; what is
 * left over is paired so that little differs; lists with more edits than one search has bounds for
 * come to an end.
 *
 * Method: random lists of few different keys against the longest common subsequence by dynamic
 * programming; lists made by hand; long ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/align.h"
#include "random.h"

#define SHORT 24

/* Keys differ, so do elements: by the distance of their keys. */
static unsigned differ(void *ctx, size_t a, size_t b)
{
	const struct align_config *c = ctx;
	uint64_t x = c->a_key[a], y = c->b_key[b];

	return (unsigned)(x > y ? x - y : y - x);
}

static void run(const uint64_t *a, size_t n, const uint64_t *b, size_t m, unsigned worst,
		size_t *partner)
{
	struct align_config c = {
		.a_n = n, .b_n = m, .a_key = a, .b_key = b, .differ = differ, .worst = worst};

	c.ctx = &c;
	assert_true(align(&c, partner));
}

static size_t longest_common(const uint64_t *a, size_t n, const uint64_t *b, size_t m)
{
	size_t best[SHORT + 1][SHORT + 1] = {{0}};

	for (size_t i = n; i-- > 0;) {
		for (size_t j = m; j-- > 0;) {
			size_t skip =
				best[i + 1][j] > best[i][j + 1] ? best[i + 1][j] : best[i][j + 1];

			best[i][j] = a[i] == b[j] ? best[i + 1][j + 1] + 1 : skip;
		}
	}
	return best[0][0];
}

/* Return: partners of the same key */
static size_t check_partners(const uint64_t *a, size_t n, const uint64_t *b, size_t m,
			     const size_t *partner)
{
	size_t least = 0, same = 0;

	for (size_t i = 0; i < n; i++) {
		if (partner[i] == ALIGN_NONE)
			continue;
		assert_true(partner[i] >= least && partner[i] < m);
		least = partner[i] + 1;
		same += a[i] == b[partner[i]];
	}
	return same;
}

static void finds_the_longest_common(void **state)
{
	struct sim_random random = {.state = 7};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint64_t a[SHORT], b[SHORT];
		size_t n = random_range(&random, 0, SHORT), m = random_range(&random, 0, SHORT);
		uint64_t keys = random_range(&random, 1, 12);
		size_t partner[SHORT + 1];

		for (size_t i = 0; i < n; i++)
			a[i] = random_range(&random, 1, keys);
		for (size_t i = 0; i < m; i++)
			b[i] = random_range(&random, 1, keys);
		/* No pairs but of the same key. */
		run(a, n, b, m, 1, partner);
		assert_int_equal(check_partners(a, n, b, m, partner), longest_common(a, n, b, m));
		run(a, n, b, m, 100, partner);
		assert_int_equal(check_partners(a, n, b, m, partner), longest_common(a, n, b, m));
	}
}

static void pairs_what_is_left_over(void **state)
{
	/* 50 became 51, and 90 is missing; then the other way round. */
	static const uint64_t a[] = {1, 50, 90, 2}, b[] = {1, 51, 2}, c[] = {1, 91, 2};
	size_t partner[4];

	(void)state;
	run(a, 4, b, 3, 10, partner);
	assert_int_equal(partner[1], 1);
	assert_int_equal(partner[2], ALIGN_NONE);
	run(a, 4, c, 3, 10, partner);
	assert_int_equal(partner[1], ALIGN_NONE);
	assert_int_equal(partner[2], 1);
	/* As many on both sides, and none alike. */
	run(a + 1, 1, c + 2, 1, 10, partner);
	assert_int_equal(partner[0], ALIGN_NONE);
}

static void one_missing_of_many(void **state)
{
	const size_t n = 100000;
	uint64_t *a = malloc(n * sizeof(*a));
	size_t *partner = malloc(n * sizeof(*partner));

	(void)state;
	assert_non_null(a);
	assert_non_null(partner);
	for (size_t i = 0; i < n; i++)
		a[i] = i * 100;
	for (size_t gone = 0; gone < n; gone += 33333) {
		uint64_t *b = malloc(n * sizeof(*b));

		assert_non_null(b);
		memcpy(b, a, gone * sizeof(*a));
		memcpy(b + gone, a + gone + 1, (n - gone - 1) * sizeof(*a));
		run(a, n, b, n - 1, 10, partner);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(partner[i], i < gone ? i : i == gone ? ALIGN_NONE : i - 1);
		free(b);
	}
	free(partner);
	free(a);
}

/* Every third is missing, and every fifth is another: far more edits than one search goes through.
 */
static void many_edits(void **state)
{
	const size_t n = 20000;
	uint64_t *a = malloc(n * sizeof(*a)), *b = malloc(n * sizeof(*b));
	size_t *partner = malloc(n * sizeof(*partner)), m = 0, kept = 0;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(partner);
	for (size_t i = 0; i < n; i++) {
		a[i] = i * 100;
		if (i % 3 == 0)
			continue;
		b[m++] = a[i] + (i % 5 == 0);
		kept += i % 5 != 0;
	}
	run(a, n, b, m, 10, partner);
	assert_int_equal(check_partners(a, n, b, m, partner), kept);
	/* Nothing is the same: in order. */
	for (size_t i = 0; i < m; i++)
		b[i] = a[i] + 1;
	run(a, n, b, m, 10, partner);
	assert_int_equal(check_partners(a, n, b, m, partner), 0);
	assert_int_equal(partner[m - 1], m - 1);
	assert_int_equal(partner[m], ALIGN_NONE);
	free(partner);
	free(b);
	free(a);
}

static void empty_ones(void **state)
{
	static const uint64_t a[] = {1, 2};
	size_t partner[2] = {7, 7};

	(void)state;
	run(NULL, 0, a, 2, 10, partner);
	assert_int_equal(partner[0], 7);
	run(a, 2, NULL, 0, 10, partner);
	assert_int_equal(partner[0], ALIGN_NONE);
	assert_int_equal(partner[1], ALIGN_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_longest_common),
		cmocka_unit_test(pairs_what_is_left_over),
		cmocka_unit_test(one_missing_of_many),
		cmocka_unit_test(many_edits),
		cmocka_unit_test(empty_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
