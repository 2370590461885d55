/* test_room - whether there is room beside live decode
 *
 * Goal: room is lost at once, by each of its reasons, and found only after a calm; found in vain it
 * is waited for longer; between the two bounds it stays what it is.
 *
 * Method: a second of looks at a time, with one thing wrong.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tshark/room.h"

#define LIMIT  100000u
#define HIGH   (LIMIT / 20 + ROOM_BACKLOG_MIN)
#define SECOND UINT64_C(1000000000)

static struct room room;
static struct room_view quiet;
static uint64_t now_ns;

/* So long with @v, @rate frames/s coming and decoded. Return: whether there is room at the end */
static bool look(struct room_view *v, uint64_t ns, uint64_t rate)
{
	bool is = false;

	for (uint64_t end_ns = now_ns + ns; now_ns < end_ns; now_ns += ROOM_TICK_NS) {
		v->captured += rate / 10;
		v->decoded += rate / 10;
		is = room_look(&room, now_ns, v);
	}
	return is;
}

static int begin(void **state)
{
	(void)state;
	room_init(&room, LIMIT);
	quiet = (struct room_view){.level = 1};
	now_ns = SECOND;
	return 0;
}

static void opens_after_a_calm(void **state)
{
	(void)state;
	assert_false(look(&quiet, ROOM_CALM_NS, 0));
	assert_true(look(&quiet, ROOM_TICK_NS, 0));
	assert_true(look(&quiet, 60 * SECOND, 1000));
	assert_int_equal(room_due(&room), now_ns);
}

static void closes_at_once(void **state)
{
	const struct room_view wrong[] = {
		{.level = 1, .backlog = HIGH + 1}, {.level = 1, .age_ns = ROOM_AGE_NS + 1},
		{.level = 1, .missed = 1},	   {.level = 1, .sheds = true},
		{.level = 1, .changing = true},
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct room_view v = wrong[i];

		begin(state);
		assert_true(look(&quiet, 5 * SECOND, 0));
		/* Between two ticks. */
		assert_false(room_look(&room, now_ns - ROOM_TICK_NS / 2, &v));
		quiet.missed = v.missed;
		assert_false(look(&quiet, ROOM_CALM_NS - ROOM_TICK_NS, 0));
		assert_true(look(&quiet, 5 * SECOND, 0));
	}
}

static void between_the_bounds_it_stays(void **state)
{
	struct room_view half = {.level = 1, .backlog = HIGH / 2 + 1};
	struct room_view high = {.level = 1, .backlog = HIGH};

	(void)state;
	assert_false(look(&half, 10 * SECOND, 0));
	assert_true(look(&quiet, 2 * SECOND, 0));
	assert_true(look(&high, 10 * SECOND, 0));
	high.backlog++;
	assert_false(look(&high, ROOM_TICK_NS, 0));
}

/* A rate near the one that was managed with a backlog leaves none, though nothing waits. */
static void what_comes_counts(void **state)
{
	struct room_view late = {.level = 1, .backlog = HIGH};

	(void)state;
	look(&late, 5 * SECOND, 4000);
	assert_in_range(room.managed, 3900, 4300);
	late.backlog = 0;
	assert_false(look(&late, 10 * SECOND, 3500));
	assert_false(look(&late, 10 * SECOND, 2500)); /* not calm, not crowded */
	assert_true(look(&late, 10 * SECOND, 1000));
	assert_true(look(&late, 10 * SECOND, 2500));
	/* By now it is thought to manage more. */
	assert_false(look(&late, 10 * SECOND, 4200));
	/* Another profile manages who knows what. */
	late.level = 2;
	assert_true(look(&late, 10 * SECOND, 4200));
}

static void in_vain_it_is_waited_for_longer(void **state)
{
	struct room_view crowded = {.level = 1, .age_ns = 2 * ROOM_AGE_NS};

	(void)state;
	look(&quiet, ROOM_CALM_NS + ROOM_TICK_NS, 0);
	assert_true(room.open);
	for (uint64_t calm_ns = 2 * ROOM_CALM_NS; calm_ns <= ROOM_CALM_NS_MAX; calm_ns *= 2) {
		assert_false(look(&crowded, ROOM_TICK_NS, 0));
		assert_false(look(&quiet, calm_ns, 0));
		assert_true(look(&quiet, ROOM_TICK_NS, 0));
	}
	assert_false(look(&crowded, ROOM_TICK_NS, 0));
	assert_false(look(&quiet, ROOM_CALM_NS_MAX, 0));
	assert_true(look(&quiet, ROOM_VAIN_NS + SECOND, 0));
	/* It was of use: as at first. */
	assert_false(look(&crowded, ROOM_TICK_NS, 0));
	assert_false(look(&quiet, ROOM_CALM_NS, 0));
	assert_true(look(&quiet, ROOM_TICK_NS, 0));
}

static void nobody_looked_for_a_while(void **state)
{
	(void)state;
	assert_true(look(&quiet, 5 * SECOND, 0));
	now_ns += 60 * SECOND;
	assert_false(look(&quiet, ROOM_CALM_NS, 0));
	assert_true(look(&quiet, ROOM_TICK_NS, 0));
}

static void small_buffers_have_some_in_flight(void **state)
{
	struct room_view v = {.backlog = ROOM_BACKLOG_MIN / 2};

	(void)state;
	room_init(&room, 1);
	assert_true(look(&v, 2 * SECOND, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_after_a_calm, begin),
		cmocka_unit_test_setup(closes_at_once, begin),
		cmocka_unit_test_setup(between_the_bounds_it_stays, begin),
		cmocka_unit_test_setup(what_comes_counts, begin),
		cmocka_unit_test_setup(in_vain_it_is_waited_for_longer, begin),
		cmocka_unit_test_setup(nobody_looked_for_a_while, begin),
		cmocka_unit_test_setup(small_buffers_have_some_in_flight, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
