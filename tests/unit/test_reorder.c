/* test_reorder.c - big-endian blocks turned round
 *
 * Goal: a big-endian block comes out as the little-endian one that says the same, byte by byte:
 * each kind of block, each option that has integers in it; texts, addresses, packets and what
 * nobody knows the inside of stay. Whatever a block claims, as many bytes come out as went in, and
 * none beside it is read.
 *
 * Method: each block is written in both orders by capture_image.h, and one must become the other.
 * Then blocks are damaged at random, each at an odd address in memory of just its size, for the
 * sanitizer to see.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "capfile/reorder.h"
#include "capture_image.h"
#include "random.h"

/* What reorder_block() makes of @n bytes at an odd address, with nothing of ours behind them. */
static void reordered(struct buf *out, const unsigned char *p, size_t n)
{
	unsigned char *copy = malloc(n + 1);

	assert_non_null(copy);
	memcpy(copy + 1, p, n);
	reorder_block(out, be32_load(p), copy + 1, (uint32_t)n);
	free(copy);
}

/* One block of each kind that write() makes, from @from in both images: the big one is turned. */
static void expect_same(void (*write)(struct image *i))
{
	struct image little = {0}, big = {.big = true};
	struct buf out = {0};

	write(&little);
	write(&big);
	assert_int_equal(little.n, big.n);
	for (size_t at = 0, n; at < big.n; at += n) {
		n = be32_load(big.p + at + 4);
		out.n = 0;
		reordered(&out, big.p + at, n);
		assert_false(out.failed);
		assert_int_equal(out.n, n);
		for (size_t k = 0; k < n; k++) {
			if ((unsigned char)out.p[k] != little.p[at + k])
				fail_msg("block of type %u: byte %zu is %02x, not %02x",
					 le32_load(little.p + at), k, (unsigned char)out.p[k],
					 little.p[at + k]);
		}
	}
	image_done(&little);
	image_done(&big);
	buf_done(&out);
}

static void option_ints(struct image *i, unsigned code, unsigned bytes, unsigned count)
{
	image_int(i, code, 2);
	image_int(i, bytes * count, 2);
	for (unsigned k = 0; k < count; k++)
		image_int(i, (UINT64_C(0x0102030405060708) >> 8 * (8 - bytes)) + 16 * k, bytes);
}

/* Those that every block may have. */
static void common_options(struct image *i)
{
	static const unsigned custom[] = {2988, 2989, 19372, 19373};

	image_option(i, 1, "comment", 7);
	for (unsigned k = 0; k < 4; k++) {
		image_int(i, custom[k], 2);
		image_int(i, 4 + 5, 2);
		image_int(i, 0x00007ed9, 4); /* whose it is; what follows is theirs */
		image_put(i, "\x12\x34\x56\x78\x9a", 5);
		image_pad4(i);
	}
	image_option(i, 0x8123, "\x12\x34\x56\x78", 4); /* local use */
	image_option(i, 0, NULL, 0);
}

static void section(struct image *i)
{
	size_t at = image_block(i, BLOCK_SECTION);

	image_int(i, 0x1a2b3c4d, 4);
	image_int(i, 1, 2);
	image_int(i, 2, 2);
	image_int(i, 0x0102030405060708, 8);
	image_option(i, 2, "hardware", 8);
	image_option(i, 3, "os", 2);
	common_options(i);
	image_block_end(i, at);
}

static void interface(struct image *i)
{
	static const struct {
		unsigned code, bytes;
	} ints[] = {{8, 8}, {10, 4}, {14, 8}, {16, 8}, {17, 8}};
	size_t at = image_block(i, BLOCK_INTERFACE);

	image_int(i, 0x0102, 2);
	image_int(i, 0x0304, 2);
	image_int(i, 0x05060708, 4);
	image_option(i, 2, "vm-1", 4);
	image_option(i, 4, "\xc0\0\2\1\xff\xff\xff\0", 8);
	image_option(i, 6, "\2\0\0\0\0\1", 6);
	for (unsigned k = 0; k < sizeof(ints) / sizeof(ints[0]); k++)
		option_ints(i, ints[k].code, ints[k].bytes, 1);
	image_option(i, 9, "\x09", 1);
	image_option(i, 11, "\0udp port 53", 12);
	common_options(i);
	image_block_end(i, at);
}

static void obsolete_packet(struct image *i)
{
	size_t at = image_block(i, BLOCK_PACKET);

	image_int(i, 0x0102, 2);
	image_int(i, 0x0304, 2);
	image_int(i, 0x05060708, 4);
	image_int(i, 0x090a0b0c, 4);
	image_int(i, 5, 4);
	image_int(i, 0x11121314, 4);
	image_put(i, "bytes", 5);
	image_pad4(i);
	option_ints(i, 2, 4, 1);
	image_option(i, 3, "\2\x12\x34\x56\x78", 5);
	common_options(i);
	image_block_end(i, at);
}

static void simple_packet(struct image *i)
{
	size_t at = image_block(i, BLOCK_SIMPLE);

	image_int(i, 0x01020304, 4);
	image_put(i, "\x12\x34\x56\x78 all of the rest", 20);
	image_block_end(i, at);
}

/* Records, their end, then options, which begin with the same codes. */
static void names(struct image *i)
{
	size_t at = image_block(i, BLOCK_NAMES);

	image_option(i, 1, "\xc0\0\2\1host", 9);
	image_option(i, 2, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1host", 21);
	image_option(i, 0, NULL, 0);
	image_option(i, 2, "dns", 3);
	image_option(i, 3, "\xc0\0\2\2", 4);
	common_options(i);
	image_block_end(i, at);
}

static void statistics(struct image *i)
{
	size_t at = image_block(i, BLOCK_STATISTICS);

	image_int(i, 0x01020304, 4);
	image_int(i, 0x05060708, 4);
	image_int(i, 0x090a0b0c, 4);
	option_ints(i, 2, 4, 2);
	option_ints(i, 3, 4, 2);
	for (unsigned code = 4; code <= 8; code++)
		option_ints(i, code, 8, 1);
	common_options(i);
	image_block_end(i, at);
}

static void enhanced_head(struct image *i, uint32_t caplen)
{
	image_int(i, 0x01020304, 4);
	image_int(i, 0x05060708, 4);
	image_int(i, 0x090a0b0c, 4);
	image_int(i, caplen, 4);
	image_int(i, 0x11121314, 4);
}

/* Packets of each length about a multiple of 4, so that options begin where they do. */
static void enhanced(struct image *i)
{
	for (uint32_t n = 0; n < 9; n++) {
		size_t at = image_block(i, BLOCK_ENHANCED);

		enhanced_head(i, n);
		image_put(i, "\x12\x34\x56\x78\x9a\xbc\xde\xf0", n);
		image_pad4(i);
		option_ints(i, 2, 4, 1);
		image_option(i, 3, "\2\x12\x34\x56\x78", 5);
		option_ints(i, 4, 8, 1);
		option_ints(i, 5, 8, 1);
		option_ints(i, 6, 4, 1);
		common_options(i);
		image_block_end(i, at);
	}
}

/* A verdict is a byte that says whose it is, and then a number or, of hardware, any bytes. */
static void verdict(struct image *i)
{
	size_t at = image_block(i, BLOCK_ENHANCED);

	enhanced_head(i, 0);
	for (unsigned whose = 0; whose < 4; whose++) {
		image_int(i, 7, 2);
		image_int(i, 9, 2);
		image_int(i, whose, 1);
		if (whose == 1 || whose == 2)
			image_int(i, 0x0102030405060708, 8);
		else
			image_put(i, "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
		image_pad4(i);
	}
	image_option(i, 7, "", 0);
	option_ints(i, 8, 4, 2); /* process, thread */
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
}

static void secrets(struct image *i)
{
	size_t at = image_block(i, BLOCK_SECRETS);

	image_int(i, 0x544c534b, 4);
	image_int(i, 6, 4);
	image_put(i, "SECRET", 6);
	image_pad4(i);
	common_options(i);
	image_block_end(i, at);
}

static void custom(struct image *i)
{
	static const uint32_t types[] = {BLOCK_CUSTOM, BLOCK_CUSTOM_NOT_COPY};

	for (unsigned k = 0; k < 2; k++) {
		size_t at = image_block(i, types[k]);

		image_int(i, 0x00007ed9, 4);
		image_put(i, "\1\0\4\0\x12\x34\x56\x78\0\0\0\0", 12); /* like options, but theirs */
		image_block_end(i, at);
	}
}

static void each_block_says_the_same(void **state)
{
	static void (*const writes[])(struct image * i) = {
		section,    interface, obsolete_packet, simple_packet, names,
		statistics, enhanced,  verdict,		secrets,       custom,
	};

	(void)state;
	for (unsigned k = 0; k < sizeof(writes) / sizeof(writes[0]); k++)
		expect_same(writes[k]);
}

static void without_options(struct image *i)
{
	size_t at = image_block(i, BLOCK_INTERFACE);

	image_int(i, 0x0102, 2);
	image_int(i, 0, 2);
	image_int(i, 0x05060708, 4);
	image_block_end(i, at);
	at = image_block(i, BLOCK_NAMES);
	image_block_end(i, at);
	at = image_block(i, BLOCK_ENHANCED);
	enhanced_head(i, 4);
	image_put(i, "\x12\x34\x56\x78", 4);
	image_block_end(i, at);
	at = image_block(i, BLOCK_CUSTOM);
	image_int(i, 0x00007ed9, 4);
	image_block_end(i, at);
}

/* Options without an end mark; bytes behind an end mark; one that is longer than the block. */
static void loose_ends(struct image *i)
{
	size_t at = image_block(i, BLOCK_ENHANCED);

	enhanced_head(i, 0);
	option_ints(i, 2, 4, 1);
	image_block_end(i, at);
	at = image_block(i, BLOCK_ENHANCED);
	enhanced_head(i, 0);
	option_ints(i, 2, 4, 1);
	image_option(i, 0, NULL, 0);
	image_put(i, "\0\2\0\4\x12\x34\x56\x78", 8);
	image_block_end(i, at);
	at = image_block(i, BLOCK_ENHANCED);
	enhanced_head(i, 0);
	option_ints(i, 2, 4, 1);
	image_put(i, "\0\2\0\x05\x12\x34\x56\x78", 8);
	image_block_end(i, at);
}

/* Integers that do not fit into their option stay. */
static void short_options(struct image *i)
{
	size_t at = image_block(i, BLOCK_ENHANCED);

	enhanced_head(i, 0);
	image_option(i, 4, "\x12\x34\x56\x78", 4);
	image_option(i, 2, "", 0);
	image_option(i, 2, "\x12\x34", 2);
	image_option(i, 2988, "\x12\x34\x56", 3);
	option_ints(i, 6, 4, 1);
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
}

/* A length of the data that the block has no room for: nothing is known of what follows. */
static void long_data(struct image *i)
{
	static const uint32_t lengths[] = {13, 0x01020304, UINT32_MAX - 2, UINT32_MAX};

	for (unsigned k = 0; k < 4; k++) {
		size_t at = image_block(i, BLOCK_ENHANCED);

		enhanced_head(i, lengths[k]);
		image_put(i, "\0\2\0\4\x12\x34\x56\x78\0\0\0\0", 12);
		image_block_end(i, at);
	}
}

/* Less than the fixed part is no integers that anybody knows. */
static void short_blocks(struct image *i)
{
	static const uint32_t types[] = {BLOCK_SECTION, BLOCK_INTERFACE, BLOCK_PACKET,
					 BLOCK_SIMPLE,	BLOCK_ENHANCED,	 BLOCK_STATISTICS,
					 BLOCK_SECRETS, BLOCK_CUSTOM};
	static const unsigned bytes[] = {12, 4, 16, 0, 16, 8, 4, 0};

	for (unsigned k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
		size_t at = image_block(i, types[k]);

		image_put(i, "0123456789abcdef", bytes[k]);
		image_block_end(i, at);
	}
}

static void odd_blocks_are_taken_as_they_are(void **state)
{
	(void)state;
	expect_same(without_options);
	expect_same(loose_ends);
	expect_same(short_options);
	expect_same(long_data);
	expect_same(short_blocks);
}

/* One of 65,535 bytes, which is the longest. */
static void long_option(struct image *i)
{
	static char text[65535];
	size_t at = image_block(i, BLOCK_INTERFACE);

	memset(text, 't', sizeof(text));
	image_int(i, 0x0102, 2);
	image_int(i, 0, 2);
	image_int(i, 0x05060708, 4);
	image_option(i, 1, text, sizeof(text));
	option_ints(i, 8, 8, 1);
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
}

static void the_longest_option_is_gone_past(void **state)
{
	(void)state;
	expect_same(long_option);
}

static void options_alone_end_before_their_mark(void **state)
{
	struct image little = {0}, big = {.big = true};
	struct buf out = {0};
	size_t end;

	(void)state;
	option_ints(&little, 2, 4, 1);
	image_option(&little, 1, "hello", 5);
	option_ints(&little, 4, 8, 1);
	end = little.n;
	option_ints(&big, 2, 4, 1);
	image_option(&big, 1, "hello", 5);
	option_ints(&big, 4, 8, 1);
	buf_puts(&out, "..");
	reorder_options(&out, BLOCK_ENHANCED, big.p, (uint32_t)big.n);
	assert_int_equal(out.n, 2 + end);
	assert_memory_equal(out.p + 2, little.p, end);
	image_option(&big, 0, NULL, 0);
	image_put(&big, "more", 4);
	out.n = 0;
	reorder_options(&out, BLOCK_ENHANCED, big.p, (uint32_t)big.n);
	assert_int_equal(out.n, end);
	assert_memory_equal(out.p, little.p, end);
	/* The same code means something else, or nothing, in another block. */
	out.n = 0;
	reorder_options(&out, BLOCK_INTERFACE, big.p, 8);
	assert_int_equal(out.n, 8);
	assert_memory_equal(out.p, "\2\0\4\0\1\2\3\4", 8);
	/* The second is longer than what is there. */
	out.n = 0;
	reorder_options(&out, BLOCK_ENHANCED, big.p, 8 + 4 + 5);
	assert_int_equal(out.n, 8);
	out.n = 0;
	reorder_options(&out, BLOCK_ENHANCED, big.p, 3);
	reorder_options(&out, BLOCK_ENHANCED, big.p, 0);
	assert_int_equal(out.n, 0);
	image_done(&little);
	image_done(&big);
	buf_done(&out);
}

static void damaged_blocks_keep_their_length(void **state)
{
	struct image big = {.big = true};
	struct sim_random r = {1};
	struct buf out = {0};

	(void)state;
	interface(&big);
	obsolete_packet(&big);
	names(&big);
	statistics(&big);
	verdict(&big);
	secrets(&big);
	custom(&big);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned char block[512];
		size_t at = 0, n;

		for (uint64_t skip = random_range(&r, 0, 7); skip--;)
			at += be32_load(big.p + at + 4);
		n = be32_load(big.p + at + 4);
		assert_true(n <= sizeof(block));
		memcpy(block, big.p + at, n);
		/* Type and lengths are as the caller has checked them. */
		for (uint64_t k = random_range(&r, 0, 3); k--;)
			block[random_range(&r, 8, n - 5)] =
				(unsigned char)(random_chance(&r, 500) ? random_range(&r, 0, 255)
								       : 0);
		if (random_chance(&r, 500))
			n = random_range(&r, 3, n / 4) * 4;
		out.n = 0;
		reordered(&out, block, n);
		assert_int_equal(out.n, n);
		assert_int_equal(le32_load((unsigned char *)out.p), be32_load(block));
	}
	image_done(&big);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_block_says_the_same),
		cmocka_unit_test(odd_blocks_are_taken_as_they_are),
		cmocka_unit_test(the_longest_option_is_gone_past),
		cmocka_unit_test(options_alone_end_before_their_mark),
		cmocka_unit_test(damaged_blocks_keep_their_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
