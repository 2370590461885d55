/* test_shrink_seed.c - the least of a failing seed, with failures made up */
#include "shrink_seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define FAULTS 28u
#define ALL    ((UINT64_C(1) << FAULTS) - 1)

struct failure {
	uint64_t needs; /* faults, all of them */
	uint64_t or_needs;
	uint32_t frames;
};

static bool fails(void *ctx, const struct world_limits *limits)
{
	const struct failure *f = ctx;
	uint64_t on = ALL & ~limits->off;

	return limits->frames >= f->frames &&
	       ((on & f->needs) == f->needs || (f->or_needs && (on & f->or_needs) == f->or_needs));
}

static void expect(struct failure f, uint64_t on, uint32_t frames)
{
	struct world_limits limits = {0};
	unsigned runs = shrink_seed(&limits, FAULTS, 600, fails, &f);

	assert_true(fails(&f, &limits));
	assert_int_equal(ALL & ~limits.off, on);
	assert_int_equal(limits.frames, frames);
	assert_in_range(runs, 1, 200);
}

static void what_is_needed_stays(void **state)
{
	(void)state;
	expect((struct failure){.needs = 1u << 8 | 1u << 21, .frames = 37}, 1u << 8 | 1u << 21, 37);
	expect((struct failure){.needs = 0, .frames = 1}, 0, 1);
	expect((struct failure){.needs = ALL, .frames = 600}, ALL, 600);
}

/* Of two reasons one is enough. */
static void one_reason_is_left(void **state)
{
	(void)state;
	expect((struct failure){.needs = 3, .or_needs = 1u << 20, .frames = 599}, 1u << 20, 599);
}

static void limits_that_are_given_stay(void **state)
{
	struct failure f = {.needs = 1, .frames = 5};
	struct world_limits limits = {.off = 6, .frames = 20};

	(void)state;
	shrink_seed(&limits, FAULTS, 600, fails, &f);
	assert_int_equal(limits.off & 6, 6);
	assert_int_equal(limits.frames, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_needed_stays),
		cmocka_unit_test(one_reason_is_left),
		cmocka_unit_test(limits_that_are_given_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
