/* test_refill - frames read back on a thread of their own
 *
 * Goal: what is asked for comes, in the order of ids and with its own bytes, over the end of a
 * file; a read ends at its bound of bytes; an error says where, after the frames before it; the
 * asker is woken; stopping an idle thread, one that was never started, too.
 *
 * Method: two files of blocks whose data are their ids. Waiting is for the asker's waker alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "files.h"
#include "os/refill.h"
#include "pcapng/pcapng_write.h"
#include "store/segment.h"

#define FRAMES 100u /* a file */
#define BYTES  20000u

static struct places places;
static struct refill refill;
static struct waker waker;

static void put_file(unsigned n, uint64_t first)
{
	static unsigned char data[BYTES], block[BYTES + 64];
	char name[32];
	struct buf b = {0};
	FILE *f;

	snprintf(name, sizeof(name), "%u.pcapng", n);
	places_begin(&places, files_path(name), first);
	pcapng_put_section(&b, NULL, NULL, "test", "test");
	for (uint64_t id = first; id < first + FRAMES; id++) {
		struct pcapng_packet p = {.data = data, .caplen = BYTES, .len = BYTES, .ts_ns = id};

		memcpy(data, &id, sizeof(id));
		pcapng_packet(block, &p);
		places_add(&places, id, id + 1, b.n);
		buf_put(&b, block, pcapng_packet_bytes(&p));
	}
	f = fopen(files_path(name), "we");
	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
	assert_int_equal(fclose(f), 0);
	buf_done(&b);
}

static int begin(void **state)
{
	if (files_begin(state) || places_init(&places) || waker_init(&waker))
		return -1;
	put_file(1, 1);
	put_file(2, 1 + FRAMES);
	return refill_start(&refill, &places, &waker);
}

static int end(void **state)
{
	refill_stop(&refill);
	refill_stop(&refill);
	places_done(&places);
	waker_done(&waker);
	return files_end(state);
}

static void ask(struct backfill_read *r, uint64_t first, uint64_t last)
{
	struct backfill_reader reader = refill_reader(&refill);
	struct pollfd fd = {.fd = waker_fd(&waker), .events = POLLIN};

	r->first = first;
	r->last = last;
	r->frames = 0;
	r->blocks.n = 0;
	r->error = 0;
	reader.ask(reader.ctx, r);
	assert_int_equal(poll(&fd, 1, 60000), 1);
	waker_clear(&waker);
	assert_true(reader.done(reader.ctx));
}

static void expect(const struct backfill_read *r, uint64_t frames)
{
	size_t at = 0;

	assert_int_equal(r->frames, frames);
	for (uint64_t id = r->first; id < r->first + frames; id++) {
		const unsigned char *block = (const unsigned char *)r->blocks.p + at;
		struct packet_view v = packet_of(block);

		assert_int_equal(v.caplen, BYTES);
		assert_memory_equal(v.data, &id, sizeof(id));
		at += block_bytes(block);
	}
	assert_int_equal(at, r->blocks.n);
}

static void what_is_asked_for_comes(void **state)
{
	struct backfill_read r = {0};

	(void)state;
	ask(&r, 7, 7);
	assert_int_equal(r.error, 0);
	expect(&r, 1);
	/* From one file into the next, back, and on. */
	ask(&r, FRAMES - 3, FRAMES + 8);
	assert_int_equal(r.error, 0);
	expect(&r, 12);
	ask(&r, 2, 5);
	expect(&r, 4);
	ask(&r, 6, 7);
	expect(&r, 2);
	buf_done(&r.blocks);
}

static void it_ends_at_its_bound(void **state)
{
	struct backfill_read r = {0};

	(void)state;
	ask(&r, 1, 2 * FRAMES);
	assert_int_equal(r.error, 0);
	assert_in_range(r.blocks.n, BACKFILL_READ_BYTES, BACKFILL_READ_BYTES + BYTES + 64);
	expect(&r, (BACKFILL_READ_BYTES + BYTES + 31) / (BYTES + 32));
	buf_done(&r.blocks);
}

static void an_error_says_where(void **state)
{
	struct backfill_read r = {0};

	(void)state;
	/* No such file, behind one that is. */
	ask(&r, 2 * FRAMES - 1, 2 * FRAMES + 5);
	assert_int_equal(r.error, -ENOENT);
	expect(&r, 2);
	ask(&r, 2 * FRAMES + 1, 2 * FRAMES + 5);
	assert_int_equal(r.error, -ENOENT);
	expect(&r, 0);
	/* It is known, and somebody deleted it. */
	remove(files_path("2.pcapng"));
	ask(&r, 3, 4);
	expect(&r, 2);
	ask(&r, FRAMES + 1, FRAMES + 1);
	assert_int_equal(r.error, -ENOENT);
	expect(&r, 0);
	buf_done(&r.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_asked_for_comes, begin, end),
		cmocka_unit_test_setup_teardown(it_ends_at_its_bound, begin, end),
		cmocka_unit_test_setup_teardown(an_error_says_where, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
