/* test_hist.c - quantiles in fixed memory
 *
 * Goal: over all 64 bits a quantile is never below the true one and above it by 1 in 2^HIST_BITS at
 * most; small values and the maximum are exact.
 *
 * Method: random values of every magnitude, sorted, beside the histogram, all quantiles compared.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hist.h"
#include "random.h"

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* @value is what the quantile stands for: the sorted value at floor(n * permille / 1000). */
static void expect_near(const uint64_t *sorted, size_t n, const struct hist *h)
{
	for (unsigned permille = 0; permille <= 1000; permille++) {
		size_t rank = n * permille / 1000;
		uint64_t value = sorted[rank < n ? rank : n - 1];
		uint64_t got = hist_quantile(h, permille);

		if (got < value || got - value > value >> HIST_BITS || got > sorted[n - 1])
			fail_msg("%u permille of %zu: %llu, not %llu", permille, n,
				 (unsigned long long)got, (unsigned long long)value);
	}
	assert_int_equal(h->total, n);
	assert_int_equal(h->max, sorted[n - 1]);
	assert_int_equal(hist_quantile(h, 1000), sorted[n - 1]);
}

static void quantiles_are_near(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 10, 999, 1000, 1001, 12345};
	static uint64_t values[12345];

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (unsigned bits = 1; bits <= 64; bits += 3) {
			struct sim_random r = {i * 100 + bits};
			struct hist h = {0};

			for (size_t k = 0; k < sizes[i]; k++) {
				values[k] = random_next(&r) >> (64 - bits);
				values[k] >>= random_range(&r, 0, bits - 1);
				hist_add(&h, values[k]);
			}
			qsort(values, sizes[i], sizeof(values[0]), compare);
			expect_near(values, sizes[i], &h);
		}
	}
}

/* Each value at an edge of a bucket, alone with a greater one. */
static void edges_are_near(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (int off = -2; off <= 2; off++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)off;
			uint64_t got;
			struct hist h = {0};

			if (value > UINT64_MAX - 2)
				continue;
			hist_add(&h, value);
			hist_add(&h, UINT64_MAX);
			got = hist_quantile(&h, 0);
			assert_true(got >= value && got - value <= value >> HIST_BITS);
		}
	}
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t value = 0; value < 64; value++) {
		struct hist h = {0};

		hist_add(&h, value);
		hist_add(&h, 1000000);
		assert_int_equal(hist_quantile(&h, 0), value);
	}
}

static void greatest_value_fits(void **state)
{
	struct hist h = {0};

	(void)state;
	hist_add(&h, UINT64_MAX);
	hist_add(&h, 0);
	assert_int_equal(hist_quantile(&h, 500), UINT64_MAX);
	assert_int_equal(hist_quantile(&h, 499), 0);
}

static void nothing_counted_is_zero(void **state)
{
	struct hist h = {0};

	(void)state;
	assert_int_equal(hist_quantile(&h, 0), 0);
	assert_int_equal(hist_quantile(&h, 500), 0);
	assert_int_equal(hist_quantile(&h, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_near),	   cmocka_unit_test(edges_are_near),
		cmocka_unit_test(small_values_are_exact),  cmocka_unit_test(greatest_value_fits),
		cmocka_unit_test(nothing_counted_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
