/* test_ring.c - the queue between two threads, on one thread
 *
 * Goal: FIFO order, a limit that is exact whether or not it is a power of two, indexes that wrap,
 * and a wake-up exactly when the other side sleeps and its reason to sleep has ended.
 *
 * Method: each limit is filled to the brim; random calls are held against a counter model, with the
 * indexes started just below 2^32; wake-ups are counted. What two threads do is stress_ring's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "random.h"
#include "tap/ring.h"

struct fixture {
	struct ring ring;
	unsigned consumer_woken, producer_woken;
};

static void wake_consumer(void *ctx)
{
	((struct fixture *)ctx)->consumer_woken++;
}

static void wake_producer(void *ctx)
{
	((struct fixture *)ctx)->producer_woken++;
}

static void begin(struct fixture *f, uint32_t limit)
{
	f->consumer_woken = f->producer_woken = 0;
	assert_int_equal(ring_init(&f->ring, limit, (struct wake){wake_consumer, f},
				   (struct wake){wake_producer, f}),
			 0);
}

/* As if @index items had gone through already. */
static void start_at(struct ring *r, uint32_t index)
{
	atomic_store(&r->head, index);
	atomic_store(&r->tail, index);
	r->staged = r->head_seen = r->tail_seen = index;
}

static void *item(uint64_t n)
{
	return (void *)(uintptr_t)(n + 1);
}

static const uint32_t limits[] = {1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 1024};
#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static void holds_its_limit_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMITS; i++) {
		struct fixture f;

		begin(&f, limits[i]);
		for (uint32_t n = 0; n < limits[i]; n++) {
			assert_true(ring_has_room(&f.ring));
			assert_true(ring_push(&f.ring, item(n)));
			assert_int_equal(ring_count(&f.ring), n + 1);
		}
		assert_false(ring_has_room(&f.ring));
		assert_false(ring_push(&f.ring, item(999999)));
		assert_false(ring_push(&f.ring, item(999999)));
		for (uint32_t n = 0; n < limits[i]; n++)
			assert_ptr_equal(ring_pop(&f.ring), item(n));
		assert_null(ring_pop(&f.ring));
		assert_int_equal(ring_count(&f.ring), 0);
		ring_done(&f.ring);
	}
}

/* One place freed is one place more, also at the brim. */
static void room_comes_back_one_by_one(void **state)
{
	struct fixture f;
	uint64_t in = 0, out = 0;

	(void)state;
	begin(&f, 5);
	while (ring_push(&f.ring, item(in)))
		in++;
	for (int i = 0; i < 100; i++) {
		assert_ptr_equal(ring_pop(&f.ring), item(out++));
		assert_true(ring_has_room(&f.ring));
		assert_true(ring_push(&f.ring, item(in++)));
		assert_false(ring_push(&f.ring, item(in)));
	}
	ring_done(&f.ring);
}

static void walk(uint32_t limit, uint32_t start, uint64_t seed)
{
	struct sim_random r = {seed};
	struct fixture f;
	uint64_t in = 0, out = 0;

	begin(&f, limit);
	start_at(&f.ring, start);
	for (int i = 0; i < 20000; i++) {
		if (random_chance(&r, 500)) {
			assert_int_equal(ring_has_room(&f.ring), in - out < limit);
			assert_int_equal(ring_push(&f.ring, item(in)), in - out < limit);
			in += in - out < limit;
		} else {
			assert_ptr_equal(ring_pop(&f.ring), in == out ? NULL : item(out));
			out += in != out;
		}
		assert_int_equal(ring_count(&f.ring), in - out);
	}
	assert_true(in > 5000);
	ring_done(&f.ring);
}

static void indexes_wrap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMITS; i++) {
		walk(limits[i], 0, i);
		walk(limits[i], UINT32_MAX, i);
		walk(limits[i], UINT32_MAX - 3, i);
		walk(limits[i], UINT32_MAX - limits[i], i);
	}
}

static void consumer_is_woken_once_for_an_item(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 4);
	assert_true(ring_push(&f.ring, item(0)));
	assert_int_equal(f.consumer_woken, 0); /* awake: no call */
	assert_false(ring_consumer_sleeps(&f.ring));
	assert_true(ring_push(&f.ring, item(1)));
	assert_int_equal(f.consumer_woken, 0); /* said no, so it is up */
	while (ring_pop(&f.ring)) {
	}
	assert_true(ring_consumer_sleeps(&f.ring));
	assert_int_equal(f.consumer_woken, 0);
	assert_true(ring_push(&f.ring, item(2)));
	assert_int_equal(f.consumer_woken, 1);
	assert_true(ring_push(&f.ring, item(3)));
	assert_int_equal(f.consumer_woken, 1);
	while (ring_pop(&f.ring)) {
	}
	assert_true(ring_consumer_sleeps(&f.ring));
	ring_consumer_wakes(&f.ring); /* by a timer, say */
	assert_true(ring_push(&f.ring, item(4)));
	assert_int_equal(f.consumer_woken, 1);
	assert_int_equal(f.producer_woken, 0);
	ring_done(&f.ring);
}

static void consumer_is_woken_by_the_end(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 4);
	assert_true(ring_consumer_sleeps(&f.ring));
	ring_end(&f.ring);
	assert_int_equal(f.consumer_woken, 1);
	assert_false(ring_consumer_sleeps(&f.ring));
	assert_true(ring_ended(&f.ring));
	ring_done(&f.ring);
}

static void end_comes_after_the_items(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 3);
	assert_false(ring_ended(&f.ring));
	assert_true(ring_push(&f.ring, item(0)));
	assert_true(ring_push(&f.ring, item(1)));
	ring_end(&f.ring);
	assert_false(ring_ended(&f.ring));
	assert_false(ring_consumer_sleeps(&f.ring));
	assert_ptr_equal(ring_pop(&f.ring), item(0));
	assert_false(ring_ended(&f.ring));
	assert_ptr_equal(ring_pop(&f.ring), item(1));
	assert_true(ring_ended(&f.ring));
	assert_null(ring_pop(&f.ring));
	ring_done(&f.ring);
}

static void producer_is_woken_once_half_is_free(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMITS; i++) {
		struct fixture f;
		uint32_t limit = limits[i], late;

		begin(&f, limit);
		while (ring_push(&f.ring, item(0))) {
		}
		assert_true(ring_producer_sleeps(&f.ring));
		late = limit < 2 * RING_WAKE_POPS ? 0 : RING_WAKE_POPS - 1;
		while (ring_count(&f.ring)) {
			ring_pop(&f.ring);
			if (ring_count(&f.ring) > limit / 2)
				assert_int_equal(f.producer_woken, 0);
			else if (ring_count(&f.ring) + late <= limit / 2)
				assert_int_equal(f.producer_woken, 1);
		}
		assert_false(ring_producer_sleeps(&f.ring));
		assert_true(ring_push(&f.ring, item(0)));
		ring_pop(&f.ring);
		assert_int_equal(f.producer_woken, 1); /* it is up: no second call */
		assert_int_equal(f.consumer_woken, 0);
		ring_done(&f.ring);
	}
}

/* The last pops before the consumer sleeps may be between two looks. */
static void consumer_does_not_sleep_on_a_sleeping_producer(void **state)
{
	for (uint32_t start = 0; start < RING_WAKE_POPS; start++) {
		struct fixture f;

		(void)state;
		begin(&f, 2 * RING_WAKE_POPS);
		start_at(&f.ring, start);
		while (ring_push(&f.ring, item(0))) {
		}
		assert_true(ring_producer_sleeps(&f.ring));
		while (ring_pop(&f.ring)) {
		}
		assert_true(ring_consumer_sleeps(&f.ring));
		assert_int_equal(f.producer_woken, 1);
		ring_done(&f.ring);
	}
}

static void what_is_staged_is_seen_after_a_flush(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 4);
	assert_true(ring_consumer_sleeps(&f.ring));
	assert_true(ring_stage(&f.ring, item(0)));
	assert_true(ring_stage(&f.ring, item(1)));
	assert_int_equal(f.consumer_woken, 0);
	assert_false(ring_has_items(&f.ring));
	assert_null(ring_pop(&f.ring));
	ring_flush(&f.ring);
	ring_flush(&f.ring);
	assert_int_equal(f.consumer_woken, 1);
	assert_true(ring_has_items(&f.ring));
	assert_ptr_equal(ring_peek(&f.ring, 1), item(1));
	assert_null(ring_peek(&f.ring, 2));
	assert_ptr_equal(ring_pop(&f.ring), item(0));
	assert_ptr_equal(ring_pop(&f.ring), item(1));
	assert_false(ring_has_items(&f.ring));
	ring_done(&f.ring);
}

/* Else a producer that waits for room and a consumer that sees nothing would wait for ever. */
static void want_of_room_end_and_sleep_flush(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 2);
	assert_true(ring_consumer_sleeps(&f.ring));
	assert_true(ring_stage(&f.ring, item(0)));
	assert_true(ring_stage(&f.ring, item(1)));
	assert_int_equal(f.consumer_woken, 0);
	assert_false(ring_has_room(&f.ring));
	assert_int_equal(f.consumer_woken, 1);
	assert_int_equal(ring_count(&f.ring), 2);
	assert_ptr_equal(ring_pop(&f.ring), item(0));
	assert_ptr_equal(ring_pop(&f.ring), item(1));
	assert_true(ring_stage(&f.ring, item(2)));
	assert_true(ring_stage(&f.ring, item(3)));
	assert_true(ring_producer_sleeps(&f.ring));
	assert_ptr_equal(ring_pop(&f.ring), item(2));
	assert_ptr_equal(ring_pop(&f.ring), item(3));
	assert_true(ring_stage(&f.ring, item(4)));
	ring_end(&f.ring);
	assert_false(ring_ended(&f.ring));
	assert_ptr_equal(ring_pop(&f.ring), item(4));
	assert_true(ring_ended(&f.ring));
	ring_done(&f.ring);
}

static void awake_producer_is_left_alone(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 4);
	while (ring_push(&f.ring, item(0))) {
	}
	while (ring_pop(&f.ring)) {
	}
	assert_int_equal(f.producer_woken, 0);
	ring_done(&f.ring);
}

static void wakes_are_optional(void **state)
{
	static const struct wake none;
	struct ring r;

	(void)state;
	assert_int_equal(ring_init(&r, 2, none, none), 0);
	assert_true(ring_consumer_sleeps(&r));
	assert_true(ring_push(&r, item(0)));
	assert_true(ring_push(&r, item(1)));
	assert_true(ring_producer_sleeps(&r));
	assert_ptr_equal(ring_pop(&r), item(0));
	ring_end(&r);
	ring_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_its_limit_and_no_more),
		cmocka_unit_test(room_comes_back_one_by_one),
		cmocka_unit_test(indexes_wrap),
		cmocka_unit_test(consumer_is_woken_once_for_an_item),
		cmocka_unit_test(consumer_is_woken_by_the_end),
		cmocka_unit_test(end_comes_after_the_items),
		cmocka_unit_test(producer_is_woken_once_half_is_free),
		cmocka_unit_test(awake_producer_is_left_alone),
		cmocka_unit_test(consumer_does_not_sleep_on_a_sleeping_producer),
		cmocka_unit_test(what_is_staged_is_seen_after_a_flush),
		cmocka_unit_test(want_of_room_end_and_sleep_flush),
		cmocka_unit_test(wakes_are_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
