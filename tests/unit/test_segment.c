/* test_segment.c - captured frames in memory
 *
 * Goal: a block says what was laid out in it, to the last bit; a frame's stamp is its own, over the
 * whole hour that a segment takes frames; a segment goes with its last reference, by its hook where
 * it has one.
 *
 * Method: blocks put byte by byte (capture_image.h), extremes of each number; a hook that counts;
 * what is not freed, or twice, is the address sanitizer's to find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/pooled.h"
#include "blocks.h"
#include "capture_image.h"

static void segments_begin_empty(void **state)
{
	struct segment *s = segment_new(1000, 7);

	(void)state;
	assert_non_null(s);
	assert_int_equal(atomic_load(&s->refs), 1);
	assert_int_equal(s->cap, 1000);
	assert_int_equal(s->frames_max, 7);
	assert_int_equal(s->used, 0);
	assert_int_equal(s->frames, 0);
	assert_int_equal(s->interfaces, 0);
	assert_int_equal(s->declares, 0);
	assert_int_equal(s->first_bytes, 0);
	assert_null(s->unmap);
	memset(s->base, 0xff, 1000);
	memset(s->mark, 0xff, 7 * sizeof(s->mark[0]));
	segment_unref(s);
}

static void blocks_are_within_or_not(void **state)
{
	struct segment *s = segment_new(64, 1);
	unsigned char elsewhere[4];

	(void)state;
	assert_non_null(s);
	assert_true(segment_has(s, s->base));
	assert_true(segment_has(s, s->base + 63));
	/* As numbers, for a pointer past the end may not be made. */
	assert_false(segment_has(s, (unsigned char *)((uintptr_t)s->base + 64)));
	assert_false(segment_has(s, (unsigned char *)((uintptr_t)s->base - 1)));
	assert_false(segment_has(s, elsewhere));
	assert_false(segment_has(s, NULL));
	segment_unref(s);
}

static void expect_view(const unsigned char *block, const void *data, uint32_t caplen, uint32_t len,
			uint64_t ts_ns, uint32_t interface)
{
	struct packet_view v = packet_of(block);

	assert_ptr_equal(v.data, block + 28);
	assert_int_equal(v.caplen, caplen);
	assert_int_equal(v.len, len);
	assert_int_equal(v.ts_ns, ts_ns);
	assert_int_equal(v.interface, interface);
	if (caplen)
		assert_memory_equal(v.data, data, caplen);
}

static void blocks_say_what_was_put(void **state)
{
	const uint64_t ts_ns = UINT64_C(0xfedcba9876543210);
	struct image i = {0};
	size_t second, third;

	(void)state;
	image_packet(&i, 0x01020304, ts_ns, "abcde", 5, 0xf1e2d3c4, NULL);
	second = i.n;
	image_packet(&i, 0, 0, NULL, 0, 0, NULL);
	third = i.n;
	image_packet(&i, UINT32_MAX, UINT64_MAX, "abcd", 4, UINT32_MAX, "a comment");
	assert_int_equal(block_bytes(i.p), 40);
	assert_int_equal(block_bytes(i.p), second);
	assert_int_equal(block_bytes(i.p + second), 32);
	assert_int_equal(block_bytes(i.p + third), i.n - third);
	expect_view(i.p, "abcde", 5, 0xf1e2d3c4, ts_ns, 0x01020304);
	expect_view(i.p + second, NULL, 0, 0, 0, 0);
	expect_view(i.p + third, "abcd", 4, UINT32_MAX, UINT64_MAX, UINT32_MAX);
	image_done(&i);
}

static void blocks_lie_one_behind_the_other(void **state)
{
	struct segment *s = blocks_begin(1000, 10, 1);
	uint32_t used = 0;

	(void)state;
	for (uint32_t n = 0; n < 10; n++) {
		struct pcapng_packet p = {
			.data = "0123456789", .caplen = n, .len = n, .ts_ns = n, .interface = n};
		const unsigned char *block = blocks_put(s, &p);

		assert_ptr_equal(block, s->base + used);
		assert_int_equal(block_bytes(block), 32 + (n + 3) / 4 * 4);
		used += block_bytes(block);
		assert_int_equal(s->used, used);
	}
	used = 0;
	for (uint32_t n = 0; n < 10; n++) {
		expect_view(s->base + used, "0123456789", n, n, n, n);
		used += block_bytes(s->base + used);
	}
	segment_unref(s);
}

/* Frames 7, 8 and 9, other blocks before, between and behind them, cut at every byte. */
static void frames_are_found_among_blocks(void **state)
{
	struct buf b = {0};
	size_t begin[3], end[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct pcapng_packet p = {.data = "0123456789", .caplen = i * 5, .len = 10};
		_Alignas(4) unsigned char block[64];

		pcapng_put_interface(&b, 1, 0, "more", NULL);
		begin[i] = b.n;
		pcapng_packet(block, &p);
		buf_put(&b, block, pcapng_packet_bytes(&p));
		end[i] = b.n;
	}
	pcapng_put_interface(&b, 1, 0, "last", NULL);
	for (uint64_t n = 0; n <= b.n; n++) {
		for (uint64_t want = 7; want <= 10; want++) {
			uint64_t at = 0, id = 7, i = want - 7;

			if (i < 3 && n >= end[i]) {
				assert_true(block_find((unsigned char *)b.p, n, &at, &id, want));
				assert_int_equal(at, begin[i]);
				assert_int_equal(id, want);
				/* On from there. */
				assert_true(block_find((unsigned char *)b.p, n, &at, &id, want));
				assert_int_equal(at, begin[i]);
				continue;
			}
			assert_false(block_find((unsigned char *)b.p, n, &at, &id, want));
			assert_in_range(at, 0, n);
			assert_int_equal(id, 7 + (n >= end[0]) + (n >= end[1]) + (n >= end[2]));
		}
	}
	buf_done(&b);
}

/* Lengths that no block has end it, and are not stepped over. */
static void wrong_lengths_are_not_stepped_over(void **state)
{
	static const uint32_t lengths[] = {0, 4, 8, 13, 14, 44, UINT32_MAX, UINT32_MAX - 3};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		unsigned char bytes[40] = {1};
		uint64_t at = 0, id = 1;

		le32_store(bytes + 4, lengths[i]);
		assert_false(block_find(bytes, sizeof(bytes), &at, &id, 1));
		assert_int_equal(at, 0);
		at = 41;
		assert_false(block_find(bytes, sizeof(bytes), &at, &id, 1));
		assert_int_equal(at, 41);
	}
}

/* A block that says of itself what cannot be ends it, too: it may be a file's that others write. */
static void packets_that_lie_are_none(void **state)
{
	static const struct {
		uint32_t at, value;
	} lies[] = {{8, PORTS_MAX}, {20, 13}, {20, FRAME_BYTES_MAX + 1}, {20, UINT32_MAX}};
	struct pcapng_packet p = {.data = "0123456789", .caplen = 10, .len = 10};
	_Alignas(4) unsigned char block[64];
	uint32_t bytes = pcapng_packet_bytes(&p);

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint64_t at = 0, id = 1;

		pcapng_packet(block, &p);
		assert_true(block_find(block, bytes, &at, &id, 1));
		le32_store(block + lies[i].at, lies[i].value);
		assert_false(block_find(block, bytes, &at, &id, 1));
		assert_false(block_find(block, bytes, &at, &id, 2));
		assert_int_equal(at, 0);
	}
}

static void each_frame_has_its_mark(void **state)
{
	const uint64_t opened[] = {0, 999, UINT64_C(123456789012345), UINT64_MAX / 2};
	const uint32_t hour_us = (uint32_t)(SEGMENT_AGE_NS / 1000);
	struct segment *s = segment_new(1, 4);

	(void)state;
	assert_non_null(s);
	s->mark[0].us = 0;
	s->mark[1].us = 1;
	s->mark[2].us = hour_us - 1; /* the last that a tap sets */
	s->mark[3].us = UINT32_MAX;
	assert_int_equal((uint64_t)hour_us * 1000, SEGMENT_AGE_NS); /* it fits */
	for (unsigned i = 0; i < 4; i++) {
		s->opened_ns = opened[i];
		s->first_id = i ? UINT64_MAX / i - 10 : 1; /* ids beyond 32 bits, too */
		assert_int_equal(segment_published(s, s->first_id), opened[i]);
		assert_int_equal(segment_published(s, s->first_id + 1), opened[i] + 1000);
		assert_int_equal(segment_published(s, s->first_id + 2),
				 opened[i] + SEGMENT_AGE_NS - 1000);
		assert_int_equal(segment_published(s, s->first_id + 3),
				 opened[i] + UINT64_C(4294967295000));
	}
	segment_unref(s);
}

static unsigned unmapped;
static struct segment *unmapped_last;
static const void *unmapped_file;

static void count_unmap(struct segment *s)
{
	unmapped++;
	unmapped_last = s;
	unmapped_file = s->file;
	free(s->base);
}

static void last_reference_frees(void **state)
{
	struct segment *s = segment_new(100, 1);
	struct journal_file *file = (void *)&unmapped;

	(void)state;
	assert_non_null(s);
	s->unmap = count_unmap;
	s->file = file;
	unmapped = 0;
	assert_ptr_equal(segment_ref(s), s);
	assert_ptr_equal(segment_ref(s), s);
	assert_int_equal(atomic_load(&s->refs), 3);
	segment_unref(s);
	assert_int_equal(atomic_load(&s->refs), 2);
	segment_unref(s);
	assert_int_equal(unmapped, 0);
	segment_unref(s);
	assert_int_equal(unmapped, 1);
	assert_ptr_equal(unmapped_last, s);
	assert_ptr_equal(unmapped_file, file);
	segment_unref(NULL);
	assert_int_equal(unmapped, 1);
}

static void pool_gives_what_it_was_given(void **state)
{
	struct segment_pool *p = segment_pool_new(1000, 10, 2);
	struct segment *s[4];

	(void)state;
	assert_non_null(p);
	for (unsigned i = 0; i < 4; i++) {
		s[i] = segment_pool_take(p);
		assert_non_null(s[i]);
		assert_int_equal(s[i]->cap, 1000);
		assert_int_equal(s[i]->frames_max, 10);
		/* What a tap leaves in it. */
		s[i]->used = s[i]->frames = s[i]->interfaces = s[i]->declares = 7;
		s[i]->first_bytes = s[i]->first_at = 7;
		s[i]->first_id = s[i]->opened_ns = s[i]->age_ns_max = 7;
	}
	assert_int_equal(atomic_load(&p->refs), 5);
	segment_unref(segment_ref(s[0])); /* not the last reference */
	assert_int_equal(atomic_load(&p->spares), 0);
	for (unsigned i = 0; i < 4; i++)
		segment_unref(s[i]);
	assert_int_equal(atomic_load(&p->spares), POOLED ? 2 : 0);
	assert_int_equal(atomic_load(&p->refs), 1);
	/* The last is the warmest. */
	s[0] = s[1];
	s[1] = segment_pool_take(p);
	if (POOLED)
		assert_ptr_equal(s[1], s[0]);
	assert_int_equal(atomic_load(&s[1]->refs), 1);
	assert_int_equal(s[1]->used | s[1]->frames | s[1]->interfaces | s[1]->declares, 0);
	assert_int_equal(s[1]->first_bytes | s[1]->first_at | s[1]->first_id | s[1]->opened_ns, 0);
	assert_int_equal(s[1]->age_ns_max, SEGMENT_AGE_NS);
	assert_ptr_equal(s[1]->pool, p);
	assert_null(s[1]->file);
	assert_null(s[1]->unmap);
	/* One that outlives its maker is freed, and the pool with it. */
	segment_pool_close(p);
	segment_unref(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_begin_empty),
		cmocka_unit_test(blocks_are_within_or_not),
		cmocka_unit_test(blocks_say_what_was_put),
		cmocka_unit_test(blocks_lie_one_behind_the_other),
		cmocka_unit_test(frames_are_found_among_blocks),
		cmocka_unit_test(wrong_lengths_are_not_stepped_over),
		cmocka_unit_test(packets_that_lie_are_none),
		cmocka_unit_test(each_frame_has_its_mark),
		cmocka_unit_test(last_reference_frees),
		cmocka_unit_test(pool_gives_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
