/* test_contest.c - rivals in turn, medians and ratios
 *
 * Goal: rivals run in turn, once more than is counted; figures are medians of rounds and ratios
 * medians of ratios, whichever way is better; a peer that fails is left out with its reason, one of
 * ours that fails ends it; time is kept to; JSON and table say what was found, and what is missing.
 *
 * Method: rivals that give known values and write down when they ran.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/contest.h"

static char order[64];

struct scripted {
	char letter;
	const double *values; /* the first is that of the round that does not count */
	unsigned runs;
	unsigned fails_at; /* run, from 1; 0: never */
};

static bool scripted_run(void *ctx, struct contest_sample *s, struct err *err)
{
	struct scripted *r = ctx;
	size_t n = strlen(order);

	order[n] = r->letter;
	if (++r->runs == r->fails_at) {
		err_set(err, EXIT_UNBALANCED, "%c broke", r->letter);
		return false;
	}
	s->value = r->values[r->runs - 1];
	s->cpu_ns = s->value * 10;
	return true;
}

static const double ours_values[] = {999, 10, 40, 20}, their_values[] = {999, 5, 10, 20};

static struct contest *two(struct scripted *ours, struct scripted *theirs)
{
	struct contest *c = contest_new("demo", "frames/s", 100, "%d things", 2);

	memset(order, 0, sizeof(order));
	*ours = (struct scripted){.letter = 'A', .values = ours_values};
	*theirs = (struct scripted){.letter = 'B', .values = their_values};
	assert_non_null(c);
	contest_add(c, "ours", scripted_run, ours, NULL);
	contest_add(c, "theirs", scripted_run, theirs, NULL);
	contest_add(c, "absent", scripted_run, NULL, "it is not installed");
	return c;
}

static void rounds_and_medians(void **state)
{
	struct scripted a, b;
	struct contest *c = two(&a, &b);
	struct err err;

	(void)state;
	assert_true(contest_run(c, 3, UINT64_MAX / 2, &err));
	assert_string_equal(order, "ABABABAB");
	assert_int_equal(c->rounds, 3);
	assert_string_equal(c->what, "2 things");
	assert_true(contest_value(c, 0) == 20 && contest_value(c, 1) == 10);
	/* of 2, 4 and 1, not 20 to 10 */
	assert_true(contest_ratio(c, 1) == 2 && contest_cpu_ratio(c, 1) == 2);
	c->less = true;
	assert_true(contest_ratio(c, 1) == 0.5);
	assert_true(contest_value(c, 2) == 0 && contest_ratio(c, 2) == 0);
	free(c);
}

static void medians(void **state)
{
	(void)state;
	assert_true(contest_median((double[]){3}, 1) == 3);
	assert_true(contest_median((double[]){4, 1, 3, 2}, 4) == 2.5);
}

static void a_peer_fails(void **state)
{
	struct scripted a, b;
	struct contest *c = two(&a, &b);
	struct err err;

	(void)state;
	b.fails_at = 3;
	assert_true(contest_run(c, 3, UINT64_MAX / 2, &err));
	assert_string_equal(order, "ABABABA");
	assert_string_equal(c->rival[1].missing, "B broke");
	assert_true(contest_ratio(c, 1) == 0);
	free(c);
}

static void ours_fails(void **state)
{
	struct scripted a, b;

	(void)state;
	for (unsigned run = 1; run < 4; run++) {
		struct contest *c = two(&a, &b);
		struct err err = {0};

		a.fails_at = run;
		assert_false(contest_run(c, 3, UINT64_MAX / 2, &err));
		assert_string_equal(err.text, "A broke");
		free(c);
	}
}

static void time_is_up(void **state)
{
	struct scripted a, b;
	struct contest *c = two(&a, &b);
	struct err err;

	(void)state;
	assert_true(contest_run(c, 3, 0, &err));
	assert_int_equal(c->rounds, 1);
	assert_string_equal(order, "ABAB");
	free(c);
}

static double number(struct json_object *o, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(o, key, &value));
	return json_object_get_double(value);
}

static void what_is_said(void **state)
{
	struct json_object *list = json_object_new_array(), *o, *rivals;
	struct scripted a, b;
	struct contest *c = two(&a, &b);
	struct buf text = {0};
	struct err err;

	(void)state;
	assert_true(contest_run(c, 3, UINT64_MAX / 2, &err));
	contest_json(c, list);
	o = json_object_array_get_idx(list, 0);
	assert_true(number(o, "rounds") == 3 && number(o, "frames") == 100);
	assert_true(json_object_object_get_ex(o, "rivals", &rivals));
	assert_int_equal(json_object_array_length(rivals), 3);
	assert_true(number(json_object_array_get_idx(rivals, 0), "median") == 20);
	assert_true(number(json_object_array_get_idx(rivals, 0), "cpu_ns_per_frame") == 2);
	assert_true(number(json_object_array_get_idx(rivals, 1), "ours_to_it") == 2);
	assert_false(json_object_object_get_ex(json_object_array_get_idx(rivals, 2), "median", &o));
	assert_true(json_object_object_get_ex(json_object_array_get_idx(rivals, 2), "missing", &o));
	contest_table(c, &text);
	buf_putc(&text, '\0');
	assert_non_null(strstr(text.p, "demo: 2 things, 100 frames (frames/s, median of 3)\n"));
	assert_non_null(strstr(text.p, "ours 2.00 times as good"));
	assert_non_null(strstr(text.p, "missing: it is not installed\n"));
	buf_done(&text);
	json_object_put(list);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_and_medians), cmocka_unit_test(medians),
		cmocka_unit_test(a_peer_fails),	      cmocka_unit_test(ours_fails),
		cmocka_unit_test(time_is_up),	      cmocka_unit_test(what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
