/* test_world.c - the simulator and its oracles
 *
 * Goal: seeds run to a good end; a seed's trace is its own, the same each time; and every oracle
 * speaks when what it guards is broken, for one that cannot fail proves nothing.
 *
 * Method: a few hundred seeds, each run twice. For the oracles the source is included, so that a
 * finished run can be falsified in one place and judged again.
 */
#include "world.c" /* NOLINT(bugprone-suspicious-include): its oracles are static */

#include "unit/blocks.h"

/* After it, as cmocka.h makes a macro of fail(). */
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#define SEEDS 300u

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void seeds_end_well_and_repeat(void **state)
{
	static struct world_result first, again;
	static uint64_t hashes[SEEDS];
	unsigned generations = 0, lossless = 0, changes = 0, passed = 0, filled = 0, idle = 0;
	uint64_t decoded = 0, undecoded = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		if (!world_run(seed, NULL, &first))
			fail_msg("seed %" PRIu64 ": %s", seed, first.why);
		world_run(seed, NULL, &again);
		if (first.hash != again.hash || first.events != again.events ||
		    first.steps != again.steps || first.virtual_ns != again.virtual_ns)
			fail_msg("seed %" PRIu64 ": two runs differ", seed);
		assert_memory_equal(&first.ledger, &again.ledger, sizeof(first.ledger));
		hashes[seed - 1] = first.hash;
		generations += first.generations > 1;
		lossless += first.lossless;
		changes += first.changes > 0;
		passed += first.passed > 0;
		filled += first.ledger.backfilled > 0;
		idle += first.idle > 0;
		decoded += first.ledger.decoded;
		undecoded += first.ledger.undecoded;
	}
	qsort(hashes, SEEDS, sizeof(hashes[0]), compare);
	for (unsigned i = 1; i < SEEDS; i++)
		assert_int_not_equal(hashes[i - 1], hashes[i]);
	/* A swarm that never fails, or never works, would prove nothing either. */
	assert_in_range(generations, SEEDS / 10, SEEDS);
	assert_in_range(passed, SEEDS / 100, SEEDS);
	assert_in_range(changes, SEEDS / 50, SEEDS);
	assert_in_range(filled, SEEDS / 20, SEEDS);
	assert_in_range(idle, SEEDS / 50, SEEDS);
	assert_in_range(lossless, SEEDS / 10, SEEDS - SEEDS / 10);
	assert_true(decoded > 1000 && undecoded > 1000);
}

/* ---- a run that is kept, to be falsified ---- */

static struct world *world;
static struct world_result result;

static void start(uint64_t seed)
{
	world = make_world(&result, WORLD_FRAMES_MAX);
	begin(world, seed);
}

static void finish(void)
{
	end(world);
}

static void expect_why(const char *part)
{
	if (!strstr(result.why, part))
		fail_msg("'%s' does not say '%s'", result.why, part);
}

/* A lossy one with decoded, undecoded and dropped frames, found once. */
static uint64_t rich_seed(void)
{
	static uint64_t found;
	struct world_result r;

	for (uint64_t seed = 1; !found && seed < 3000; seed++) {
		world_run(seed, NULL, &r);
		if (!r.lossless && r.ledger.decoded > 10 && r.ledger.dropped_queue > 1 &&
		    r.ledger.undecoded > 1)
			found = seed;
	}
	assert_int_not_equal(found, 0);
	return found;
}

/* The world that was started, at its end. */
static void judge(void (*falsify)(struct world *w), const char *part)
{
	run(world);
	assert_string_equal(result.why, "");
	falsify(world);
	check_end(world);
	expect_why(part);
	finish();
}

static void judge_end(void (*falsify)(struct world *w), const char *part)
{
	start(rich_seed());
	judge(falsify, part);
}

static void one_forwarded_less(struct world *w)
{
	atomic_fetch_sub(&w->pipeline.tap.forwarded, 1);
}

static void one_not_named(struct world *w)
{
	w->named_count--;
}

static void one_drop_not_told(struct world *w)
{
	w->dropped_count--;
}

static void one_row_too_few(struct world *w)
{
	w->pipeline.missed++;
}

static void one_still_queued(struct world *w)
{
	tap_publish(&w->pipeline.tap, &(struct frame){0});
}

static void lost_silently(struct world *w)
{
	uint64_t id = 1;

	while (!w->named[id])
		id++;
	w->named[id] = 0;
	w->undecoded[id] = 1;
}

static void lossless_dropped(struct world *w)
{
	w->config.lossless = true;
}

static void end_oracles_can_fail(void **state)
{
	(void)state;
	judge_end(one_forwarded_less, "forwarded of");
	judge_end(one_not_named, "named in the audit log");
	judge_end(one_drop_not_told, "drops told");
	judge_end(one_row_too_few, "rows missed");
	judge_end(one_still_queued, "1 queued, 0 in flight");
	judge_end(lost_silently, "was lost silently");
	judge_end(lossless_dropped, "a lossless run skipped or dropped");
}

static void nothing_wrong_nothing_said(void **state)
{
	(void)state;
	start(rich_seed());
	run(world);
	check_end(world);
	check_step(world);
	assert_string_equal(result.why, "");
	finish();
}

static void step_oracles_can_fail(void **state)
{
	(void)state;
	start(rich_seed());
	run(world);
	world->pipeline.store.decoded++;
	check_step(world);
	expect_why("ledger: captured = decoded + undecoded + in_flight");
	finish();
	start(rich_seed());
	run(world);
	world->config.buffer_frames =
		(uint32_t)(world->pipeline.store.head - world->pipeline.store.tail - 1);
	check_step(world);
	expect_why("store: over its bound");
	finish();
}

static void say(const char *members)
{
	audit_line(world, members, strlen(members));
}

static void audit_oracles_can_fail(void **state)
{
	(void)state;
	start(1);
	say("\"event\":\"undecoded\",\"first\":1,\"last\":3,\"count\":2");
	expect_why("run 1-3 has another count");
	finish();
	start(1);
	say("\"event\":\"undecoded\",\"first\":1,\"last\":3,\"count\":3");
	say("\"event\":\"undecoded\",\"first\":3,\"last\":4,\"count\":2");
	expect_why("frame 3 is named twice");
	finish();
	start(1);
	say("\"event\":undecoded");
	expect_why("no JSON");
	finish();
}

static struct decoded *decoded_of(uint64_t id, const char *raw)
{
	struct decoded *d = calloc(1, sizeof(*d));

	d->id = id;
	d->segment = blocks_one(&(struct pcapng_packet){.data = "abc", .caplen = 3, .len = 3}, id);
	d->packet = packet_of(d->segment->base);
	d->raw = malloc(strlen(raw) + 1);
	memcpy(d->raw, raw, strlen(raw) + 1);
	d->raw_n = strlen(raw);
	d->status = DECODED_TSHARK;
	return d;
}

static void sink_oracles_can_fail(void **state)
{
	char right[64];

	(void)state;
	snprintf(right, sizeof(right), "{\"info\":\"%016" PRIx64 "\"}\n",
		 tshark_sim_hash((const unsigned char *)"abc", 3));
	for (int round = 0; round < 3; round++) {
		start(1);
		memset(&world->port.faults, 0, sizeof(world->port.faults));
		world->config.verbatim = true;
		assert_true(offer(world, decoded_of(1, right)));
		assert_string_equal(result.why, "");
		if (round == 0) {
			assert_true(offer(world, decoded_of(1, right)));
			expect_why("frame 1 after frame 1");
		} else if (round == 1) {
			assert_true(offer(world, decoded_of(2, "{\"info\":\"other\"}\n")));
			expect_why("frame 2: its lines are another's");
		} else {
			world->config.verbatim = false; /* and it has no fields */
			assert_true(offer(world, decoded_of(2, right)));
			expect_why("frame 2: its decode is another's");
		}
		finish();
	}
}

/* One that backfills while the run goes on, and after it; stopped in the middle of the former. */
static void start_filling(void)
{
	static uint64_t found;
	struct world_result r;

	for (uint64_t seed = 1; !found && seed < 3000; seed++) {
		world_run(seed, NULL, &r);
		if (r.idle > 5 && r.ledger.backfilled > r.idle && r.pieces > 2)
			found = seed;
	}
	assert_int_not_equal(found, 0);
	start(found);
}

static void judge_backfill(void (*falsify)(struct world *w), const char *part)
{
	start_filling();
	judge(falsify, part);
}

static void one_filled_more(struct world *w)
{
	w->filled[1]++;
}

static void one_lost_more(struct world *w)
{
	w->unread = 0;
	w->backfill.gauges.lost += w->pipeline.store.captured + 1;
}

static void one_gap_left(struct world *w)
{
	w->backfill.gauges.lost = w->backfill.gauges.left = 0;
	w->renamed = w->backfill.gauges.quarantined;
	w->pipeline.store.cause[UNDECODED_SKIPPED_STALL]++;
	w->pipeline.store.undecoded++;
	w->pipeline.store.captured++;
	w->named_count++;
	w->sink_next++;
}

static void one_again_not_told(struct world *w)
{
	w->renamed++;
}

static void backfill_oracles_can_fail(void **state)
{
	struct decoded *d;

	(void)state;
	judge_backfill(one_filled_more, "backfilled, in");
	judge_backfill(one_lost_more, "have gone");
	judge_backfill(one_gap_left, "gaps are left");
	judge_backfill(one_again_not_told, "tried in vain");
	/* Steps: a piece at the wrong time, beside another, or before an older one. */
	start(1);
	world->backfill.gauges.pieces = 1;
	check_backfill(world, 0, 0, 0, true);
	expect_why("while live decode is behind");
	finish();
	start(1);
	world->backfill.gauges.pieces = 1;
	check_backfill(world, 0, 0, 7, false);
	expect_why("while 7 frames are under way");
	finish();
	start(1);
	gaps_add(&world->pipeline.gaps, 5, UNDECODED_SKIPPED_STALL);
	world->backfill.published = 1;
	world->backfill.piece = (struct gap){.first = 6, .last = 6};
	check_backfill(world, 0, 0, 0, false);
	expect_why("frame 6 before frame 5");
	finish();
	/* Rows: a frame twice. */
	start(1);
	world->filling = true;
	world->pipeline.store.shown = 10;
	d = &(struct decoded){.id = 3, .status = DECODED_TSHARK};
	check_update(world, d);
	check_update(world, d);
	expect_why("backfilled twice");
	finish();
}

/* A pipeline that waits for what never comes is found. */
static void hang_is_found(void **state)
{
	(void)state;
	start(1);
	world->source_ended = true; /* and nobody told the tap */
	for (unsigned i = 0; i < PORT_SIM_PROCESSES; i++)
		world->port.process[i].tshark.due_ns = UINT64_MAX;
	world->wait = (struct pipeline_wait){.due_ns = UINT64_MAX};
	run(world);
	expect_why("hang: nobody waits for a time");
	finish();
}

static void end_that_does_not_come_is_found(void **state)
{
	(void)state;
	start(rich_seed());
	world->quiet_ns = world->now_ns;
	world->now_ns += WORLD_DRAIN_NS + 1;
	run(world);
	expect_why("no end: ");
	finish();
}

static void first_oracle_counts(void **state)
{
	(void)state;
	start(1);
	(fail)(world, "first %d", 1);
	(fail)(world, "second");
	assert_string_equal(result.why, "first 1");
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_end_well_and_repeat),
		cmocka_unit_test(nothing_wrong_nothing_said),
		cmocka_unit_test(end_oracles_can_fail),
		cmocka_unit_test(step_oracles_can_fail),
		cmocka_unit_test(audit_oracles_can_fail),
		cmocka_unit_test(sink_oracles_can_fail),
		cmocka_unit_test(backfill_oracles_can_fail),
		cmocka_unit_test(hang_is_found),
		cmocka_unit_test(end_that_does_not_come_is_found),
		cmocka_unit_test(first_oracle_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
