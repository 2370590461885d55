/* test_feed.c - captured frames as libpcap records
 *
 * Goal: the stream is byte for byte the file that draft-ietf-opsawg-pcap describes, however the
 * FIFO takes it; a record once begun is finished whatever becomes of its frame; tshark's numbers
 * lead back to the right frames; batches, stalls and the bound of frames in flight are as the
 * header says.
 *
 * Method: a small pump takes what was lent in pieces of chosen or random size and gathers the
 * bytes; the expected file is written by another hand, byte by byte. Time is a number.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "blocks.h"
#include "feed/feed.h"
#include "random.h"

#define T0    UINT64_C(5000000000)
#define MS    UINT64_C(1000000)
#define STALL (250 * MS)

/* Small, so that frames lie in many. */
#define SEGMENT	    (2 * FEED_BATCH_BYTES)
#define SEGMENT_FEW 7u

struct fixture {
	struct store store;
	struct feed feed;
	struct segment *segment; /* that frames are laid out in now */
	unsigned shard;		 /* of the frames that arrive */
	bool ipv4;		 /* they are of a conversation */
	uint32_t segment_frames; /* in one at most; 0: SEGMENT_FEW */
	unsigned char data[FEED_BATCH_BYTES];
	struct buf got; /* what the FIFO took, in this generation */
	struct iovec iov[FEED_IOVECS_MAX];
};

static void begin(struct fixture *f, uint32_t limit)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(store_init(&f->store, limit), 0);
	assert_int_equal(feed_init(&f->feed, &f->store, 0, STALL), 0);
	feed_restart(&f->feed, T0);
}

static void end(struct fixture *f)
{
	feed_done(&f->feed);
	store_done(&f->store);
	segment_unref(f->segment);
	buf_done(&f->got);
}

/* The generation has ended, another begins. Return: frames to be fed again */
static uint64_t again(struct fixture *f, uint64_t now_ns)
{
	uint64_t n = feed_return(&f->feed);

	feed_restart(&f->feed, now_ns);
	return n;
}

static uint64_t arrive_with(struct fixture *f, uint32_t caplen, uint32_t len, uint64_t ts_ns,
			    uint64_t now_ns)
{
	struct pcapng_packet p = {
		.data = f->data, .caplen = caplen, .len = len, .ts_ns = ts_ns, .flags = 2};
	uint64_t id = f->store.head;
	const unsigned char *block;

	assert_true(caplen <= sizeof(f->data));
	for (uint32_t i = 0; i < caplen; i++)
		f->data[i] = (unsigned char)(id * 7 + i);
	if (f->ipv4)
		memcpy(f->data + 12,
		       "\x08\x00\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\1\1\1\1\2\2\2\2\0\1\0\2", 26);
	if (!f->segment || f->segment->frames == f->segment->frames_max ||
	    f->segment->cap - f->segment->used < pcapng_packet_bytes(&p)) {
		segment_unref(f->segment);
		f->segment = blocks_begin(SEGMENT,
					  f->segment_frames ? f->segment_frames : SEGMENT_FEW, id);
	}
	block = blocks_put(f->segment, &p);
	assert_int_equal(store_add(&f->store, f->segment, block, block_bytes(block), f->shard), id);
	feed_arrived(&f->feed, block, now_ns);
	return id;
}

static uint64_t arrive(struct fixture *f, uint32_t caplen, uint64_t now_ns)
{
	return arrive_with(f, caplen, caplen + 4, UINT64_C(1767323045123456789) + caplen, now_ns);
}

/* Let the FIFO take at most @most bytes of what is lent. Return: bytes taken. */
static uint64_t pump(struct fixture *f, uint64_t most, uint64_t now_ns)
{
	int n = feed_lend(&f->feed, f->iov);
	uint64_t lent = 0, took = 0;

	assert_true(n <= FEED_IOVECS_MAX);
	for (int i = 0; i < n; i++) {
		size_t part = f->iov[i].iov_len;

		assert_true(part > 0);
		lent += part;
		if (part > most - took)
			part = most - took;
		buf_put(&f->got, f->iov[i].iov_base, part);
		took += part;
	}
	feed_took(&f->feed, took, took < lent, now_ns);
	return took;
}

static void pump_all(struct fixture *f, uint64_t now_ns)
{
	while (pump(f, UINT64_MAX, now_ns)) {
	}
}

static void put_le32(struct buf *b, uint64_t v)
{
	for (int i = 0; i < 4; i++)
		buf_putc(b, (char)(v >> 8 * i & 255));
}

static void put_header(struct buf *b)
{
	static const char header[24] = "\x4d\x3c\xb2\xa1\x02\x00\x04\x00\0\0\0\0\0\0\0\0"
				       "\x00\x00\x04\x00\x01\x00\x00";

	buf_put(b, header, sizeof(header));
}

static void put_record(struct buf *b, const unsigned char *block)
{
	struct packet_view v = packet_of(block);

	put_le32(b, v.ts_ns / 1000000000);
	put_le32(b, v.ts_ns % 1000000000);
	put_le32(b, v.caplen);
	put_le32(b, v.len);
	buf_put(b, v.data, v.caplen);
}

static void expect_stream(struct fixture *f, const struct buf *want)
{
	assert_int_equal(f->got.n, want->n);
	assert_memory_equal(f->got.p, want->p, want->n);
}

static void put_ids(struct fixture *f, struct buf *b, uint64_t first, uint64_t last)
{
	for (uint64_t id = first; id <= last; id++)
		put_record(b, store_slot(&f->store, id)->block);
}

static void header_is_pcap_with_nanoseconds(void **state)
{
	struct buf want = {0};
	struct fixture f;

	(void)state;
	begin(&f, 4);
	assert_int_equal(feed_due(&f.feed), 0); /* at once: tshark waits for it */
	assert_true(feed_idle(&f.feed));
	pump_all(&f, T0);
	put_header(&want);
	expect_stream(&f, &want);
	assert_int_equal(feed_due(&f.feed), UINT64_MAX);
	assert_true(f.feed.header_done);
	assert_int_equal(f.feed.bytes, 24);
	buf_done(&want);
	end(&f);
}

/* Frames of every awkward size; empty ones have a record of 16 bytes. */
static void arrive_many(struct fixture *f, struct buf *want)
{
	static const uint32_t sizes[] = {60, 0, 1, 1514, 15, 16, 17, 9000, 0, 0, 64};

	put_header(want);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		put_record(want, store_slot(&f->store, arrive(f, sizes[i], T0))->block);
	arrive_with(f, 3, UINT32_MAX, 0, T0);
	put_record(want, store_slot(&f->store, f->store.head - 1)->block);
	/* Beyond 2106 the 32 bits of seconds wrap. */
	arrive_with(f, 3, 0, UINT64_C(4294967296999999999), T0);
	put_le32(want, 0);
	put_le32(want, 999999999);
	put_le32(want, 3);
	put_le32(want, 0);
	buf_put(want, packet_of(store_slot(&f->store, f->store.head - 1)->block).data, 3);
}

static void records_are_exact_at_any_split(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct sim_random r = {round};
		struct buf want = {0};
		struct fixture f;
		uint64_t took;

		begin(&f, 100);
		arrive_many(&f, &want);
		do {
			uint64_t most = round == 0   ? UINT64_MAX
					: round == 1 ? 1
						     : random_range(&r, 1, round % 2 ? 40 : 4000);

			if (round > 2 && random_chance(&r, 200))
				pump(&f, 0, T0);
			took = pump(&f, most, T0);
		} while (took);
		expect_stream(&f, &want);
		assert_true(feed_idle(&f.feed));
		assert_int_equal(feed_begun(&f.feed), 0);
		assert_int_equal(f.feed.bytes, want.n);
		for (uint64_t id = 1; id < f.store.head; id++)
			assert_int_equal(store_slot(&f.store, id)->state, SLOT_FED);
		buf_done(&want);
		end(&f);
	}
}

/* A frame is fed when the last byte of its record has gone, no sooner. */
static void fed_means_complete(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 10);
	pump_all(&f, T0);
	arrive(&f, 2, T0);
	for (int i = 0; i < 17; i++) {
		assert_int_equal(pump(&f, 1, T0), 1);
		assert_int_equal(feed_begun(&f.feed), 1);
		assert_false(feed_idle(&f.feed));
		assert_int_equal(feed_due(&f.feed), 0); /* the rest is not kept waiting */
		assert_int_equal(store_slot(&f.store, 1)->state, SLOT_PENDING);
		assert_int_equal(feed_oldest(&f.feed), 0);
	}
	assert_int_equal(pump(&f, 1, T0), 1);
	assert_int_equal(store_slot(&f.store, 1)->state, SLOT_FED);
	assert_int_equal(feed_begun(&f.feed), 0);
	assert_true(feed_idle(&f.feed));
	assert_int_equal(feed_oldest(&f.feed), 1);
	end(&f);
}

static void numbers_lead_back_to_frames(void **state)
{
	struct fixture f;
	uint64_t passed = 99;

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 5; i++)
		arrive(&f, 60, T0);
	store_undecoded(&f.store, 2, UNDECODED_STOPPED);
	feed_forget(&f.feed, store_slot(&f.store, 2)->block);
	assert_int_equal(feed_match(&f.feed, 1, &passed), 0); /* nothing was fed */
	pump_all(&f, T0);
	/* tshark has seen 1, 3, 4, 5 and calls them 1, 2, 3, 4. */
	assert_int_equal(feed_match(&f.feed, 0, &passed), 0);
	assert_int_equal(feed_match(&f.feed, 5, &passed), 0);
	assert_int_equal(feed_match(&f.feed, UINT64_MAX, &passed), 0);
	assert_int_equal(feed_match(&f.feed, 1, &passed), 1);
	assert_int_equal(passed, 0);
	assert_int_equal(feed_match(&f.feed, 4, &passed), 5);
	assert_int_equal(passed, 3);
	assert_int_equal(feed_oldest(&f.feed), 1);
	assert_int_equal(feed_take(&f.feed), 1);
	assert_int_equal(feed_match(&f.feed, 1, &passed), 0); /* taken: never again */
	assert_int_equal(feed_match(&f.feed, 3, &passed), 4);
	assert_int_equal(passed, 1);
	assert_int_equal(feed_take(&f.feed), 3);
	assert_int_equal(feed_take(&f.feed), 4);
	assert_int_equal(feed_take(&f.feed), 5);
	assert_int_equal(feed_take(&f.feed), 0);
	assert_int_equal(feed_oldest(&f.feed), 0);
	end(&f);
}

static void numbers_begin_again_with_a_generation(void **state)
{
	struct fixture f;
	uint64_t passed;

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 4; i++)
		arrive(&f, 60, T0);
	pump_all(&f, T0);
	store_decoded(&f.store, feed_take(&f.feed), 0, NULL, NULL, 0);
	arrive(&f, 60, T0);
	assert_int_equal(again(&f, T0), 3); /* 2, 3, 4; 5 had not been fed */
	assert_int_equal(feed_match(&f.feed, 1, &passed), 0);
	pump_all(&f, T0);
	assert_int_equal(feed_match(&f.feed, 1, &passed), 2);
	assert_int_equal(feed_match(&f.feed, 4, &passed), 5);
	assert_int_equal(feed_match(&f.feed, 5, &passed), 0);
	end(&f);
}

/* Header first, then each unsettled frame whole, though one was half way out. */
static void restart_feeds_again_from_the_start(void **state)
{
	struct buf want = {0};
	struct fixture f;

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 4; i++)
		arrive(&f, 100, T0);
	pump(&f, 24 + 2 * 116 + 50, T0); /* half of the third */
	assert_int_equal(feed_begun(&f.feed), 3);
	store_decoded(&f.store, 1, 0, NULL, NULL, 0);
	assert_int_equal(again(&f, T0 + 1), 1);
	assert_int_equal(feed_begun(&f.feed), 0);
	assert_int_equal(feed_due(&f.feed), 0);
	for (uint64_t id = 2; id <= 4; id++)
		assert_int_equal(store_slot(&f.store, id)->state, SLOT_PENDING);
	f.got.n = 0;
	pump_all(&f, T0 + 1);
	put_header(&want);
	put_ids(&f, &want, 2, 4);
	expect_stream(&f, &want);
	buf_done(&want);
	end(&f);
}

static void restart_in_the_header(void **state)
{
	struct buf want = {0};
	struct fixture f;

	(void)state;
	begin(&f, 10);
	arrive(&f, 100, T0);
	pump(&f, 10, T0);
	assert_int_equal(feed_begun(&f.feed), 0); /* of a record */
	assert_int_equal(again(&f, T0), 0);
	f.got.n = 0;
	pump(&f, 23, T0);
	pump_all(&f, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 1);
	expect_stream(&f, &want);
	buf_done(&want);
	end(&f);
}

/* A given-up frame is left out between records; one that was begun is finished, and keeps its
 * number. */
static void skipped_frames_are_left_out(void **state)
{
	struct buf want = {0};
	struct fixture f;
	uint64_t passed;

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 5; i++)
		arrive(&f, 100, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 2);
	put_ids(&f, &want, 4, 4);
	pump(&f, 24 + 116 + 1, T0);
	assert_int_equal(feed_begun(&f.feed), 2);
	for (uint64_t id = 2; id <= 5; id++) {
		if (id == 4)
			continue;
		feed_forget(&f.feed, store_slot(&f.store, id)->block);
		store_undecoded(&f.store, id, UNDECODED_SKIPPED_STALL);
	}
	pump_all(&f, T0);
	expect_stream(&f, &want);
	assert_int_equal(store_slot(&f.store, 2)->state, SLOT_SKIPPED);
	assert_int_equal(feed_match(&f.feed, 2, &passed), 2);
	assert_int_equal(feed_match(&f.feed, 3, &passed), 4);
	assert_int_equal(f.feed.pending_bytes, 0);
	buf_done(&want);
	end(&f);
}

/* The store pushes a frame out while its record is half way through the FIFO. */
static void evicted_frame_is_finished(void **state)
{
	struct buf want = {0};
	struct fixture f;
	uint64_t id, passed;

	(void)state;
	begin(&f, 2);
	f.segment_frames = 1; /* the store lets go of its segment, too */
	arrive(&f, 1000, T0);
	arrive(&f, 100, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 2);
	pump(&f, 24 + 16 + 500, T0);
	assert_int_equal(feed_begun(&f.feed), 1);
	feed_forget(&f.feed, store_slot(&f.store, 1)->block);
	store_undecoded(&f.store, 1, UNDECODED_SKIPPED_BACKLOG);
	assert_non_null(store_emit(&f.store, &id));
	arrive(&f, 10, T0);
	assert_int_equal(f.store.tail, 2);
	assert_int_equal(f.store.segment_head - f.store.segment_tail, 2);
	assert_int_equal(atomic_load(&f.feed.current_segment->refs), 1);
	put_ids(&f, &want, 3, 3);
	assert_false(feed_idle(&f.feed));
	pump(&f, 7, T0);
	pump_all(&f, T0);
	/* Two in flight are as many as the store holds; the third waits for tshark. */
	assert_int_equal(feed_due(&f.feed), UINT64_MAX);
	assert_int_equal(feed_match(&f.feed, 1, &passed), 1);
	assert_int_equal(feed_match(&f.feed, 2, &passed), 2);
	assert_int_equal(feed_take(&f.feed), 1);
	pump_all(&f, T0);
	expect_stream(&f, &want);
	buf_done(&want);
	end(&f);
}

static void no_more_in_flight_than_the_store_holds(void **state)
{
	(void)state;
	for (uint32_t limit = 1; limit <= 5; limit++) {
		struct fixture f;
		uint64_t next = 1;

		begin(&f, limit);
		for (int i = 0; i < 200; i++) {
			uint64_t id;

			while (!store_full(&f.store) && f.store.head - f.store.tail < limit)
				arrive(&f, 30, T0);
			pump_all(&f, T0);
			assert_true(f.feed.fed_count <= limit);
			assert_int_equal(feed_take(&f.feed), next);
			store_decoded(&f.store, next++, 0, NULL, NULL, 0);
			assert_non_null(store_emit(&f.store, &id));
			arrive(&f, 30, T0); /* pushes that one out */
		}
		end(&f);
	}
}

static void frames_wait_for_company(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 1000);
	pump_all(&f, T0);
	arrive(&f, 60, T0 + 5);
	assert_int_equal(feed_due(&f.feed), T0 + 5 + FEED_BATCH_NS);
	arrive(&f, 60, T0 + 9); /* the oldest counts */
	assert_int_equal(feed_due(&f.feed), T0 + 5 + FEED_BATCH_NS);
	pump_all(&f, T0 + 10);
	assert_int_equal(feed_due(&f.feed), UINT64_MAX);
	arrive(&f, 60, T0 + 20);
	assert_int_equal(feed_due(&f.feed), T0 + 20 + FEED_BATCH_NS);
	/* A full batch goes at once: 65,536 bytes with the records' headers. */
	arrive(&f, FEED_BATCH_BYTES - 76 - 16 - 1, T0 + 21);
	assert_int_equal(feed_due(&f.feed), T0 + 20 + FEED_BATCH_NS);
	arrive(&f, 0, T0 + 22);
	assert_int_equal(feed_due(&f.feed), 0);
	feed_forget(&f.feed, store_slot(&f.store, 5)->block);
	store_undecoded(&f.store, 5, UNDECODED_STOPPED);
	assert_int_equal(feed_due(&f.feed), T0 + 20 + FEED_BATCH_NS);
	feed_forget(&f.feed, store_slot(&f.store, 3)->block);
	store_undecoded(&f.store, 3, UNDECODED_STOPPED);
	feed_forget(&f.feed, store_slot(&f.store, 4)->block);
	store_undecoded(&f.store, 4, UNDECODED_STOPPED);
	assert_int_equal(feed_due(&f.feed), UINT64_MAX);
	assert_int_equal(feed_lend(&f.feed, f.iov), 0);
	arrive(&f, 60, T0 + 30);
	assert_int_equal(feed_due(&f.feed), T0 + 30 + FEED_BATCH_NS);
	end(&f);
}

/* One call lends a bounded share, and the bytes still come out right. */
static void lending_is_bounded(void **state)
{
	struct buf want = {0};
	struct fixture f;
	int n;

	(void)state;
	begin(&f, 2000);
	for (int i = 0; i < 1200; i++)
		arrive(&f, 20, T0);
	n = feed_lend(&f.feed, f.iov);
	assert_int_equal(n, FEED_IOVECS_MAX);
	put_header(&want);
	put_ids(&f, &want, 1, 1200);
	pump_all(&f, T0);
	expect_stream(&f, &want);
	for (int i = 0; i < 100; i++)
		arrive(&f, 60000, T0);
	n = feed_lend(&f.feed, f.iov);
	assert_true(n > 0 && n <= 2 * 5); /* four batches' bytes */
	put_ids(&f, &want, 1201, 1300);
	pump_all(&f, T0);
	expect_stream(&f, &want);
	buf_done(&want);
	end(&f);
}

static void stall_is_no_byte_for_the_limit(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	pump_all(&f, T0);
	assert_int_equal(feed_stall_due(&f.feed), UINT64_MAX);
	arrive(&f, 60, T0);
	assert_false(feed_check_stall(&f.feed, T0 + 10 * STALL)); /* nobody tried to write */
	pump(&f, 10, T0 + 1 * MS);
	assert_int_equal(feed_stall_due(&f.feed), T0 + 1 * MS + STALL);
	pump(&f, 0, T0 + 100 * MS);
	assert_int_equal(feed_stall_due(&f.feed), T0 + 1 * MS + STALL); /* no byte: no progress */
	assert_false(feed_check_stall(&f.feed, T0 + 1 * MS + STALL - 1));
	pump(&f, 1, T0 + 200 * MS);
	assert_int_equal(feed_stall_due(&f.feed), T0 + 200 * MS + STALL);
	assert_false(feed_check_stall(&f.feed, T0 + 200 * MS + STALL - 1));
	assert_true(feed_check_stall(&f.feed, T0 + 200 * MS + STALL));
	assert_int_equal(feed_stall_due(&f.feed), UINT64_MAX);
	pump(&f, 0, T0 + 500 * MS);
	assert_true(feed_check_stall(&f.feed, T0 + 500 * MS));
	pump(&f, 1, T0 + 600 * MS); /* bytes move again */
	assert_false(feed_check_stall(&f.feed, T0 + 600 * MS));
	assert_true(feed_check_stall(&f.feed, T0 + 600 * MS + STALL));
	end(&f);
}

/* The time between the last byte and the next frame is no stall. */
static void quiet_is_no_stall(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	pump_all(&f, T0);
	arrive(&f, 60, T0 + 100 * STALL);
	pump(&f, 0, T0 + 100 * STALL + MS);
	assert_int_equal(feed_stall_due(&f.feed), T0 + 101 * STALL);
	assert_false(feed_check_stall(&f.feed, T0 + 100 * STALL + MS));
	end(&f);
}

static void restart_ends_a_stall(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	arrive(&f, 60, T0);
	pump(&f, 30, T0);
	assert_true(feed_check_stall(&f.feed, T0 + STALL));
	assert_int_equal(again(&f, T0 + 2 * STALL), 0);
	assert_false(feed_check_stall(&f.feed, T0 + 3 * STALL));
	pump(&f, 0, T0 + 2 * STALL);
	assert_int_equal(feed_stall_due(&f.feed), T0 + 3 * STALL);
	end(&f);
}

/* Of what is there it gives its own shard's, and numbers them without gaps. */
static void other_shards_are_passed_over(void **state)
{
	struct buf want = {0};
	struct fixture f;
	uint64_t passed;

	(void)state;
	begin(&f, 10);
	for (unsigned i = 0; i < 6; i++) {
		f.shard = i % 3;
		if (f.shard == 0) {
			arrive(&f, 60, T0);
			continue;
		}
		arrive(&f, 60, T0);
		feed_forget(&f.feed, store_slot(&f.store, f.store.head - 1)->block);
	}
	pump_all(&f, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 1);
	put_ids(&f, &want, 4, 4);
	expect_stream(&f, &want);
	assert_int_equal(feed_match(&f.feed, 2, &passed), 4);
	assert_true(feed_idle(&f.feed));
	assert_int_equal(store_slot(&f.store, 2)->state, SLOT_PENDING);
	buf_done(&want);
	end(&f);
}

/* The record at the mouth is finished by who began it, and all else is the successor's. */
static void retired_finishes_its_record(void **state)
{
	struct buf want = {0};
	struct feed next;
	struct fixture f;

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 4; i++)
		arrive(&f, 100, T0);
	pump(&f, 24 + 116 + 50, T0); /* half of the second */
	assert_int_equal(feed_init(&next, &f.store, 0, STALL), 0);
	feed_retire(&f.feed);
	feed_restart(&next, T0);
	assert_false(feed_idle(&f.feed));
	assert_int_equal(next.pending_bytes, 2 * 116);
	pump_all(&f, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 2);
	expect_stream(&f, &want);
	assert_true(feed_idle(&f.feed));
	assert_int_equal(feed_due(&f.feed), UINT64_MAX);
	/* It ends, and owes both; its successor adopts them. */
	assert_int_equal(feed_return(&f.feed), 2);
	feed_adopt(&next, T0);
	assert_int_equal(next.pending_bytes, 4 * 116);
	feed_done(&next);
	buf_done(&want);
	end(&f);
}

/* A record that was begun by one that retired, and never finished, is the successor's, too. */
static void retired_and_broken_gives_back(void **state)
{
	struct feed next;
	struct fixture f;

	(void)state;
	begin(&f, 10);
	arrive(&f, 100, T0);
	pump(&f, 24 + 50, T0);
	assert_int_equal(feed_init(&next, &f.store, 0, STALL), 0);
	feed_retire(&f.feed);
	assert_int_equal(store_slot(&f.store, 1)->state, SLOT_FED);
	assert_int_equal(feed_return(&f.feed), 0); /* it had not been fed */
	feed_restart(&next, T0);
	assert_int_equal(next.pending_bytes, 116);
	feed_done(&next);
	end(&f);
}

/* What a successor is fed first counts in its numbers, and for nothing else; at any chunking. */
static void warmed_before_all_else(void **state)
{
	struct warm *warm = malloc(sizeof(*warm));
	struct buf want = {0};
	struct fixture f;
	uint64_t passed;

	(void)state;
	assert_non_null(warm);
	assert_int_equal(warm_init(warm), 0);
	begin(&f, 10);
	f.feed.warm = warm;
	f.ipv4 = true;
	for (int i = 0; i < 3; i++)
		arrive(&f, 60, T0);
	pump_all(&f, T0);
	for (uint64_t id = 1; id <= 3; id++)
		store_decoded(&f.store, feed_take(&f.feed), 0, NULL, NULL, 0);
	again(&f, T0);
	f.got.n = 0;
	assert_int_equal(feed_warm(&f.feed, warm), 3);
	assert_false(feed_warmed(&f.feed));
	arrive(&f, 60, T0);
	for (int i = 0; i < 1000; i++)
		pump(&f, 7, T0);
	put_header(&want);
	put_ids(&f, &want, 1, 4);
	expect_stream(&f, &want);
	assert_int_equal(feed_match(&f.feed, 2, &passed), FEED_WARM);
	assert_int_equal(feed_match(&f.feed, 4, &passed), 4);
	assert_int_equal(passed, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(feed_take(&f.feed), FEED_WARM);
	assert_int_equal(feed_take(&f.feed), 4);
	assert_true(feed_warmed(&f.feed));
	/* Once is enough. */
	assert_int_equal(feed_warm(&f.feed, warm), 1);
	assert_int_equal(f.feed.warmed_to, 4);
	warm_done(warm);
	free(warm);
	buf_done(&want);
	end(&f);
}

static void no_limit_no_stall(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 100);
	f.feed.stall_ns = 0;
	arrive(&f, 60, T0);
	pump(&f, 30, T0);
	assert_int_equal(feed_stall_due(&f.feed), UINT64_MAX);
	assert_false(feed_check_stall(&f.feed, UINT64_MAX - 1));
	end(&f);
}

/* Everything at once, against a reader that takes the stream apart again. */
static void expect_readable(const struct fixture *f, uint64_t generation)
{
	const unsigned char *p = (const unsigned char *)f->got.p;
	size_t at = 24;

	if (f->got.n < 24)
		return;
	assert_memory_equal(p, "\x4d\x3c\xb2\xa1", 4);
	while (at + 16 <= f->got.n) {
		uint32_t caplen = p[at + 8] | (uint32_t)p[at + 9] << 8 | (uint32_t)p[at + 10] << 16;

		if (p[at + 11] || caplen > 300 || p[at + 12] != ((caplen + 4) & 255))
			fail_msg("generation %u: torn at %zu", (unsigned)generation, at);
		at += 16 + caplen;
	}
}

static void random_walk(uint64_t seed)
{
	struct sim_random r = {seed};
	uint64_t now_ns = T0, generation = 0, id;
	struct fixture f;

	begin(&f, (uint32_t)random_range(&r, 1, 20));
	f.segment_frames = (uint32_t)seed % SEGMENT_FEW + 1;
	for (int i = 0; i < 3000; i++) {
		switch (random_range(&r, 0, 5)) {
		case 0:
			if (store_full(&f.store)) {
				id = store_oldest_unsettled(&f.store);
				if (id < f.store.head) {
					if (store_slot(&f.store, id)->state == SLOT_PENDING)
						feed_forget(&f.feed,
							    store_slot(&f.store, id)->block);
					store_undecoded(&f.store, id, UNDECODED_SKIPPED_BACKLOG);
				}
				assert_non_null(store_emit(&f.store, &id));
			}
			arrive(&f, (uint32_t)random_range(&r, 0, 300), now_ns);
			break;
		case 1:
		case 2: pump(&f, random_range(&r, 0, 500), now_ns); break;
		case 3:
			id = feed_take(&f.feed);
			if (id >= f.store.tail && id && store_slot(&f.store, id)->state == SLOT_FED)
				store_decoded(&f.store, id, 0, NULL, NULL, 0);
			break;
		case 4:
			while (store_emit(&f.store, &id)) {
			}
			break;
		default:
			if (!random_chance(&r, 30))
				break;
			expect_readable(&f, generation++);
			again(&f, now_ns);
			f.got.n = 0;
		}
		now_ns += random_range(&r, 0, MS);
		assert_true(f.feed.fed_count <= f.store.limit);
		assert_int_equal(feed_idle(&f.feed), !f.feed.pending_bytes && !feed_begun(&f.feed));
	}
	expect_readable(&f, generation);
	end(&f);
}

static void random_walks_keep_the_stream_whole(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		random_walk(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_pcap_with_nanoseconds),
		cmocka_unit_test(records_are_exact_at_any_split),
		cmocka_unit_test(fed_means_complete),
		cmocka_unit_test(numbers_lead_back_to_frames),
		cmocka_unit_test(numbers_begin_again_with_a_generation),
		cmocka_unit_test(restart_feeds_again_from_the_start),
		cmocka_unit_test(restart_in_the_header),
		cmocka_unit_test(skipped_frames_are_left_out),
		cmocka_unit_test(evicted_frame_is_finished),
		cmocka_unit_test(no_more_in_flight_than_the_store_holds),
		cmocka_unit_test(frames_wait_for_company),
		cmocka_unit_test(lending_is_bounded),
		cmocka_unit_test(stall_is_no_byte_for_the_limit),
		cmocka_unit_test(quiet_is_no_stall),
		cmocka_unit_test(restart_ends_a_stall),
		cmocka_unit_test(other_shards_are_passed_over),
		cmocka_unit_test(retired_finishes_its_record),
		cmocka_unit_test(retired_and_broken_gives_back),
		cmocka_unit_test(warmed_before_all_else),
		cmocka_unit_test(no_limit_no_stall),
		cmocka_unit_test(random_walks_keep_the_stream_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
