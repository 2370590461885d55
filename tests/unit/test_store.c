/* test_store.c - captured frames by id
 *
 * Goal: ids without gaps, the newest frames held, nothing pushed out before it was settled and
 * emitted, rows in the order of ids whatever the order of settling, counters of the ledger;
 * segments held as long as their frames, and each id's found.
 *
 * Method: random calls held against a model that keeps a state for each id; each frame's time stamp
 * is its id, so that a block says whose it is; segments count themselves when they are freed; the
 * address sanitizer sees what is freed twice or never; calls that the contract forbids must end the
 * process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocks.h"
#include "random.h"
#include "store/store.h"

#define BLOCK_MOST 64u /* bytes of the longest block here */

static uint64_t freed; /* segments, of those that count themselves */

static void count_unmap(struct segment *s)
{
	free(s->base);
	freed++;
}

/* Frames as a tap lays them out: `frames` to a segment. Zero it to start */
struct layer {
	struct segment *open;
	uint32_t frames; /* 0: all in one, as many as fit */
	uint64_t made;	 /* segments */
};

static void layer_done(struct layer *l)
{
	segment_unref(l->open);
	l->open = NULL;
}

/* Blocks are of different lengths. */
static uint32_t bytes_of(uint64_t id)
{
	return 28 + (uint32_t)(id % 8) * 4 + 4;
}

static uint64_t add(struct store *s, struct layer *l)
{
	uint64_t id = s->head;
	struct pcapng_packet p = {
		.data = "0123456789abcdef0123456789abcdef",
		.caplen = (uint32_t)(id % 8) * 4,
		.len = 1514,
		.ts_ns = id,
	};
	const unsigned char *block;

	if (!l->open || l->open->frames == l->open->frames_max) {
		uint32_t frames = l->frames ? l->frames : SEGMENT_FRAMES;

		segment_unref(l->open);
		l->open = blocks_begin(frames * BLOCK_MOST, frames, id);
		l->open->unmap = count_unmap;
		l->made++;
	}
	block = blocks_put(l->open, &p);
	assert_int_equal(block_bytes(block), bytes_of(id));
	assert_int_equal(store_add(s, l->open, block, block_bytes(block), 0), id);
	return id;
}

/* That a slot's block is of its frame and lies in its segment. */
static void expect_block(struct store *s, uint64_t id)
{
	const unsigned char *block = store_slot(s, id)->block;
	struct segment *segment = store_segment(s, id);

	assert_int_equal(packet_of(block).ts_ns, id);
	assert_true(segment_has(segment, block));
	assert_true(segment->first_id <= id && id < segment->first_id + segment->frames);
}

static char *text_of(const char *s)
{
	char *copy = malloc(strlen(s));

	memcpy(copy, s, strlen(s));
	return copy;
}

static uint64_t emit(struct store *s)
{
	uint64_t id = 0;
	struct slot *slot = store_emit(s, &id);

	if (slot)
		assert_int_equal(packet_of(slot->block).ts_ns, id);
	return slot ? id : 0;
}

static void ids_count_from_one(void **state)
{
	struct layer l = {0};
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 3), 0);
	assert_int_equal(store_oldest_unsettled(&s), 1); /* head: none */
	assert_false(store_emit_ready(&s));
	for (uint64_t id = 1; id <= 3; id++) {
		assert_false(store_full(&s));
		assert_int_equal(add(&s, &l), id);
		assert_int_equal(store_slot(&s, id)->state, SLOT_PENDING);
		expect_block(&s, id);
	}
	assert_int_equal(s.captured, 3);
	assert_int_equal(store_unsettled(&s), 3);
	assert_true(store_full(&s));
	store_done(&s);
	layer_done(&l);
}

static void settled_keeps_what_it_was_given(void **state)
{
	struct decoded_fields *fields = calloc(1, sizeof(*fields));
	char *raw = text_of("{}\n");
	struct layer l = {0};
	struct store s;
	uint64_t id;

	(void)state;
	assert_int_equal(store_init(&s, 4), 0);
	add(&s, &l);
	add(&s, &l);
	store_slot(&s, 1)->state = SLOT_FED;
	store_decoded(&s, 1, 0, fields, raw, 3);
	assert_int_equal(store_slot(&s, 1)->state, SLOT_DECODED);
	store_slot(&s, 2)->state = SLOT_FED;
	store_decoded(&s, 2, 0, NULL, NULL, 0);
	assert_ptr_equal(store_emit(&s, &id)->fields, fields);
	assert_int_equal(id, 1);
	assert_ptr_equal(store_slot(&s, 1)->raw, raw);
	assert_int_equal(store_slot(&s, 1)->raw_n, 3);
	assert_int_equal(emit(&s), 2);
	assert_int_equal(s.decoded, 2);
	assert_int_equal(store_unsettled(&s), 0);
	store_done(&s);
	layer_done(&l);
}

static void cause_says_basic_or_skipped(void **state)
{
	struct layer l = {0};
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, UNDECODED_CAUSES), 0);
	for (int cause = 0; cause < UNDECODED_CAUSES; cause++) {
		bool basic = cause == UNDECODED_NO_TSHARK || cause == UNDECODED_NOT_ASKED;
		uint64_t id = add(&s, &l);

		if (cause % 2)
			store_slot(&s, id)->state = SLOT_FED;
		store_undecoded(&s, id, (enum undecoded)cause);
		assert_int_equal(store_slot(&s, id)->state, basic ? SLOT_BASIC : SLOT_SKIPPED);
		assert_int_equal(store_slot(&s, id)->cause, cause);
		assert_int_equal(s.cause[cause], 1);
		assert_int_equal(s.undecoded, cause + 1);
	}
	assert_int_equal(s.decoded, 0);
	assert_int_equal(store_unsettled(&s), 0);
	store_done(&s);
	layer_done(&l);
}

/* Tried again after they had gone: from their cause to decoded, or to another cause. */
static void tried_again_moves_the_counts(void **state)
{
	struct layer l = {0};
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 5), 0);
	for (int i = 0; i < 3; i++)
		store_undecoded(&s, add(&s, &l), UNDECODED_SKIPPED_LOAD);
	store_backfilled(&s, UNDECODED_SKIPPED_LOAD);
	store_recaused(&s, UNDECODED_SKIPPED_LOAD, UNDECODED_QUARANTINED);
	assert_int_equal(s.cause[UNDECODED_SKIPPED_LOAD], 1);
	assert_int_equal(s.cause[UNDECODED_QUARANTINED], 1);
	assert_int_equal(s.undecoded, 2);
	assert_int_equal(s.decoded, 1);
	assert_int_equal(s.backfilled, 1);
	store_done(&s);
	layer_done(&l);
}

/* A frame that keeps others waiting has a row without; those behind it have theirs; and it comes
 * again, in its place among those that did so. */
static void passed_frames_come_again(void **state)
{
	struct layer l = {0};
	struct store s;
	uint64_t id;

	(void)state;
	assert_int_equal(store_init(&s, 10), 0);
	assert_null(store_pass(&s, &id));
	for (int i = 0; i < 5; i++)
		add(&s, &l);
	store_decoded(&s, 2, 0, NULL, NULL, 0);
	store_decoded(&s, 4, 0, NULL, NULL, 0);
	assert_int_equal(emit(&s), 0);
	for (uint64_t want = 1; want <= 4; want++) {
		struct slot *slot = store_pass(&s, &id);

		assert_int_equal(id, want);
		assert_int_equal(slot->passed, want % 2); /* 1 and 3 have still to come */
	}
	assert_int_equal(emit(&s), 0);
	assert_int_equal(s.emitted, 1); /* they are held until they have come */
	store_decoded(&s, 3, 0, NULL, NULL, 0);
	assert_int_equal(emit(&s), 0);
	store_decoded(&s, 1, 0, NULL, NULL, 0);
	assert_int_equal(emit(&s), 1);
	assert_int_equal(emit(&s), 3);
	assert_int_equal(emit(&s), 0);
	assert_int_equal(s.emitted, 5);
	store_decoded(&s, 5, 0, NULL, NULL, 0);
	assert_int_equal(emit(&s), 5);
	assert_null(store_pass(&s, &id));
	store_done(&s);
	layer_done(&l);
}

static void rows_come_in_order_of_ids(void **state)
{
	struct layer l = {0};
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 5), 0);
	for (uint64_t id = 1; id <= 4; id++)
		add(&s, &l);
	store_decoded(&s, 3, 0, NULL, NULL, 0);
	store_undecoded(&s, 2, UNDECODED_STOPPED);
	assert_false(store_emit_ready(&s));
	assert_int_equal(emit(&s), 0);
	assert_int_equal(store_oldest_unsettled(&s), 1);
	store_decoded(&s, 1, 0, NULL, NULL, 0);
	assert_int_equal(store_oldest_unsettled(&s), 4);
	assert_int_equal(emit(&s), 1);
	assert_int_equal(emit(&s), 2);
	assert_true(store_emit_ready(&s));
	assert_int_equal(emit(&s), 3);
	assert_int_equal(emit(&s), 0);
	store_done(&s);
	layer_done(&l);
}

/* A full store takes one more frame exactly when its oldest was settled and emitted. */
static void oldest_is_pushed_out(void **state)
{
	struct layer l = {.frames = 1};
	struct segment *first;
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 2), 0);
	add(&s, &l);
	first = segment_ref(l.open);
	add(&s, &l);
	assert_true(store_full(&s));
	store_decoded(&s, 1, 0, calloc(1, sizeof(struct decoded_fields)), text_of("x"), 1);
	assert_true(store_full(&s));
	assert_int_equal(emit(&s), 1);
	assert_false(store_full(&s));
	assert_int_equal(atomic_load(&first->refs), 2);
	assert_int_equal(add(&s, &l), 3);
	assert_int_equal(atomic_load(&first->refs), 1);
	assert_int_equal(s.discarded, 1);
	assert_int_equal(s.spilled, 0);
	assert_int_equal(s.tail, 2);
	assert_int_equal(s.bytes, bytes_of(2) + bytes_of(3));
	assert_int_equal(store_slot(&s, 3)->state, SLOT_PENDING); /* nothing of frame 1 is left */
	assert_null(store_slot(&s, 3)->fields);
	assert_null(store_slot(&s, 3)->raw);
	assert_true(store_full(&s));
	segment_unref(first);
	store_done(&s);
	layer_done(&l);
}

/* Settled and emitted, as a frame must be to go. */
static void pass(struct store *s, uint64_t id)
{
	store_undecoded(s, id, UNDECODED_NOT_ASKED);
	assert_int_equal(emit(s), id);
}

/* On disk or not, the oldest goes; a segment goes with its last frame, the newest stays. */
static void dropped_frames_are_counted_and_gone(void **state)
{
	struct layer l = {.frames = 3};
	uint64_t bytes = 0, spilled = 0;
	struct store s;

	(void)state;
	freed = 0;
	assert_int_equal(store_init(&s, 100), 0);
	for (uint64_t id = 1; id <= 12; id++) {
		add(&s, &l);
		pass(&s, id);
		bytes += bytes_of(id);
		assert_int_equal(s.bytes, bytes);
	}
	assert_int_equal(l.made, 4);
	layer_done(&l); /* the store's references are the last */
	for (uint64_t id = 1; id <= 12; id++) {
		bool on_disk = id % 5 < 2;

		assert_int_equal(store_held(&s), 13 - id);
		expect_block(&s, id);
		store_drop(&s, on_disk);
		bytes -= bytes_of(id);
		spilled += on_disk;
		assert_int_equal(s.tail, id + 1);
		assert_int_equal(s.bytes, bytes);
		assert_int_equal(s.spilled, spilled);
		assert_int_equal(s.discarded, id - spilled);
		assert_int_equal(freed, id == 12 ? 3 : id / 3);
	}
	assert_int_equal(s.bytes, 0);
	assert_int_equal(store_held(&s), 0);
	assert_int_equal(s.captured, s.spilled + s.discarded);
	/* Others come, as if nothing had been there. */
	for (uint64_t id = 13; id <= 15; id++) {
		assert_int_equal(add(&s, &l), id);
		expect_block(&s, id);
		pass(&s, id);
	}
	store_drop(&s, true);
	assert_int_equal(freed, 4);
	assert_int_equal(s.bytes, bytes_of(14) + bytes_of(15));
	assert_int_equal(store_held(&s), 2);
	store_done(&s);
	assert_int_equal(freed, 4); /* the tap's reference is left */
	layer_done(&l);
	assert_int_equal(freed, 5);
}

/* What a subscriber holds outlives the store. */
static void segments_are_held_by_who_refers_to_them(void **state)
{
	struct layer l = {.frames = 1};
	struct segment *kept;
	struct store s;

	(void)state;
	freed = 0;
	assert_int_equal(store_init(&s, 4), 0);
	add(&s, &l);
	add(&s, &l);
	kept = segment_ref(store_segment(&s, 1));
	pass(&s, 1);
	store_drop(&s, false);
	assert_int_equal(freed, 0);
	assert_int_equal(packet_of(kept->base).ts_ns, 1);
	segment_unref(kept);
	assert_int_equal(freed, 1);
	layer_done(&l);
	assert_int_equal(freed, 1);
	store_done(&s);
	assert_int_equal(freed, 2);
}

/* Over segments of 1, 2, ... frames, while the oldest go and the ring of segments comes round. */
static void every_frame_finds_its_segment(void **state)
{
	struct segment *of[1001] = {0};
	struct layer l = {0};
	struct store s;

	(void)state;
	freed = 0;
	assert_int_equal(store_init(&s, 64), 0);
	for (uint64_t id = 1; id <= 1000; id++) {
		if (!l.open || l.open->frames == l.open->frames_max)
			l.frames = (uint32_t)(id * 7 % 11) / (id > 300 ? 10 : 1) + 1;
		assert_int_equal(add(&s, &l), id);
		of[id] = l.open;
		pass(&s, id);
		for (uint64_t i = s.tail; i < s.head; i++) {
			assert_ptr_equal(store_segment(&s, i), of[i]);
			expect_block(&s, i);
		}
		assert_true(s.segment_head - s.segment_tail <= 65);
	}
	assert_true(s.segment_head - s.segment_tail > 40);
	assert_int_equal(freed, l.made - (s.segment_head - s.segment_tail));
	store_done(&s);
	layer_done(&l);
	assert_int_equal(freed, l.made);
}

struct model {
	uint8_t state[20000]; /* by id */
	uint64_t captured, settled, emitted, spilled;
};

static void settle_one(struct store *s, struct model *m, struct sim_random *r)
{
	uint64_t id = random_range(r, s->tail, s->head - 1);

	if (m->state[id] >= SLOT_DECODED)
		return;
	if (random_chance(r, 300)) {
		store_slot(s, id)->state = SLOT_FED;
		m->state[id] = SLOT_FED;
	} else if (random_chance(r, 500)) {
		store_decoded(s, id, 0, calloc(1, sizeof(struct decoded_fields)), text_of("raw"),
			      3);
		m->state[id] = SLOT_DECODED;
		m->settled++;
	} else {
		store_undecoded(s, id, UNDECODED_UNREADABLE);
		m->state[id] = SLOT_SKIPPED;
		m->settled++;
	}
}

static void walk(uint32_t limit)
{
	static struct model m;
	struct sim_random r = {limit};
	struct layer l = {.frames = limit % 4 + 1};
	struct store s;

	freed = 0;
	memset(&m, 0, sizeof(m));
	assert_int_equal(store_init(&s, limit), 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t oldest;

		switch (random_range(&r, 0, 3)) {
		case 0:
			if (store_full(&s))
				break;
			m.captured++;
			assert_int_equal(add(&s, &l), m.captured);
			break;
		case 1: {
			bool ready =
				m.emitted < m.captured && m.state[m.emitted + 1] >= SLOT_DECODED;

			m.emitted += ready;
			assert_int_equal(emit(&s), ready ? m.emitted : 0);
			break;
		}
		default:
			if (m.emitted >= s.tail && random_chance(&r, 20)) {
				store_drop(&s, true);
				m.spilled++;
			}
			if (s.head > s.tail)
				settle_one(&s, &m, &r);
		}
		oldest = m.emitted + 1;
		while (oldest <= m.captured && m.state[oldest] >= SLOT_DECODED)
			oldest++;
		assert_int_equal(store_oldest_unsettled(&s), oldest);
		assert_int_equal(store_unsettled(&s), m.captured - m.settled);
		assert_true(s.head - s.tail <= limit);
		assert_int_equal(s.captured, s.head - s.tail + s.discarded + s.spilled);
		assert_int_equal(s.spilled, m.spilled);
		assert_true(s.segment_head - s.segment_tail <= (uint64_t)limit + 1);
		assert_int_equal(s.decoded + s.undecoded, m.settled);
		assert_int_equal(store_full(&s), s.head - s.tail == limit && m.emitted < s.tail);
	}
	assert_true(m.captured > 1000 && m.spilled > 10);
	store_done(&s);
	layer_done(&l);
	assert_int_equal(freed, l.made);
}

static void random_calls_agree_with_the_model(void **state)
{
	(void)state;
	walk(1);
	walk(2);
	walk(3);
	walk(10);
	walk(64);
	walk(100);
}

static void add_to_full(struct store *s)
{
	add(s, &(struct layer){0});
}

static void settle_twice(struct store *s)
{
	store_undecoded(s, 1, UNDECODED_STOPPED);
	store_undecoded(s, 1, UNDECODED_STOPPED);
}

static void slot_after_head(struct store *s)
{
	store_slot(s, 3);
}

static void slot_before_tail(struct store *s)
{
	store_slot(s, 0);
}

static void segment_after_head(struct store *s)
{
	store_segment(s, 3);
}

static void segment_before_tail(struct store *s)
{
	store_segment(s, 0);
}

static void drop_not_settled(struct store *s)
{
	store_drop(s, true);
}

static void drop_not_emitted(struct store *s)
{
	store_undecoded(s, 1, UNDECODED_STOPPED);
	store_drop(s, false);
}

static void misuse_ends_the_process(void **state)
{
	void (*const misuses[])(struct store *) = {
		add_to_full,	    settle_twice,	 slot_after_head,  slot_before_tail,
		segment_after_head, segment_before_tail, drop_not_settled, drop_not_emitted};

	(void)state;
	for (unsigned i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct layer l = {0};
			struct store s;

			signal(SIGABRT, SIG_DFL);
			fclose(stderr);
			store_init(&s, 2);
			add(&s, &l);
			add(&s, &l);
			misuses[i](&s);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_count_from_one),
		cmocka_unit_test(settled_keeps_what_it_was_given),
		cmocka_unit_test(cause_says_basic_or_skipped),
		cmocka_unit_test(tried_again_moves_the_counts),
		cmocka_unit_test(passed_frames_come_again),
		cmocka_unit_test(rows_come_in_order_of_ids),
		cmocka_unit_test(oldest_is_pushed_out),
		cmocka_unit_test(dropped_frames_are_counted_and_gone),
		cmocka_unit_test(segments_are_held_by_who_refers_to_them),
		cmocka_unit_test(every_frame_finds_its_segment),
		cmocka_unit_test(random_calls_agree_with_the_model),
		cmocka_unit_test(misuse_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
