/* test_tally_table.c - goal: exact below the bound, right about its errors beyond it, whatever the
 * keys. Method: random keys of a skewed distribution against plain arrays; every error bound that
 * is claimed is checked against the truth; adding and taking back in random order against a model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/tally_table.h"
#include "base/mix.h"

#define ENTRIES 1024u

static struct tally_amount amount(uint64_t frames, uint64_t bytes)
{
	return (struct tally_amount){.n = {frames, bytes}};
}

static void test_exact(void **state)
{
	struct tally_amount one = amount(1, 60), three = amount(3, 10);
	struct tally_table t;
	struct tally_row row, *rows;
	bool estimated = true;

	(void)state;
	tally_table_init(&t, ENTRIES, 8, TALLY_FRAMES, 7);
	assert_int_equal(tally_table_distinct(&t, &estimated), 0);
	assert_false(estimated);
	assert_int_equal(tally_table_top(&t, 0, &rows), 0);
	assert_null(rows);
	tally_table_add(&t, "b", 1, &one);
	tally_table_add(&t, "a", 1, &one);
	tally_table_add(&t, "", 0, &three);
	tally_table_add(&t, "longer-1", 8, &one);
	tally_table_add(&t, "longer-1, cut", 13, &one);
	assert_int_equal(tally_table_distinct(&t, &estimated), 4);
	assert_false(estimated);
	assert_int_equal(tally_table_top(&t, 3, &rows), 3);
	assert_int_equal(rows[0].key_n, 0);
	assert_int_equal(rows[0].n[TALLY_FRAMES], 3);
	assert_memory_equal(rows[1].key, "longer-1", 8);
	assert_int_equal(rows[1].n[TALLY_BYTES], 120);
	assert_memory_equal(rows[2].key, "a", 1);
	assert_int_equal(rows[2].error, 0);
	free(rows);
	assert_true(tally_table_find(&t, "b", 1, &row));
	assert_false(tally_table_find(&t, "c", 1, &row));
	tally_table_done(&t);
	assert_false(tally_table_find(&t, "b", 1, &row));
}

/* Adding and taking, in random order, of few keys; the model is an array. */
static void test_take(void **state)
{
	uint64_t model[700] = {0}, r = 1;
	struct tally_amount one = amount(1, 60);
	unsigned different = 0;
	struct tally_table t;
	struct tally_row row;
	bool estimated;

	(void)state;
	tally_table_init(&t, ENTRIES, 8, TALLY_FRAMES, 7);
	for (unsigned i = 0; i < 200000; i++) {
		uint16_t key = (uint16_t)((r = mix64(r + i)) % 700);

		if (r >> 63) {
			tally_table_add(&t, &key, sizeof(key), &one);
			model[key]++;
		} else {
			tally_table_take(&t, &key, sizeof(key), &one);
			model[key] -= model[key] != 0;
		}
	}
	for (uint16_t key = 0; key < 700; key++) {
		different += model[key] != 0;
		assert_int_equal(tally_table_find(&t, &key, sizeof(key), &row), model[key] != 0);
		if (model[key])
			assert_int_equal(row.n[TALLY_FRAMES], model[key]);
	}
	assert_int_equal(tally_table_distinct(&t, &estimated), different);
	tally_table_done(&t);
}

/* 200,000 keys, some of them frequent, in a table of 1,024: no row is wrong by more than it says,
 * no key that is missing had more than `taken`, and that is no more than was promised. */
static void test_error_bounds(void **state)
{
	enum {
		KEYS = 200000,
		ROUNDS = 2000000
	};
	uint32_t *truth = calloc(KEYS, sizeof(*truth));
	struct tally_amount one = amount(1, 60);
	unsigned heavy = 0;
	struct tally_table t;
	struct tally_row row;
	uint64_t r = 3;

	(void)state;
	assert_non_null(truth);
	tally_table_init(&t, ENTRIES, 8, TALLY_FRAMES, 7);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t key;

		r = mix64(r + i);
		/* Of half of all, the share of each of 64 keys is the same; the others are rare. */
		key = r & 1 ? (uint32_t)(r >> 8) % 64 : (uint32_t)(r >> 8) % KEYS;
		truth[key]++;
		tally_table_add(&t, &key, sizeof(key), &one);
	}
	assert_true(t.thinnings > 100);
	assert_true(t.taken <= UINT64_C(2) * ROUNDS / ENTRIES * 11 / 10);
	for (uint32_t key = 0; key < KEYS; key++) {
		if (!tally_table_find(&t, &key, sizeof(key), &row)) {
			assert_true(truth[key] <= t.taken);
			continue;
		}
		assert_true(row.n[TALLY_FRAMES] <= truth[key]);
		assert_true(row.n[TALLY_FRAMES] + row.error >= truth[key]);
		if (key < 64)
			heavy += row.n[TALLY_FRAMES] + 10 >= truth[key];
	}
	/* What is frequent came early, stayed, and is all but exact. */
	assert_int_equal(heavy, 64);
	free(truth);
	tally_table_done(&t);
}

static void test_distinct(void **state)
{
	static const uint32_t counts[] = {2000, 10000, 50000, 70000, 100000, 1000000};
	struct tally_amount one = amount(1, 60);

	(void)state;
	for (unsigned seed = 0; seed < 3; seed++) {
		for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct tally_table t;
			uint64_t found;
			bool estimated;

			tally_table_init(&t, ENTRIES, 8, TALLY_FRAMES, seed);
			for (uint32_t key = 0; key < counts[i]; key++)
				tally_table_add(&t, &key, sizeof(key), &one);
			found = tally_table_distinct(&t, &estimated);
			assert_true(estimated);
			/* Four times the standard error. */
			assert_in_range(
				found, counts[i] - counts[i] * 4u * TALLY_HLL_ERROR_PERMILLE / 1000,
				counts[i] + counts[i] * 4u * TALLY_HLL_ERROR_PERMILLE / 1000);
			tally_table_done(&t);
		}
	}
}

static void test_weight_by_bytes(void **state)
{
	struct tally_amount large = amount(1, 9000), small = amount(1, 60);
	struct tally_table t;
	struct tally_row *rows;

	(void)state;
	tally_table_init(&t, 64, 8, TALLY_BYTES, 7);
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t rare = i + 1;

		tally_table_add(&t, &rare, sizeof(rare), &small);
		if (i % 10 == 0)
			tally_table_add(&t, "much", 4, &large);
	}
	assert_int_equal(tally_table_top(&t, 1, &rows), 1);
	assert_memory_equal(rows[0].key, "much", 4);
	assert_int_equal(rows[0].n[TALLY_FRAMES], 10000);
	assert_int_equal(rows[0].error, 0);
	free(rows);
	tally_table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),		cmocka_unit_test(test_take),
		cmocka_unit_test(test_error_bounds),	cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_weight_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
