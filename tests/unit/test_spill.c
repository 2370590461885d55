/* test_spill.c - which frames go to disk when, and which leave memory
 *
 * Goal: at a bound the oldest half goes, settled frames alone; with -w each goes once its segment
 * is whole, or after a second; frames leave memory once they are on disk, and not before; while the
 * disk fails they stay up to the bound, then go one by one, counted and named; a journal's frames
 * are on disk as they are; the end waits for what is under way, not for a disk that fails for good.
 *
 * Method: a store, a spool over the simulated disk and the stage between them, stepped by hand; the
 * time stamp of a frame is its id, so files are read to see what they hold. At the end the disk
 * fails from its Nth call on, for each N, and every frame must be in a file, in memory or named.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "blocks.h"
#include "disk_sim.h"
#include "store/spill.h"

#define FRAMES_A_SEGMENT 4u
#define FRAME_BYTES	 100u
#define BLOCK_BYTES	 (PCAPNG_PACKET_DATA + FRAME_BYTES + PCAPNG_TAIL_BYTES)
/* Calls to a disk that fails for good, and rounds after which nothing is left to do. */
#define FOR_GOOD UINT64_MAX
#define ROUNDS	 200u

struct bench {
	struct trace trace;
	struct disk_sim disk;
	struct spool spool;
	struct store store;
	struct spill spill;
	struct audit audit;
	struct buf told;
	struct segment *segment; /* that the next frame goes to */
	bool journal;
	uint64_t now_ns;
};

struct setup {
	uint32_t frames; /* --buffer-frames */
	bool eager, keep, cut_each, journal;
	struct spool_limits limits;
};

static void wake(void *ctx)
{
	(void)ctx;
}

static const char *port_name(void *ctx, unsigned port)
{
	(void)ctx;
	(void)port;
	return "vm-a";
}

static void port_counts(void *ctx, unsigned port, struct pcapng_counts *counts)
{
	(void)ctx;
	(void)port;
	(void)counts;
}

static void audit_line(void *ctx, const char *members, size_t n)
{
	struct bench *b = ctx;

	buf_put(&b->told, members, n);
	buf_putc(&b->told, '\n');
}

static struct bench *begin(const struct setup *setup)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct spool_config config = {
		.path = "/c/s",
		.naming = SPOOL_ROTATION,
		.limits = setup->limits,
		.session = "s",
		.port_name = port_name,
		.port_counts = port_counts,
		.journal = setup->journal,
		.journal_bytes = 4096,
		.wake_spool = {.fn = wake},
		.wake_pipeline = {.fn = wake},
		.wake_source = {.fn = wake},
	};

	assert_non_null(b);
	config.disk = disk_sim_init(&b->disk, 1, &b->trace);
	b->disk.full = b->disk.error = b->disk.gone = 0;
	b->journal = setup->journal;
	b->audit = (struct audit){.line = audit_line, .ctx = b};
	assert_int_equal(spool_init(&b->spool, &config), 0);
	assert_int_equal(store_init(&b->store, setup->frames), 0);
	assert_int_equal(spill_init(&b->spill, &b->store, &b->spool, &b->audit), 0);
	b->spill.eager = setup->eager;
	b->spill.keep = setup->keep;
	b->spill.cut_each = setup->cut_each;
	return b;
}

static void end(struct bench *b)
{
	segment_unref(b->segment);
	spill_done(&b->spill);
	store_done(&b->store);
	spool_done(&b->spool);
	disk_sim_done(&b->disk);
	audit_done(&b->audit);
	buf_done(&b->told);
	free(b);
}

/* ---- frames ---- */

/* The first declares the one interface that there is; each of a journal does. */
static struct segment *segment_begin(struct bench *b)
{
	struct tap_source source = spool_source(&b->spool);
	struct segment *s =
		b->journal ? source.take(source.ctx, 4096) : segment_new(4096, FRAMES_A_SEGMENT);
	bool declares = b->store.head == 1 || s->file;

	assert_non_null(s);
	s->first_id = b->store.head;
	s->interfaces = !declares;
	s->declares = declares;
	if (declares) {
		struct buf block = {0};

		pcapng_put_interface(&block, 1, FRAME_BYTES_MAX, "vm-a", NULL);
		memcpy(s->base + s->used, block.p, block.n);
		s->used += (uint32_t)block.n;
		buf_done(&block);
	}
	s->first_bytes = s->used;
	return s;
}

/* Capture @n frames, that nobody has settled. */
static void capture(struct bench *b, unsigned n)
{
	static const unsigned char zeros[FRAME_BYTES];

	for (unsigned i = 0; i < n; i++) {
		struct pcapng_packet p = {.data = zeros,
					  .caplen = FRAME_BYTES,
					  .len = FRAME_BYTES,
					  .ts_ns = b->store.head};

		if (!b->segment || b->segment->frames == FRAMES_A_SEGMENT) {
			segment_unref(b->segment);
			b->segment = segment_begin(b);
		}
		store_add(&b->store, b->segment, blocks_put(b->segment, &p), BLOCK_BYTES, 0);
	}
}

/* The oldest that are not settled are; and are emitted. */
static void settle(struct bench *b, unsigned n)
{
	for (uint64_t id; n--;) {
		store_decoded(&b->store, b->store.emitted, 0, NULL, NULL, 0);
		assert_non_null(store_emit(&b->store, &id));
	}
}

static void skip_one(struct bench *b)
{
	uint64_t id;

	store_undecoded(&b->store, b->store.emitted, UNDECODED_SKIPPED_STALL);
	assert_non_null(store_emit(&b->store, &id));
}

static void captured(struct bench *b, unsigned n)
{
	capture(b, n);
	settle(b, n);
}

/* ---- what is done ---- */

/* The spool does what it was handed. */
static void write_all(struct bench *b)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		spool_step(&b->spool, b->now_ns);
}

static bool pressed(struct bench *b)
{
	return spill_pressed(&b->spill, b->now_ns);
}

/* Handed over, written, taken back; what was handed over then, too. */
static void round_trip(struct bench *b)
{
	for (unsigned i = 0; i < 8; i++) {
		spill_step(&b->spill, b->now_ns);
		write_all(b);
	}
	spill_step(&b->spill, b->now_ns);
}

static bool ended(struct bench *b)
{
	bool done = false;

	for (unsigned i = 0; i < 8 && !done; i++) {
		done = spill_end(&b->spill, b->now_ns);
		write_all(b);
	}
	return done;
}

static void break_disk(struct bench *b, int error)
{
	b->disk.trouble = error;
	b->disk.calls = FOR_GOOD;
}

static void mend_disk(struct bench *b)
{
	b->disk.error = 0;
	b->disk.calls = 0;
}

/* ---- what is seen ---- */

struct found {
	unsigned times, commented;
};

/* A packet block of a frame's, and nothing but it, has no more than its data. */
static void look_at(const unsigned char *block, struct found *found, uint64_t n)
{
	struct packet_view v = packet_of(block);

	assert_in_range(v.ts_ns, 1, n - 1);
	assert_int_equal(v.caplen, FRAME_BYTES);
	found[v.ts_ns].times++;
	if (block_bytes(block) == BLOCK_BYTES)
		return;
	found[v.ts_ns].commented++;
	assert_non_null(memmem(block, block_bytes(block), "not decoded: skipped_stall", 26));
}

/* Frames below @n, in the files that there are: each with one interface, all in the order of ids
 * within it. A journal that is not sealed yet has zeros behind its last. */
static void look(struct bench *b, struct found *found, uint64_t n)
{
	memset(found, 0, n * sizeof(*found));
	for (unsigned i = 0; i < b->disk.count; i++) {
		const struct disk_sim_file *f = &b->disk.file[i];
		uint64_t bytes, at = 0, last = 0;
		const unsigned char *p = disk_sim_bytes(f, &bytes);
		unsigned interfaces = 0;

		if (!f->present)
			continue;
		for (; at < bytes && le32_load(p + at); at += block_bytes(p + at)) {
			assert_true(at + block_bytes(p + at) <= bytes);
			interfaces += le32_load(p + at) == PCAPNG_INTERFACE;
			if (le32_load(p + at) != PCAPNG_PACKET)
				continue;
			look_at(p + at, found, n);
			assert_true(!last || packet_of(p + at).ts_ns == last + 1);
			last = packet_of(p + at).ts_ns;
		}
		assert_true(!last || interfaces == 1);
	}
}

/* Frames [first, end) are in files, once, and no others. */
static void expect_on_disk(struct bench *b, uint64_t first, uint64_t end)
{
	struct found found[64];

	look(b, found, 64);
	for (uint64_t id = 1; id < 64; id++)
		assert_int_equal(found[id].times, id >= first && id < end);
}

static void expect_held(struct bench *b, uint64_t tail, uint64_t spilled, uint64_t discarded)
{
	assert_int_equal(b->store.tail, tail);
	assert_int_equal(b->store.spilled, spilled);
	assert_int_equal(b->store.discarded, discarded);
}

static unsigned told(struct bench *b, const char *part)
{
	unsigned times = 0;

	buf_putc(&b->told, '\0');
	for (const char *p = b->told.p; (p = strstr(p, part)); p++)
		times++;
	b->told.n--;
	return times;
}

/* ---- spilling ---- */

static void the_oldest_half_goes(void **state)
{
	/* Frames held, and how many of them are the half. */
	static const unsigned cases[][2] = {{16, 8}, {15, 8}, {13, 7}, {1, 1}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned n = cases[i][0], half = cases[i][1];
		struct bench *b = begin(&(struct setup){.frames = n});

		captured(b, n);
		round_trip(b);
		expect_on_disk(b, 0, 0); /* nobody pressed */
		assert_false(spill_discard(&b->spill));
		assert_true(pressed(b));
		assert_int_equal(b->spill.under_way, (half + 3) / FRAMES_A_SEGMENT);
		expect_held(b, 1, 0, 0); /* not on disk yet */
		assert_true(pressed(b)); /* nothing more than that half */
		write_all(b);
		assert_false(pressed(b));
		expect_on_disk(b, 1, 1 + half);
		expect_held(b, 1 + half, half, 0);
		assert_int_equal(b->spill.written, half);
		end(b);
	}
}

static void a_bound_in_bytes_is_one(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 50});

	(void)state;
	b->store.bytes_max = 8 * BLOCK_BYTES;
	captured(b, 8);
	assert_true(store_at_bound(&b->store));
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	assert_false(store_at_bound(&b->store));
	expect_on_disk(b, 1, 5);
	expect_held(b, 5, 4, 0);
	end(b);
}

static void each_half_may_be_a_file(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 12, .cut_each = true});

	(void)state;
	captured(b, 12);
	assert_true(pressed(b)); /* [1, 7): ends within a segment */
	write_all(b);
	round_trip(b);
	assert_int_equal(b->spill.files, 1);
	expect_on_disk(b, 1, 7);
	captured(b, 6);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	assert_int_equal(b->spill.files, 2);
	assert_int_equal(told(b, "\"event\":\"file_sealed\""), 2);
	assert_int_equal(told(b, "\"first\":7,\"last\":12,\"count\":6"), 1);
	expect_on_disk(b, 1, 13);
	end(b);
}

static void settled_frames_alone_are_written(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16});

	(void)state;
	capture(b, 16);
	assert_false(pressed(b));
	settle(b, 6);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	expect_on_disk(b, 1, 7);
	expect_held(b, 7, 6, 0);
	capture(b, 6);
	assert_false(pressed(b));
	settle(b, 16); /* what is left of the half follows by itself, no more than that */
	round_trip(b);
	expect_on_disk(b, 1, 9);
	expect_held(b, 9, 8, 0);
	assert_int_equal(store_held(&b->store), 14);
	end(b);
}

static void frames_without_decode_say_why(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16});
	struct found found[64];

	(void)state;
	capture(b, 16);
	settle(b, 1);
	skip_one(b);
	settle(b, 3);
	skip_one(b);
	settle(b, 10);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	expect_on_disk(b, 1, 9);
	look(b, found, 64);
	for (uint64_t id = 1; id < 64; id++)
		assert_int_equal(found[id].commented, id == 2 || id == 6);
	end(b);
}

static void nothing_is_done_without_a_spool(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 8});

	(void)state;
	spill_done(&b->spill);
	assert_int_equal(spill_init(&b->spill, &b->store, NULL, &b->audit), 0);
	captured(b, 8);
	spill_step(&b->spill, 0);
	spill_cut(&b->spill);
	assert_false(pressed(b));
	assert_true(spill_discard(&b->spill));
	expect_held(b, 2, 0, 1);
	assert_int_equal(spill_due(&b->spill), UINT64_MAX);
	assert_true(spill_end(&b->spill, 0));
	/* Nobody wanted them on disk: that is no loss to tell of. */
	assert_int_equal(b->told.n, 0);
	end(b);
}

/* ---- a disk that fails ---- */

/* At the bound, with a disk that has refused the oldest half. */
static struct bench *begin_failed(const struct setup *setup)
{
	struct bench *b = begin(setup);

	captured(b, setup->frames);
	break_disk(b, -EIO);
	assert_true(pressed(b));
	assert_false(spill_discard(&b->spill)); /* it may yet be written */
	write_all(b);
	assert_false(pressed(b));
	assert_true(b->spill.failed);
	expect_held(b, 1, 0, 0);
	return b;
}

static void what_does_not_fit_is_discarded_and_named(void **state)
{
	struct bench *b = begin_failed(&(struct setup){.frames = 16});

	(void)state;
	assert_int_equal(told(b, "\"event\":\"disk_failed\",\"what\":\"create\""), 1);
	for (unsigned i = 0; i < 3; i++)
		assert_true(spill_discard(&b->spill));
	expect_held(b, 4, 0, 3);
	assert_int_equal(b->spill.unwritten, 3);
	mend_disk(b);
	b->now_ns = spill_due(&b->spill);
	round_trip(b);
	assert_false(b->spill.failed);
	expect_on_disk(b, 4, 9);
	expect_held(b, 9, 5, 3);
	assert_int_equal(told(b, "\"event\":\"discarded\",\"cause\":\"disk_failed\""), 1);
	assert_int_equal(told(b, "\"first\":1,\"last\":3,\"count\":3"), 1);
	assert_int_equal(told(b, "\"event\":\"disk_recovered\",\"discarded\":3"), 1);
	end(b);
}

static void it_is_tried_again_ever_more_seldom(void **state)
{
	static const uint64_t pauses_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
	struct bench *b = begin_failed(&(struct setup){.frames = 16});

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		uint64_t due = spill_due(&b->spill);

		assert_int_equal(due, b->now_ns + pauses_ms[i] * 1000000);
		b->now_ns = due - 1;
		spill_step(&b->spill, b->now_ns);
		assert_int_equal(b->spill.under_way, 0);
		b->now_ns = due;
		spill_step(&b->spill, b->now_ns);
		assert_int_equal(b->spill.under_way, 2);
		assert_int_equal(spill_due(&b->spill), UINT64_MAX);
		assert_false(spill_discard(&b->spill));
		write_all(b);
		spill_step(&b->spill, b->now_ns);
	}
	assert_int_equal(told(b, "disk_failed"), 1);
	assert_int_equal(b->spill.troubles, 9);
	mend_disk(b);
	b->now_ns = spill_due(&b->spill);
	round_trip(b);
	expect_on_disk(b, 1, 9);
	assert_int_equal(told(b, "\"event\":\"disk_recovered\",\"discarded\":0"), 1);
	/* The next time begins with the shortest pause, and is told. */
	captured(b, 8);
	break_disk(b, -EIO);
	assert_true(pressed(b));
	write_all(b);
	assert_false(pressed(b));
	assert_int_equal(spill_due(&b->spill), b->now_ns + SPILL_RETRY_NS);
	assert_int_equal(told(b, "\"event\":\"disk_failed\""), 2);
	end(b);
}

/* Of two jobs the first has come back, and it is time to try again: not before the second is back,
 * else its frames would be sent twice. */
static void nothing_is_sent_twice(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16});

	(void)state;
	captured(b, 16);
	break_disk(b, -EIO);
	assert_true(pressed(b));
	spool_step(&b->spool, 0);
	spill_step(&b->spill, 0);
	assert_int_equal(b->spill.under_way, 1);
	assert_true(b->spill.failed);
	assert_int_equal(spill_due(&b->spill), UINT64_MAX);
	mend_disk(b);
	b->now_ns = SPILL_RETRY_NS;
	spill_step(&b->spill, b->now_ns);
	assert_int_equal(b->spill.under_way, 1);
	round_trip(b);
	expect_on_disk(b, 1, 9);
	end(b);
}

/* The disk takes the first file of a job and refuses the second. */
static void what_was_written_before_is_not_given_up(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .limits = {.frames = 3}});

	(void)state;
	captured(b, 16);
	b->disk.error = 1000;
	b->disk.trouble = 0;
	b->disk.calls = 3; /* create, write, seal */
	assert_true(pressed(b));
	write_all(b);
	assert_false(pressed(b));
	expect_held(b, 4, 3, 0);
	assert_true(spill_discard(&b->spill));
	mend_disk(b);
	b->now_ns = spill_due(&b->spill);
	round_trip(b);
	expect_held(b, 9, 7, 1);
	assert_int_equal(told(b, "\"first\":4,\"last\":4,\"count\":1"), 1);
	end(b);
}

/* What was on disk is there no more: discarded, now or when it leaves memory. */
static void a_file_that_goes_takes_its_frames_along(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .eager = true, .keep = true});

	(void)state;
	captured(b, 16);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	expect_held(b, 5, 4, 0); /* one segment, and the bound is kept */
	for (unsigned i = 0; i < b->disk.count; i++)
		b->disk.file[i].present = false;
	captured(b, 2);
	round_trip(b);
	b->now_ns = SPILL_FLUSH_NS;
	round_trip(b); /* the file is missed when it is written to */
	assert_int_equal(told(b, "\"event\":\"discarded\",\"cause\":\"file_removed\""), 1);
	/* The newest segment was not in it yet. */
	assert_int_equal(told(b, "\"first\":1,\"last\":12,\"count\":12"), 1);
	expect_held(b, 5, 0, 4);
	expect_on_disk(b, 13, 19);
	captured(b, 2);
	round_trip(b);
	expect_held(b, 9, 0, 8);
	end(b);
}

static void a_ring_deletes_what_was_spilled(void **state)
{
	struct bench *b = begin(&(struct setup){
		.frames = 8, .eager = true, .limits = {.frames = 4, .ring_files = 1}});

	(void)state;
	captured(b, 8);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	expect_on_disk(b, 1, 5);
	b->now_ns = SPILL_FLUSH_NS;
	round_trip(b);
	expect_on_disk(b, 5, 9);
	expect_held(b, 9, 4, 4);
	assert_int_equal(b->spill.deleted, 1);
	assert_int_equal(told(b, "\"event\":\"discarded\",\"cause\":\"ring\""), 1);
	end(b);
}

/* ---- writing ---- */

static void whole_segments_are_written_at_once(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 50, .eager = true, .keep = true});

	(void)state;
	b->now_ns = 5;
	capture(b, 11);
	settle(b, 3);
	round_trip(b);
	expect_on_disk(b, 0, 0);
	settle(b, 3);
	round_trip(b);
	expect_on_disk(b, 1, 5);
	assert_int_equal(spill_due(&b->spill), 5 + SPILL_FLUSH_NS);
	b->now_ns = 5 + SPILL_FLUSH_NS - 1;
	round_trip(b);
	expect_on_disk(b, 1, 5);
	b->now_ns++;
	round_trip(b);
	expect_on_disk(b, 1, 7);
	assert_int_equal(spill_due(&b->spill), UINT64_MAX);
	expect_held(b, 1, 0, 0); /* far from the bound */
	end(b);
}

/* With --direct nothing written stays in memory; else it stays up to the bound. */
static void what_is_written_is_kept_or_not(void **state)
{
	(void)state;
	for (unsigned keep = 0; keep < 2; keep++) {
		struct bench *b =
			begin(&(struct setup){.frames = 12, .eager = true, .keep = keep != 0});

		captured(b, 11);
		b->now_ns = SPILL_FLUSH_NS;
		round_trip(b);
		b->now_ns *= 2;
		round_trip(b);
		expect_on_disk(b, 1, 12);
		expect_held(b, keep ? 1 : 12, keep ? 0 : 11, 0);
		captured(b, 1);
		round_trip(b);
		/* At the bound: as much as one segment. */
		expect_held(b, keep ? 5 : 12, keep ? 4 : 11, 0);
		end(b);
	}
}

/* A store that holds less than a segment would wait for one for ever. */
static void less_than_a_segment_goes_where_nothing_else_does(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 3, .eager = true, .keep = true});

	(void)state;
	captured(b, 3);
	assert_true(pressed(b));
	write_all(b);
	round_trip(b);
	expect_on_disk(b, 1, 4);
	expect_held(b, 4, 3, 0);
	end(b);
}

static void a_cut_takes_what_is_settled(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 50, .eager = true, .keep = true});

	(void)state;
	captured(b, 6);
	spill_cut(&b->spill);
	round_trip(b);
	assert_int_equal(b->spill.files, 1);
	expect_on_disk(b, 1, 7);
	assert_int_equal(told(b, "\"first\":1,\"last\":6,\"count\":6"), 1);
	captured(b, 1);
	b->now_ns = SPILL_FLUSH_NS;
	round_trip(b);
	b->now_ns *= 2;
	round_trip(b);
	assert_int_equal(b->spill.files, 1); /* one cut, one file */
	expect_on_disk(b, 1, 8);
	end(b);
}

/* ---- the end ---- */

static void the_end_seals_and_waits_for_what_is_under_way(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16});

	(void)state;
	captured(b, 16);
	assert_true(pressed(b));
	assert_false(spill_end(&b->spill, 0));
	assert_false(ring_closed(&b->spool.jobs));
	write_all(b);
	assert_true(ended(b));
	assert_true(spill_end(&b->spill, 0));
	assert_int_equal(b->spill.files, 1);
	/* The rest stays in memory, as it fits. */
	expect_on_disk(b, 1, 9);
	expect_held(b, 9, 8, 0);
	end(b);
}

static void the_end_writes_all_that_was_to_be_written(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 50, .eager = true, .keep = true});

	(void)state;
	captured(b, 7);
	assert_true(ended(b));
	assert_int_equal(b->spill.files, 1);
	expect_on_disk(b, 1, 8);
	expect_held(b, 1, 0, 0);
	end(b);
}

static void the_end_gives_up_a_disk_that_fails(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .eager = true, .keep = true});
	uint64_t tries = 0;

	(void)state;
	b->now_ns = 7;
	captured(b, 10);
	break_disk(b, -ENOSPC);
	for (; !ended(b); tries++) {
		uint64_t due = spill_due(&b->spill);

		assert_int_equal(b->spill.unwritten, 0);
		assert_in_range(due, b->now_ns + 1, 7 + SPILL_END_NS);
		b->now_ns = due;
	}
	assert_int_equal(b->now_ns, 7 + SPILL_END_NS);
	assert_in_range(tries, 3, 10);
	assert_int_equal(b->spill.unwritten, 10);
	assert_int_equal(told(b, "\"first\":1,\"last\":10,\"count\":10"), 1);
	expect_held(b, 1, 0, 0); /* still in memory: nowhere else */
	end(b);
}

/* ---- a journal ---- */

static void a_journal_is_on_disk_as_it_is(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .eager = true, .journal = true});
	const unsigned char *block;
	struct segment *segment;

	(void)state;
	capture(b, 7);
	settle(b, 6);
	spill_step(&b->spill, 0);
	assert_int_equal(b->spill.written, 6);
	/* The first segment is whole: the spool seals it. The second goes on. */
	assert_int_equal(b->spill.under_way, 1);
	assert_int_equal(b->spill.writing, 0);
	expect_held(b, 7, 6, 0);
	round_trip(b);
	assert_int_equal(b->spill.files, 1);
	expect_on_disk(b, 1, 8); /* the one that is not settled, too */
	/* Its frames have left the store, not memory. */
	for (uint64_t id = 5; id < 7; id++) {
		assert_true(spill_find(&b->spill, id, &segment, &block));
		assert_int_equal(packet_of(block).ts_ns, id);
		segment_unref(segment);
	}
	assert_false(spill_find(&b->spill, 4, &segment, &block));
	assert_false(spill_find(&b->spill, 7, &segment, &block));
	settle(b, 1);
	assert_true(ended(b));
	assert_int_equal(b->spill.files, 2);
	expect_on_disk(b, 1, 8);
	end(b);
}

static void a_journal_gets_comments_when_sealed(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .eager = true, .journal = true});
	struct found found[64];

	(void)state;
	capture(b, 8);
	settle(b, 2);
	round_trip(b); /* the third frame is commented on, wherever passing its segment began */
	skip_one(b);
	settle(b, 3);
	skip_one(b);
	settle(b, 1);
	assert_true(ended(b));
	expect_on_disk(b, 1, 9);
	look(b, found, 64);
	for (uint64_t id = 1; id < 64; id++)
		assert_int_equal(found[id].commented, id == 3 || id == 7);
	end(b);
}

/* The disk makes no journal file for a while: those frames are written as others are, in their
 * turn. */
static void what_a_journal_misses_is_written(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 40, .eager = true, .journal = true});

	(void)state;
	captured(b, 4 * SPOOL_SPARES);
	captured(b, 6); /* of memory, as no file is at hand */
	assert_null(b->segment->file);
	round_trip(b); /* makes files */
	captured(b, 2);
	captured(b, 3);
	assert_non_null(b->segment->file);
	assert_true(ended(b));
	expect_on_disk(b, 1, 4 * SPOOL_SPARES + 12);
	/* Files in the order of ids. */
	assert_int_equal(told(b, "\"file\":\"/c/s-rot3.pcapng\",\"first\":9,\"last\":16"), 1);
	assert_int_equal(told(b, "\"file\":\"/c/s-rot4.pcapng\",\"first\":17,\"last\":19"), 1);
	end(b);
}

/* Frames of a journal behind others that are being written wait, as those may come back. */
static void a_journal_waits_for_what_is_written_before_it(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 40, .eager = true, .journal = true});

	(void)state;
	captured(b, 4 * SPOOL_SPARES + 4);
	assert_null(b->segment->file);
	write_all(b); /* makes files */
	captured(b, 4);
	assert_non_null(b->segment->file);
	b->now_ns = SPILL_FLUSH_NS;
	spill_step(&b->spill, 0);
	spill_step(&b->spill, b->now_ns);
	assert_int_equal(b->spill.writing, 1);
	break_disk(b, -EIO);
	spill_step(&b->spill, b->now_ns);
	assert_int_equal(b->spill.written, 4 * SPOOL_SPARES);
	write_all(b);
	spill_step(&b->spill, b->now_ns);
	assert_true(b->spill.failed);
	mend_disk(b);
	b->now_ns = spill_due(&b->spill);
	assert_true(ended(b));
	expect_on_disk(b, 1, 4 * SPOOL_SPARES + 9);
	end(b);
}

static int cannot_truncate(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	(void)fd;
	(void)bytes;
	return -EIO;
}

/* Nothing is written to it then: its frames stay under its first name, with zeros behind them. */
static void a_journal_that_cannot_be_cut_is_left_alone(void **state)
{
	struct bench *b = begin(&(struct setup){.frames = 16, .eager = true, .journal = true});
	struct disk_ops ops = *b->spool.config.disk.ops;

	(void)state;
	ops.truncate = cannot_truncate;
	b->spool.config.disk.ops = &ops;
	captured(b, 7);
	assert_true(ended(b));
	assert_int_equal(b->spill.files, 0);
	assert_int_equal(told(b, "\"seal\""), 2);
	expect_on_disk(b, 1, 8);
	end(b);
}

/* ---- whatever fails ---- */

/* As the pipeline makes room. */
static void capture_bounded(struct bench *b)
{
	for (unsigned i = 0; store_at_bound(&b->store); i++) {
		assert_true(i < ROUNDS);
		if (pressed(b))
			write_all(b);
		else if (store_at_bound(&b->store) && !spill_discard(&b->spill))
			write_all(b);
	}
	captured(b, 1);
}

/* Each frame is in a file, or named as discarded, or in memory alone; the store counts so. */
static void expect_no_frame_lost(struct bench *b, uint64_t n)
{
	struct found *found = calloc(n, sizeof(*found));
	uint64_t spilled = 0, written = 0, named = 0;
	const struct store *s = &b->store;

	assert_non_null(found);
	look(b, found, n);
	for (uint64_t id = 1; id < n; id++) {
		assert_in_range(found[id].times, 0, 1);
		written += found[id].times;
		spilled += found[id].times && id < s->tail;
	}
	buf_putc(&b->told, '\0');
	for (const char *p = b->told.p; (p = strstr(p, "\"cause\":\"disk_failed\"")); p++)
		named += strtoull(strstr(p, "\"count\":") + 8, NULL, 10);
	b->told.n--;
	free(found);
	assert_int_equal(spilled, s->spilled);
	assert_int_equal(s->spilled + s->discarded, s->tail - 1);
	assert_int_equal(named, b->spill.unwritten);
	assert_int_equal(written, b->spill.written);
	if (b->spill.eager)
		assert_int_equal(written + named, n - 1);
	else
		assert_int_equal(named, s->discarded);
}

/* Return: whether the disk failed at all. */
static bool no_frame_lost_from_call(const struct setup *setup, uint64_t call, bool mended)
{
	struct bench *b = begin(setup);
	bool failed;

	b->disk.error = 1000;
	b->disk.trouble = 0;
	b->disk.calls = call;
	for (unsigned i = 0; i < 60; i++) {
		capture_bounded(b);
		b->now_ns += SPILL_RETRY_NS / 4;
		spill_step(&b->spill, b->now_ns);
		write_all(b);
		assert_true(store_held(&b->store) <= setup->frames);
	}
	failed = b->spill.troubles > 0;
	if (mended)
		mend_disk(b);
	while (!ended(b)) {
		uint64_t due = spill_due(&b->spill);

		assert_true(due > b->now_ns && due < UINT64_MAX);
		b->now_ns = due;
	}
	failed |= b->spill.troubles > 0;
	expect_no_frame_lost(b, 61);
	end(b);
	return failed;
}

static void no_frame_is_lost_whatever_fails(void **state)
{
	static const struct setup setups[] = {
		{.frames = 16},
		{.frames = 9, .cut_each = true},
		{.frames = 16, .limits = {.frames = 3}},
		{.frames = 16, .eager = true},
		{.frames = 7, .eager = true, .keep = true},
		{.frames = 3, .eager = true, .keep = true},
		{.frames = 16, .eager = true, .journal = true},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
		uint64_t call = 0;

		while (no_frame_lost_from_call(&setups[i], call, call % 2))
			call++;
		assert_in_range(call, 10, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_half_goes),
		cmocka_unit_test(a_bound_in_bytes_is_one),
		cmocka_unit_test(each_half_may_be_a_file),
		cmocka_unit_test(settled_frames_alone_are_written),
		cmocka_unit_test(frames_without_decode_say_why),
		cmocka_unit_test(nothing_is_done_without_a_spool),
		cmocka_unit_test(what_does_not_fit_is_discarded_and_named),
		cmocka_unit_test(it_is_tried_again_ever_more_seldom),
		cmocka_unit_test(nothing_is_sent_twice),
		cmocka_unit_test(what_was_written_before_is_not_given_up),
		cmocka_unit_test(a_file_that_goes_takes_its_frames_along),
		cmocka_unit_test(a_ring_deletes_what_was_spilled),
		cmocka_unit_test(whole_segments_are_written_at_once),
		cmocka_unit_test(what_is_written_is_kept_or_not),
		cmocka_unit_test(less_than_a_segment_goes_where_nothing_else_does),
		cmocka_unit_test(a_cut_takes_what_is_settled),
		cmocka_unit_test(the_end_seals_and_waits_for_what_is_under_way),
		cmocka_unit_test(the_end_writes_all_that_was_to_be_written),
		cmocka_unit_test(the_end_gives_up_a_disk_that_fails),
		cmocka_unit_test(a_journal_is_on_disk_as_it_is),
		cmocka_unit_test(a_journal_gets_comments_when_sealed),
		cmocka_unit_test(what_a_journal_misses_is_written),
		cmocka_unit_test(a_journal_waits_for_what_is_written_before_it),
		cmocka_unit_test(a_journal_that_cannot_be_cut_is_left_alone),
		cmocka_unit_test(no_frame_is_lost_whatever_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
