/* test_warm - what a tshark that takes over is fed first
 *
 * The first and last frames of a conversation, either direction, in the order of ids; nothing above
 * what it had already; those that were silent for longest give way; what is of no conversation, or
 * too long, is left out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "feed/warm.h"
#include "pcapng/pcapng_write.h"
#include "store/segment.h"
#include "tap/frame.h"

static struct warm w;
static struct warm_set set;

static void begin(void)
{
	assert_int_equal(warm_init(&w), 0);
	memset(&set, 0, sizeof(set));
}

static void end(void)
{
	warm_set_done(&set);
	warm_done(&w);
}

/* A UDP frame from one socket to another, as the tap lays it out. */
static void note_of(uint64_t id, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
		    uint32_t length)
{
	static const unsigned char headers[] = {
		2,    0,    0, 0, 0,  1, 2, 0, 0, 0,  0,  2, 0x08,
		0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0,
	};
	unsigned char frame[4096] = {0};
	struct pcapng_packet p = {.data = frame, .caplen = length, .len = length, .ts_ns = id};
	unsigned char block[4200] __attribute__((aligned(4)));

	memcpy(frame, headers, sizeof(headers));
	be32_store(frame + 26, src);
	be32_store(frame + 30, dst);
	be16_store(frame + 34, sport);
	be16_store(frame + 36, dport);
	be16_store(frame + 38, 8);
	assert_true(pcapng_packet_bytes(&p) <= sizeof(block));
	pcapng_packet(block, &p);
	warm_note(&w, id, block);
}

static void note(uint64_t id, uint32_t src, uint32_t dst)
{
	note_of(id, src, 1000, dst, 53, 60);
}

/* The times of the frames in the set, which are their ids. */
static void expect(const char *ids)
{
	char text[4096] = "";
	uint64_t frames = 0;

	for (uint64_t at = 0; at < set.n; at += block_bytes(set.blocks + at)) {
		struct packet_view v = packet_of(set.blocks + at);

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
			 frames++ ? " " : "", (unsigned)v.ts_ns);
	}
	assert_string_equal(text, ids);
	assert_int_equal(set.frames, frames);
	assert_int_equal(set.at, 0);
}

static void first_and_last(void **state)
{
	(void)state;
	begin();
	warm_take(&w, 0, &set);
	expect("");
	for (uint64_t id = 1; id <= 30; id++)
		note(id, 1, 2);
	warm_take(&w, 0, &set);
	expect("1 2 3 4 5 6 27 28 29 30");
	assert_int_equal(set.last_id, 30);
	note(31, 1, 2);
	note(32, 1, 3);
	warm_take(&w, 30, &set);
	expect("31 32");
	end();
}

static void directions_are_one(void **state)
{
	(void)state;
	begin();
	for (uint64_t id = 1; id <= 30; id += 2) {
		note_of(id, 1, 1000, 2, 53, 60);
		note_of(id + 1, 2, 53, 1, 1000, 60);
	}
	note_of(31, 1, 1001, 2, 53, 60); /* another port: another one */
	warm_take(&w, 0, &set);
	expect("1 2 3 4 5 6 27 28 29 30 31");
	end();
}

static void the_silent_give_way(void **state)
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < WARM_CONVERSATIONS; i++)
		note(i + 1, 100 + i, 7);
	note(WARM_CONVERSATIONS + 1, 100, 7); /* the oldest speaks again */
	note(WARM_CONVERSATIONS + 2, 99, 7);  /* so it is the second that goes */
	warm_take(&w, 0, &set);
	assert_int_equal(set.frames, WARM_CONVERSATIONS + 1);
	assert_int_equal(packet_of(set.blocks).ts_ns, 1);
	assert_int_equal(packet_of(set.blocks + block_bytes(set.blocks)).ts_ns, 3);
	/* Many more leave as many. */
	for (uint32_t i = 0; i < 20 * WARM_CONVERSATIONS; i++)
		note(10000 + i, 100000 + i, 7);
	warm_take(&w, 0, &set);
	assert_int_equal(set.frames, WARM_CONVERSATIONS);
	assert_int_equal(packet_of(set.blocks).ts_ns, 10000 + 19 * WARM_CONVERSATIONS);
	end();
}

static void what_is_not_kept(void **state)
{
	(void)state;
	begin();
	note_of(1, 1, 1, 2, 2, 13);   /* no Ethernet header */
	note_of(2, 1, 1, 2, 2, 4000); /* too long */
	note_of(3, 1, 1, 2, 2, 60);
	note_of(4, 1, 1, 2, 2, 1500); /* its place grows */
	warm_take(&w, 0, &set);
	expect("3 4");
	assert_int_equal(packet_of(set.blocks + block_bytes(set.blocks)).caplen, 1500);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_and_last),
		cmocka_unit_test(directions_are_one),
		cmocka_unit_test(the_silent_give_way),
		cmocka_unit_test(what_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
