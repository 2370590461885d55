/* test_stats.c - frames and bytes by protocol
 *
 * Goal: each frame is counted once, in the row of its protocol and in the totals; protocols past
 * the last row share it; an absurd length on the wire is not believed.
 *
 * Method: frames with chosen EtherTypes go through the basic decode, as in the pipeline.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "blocks.h"
#include "fanout/stats.h"

static void add(struct stats *s, unsigned ethertype, uint32_t caplen, uint32_t len, uint64_t ts_ns)
{
	unsigned char data[60] = {0};
	struct segment *segment;
	struct packet_view v;
	struct basic b;

	assert_true(caplen <= sizeof(data));
	data[12] = (unsigned char)(ethertype >> 8);
	data[13] = (unsigned char)ethertype;
	segment = blocks_one(
		&(struct pcapng_packet){.data = data, .caplen = caplen, .len = len, .ts_ns = ts_ns},
		1);
	v = packet_of(segment->base);
	basic_decode(&b, v.data, v.caplen);
	stats_add(s, &v, &b);
	segment_unref(segment);
}

static void rows_come_in_order_of_appearance(void **state)
{
	struct stats s = {0};

	(void)state;
	add(&s, 0x9001, 60, 60, 5);
	add(&s, 0x9002, 60, 100, 5);
	add(&s, 0x9001, 60, 61, 5);
	assert_int_equal(s.rows, 2);
	assert_string_equal(s.row[0].name, "0x9001");
	assert_int_equal(s.row[0].frames, 2);
	assert_int_equal(s.row[0].bytes, 121);
	assert_string_equal(s.row[1].name, "0x9002");
	assert_int_equal(s.row[1].frames, 1);
	assert_int_equal(s.row[1].bytes, 100);
	assert_int_equal(s.frames, 3);
	assert_int_equal(s.bytes, 221);
}

static void last_row_is_for_the_rest(void **state)
{
	struct stats s = {0};
	uint64_t frames = 0;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 100; i++)
			add(&s, 0xa000 + i, 60, 60, 1);
	}
	assert_int_equal(s.rows, STATS_PROTOCOLS_MAX);
	for (unsigned i = 0; i < STATS_PROTOCOLS_MAX - 1; i++) {
		char name[24];

		snprintf(name, sizeof(name), "0x%x", 0xa000 + i);
		assert_string_equal(s.row[i].name, name);
		assert_int_equal(s.row[i].frames, 2);
		frames += s.row[i].frames;
	}
	assert_string_equal(s.row[STATS_PROTOCOLS_MAX - 1].name, "other");
	frames += s.row[STATS_PROTOCOLS_MAX - 1].frames;
	assert_int_equal(frames, 200);
	assert_int_equal(s.frames, 200);
	assert_int_equal(s.bytes, 200 * 60);
}

static void absurd_lengths_are_not_counted(void **state)
{
	struct stats s = {0};

	(void)state;
	add(&s, 0x9000, 60, FRAME_BYTES_MAX, 1);
	assert_int_equal(s.bytes, FRAME_BYTES_MAX);
	add(&s, 0x9000, 60, FRAME_BYTES_MAX + 1, 1);
	assert_int_equal(s.bytes, FRAME_BYTES_MAX + 60);
	add(&s, 0x9000, 60, UINT32_MAX, 1);
	assert_int_equal(s.bytes, FRAME_BYTES_MAX + 120);
	assert_int_equal(s.row[0].bytes, FRAME_BYTES_MAX + 120);
}

static void times_are_least_and_greatest(void **state)
{
	struct stats s = {0};

	(void)state;
	add(&s, 0x9000, 60, 60, 500);
	assert_int_equal(s.first_ts_ns, 500);
	assert_int_equal(s.last_ts_ns, 500);
	add(&s, 0x9000, 60, 60, 900);
	add(&s, 0x9000, 60, 60, 0);
	add(&s, 0x9000, 60, 60, 700);
	assert_int_equal(s.first_ts_ns, 0);
	assert_int_equal(s.last_ts_ns, 900);
}

static void flags_are_counted(void **state)
{
	const struct packet_view v = {.caplen = 60, .len = 60};
	struct stats s = {0};
	struct basic b = {.flags = BASIC_TRUNCATED};

	(void)state;
	stats_add(&s, &v, &b);
	b.flags = BASIC_MALFORMED | BASIC_FRAGMENT;
	stats_add(&s, &v, &b);
	stats_add(&s, &v, &b);
	b.flags = BASIC_HAS_ETH;
	stats_add(&s, &v, &b);
	assert_int_equal(s.truncated, 1);
	assert_int_equal(s.malformed, 2);
	assert_int_equal(s.fragments, 2);
	assert_int_equal(s.frames, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_in_order_of_appearance),
		cmocka_unit_test(last_row_is_for_the_rest),
		cmocka_unit_test(absurd_lengths_are_not_counted),
		cmocka_unit_test(times_are_least_and_greatest),
		cmocka_unit_test(flags_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
