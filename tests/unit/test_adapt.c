/* test_adapt - how much is asked of tshark, against a tshark that is as fast as each level allows
 *
 * It goes down as far as it must and no further, comes back when there is room, does not go to and
 * fro between two levels, and stays where it is while nothing comes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tshark/adapt.h"

#define LIMIT 100000u

static struct adapt a;
static uint64_t now_ns, captured, decoded, backlog, changes;

/* Frames a second that each level does here, as measured on two cores. */
static const uint64_t speed[ADAPT_LEVELS] = {3000, 12000, 40000, 0};

static void begin(void)
{
	adapt_init(&a, LIMIT);
	now_ns = 1000000000;
	captured = decoded = backlog = changes = 0;
}

/* So many seconds with @rate frames a second coming in. */
static void play(unsigned seconds, uint64_t rate)
{
	for (unsigned i = 0; i < seconds * 10; i++) {
		uint64_t in = rate / 10, out = speed[a.level] / 10;

		captured += in;
		/* What is not taken is settled at once. */
		if (a.level == ADAPT_BASIC) {
			out = speed[ADAPT_SUMMARY] / 10;
			in = backlog > LIMIT / 100 ? 0 : in < out ? in : out;
		}
		backlog += in;
		if (out > backlog)
			out = backlog;
		backlog -= out;
		decoded += out;
		if (backlog > LIMIT)
			backlog = LIMIT;
		changes += adapt_step(&a, now_ns, captured, decoded, backlog, false);
		now_ns += ADAPT_TICK_NS;
	}
}

static void stays_full_with_room(void **state)
{
	(void)state;
	begin();
	play(600, 2500);
	assert_int_equal(a.level, ADAPT_FULL);
	assert_int_equal(changes, 0);
}

static void idle_changes_nothing(void **state)
{
	(void)state;
	begin();
	play(600, 0);
	assert_int_equal(changes, 0);
}

static void goes_as_far_as_it_must(void **state)
{
	static const struct {
		uint64_t rate;
		enum adapt_level level;
	} cases[] = {{9000, ADAPT_LEAN}, {30000, ADAPT_SUMMARY}, {110000, ADAPT_BASIC}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		play(60, cases[i].rate);
		assert_int_equal(a.level, cases[i].level);
		assert_true(backlog < LIMIT);
	}
}

static void comes_back(void **state)
{
	(void)state;
	begin();
	play(30, 110000);
	assert_int_equal(a.level, ADAPT_BASIC);
	play(60, 500);
	assert_int_equal(a.level, ADAPT_FULL);
	assert_int_equal(changes, 6);
}

/* Ten minutes of what lean keeps up with and full does not: full may be tried, ever more rarely. */
static void does_not_go_to_and_fro(void **state)
{
	(void)state;
	begin();
	play(60, 9000);
	changes = 0;
	play(600, 9000);
	assert_true(changes <= 6);
	assert_true(a.level <= ADAPT_LEAN);
}

/* A burst that the buffer holds is no reason. */
static void short_bursts_are_borne(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 20; i++) {
		play(1, 20000);
		play(20, 500);
	}
	assert_int_equal(changes, 0);
}

/* While tsharks are being replaced the backlog says nothing of the new ones. */
static void a_change_is_waited_for(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 60; i++) {
		adapt_step(&a, now_ns, captured += 11000, 0, LIMIT, a.level != ADAPT_FULL);
		now_ns += ADAPT_TICK_NS;
		if (a.level == ADAPT_FULL)
			assert_true(i < 20);
	}
	assert_int_equal(a.level, ADAPT_LEAN);
	/* Not for ever. */
	for (int i = 0; i < 20; i++) {
		adapt_step(&a, now_ns, captured += 11000, 0, LIMIT, true);
		now_ns += ADAPT_TICK_NS;
	}
	assert_int_equal(a.level, ADAPT_SUMMARY);
}

static void looks_no_more_often_than_it_says(void **state)
{
	(void)state;
	begin();
	play(1, 1000);
	assert_int_equal(adapt_due(&a), now_ns);
	assert_false(adapt_step(&a, now_ns - 1, UINT64_MAX, 0, LIMIT, false));
	assert_int_equal(a.captured, captured);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_full_with_room),
		cmocka_unit_test(idle_changes_nothing),
		cmocka_unit_test(goes_as_far_as_it_must),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(does_not_go_to_and_fro),
		cmocka_unit_test(short_bursts_are_borne),
		cmocka_unit_test(a_change_is_waited_for),
		cmocka_unit_test(looks_no_more_often_than_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
