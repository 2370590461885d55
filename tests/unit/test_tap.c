/* test_tap.c - scope, capture filter, queue, and reports of drops
 *
 * Goal: each frame published is counted once: out of scope, refused by the filter, dropped, or
 * queued by reference; each run of drops is told with its exact first, last, count and times, and
 * where reports are backed up the runs are joined and the count stays exact; the end comes last.
 *
 * Method: frames with chosen serials go into small queues, reports are compared number by number.
 * The limit of reports is reached with drops that never follow one another.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tap/tap.h"

static uint64_t ts_of(uint64_t serial)
{
	return UINT64_C(1000000000000) + serial * 10;
}

static void publish_at(struct tap *t, uint64_t serial, unsigned ingress, int egress)
{
	struct subscriber s = tap_subscriber(t);
	struct frame *f = frame_new(60);

	memset(f->data, 0, 60);
	f->serial = serial;
	f->ts_ns = ts_of(serial);
	f->ingress = (uint16_t)ingress;
	port_set_add(&f->ports, ingress);
	if (egress >= 0)
		port_set_add(&f->ports, (unsigned)egress);
	s.publish(s.ctx, f);
	frame_unref(f);
}

static void publish(struct tap *t, uint64_t serial)
{
	publish_at(t, serial, 0, -1);
}

static uint64_t take(struct tap *t)
{
	struct frame *f = tap_take(t);
	uint64_t serial = f ? f->serial : 0;

	frame_unref(f);
	return serial;
}

static void begin(struct tap *t, uint32_t limit)
{
	assert_int_equal(tap_init(t, &(struct tap_config){.queue_limit = limit, .all = true}), 0);
}

static void expect_report(struct tap *t, uint64_t first, uint64_t last, uint64_t count)
{
	struct tap_report *r = tap_take_report(t);

	assert_non_null(r);
	assert_string_equal(r->event, "drop");
	assert_string_equal(r->cause, "dropped_queue");
	assert_null(r->port);
	assert_int_equal(r->run.first, first);
	assert_int_equal(r->run.last, last);
	assert_int_equal(r->run.count, count);
	assert_int_equal(r->run.first_ts_ns, ts_of(first));
	assert_int_equal(r->run.last_ts_ns, ts_of(last));
	free(r);
}

/* A frame that came in by a wanted port or went out of one. */
static void scope_is_either_end(void **state)
{
	struct tap_config config = {.queue_limit = 100};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 3);
	port_set_add(&config.scope, 100);
	assert_int_equal(tap_init(&t, &config), 0);
	publish_at(&t, 1, 3, 5);
	publish_at(&t, 2, 5, 3);
	publish_at(&t, 3, 5, 6);
	publish_at(&t, 4, 100, -1);
	publish_at(&t, 5, 99, 36);
	assert_int_equal(t.forwarded, 5);
	assert_int_equal(t.out_of_scope, 2);
	tap_scope_add(&t, 6);
	publish_at(&t, 6, 5, 6);
	assert_int_equal(t.out_of_scope, 2);
	assert_int_equal(take(&t), 1);
	assert_int_equal(take(&t), 2);
	assert_int_equal(take(&t), 4);
	assert_int_equal(take(&t), 6);
	assert_null(tap_take(&t));
	tap_done(&t);
}

static void all_overrides_scope(void **state)
{
	struct tap_config config = {.queue_limit = 100, .all = true};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 3);
	assert_int_equal(tap_init(&t, &config), 0);
	publish_at(&t, 1, 9, 8);
	assert_int_equal(take(&t), 1);
	assert_int_equal(t.out_of_scope, 0);
	tap_done(&t);
}

static void filtered_frames_are_counted(void **state)
{
	struct err err;
	struct bpf *none = bpf_compile("tcp port 80", &err);
	struct bpf *every = bpf_compile("len = 60", &err);
	struct tap_config config = {.queue_limit = 1, .filter = none};
	struct tap t;

	(void)state;
	port_set_add(&config.scope, 0);
	assert_int_equal(tap_init(&t, &config), 0);
	for (uint64_t i = 1; i <= 5; i++)
		publish(&t, i);
	publish_at(&t, 6, 1, 2);
	assert_int_equal(t.forwarded, 6);
	assert_int_equal(t.prefiltered, 5);
	assert_int_equal(t.out_of_scope, 1); /* scope comes first: not counted twice */
	assert_int_equal(t.dropped_queue, 0);
	assert_null(tap_take(&t));
	tap_done(&t);
	config.filter = every;
	assert_int_equal(tap_init(&t, &config), 0);
	publish(&t, 1);
	assert_int_equal(t.prefiltered, 0);
	assert_int_equal(take(&t), 1);
	tap_done(&t);
	bpf_free(none);
	bpf_free(every);
}

static void frame_is_shared_not_copied(void **state)
{
	struct frame *f = frame_new(10), *got;
	struct tap t;

	(void)state;
	begin(&t, 1);
	tap_publish(&t, f);
	assert_int_equal(atomic_load(&f->refs), 2);
	tap_publish(&t, f); /* dropped: no reference is kept */
	assert_int_equal(atomic_load(&f->refs), 2);
	got = tap_take(&t);
	assert_ptr_equal(got, f);
	frame_unref(got);
	assert_int_equal(atomic_load(&f->refs), 1);
	frame_unref(f);
	tap_done(&t);
}

static void drops_are_told_in_runs(void **state)
{
	struct tap t;

	(void)state;
	begin(&t, 2);
	for (uint64_t i = 1; i <= 10; i++)
		publish(&t, i); /* 1, 2 queued; 3 to 10 dropped */
	assert_int_equal(t.dropped_queue, 8);
	assert_null(tap_take_report(&t)); /* it may still grow */
	assert_int_equal(take(&t), 1);
	publish(&t, 11); /* queued: the run is over */
	expect_report(&t, 3, 10, 8);
	publish(&t, 12);
	publish(&t, 20); /* another run: other frames lie between */
	expect_report(&t, 12, 12, 1);
	publish(&t, 21);
	tap_end(&t);
	assert_false(tap_ended(&t));
	expect_report(&t, 20, 21, 2);
	assert_null(tap_take_report(&t));
	assert_false(tap_ended(&t));
	assert_int_equal(take(&t), 2);
	assert_false(tap_ended(&t));
	assert_int_equal(take(&t), 11);
	assert_true(tap_ended(&t));
	assert_int_equal(t.forwarded, 14);
	assert_int_equal(t.dropped_queue, 11);
	tap_done(&t);
}

/* As tap_end() found the reports full, the last run comes out of the tap itself. */
static void backed_up_reports_are_joined(void **state)
{
	struct tap_report more = {"drop", "egress", NULL, {1, 1, 1, 0, 0}};
	uint64_t serial = 1, next = 3;
	struct tap t;

	(void)state;
	begin(&t, 1);
	publish(&t, 1);
	for (unsigned i = 0; i < TAP_REPORTS_MAX + 100; i++)
		publish(&t, serial += 2);
	assert_false(tap_report(&t, &more));
	assert_int_equal(t.dropped_queue, TAP_REPORTS_MAX + 100);
	/* Room for one: a queued frame ends the joined run, and it is told. */
	expect_report(&t, next, next, 1);
	next += 2;
	assert_int_equal(take(&t), 1);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	publish(&t, serial += 2);
	tap_end(&t);
	for (unsigned i = 0; i < TAP_REPORTS_MAX - 1; i++, next += 2)
		expect_report(&t, next, next, 1);
	expect_report(&t, next, next + 2 * 99, 100);
	assert_false(tap_ended(&t));
	expect_report(&t, serial - 4, serial, 3);
	assert_null(tap_take_report(&t));
	assert_int_equal(t.dropped_queue, TAP_REPORTS_MAX + 103);
	assert_int_equal(take(&t), serial - 6);
	assert_true(tap_ended(&t));
	tap_done(&t);
}

static void source_reports_by_the_same_road(void **state)
{
	struct tap_report report = {"drop", "ingress_spoofed", "vm-1", {7, 9, 3, 70, 90}};
	struct tap_report empty = {"drop", "ingress_spoofed", "vm-1", {0, 0, 0, 0, 0}};
	struct tap_report *got;
	struct tap t;

	(void)state;
	begin(&t, 1);
	assert_true(tap_report(&t, &empty));
	assert_null(tap_take_report(&t));
	assert_true(tap_report(&t, &report));
	report.run.count = 99; /* it was copied */
	got = tap_take_report(&t);
	assert_non_null(got);
	assert_string_equal(got->cause, "ingress_spoofed");
	assert_string_equal(got->port, "vm-1");
	assert_int_equal(got->run.first, 7);
	assert_int_equal(got->run.last, 9);
	assert_int_equal(got->run.count, 3);
	free(got);
	for (unsigned i = 0; i < TAP_REPORTS_MAX; i++)
		assert_true(tap_report(&t, &report));
	assert_false(tap_report(&t, &report));
	assert_true(tap_report(&t, &empty));
	tap_done(&t); /* frees what nobody took */
}

static void default_limit_is_50000(void **state)
{
	struct frame *f = frame_new(0);
	struct tap t;

	(void)state;
	begin(&t, 0);
	for (int i = 0; i < 50001; i++)
		tap_publish(&t, f);
	assert_int_equal(t.dropped_queue, 1);
	assert_int_equal(ring_count(&t.frames), 50000);
	tap_done(&t);
	assert_int_equal(atomic_load(&f->refs), 1);
	frame_unref(f);
}

static void count_wakes(void *ctx)
{
	++*(unsigned *)ctx;
}

static void both_sides_are_woken(void **state)
{
	unsigned consumer = 0, producer = 0;
	struct tap_config config = {
		.queue_limit = 4,
		.all = true,
		.wake_consumer = {count_wakes, &consumer},
		.wake_producer = {count_wakes, &producer},
	};
	struct tap t;

	(void)state;
	assert_int_equal(tap_init(&t, &config), 0);
	assert_true(ring_consumer_sleeps(&t.frames));
	for (uint64_t i = 1; i <= 4; i++)
		publish(&t, i);
	assert_int_equal(consumer, 1);
	assert_true(ring_producer_sleeps(&t.frames));
	while (take(&t)) {
	}
	assert_int_equal(producer, 1);
	assert_true(ring_consumer_sleeps(&t.frames));
	tap_end(&t);
	assert_int_equal(consumer, 2);
	assert_true(tap_ended(&t));
	tap_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scope_is_either_end),
		cmocka_unit_test(all_overrides_scope),
		cmocka_unit_test(filtered_frames_are_counted),
		cmocka_unit_test(frame_is_shared_not_copied),
		cmocka_unit_test(drops_are_told_in_runs),
		cmocka_unit_test(backed_up_reports_are_joined),
		cmocka_unit_test(source_reports_by_the_same_road),
		cmocka_unit_test(default_limit_is_50000),
		cmocka_unit_test(both_sides_are_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
