/* test_backfill.c - gaps through a second pipeline, beside the first and after it
 *
 * Goal: a piece at a time, oldest first, none while live decode is behind or has missed rows, the
 * next as soon as it is not; the tsharks go after the last gap; the rest at the end; what is in no
 * file any more is lost, and what cannot be read is told; a tshark that cannot be kept alive leaves
 * gaps as they were; the ledger balances after every step.
 *
 * Method: a first pipeline whose frames had no tshark and are called skipped afterwards; the
 * simulator's port without faults, or with one; time in steps of a millisecond. What a whole run
 * makes of it is tested by test_world and the scenarios.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "backfill.h"
#include "port_sim.h"

#define MS     UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static struct fixture {
	struct port_sim port;
	struct pipeline p;
	struct backfill b;
	struct pipeline_wait wait;
	struct spool spool; /* its places */
	uint64_t now_ns, serial;
	uint64_t rows, last_row; /* updates; id of the last */
	bool mixed;		 /* they were not in the order of ids */
	struct buf audit;
	struct backfill_read *read;
	int read_error;
} f;

static bool offer(void *ctx, struct decoded *d)
{
	(void)ctx;
	if (d->update) {
		f.mixed |= d->id <= f.last_row;
		f.last_row = d->id;
		f.rows++;
	}
	decoded_free(d);
	return true;
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	(void)ctx;
	buf_put(&f.audit, members, n);
	buf_putc(&f.audit, '\n');
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	(void)port;
	return "vm-1";
}

static void ask(void *ctx, struct backfill_read *r)
{
	(void)ctx;
	f.read = r;
	r->error = f.read_error;
}

static bool done(void *ctx)
{
	(void)ctx;
	return true;
}

static void publish(unsigned n)
{
	static const unsigned char bytes[64] = {2};

	for (unsigned i = 0; i < n; i++)
		tap_publish(&f.p.tap, &(struct frame){.data = bytes,
						      .caplen = sizeof(bytes),
						      .len = sizeof(bytes),
						      .serial = ++f.serial,
						      .ts_ns = f.now_ns,
						      .published_ns = f.now_ns});
}

/* A millisecond a step. */
static void play(uint64_t ns)
{
	for (uint64_t end_ns = f.now_ns + ns; f.now_ns < end_ns; f.now_ns += MS) {
		struct ledger l;
		char why[256];

		f.port.now_ns = f.now_ns;
		for (unsigned i = 0; i < 100 && port_sim_step(&f.port); i++)
			;
		if (!f.b.last)
			pipeline_step(&f.p, f.now_ns, &f.wait);
		f.wait.fds = 0;
		backfill_step(&f.b, f.now_ns, &f.wait);
		l = pipeline_ledger(&f.p);
		if (!ledger_balanced(&l, why, sizeof(why)))
			fail_msg("%s", why);
	}
}

/* @n frames that were skipped, and a tshark since. */
static void begin(enum backfill_mode mode, unsigned n)
{
	struct pipeline_config config = {
		.tap = {.all = true},
		.profile = PROFILE_LEAN,
		.gaps = true,
		.flush = true,
		.stall_ns = 0,
		.hang_ns = CHILD_HANG_NS_MAX,
		.port_name = port_name,
		.sink = {.offer = offer},
		.audit = {.line = audit_line},
	};

	memset(&f, 0, sizeof(f));
	f.now_ns = SECOND;
	port_sim_init(&f.port, 1, &config.port);
	memset(&f.port.faults, 0, sizeof(f.port.faults));
	assert_int_equal(pipeline_init(&f.p, &config), 0);
	assert_int_equal(
		backfill_init(&f.b, mode, &f.p, (struct backfill_reader){.ask = ask, .done = done}),
		0);
	publish(n);
	play(10 * MS);
	assert_int_equal(f.p.store.cause[UNDECODED_NO_TSHARK], n);
	for (unsigned id = 1; id <= n; id++) {
		store_recaused(&f.p.store, UNDECODED_NO_TSHARK, UNDECODED_SKIPPED_STALL);
		gaps_add(&f.p.gaps, id, UNDECODED_SKIPPED_STALL);
	}
	f.p.config.tshark = "/sim/tshark";
}

static void finish(void)
{
	backfill_done(&f.b);
	pipeline_done(&f.p);
	port_sim_done(&f.port);
	buf_done(&f.audit);
}

static bool told(const char *text)
{
	buf_putc(&f.audit, '\0');
	f.audit.n--;
	return strstr(f.audit.p, text) != NULL;
}

static void by_pieces_oldest_first(void **state)
{
	const unsigned n = 2 * BACKFILL_PIECE_FRAMES + 1;

	(void)state;
	begin(BACKFILL_IDLE, n);
	play(ROOM_CALM_NS - 100 * MS);
	assert_int_equal(f.b.phase, BACKFILL_RESTS);
	assert_int_equal(f.rows, 0);
	play(5 * SECOND);
	assert_int_equal(f.rows, n);
	assert_false(f.mixed);
	assert_int_equal(f.b.gauges.pieces, 3);
	assert_int_equal(f.b.gauges.idle, n);
	assert_int_equal(f.b.gauges.asked, n);
	assert_int_equal(f.p.store.backfilled, n);
	assert_int_equal(f.p.gaps.frames, 0);
	assert_int_equal(f.b.phase, BACKFILL_FILLS);
	/* Nothing more to do: its tshark goes, and nobody is woken for anything. */
	play(BACKFILL_LINGER_NS + 5 * SECOND);
	assert_int_equal(f.b.phase, BACKFILL_RESTS);
	assert_int_equal(f.wait.fds, 0);
	f.wait.due_ns = UINT64_MAX;
	backfill_step(&f.b, f.now_ns, &f.wait);
	assert_true(f.wait.due_ns == UINT64_MAX);
	assert_true(told("\"event\":\"backfill_ended\",\"when\":\"idle\""));
	finish();
}

static void gives_way(void **state)
{
	uint64_t pieces;

	(void)state;
	begin(BACKFILL_IDLE, 5000);
	while (f.b.gauges.pieces < 2)
		play(MS);
	assert_true(f.b.gauges.fills);
	/* Rows are missed: what is under way comes back, and no more is begun. */
	f.p.missed++;
	f.p.missed_run = (struct run){0};
	play(900 * MS);
	assert_int_equal(f.b.gauges.pieces, 2);
	assert_int_equal(f.rows, 2 * BACKFILL_PIECE_FRAMES);
	assert_false(f.b.gauges.fills);
	assert_int_equal(f.b.gauges.pauses, 1);
	play(10 * SECOND);
	pieces = f.b.gauges.pieces;
	assert_true(pieces > 2);
	/* Rows come in order, over all pauses. */
	assert_false(f.mixed);
	finish();
}

static void more_waits_than_it_may(void **state)
{
	uint64_t pieces;

	(void)state;
	begin(BACKFILL_IDLE, 5000);
	while (f.b.gauges.pieces < 2)
		play(MS);
	pieces = f.b.gauges.pieces;
	/* A backlog that nobody takes: only backfill is stepped. */
	publish(STORE_FRAMES / 20 + ROOM_BACKLOG_MIN + 1);
	for (unsigned i = 0; i < 2000; i++, f.now_ns += MS) {
		f.port.now_ns = f.now_ns;
		for (unsigned k = 0; k < 100 && port_sim_step(&f.port); k++)
			;
		backfill_step(&f.b, f.now_ns, &f.wait);
		f.wait.fds = 0;
	}
	assert_int_equal(f.b.gauges.pieces, pieces);
	assert_int_equal(f.rows, pieces * BACKFILL_PIECE_FRAMES);
	finish();
}

static void at_the_end_all(void **state)
{
	(void)state;
	begin(BACKFILL_STOP, 5000);
	play(10 * SECOND);
	assert_int_equal(f.rows, 0);
	assert_false(f.b.has_room);
	backfill_last(&f.b);
	assert_false(backfill_over(&f.b));
	play(20 * SECOND);
	assert_true(backfill_over(&f.b));
	assert_int_equal(f.rows, 5000);
	assert_int_equal(f.b.gauges.idle, 0);
	assert_false(f.mixed);
	finish();
}

static void the_user_wants_an_end(void **state)
{
	(void)state;
	begin(BACKFILL_STOP, 20000);
	backfill_last(&f.b);
	while (f.rows < 100)
		play(MS);
	backfill_stop(&f.b, f.now_ns);
	play(PIPELINE_STOP_NS + 3 * SECOND);
	assert_true(backfill_over(&f.b));
	assert_in_range(f.rows, 100, 20000);
	assert_int_equal(f.b.gauges.decoded + f.b.gauges.left, f.rows);
	finish();
}

static void what_has_gone_is_lost(void **state)
{
	(void)state;
	begin(BACKFILL_IDLE, 100);
	for (unsigned i = 0; i < 30; i++)
		store_drop(&f.p.store, false);
	play(5 * SECOND);
	assert_int_equal(f.b.gauges.lost, 30);
	assert_int_equal(f.rows, 70);
	assert_int_equal(f.b.gauges.asked, 100);
	finish();
}

static void what_cannot_be_read_is_told(void **state)
{
	(void)state;
	begin(BACKFILL_IDLE, 100);
	assert_int_equal(places_init(&f.spool.places), 0);
	places_begin(&f.spool.places, "f", 11);
	places_add(&f.spool.places, 11, 31, 0);
	f.p.config.spool = &f.spool;
	f.read_error = -EIO;
	for (unsigned i = 0; i < 30; i++)
		store_drop(&f.p.store, false);
	play(5 * SECOND);
	/* Ten are in no file, twenty in one that cannot be read. */
	assert_int_equal(f.b.gauges.lost, 30);
	assert_int_equal(f.read->first, 11);
	assert_int_equal(f.read->last, 30);
	assert_true(told("\"event\":\"backfill_failed\",\"id\":11,\"frames\":20,"));
	assert_int_equal(f.rows, 70);
	f.p.config.spool = NULL;
	places_done(&f.spool.places);
	finish();
}

/* Its tsharks end as they start, each time: the gaps stay, and the end of the run tries again. */
static void tshark_that_cannot_be_kept_alive(void **state)
{
	(void)state;
	begin(BACKFILL_IDLE, 300);
	f.port.faults.start_exit = 1000;
	play(BACKFILL_RETRY_NS);
	assert_int_equal(f.rows, 0);
	assert_int_equal(f.p.gaps.frames, 300);
	assert_int_equal(f.b.phase, BACKFILL_RESTS);
	assert_true(f.b.retry_ns > f.now_ns);
	f.port.faults.start_exit = 0;
	backfill_last(&f.b);
	play(10 * SECOND);
	assert_true(backfill_over(&f.b));
	assert_int_equal(f.rows, 300);
	assert_int_equal(f.b.gauges.left, 0);
	finish();
}

static void phases_have_names(void **state)
{
	(void)state;
	assert_string_equal(backfill_phase_name(BACKFILL_RESTS), "rests");
	assert_string_equal(backfill_phase_name(BACKFILL_ENDS), "ends");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_pieces_oldest_first),
		cmocka_unit_test(gives_way),
		cmocka_unit_test(more_waits_than_it_may),
		cmocka_unit_test(at_the_end_all),
		cmocka_unit_test(the_user_wants_an_end),
		cmocka_unit_test(what_has_gone_is_lost),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(tshark_that_cannot_be_kept_alive),
		cmocka_unit_test(phases_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
