/* test_places.c - where on disk each frame is, and reading it from there
 *
 * Goal: every frame that was told of is found, in the file that it is in, at most PLACE_STEP or so
 * before it; none is found that was not told of, or whose file has gone; what is read is its block,
 * and a file that is not what was written is refused.
 *
 * Method: files of generated blocks, written for real into a folder of the test's own; each frame
 * carries its id. Every id is looked up.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/frame_read.h"
#include "os/frame_scan.h"
#include "pcapng/pcapng_write.h"
#include "random.h"
#include "store/segment.h"
#include "files.h"

static const char *path_of(unsigned n, const char *suffix)
{
	char name[32];

	snprintf(name, sizeof(name), "%u%s", n, suffix);
	return files_path(name);
}

/* A packet block whose data are its id and up to 3,000 bytes more; now and then one of another kind
 * before it. */
static void put_block(struct buf *b, uint64_t id, struct sim_random *r)
{
	unsigned char data[3008] = {0};
	uint32_t caplen = 8 + (uint32_t)random_range(r, 0, 3000);
	struct pcapng_packet p = {.data = data, .caplen = caplen, .len = caplen, .ts_ns = id};
	size_t at;

	if (random_chance(r, 50))
		pcapng_put_interface(b, 1, 0, "more", NULL);
	memcpy(data, &id, 8);
	at = b->n;
	assert_true(buf_reserve(b, pcapng_packet_bytes(&p)));
	pcapng_packet((unsigned char *)b->p + at, &p);
	b->n += pcapng_packet_bytes(&p);
}

static void expect_read(struct places *p, uint64_t id)
{
	struct buf block = {0};
	struct packet_view v;

	assert_int_equal(frame_read(p, id, &block), 0);
	v = packet_of((unsigned char *)block.p);
	assert_int_equal(v.ts_ns, id);
	assert_memory_equal(v.data, &id, 8);
	assert_int_equal(block_bytes((unsigned char *)block.p), block.n);
	buf_done(&block);
}

static void expect_error(struct places *p, uint64_t id, int error)
{
	struct buf block = {0};

	assert_int_equal(frame_read(p, id, &block), error);
	assert_int_equal(block.n, 0);
	buf_done(&block);
}

/* Five files of 1,000 frames each, two of them as journals are, by their blocks at once. */
static void make_files(struct places *p, struct sim_random *r)
{
	uint64_t id = 1;

	for (unsigned n = 0; n < 5; n++) {
		struct buf b = {0};

		pcapng_put_section(&b, NULL, NULL, NULL, NULL);
		places_begin(p, path_of(n, ".part"), id);
		if (n % 2) {
			for (unsigned i = 0; i < 1000; i++)
				put_block(&b, id + i, r);
			places_blocks(p, id, (unsigned char *)b.p, b.n, 0);
			id += 1000;
		}
		for (unsigned i = 0; n % 2 == 0 && i < 1000; i += 50) {
			size_t at = i ? b.n : 0;

			for (unsigned k = 0; k < 50; k++)
				put_block(&b, id + k, r);
			places_add(p, id, id + 50, at);
			id += 50;
		}
		files_put(path_of(n, ".part"), b.p, b.n);
		if (n < 4) {
			assert_int_equal(rename(path_of(n, ".part"), path_of(n, "")), 0);
			places_rename(p, path_of(n, ""));
		}
		buf_done(&b);
	}
}

static void each_frame_is_found(void **state)
{
	struct sim_random r = {.state = 3};
	struct place place;
	struct places p;

	(void)state;
	assert_int_equal(places_init(&p), 0);
	assert_false(places_find(&p, 1, &place));
	make_files(&p, &r);
	for (uint64_t id = 1; id <= 5000; id++) {
		assert_true(places_find(&p, id, &place));
		assert_string_equal(place.path,
				    path_of((unsigned)(id - 1) / 1000, id > 4000 ? ".part" : ""));
		assert_true(place.first <= id && id - place.first < 1000);
		expect_read(&p, id);
	}
	assert_false(places_find(&p, 0, &place));
	assert_false(places_find(&p, 5001, &place));
	expect_error(&p, 5001, -ENOENT);
	/* Deleted by the ring, from the oldest; lost, in the middle. */
	places_drop(&p, 1);
	places_drop(&p, 2001);
	places_drop(&p, 77);
	for (uint64_t id = 1; id <= 5000; id++)
		assert_int_equal(places_find(&p, id, &place),
				 id > 1000 && (id <= 2000 || id > 3000));
	/* Its file went without a word. */
	unlink(path_of(1, ""));
	expect_error(&p, 1500, -ENOENT);
	places_done(&p);
}

static void expect_scanned(struct frame_scan *s, uint64_t id, int error)
{
	const unsigned char *block = NULL;

	assert_int_equal(frame_scan_to(s, id, &block), error);
	if (!error)
		assert_int_equal(packet_of(block).ts_ns, id);
}

/* In order, with steps of any length, back and forth, over what has gone. */
static void frames_are_scanned(void **state)
{
	struct sim_random r = {.state = 5};
	struct frame_scan s;
	struct places p;
	uint64_t id, next;

	(void)state;
	assert_int_equal(places_init(&p), 0);
	make_files(&p, &r);
	assert_int_equal(frame_scan_init(&s, &p), 0);
	for (id = 1; id <= 5000; id++)
		expect_scanned(&s, id, 0);
	expect_scanned(&s, 5001, -ENOENT);
	for (id = 1; id <= 5000; id += random_range(&r, 1, 700))
		expect_scanned(&s, id, 0);
	for (int i = 0; i < 200; i++)
		expect_scanned(&s, random_range(&r, 1, 5000), 0);
	/* The one being read is renamed: it is the same file. */
	expect_scanned(&s, 4001, 0);
	assert_int_equal(rename(path_of(4, ".part"), path_of(4, "")), 0);
	places_rename(&p, path_of(4, ""));
	expect_scanned(&s, 5000, 0);
	expect_scanned(&s, 4500, 0);

	places_drop(&p, 1);
	places_drop(&p, 2001);
	expect_scanned(&s, 500, -ENOENT);
	expect_scanned(&s, 1500, 0);
	expect_scanned(&s, 2001, -ENOENT);
	expect_scanned(&s, 3001, 0);
	assert_false(places_range(&p, 1, &next));
	assert_int_equal(next, 1001);
	assert_true(places_range(&p, 1001, &next));
	assert_int_equal(next, 2001);
	assert_false(places_range(&p, 2500, &next));
	assert_int_equal(next, 3001);
	assert_true(places_range(&p, 5000, &next));
	assert_int_equal(next, 5001);
	assert_false(places_range(&p, 5001, &next));
	assert_int_equal(next, UINT64_MAX);
	frame_scan_done(&s);
	places_done(&p);
}

static void a_torn_file_is_scanned_to_its_tear(void **state)
{
	struct sim_random r = {.state = 6};
	struct frame_scan s;
	struct places p;
	struct buf b = {0};

	(void)state;
	assert_int_equal(places_init(&p), 0);
	places_begin(&p, path_of(8, ""), 1);
	places_add(&p, 1, 11, 0);
	for (unsigned i = 1; i <= 5; i++)
		put_block(&b, i, &r);
	files_put(path_of(8, ""), b.p, b.n - 4);
	assert_int_equal(frame_scan_init(&s, &p), 0);
	expect_scanned(&s, 4, 0);
	expect_scanned(&s, 5, -EBADMSG);
	expect_scanned(&s, 3, 0);
	frame_scan_done(&s);
	buf_done(&b);
	places_done(&p);
}

static void a_file_of_something_else_is_refused(void **state)
{
	struct sim_random r = {.state = 4};
	struct places p;
	struct buf b = {0};

	(void)state;
	assert_int_equal(places_init(&p), 0);
	places_begin(&p, path_of(9, ""), 1);
	places_add(&p, 1, 11, 0);
	for (unsigned i = 1; i <= 5; i++)
		put_block(&b, i, &r);
	files_put(path_of(9, ""), b.p, b.n);
	expect_read(&p, 5);
	expect_error(&p, 6, -EBADMSG); /* it ends before */
	b.n -= 4;
	files_put(path_of(9, ""), b.p, b.n);
	expect_error(&p, 5, -EBADMSG); /* inside */
	for (unsigned char length = 0; length < 20; length++) {
		memset(b.p + 4, 0, 4);
		b.p[4] = (char)length;
		files_put(path_of(9, ""), b.p, b.n);
		expect_error(&p, 6, -EBADMSG);
	}
	memset(b.p + 4, 0xfc, 4);
	files_put(path_of(9, ""), b.p, b.n);
	expect_error(&p, 2, -EBADMSG);
	buf_done(&b);
	places_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_frame_is_found),
		cmocka_unit_test(frames_are_scanned),
		cmocka_unit_test(a_torn_file_is_scanned_to_its_tear),
		cmocka_unit_test(a_file_of_something_else_is_refused),
	};

	return cmocka_run_group_tests(tests, files_begin, files_end);
}
