/* test_pcapng_write.c - blocks of a pcapng file
 *
 * Goal: each block is, byte for byte, what draft-ietf-opsawg-pcapng says: lengths at both ends and
 * multiples of 4, options in their order, padded with zeros and ended; what is not known is left
 * out; a reader finds in them what was put.
 *
 * Method: expected blocks written out by hand from the draft; packets of every length about a
 * multiple of 4, into memory that was not zero, with guards behind; a whole file read back by
 * src/capfile/capfile.h. That a block's type is stored last cannot be seen from here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "capfile/capfile.h"
#include "pcapng/pcapng_write.h"

/* Bytes as a string literal, its NUL left out. */
#define EXPECT(b, literal) expect(b, literal, sizeof(literal) - 1)

static void expect(struct buf *b, const char *want, size_t n)
{
	assert_false(b->failed);
	assert_int_equal(b->n, n);
	assert_memory_equal(b->p, want, n);
	b->n = 0;
}

static void section_as_in_the_draft(void **state)
{
	struct buf b = {0};

	(void)state;
	pcapng_put_section(&b, NULL, NULL, NULL, NULL);
	EXPECT(&b, "\x0a\x0d\x0d\x0a\x20\0\0\0"
		   "\x4d\x3c\x2b\x1a\1\0\0\0"
		   "\xff\xff\xff\xff\xff\xff\xff\xff"
		   "\0\0\0\0\x20\0\0\0");
	pcapng_put_section(&b, "cpu", "Linux", "SecVF", "all of it");
	EXPECT(&b, "\x0a\x0d\x0d\x0a\x50\0\0\0"
		   "\x4d\x3c\x2b\x1a\1\0\0\0"
		   "\xff\xff\xff\xff\xff\xff\xff\xff"
		   "\1\0\x09\0all of it\0\0\0"
		   "\2\0\3\0cpu\0"
		   "\3\0\5\0Linux\0\0\0"
		   "\4\0\5\0SecVF\0\0\0"
		   "\0\0\0\0\x50\0\0\0");
	/* An empty text is none. */
	pcapng_put_section(&b, "", "Linux", "", "");
	EXPECT(&b, "\x0a\x0d\x0d\x0a\x2c\0\0\0"
		   "\x4d\x3c\x2b\x1a\1\0\0\0"
		   "\xff\xff\xff\xff\xff\xff\xff\xff"
		   "\3\0\5\0Linux\0\0\0"
		   "\0\0\0\0\x2c\0\0\0");
	buf_done(&b);
}

static void interface_as_in_the_draft(void **state)
{
	struct buf b = {0};

	(void)state;
	pcapng_put_interface(&b, 1, 262144, "vm-1", NULL);
	EXPECT(&b, "\1\0\0\0\x28\0\0\0"
		   "\1\0\0\0\0\0\4\0"
		   "\2\0\4\0vm-1"
		   "\x09\0\1\0\x09\0\0\0"
		   "\0\0\0\0\x28\0\0\0");
	pcapng_put_interface(&b, 276, 0x01020304, "e", "up link");
	EXPECT(&b, "\1\0\0\0\x34\0\0\0"
		   "\x14\1\0\0\4\3\2\1"
		   "\2\0\1\0e\0\0\0"
		   "\3\0\7\0up link\0"
		   "\x09\0\1\0\x09\0\0\0"
		   "\0\0\0\0\x34\0\0\0");
	pcapng_put_interface(&b, 1, 0, NULL, NULL);
	EXPECT(&b, "\1\0\0\0\x20\0\0\0"
		   "\1\0\0\0\0\0\0\0"
		   "\x09\0\1\0\x09\0\0\0"
		   "\0\0\0\0\x20\0\0\0");
	buf_done(&b);
}

#define NONE UINT64_MAX

static void statistics_as_in_the_draft(void **state)
{
	struct pcapng_counts none = {NONE, NONE, NONE, NONE, 0, 0};
	struct pcapng_counts all = {.received = 0x0102030405060708,
				    .dropped = 0,
				    .accepted = 3,
				    .delivered = NONE - 1,
				    .start_ns = 0x1112131415161718,
				    .end_ns = 0x2122232425262728};
	struct buf b = {0};

	(void)state;
	pcapng_put_statistics(&b, 7, 0xa1a2a3a4a5a6a7a8, &none);
	EXPECT(&b, "\5\0\0\0\x1c\0\0\0"
		   "\7\0\0\0\xa4\xa3\xa2\xa1\xa8\xa7\xa6\xa5"
		   "\0\0\0\0\x1c\0\0\0");
	/* Times have their upper half first; counts are 64-bit integers. */
	pcapng_put_statistics(&b, 0, 1, &all);
	EXPECT(&b, "\5\0\0\0\x64\0\0\0"
		   "\0\0\0\0\0\0\0\0\1\0\0\0"
		   "\2\0\x08\0\x14\x13\x12\x11\x18\x17\x16\x15"
		   "\3\0\x08\0\x24\x23\x22\x21\x28\x27\x26\x25"
		   "\4\0\x08\0\x08\x07\x06\x05\x04\x03\x02\x01"
		   "\6\0\x08\0\3\0\0\0\0\0\0\0"
		   "\7\0\x08\0\0\0\0\0\0\0\0\0"
		   "\x08\0\x08\0\xfe\xff\xff\xff\xff\xff\xff\xff"
		   "\0\0\0\0\x64\0\0\0");
	buf_done(&b);
}

/* Lays a packet out over bytes that were not zero. */
static void put_packet(struct buf *b, const struct pcapng_packet *p)
{
	_Alignas(4) unsigned char at[256];
	uint32_t n = pcapng_packet_bytes(p);

	assert_true(n + 16 <= sizeof(at));
	memset(at, 0xee, sizeof(at));
	pcapng_packet(at, p);
	for (size_t i = n; i < sizeof(at); i++)
		assert_int_equal(at[i], 0xee);
	buf_put(b, at, n);
}

static void packet_as_in_the_draft(void **state)
{
	struct pcapng_packet p = {
		.data = "abcde",
		.caplen = 5,
		.len = 0x01020304,
		.ts_ns = 0xa1a2a3a4a5a6a7a8,
		.interface = 0x11121314,
	};
	struct buf b = {0};

	(void)state;
	put_packet(&b, &p);
	EXPECT(&b, "\6\0\0\0\x28\0\0\0"
		   "\x14\x13\x12\x11\xa4\xa3\xa2\xa1\xa8\xa7\xa6\xa5\5\0\0\0\4\3\2\1"
		   "abcde\0\0\0"
		   "\x28\0\0\0");
	p.flags = PCAPNG_OUTBOUND;
	put_packet(&b, &p);
	EXPECT(&b, "\6\0\0\0\x34\0\0\0"
		   "\x14\x13\x12\x11\xa4\xa3\xa2\xa1\xa8\xa7\xa6\xa5\5\0\0\0\4\3\2\1"
		   "abcde\0\0\0"
		   "\2\0\4\0\2\0\0\0"
		   "\0\0\0\0\x34\0\0\0");
	p.dropcount = 0x0102030405060708;
	put_packet(&b, &p);
	EXPECT(&b, "\6\0\0\0\x40\0\0\0"
		   "\x14\x13\x12\x11\xa4\xa3\xa2\xa1\xa8\xa7\xa6\xa5\5\0\0\0\4\3\2\1"
		   "abcde\0\0\0"
		   "\2\0\4\0\2\0\0\0"
		   "\4\0\x08\0\x08\x07\x06\x05\x04\x03\x02\x01"
		   "\0\0\0\0\x40\0\0\0");
	p = (struct pcapng_packet){.dropcount = 1};
	put_packet(&b, &p);
	EXPECT(&b, "\6\0\0\0\x30\0\0\0"
		   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		   "\4\0\x08\0\1\0\0\0\0\0\0\0"
		   "\0\0\0\0\x30\0\0\0");
	p.dropcount = 0;
	put_packet(&b, &p);
	EXPECT(&b, "\6\0\0\0\x20\0\0\0"
		   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		   "\x20\0\0\0");
	buf_done(&b);
}

static void packets_of_every_length_are_padded(void **state)
{
	const char data[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct buf b = {0};

	(void)state;
	for (uint32_t n = 0; n < 36; n++) {
		for (unsigned options = 0; options < 4; options++) {
			struct pcapng_packet p = {
				.data = data,
				.caplen = n,
				.flags = options & 1 ? PCAPNG_INBOUND : 0,
				.dropcount = options & 2 ? 5 : 0,
			};
			uint32_t padded = (n + 3) / 4 * 4;
			uint32_t bytes = 32 + padded + (options & 1 ? 8 : 0) +
					 (options & 2 ? 12 : 0) + (options ? 4 : 0);

			assert_int_equal(pcapng_pad(n), padded);
			assert_int_equal(pcapng_packet_bytes(&p), bytes);
			b.n = 0;
			put_packet(&b, &p);
			assert_int_equal(b.n, bytes);
			assert_memory_equal(b.p + 28, data, n);
			assert_memory_equal(b.p + 28 + n, "\0\0\0", padded - n);
			assert_int_equal(le32_load((unsigned char *)b.p + 4), bytes);
			assert_int_equal(le32_load((unsigned char *)b.p + bytes - 4), bytes);
		}
	}
	buf_done(&b);
}

/* A comment comes in front of the options that are there, which end as they did. */
static void comments_are_added(void **state)
{
	struct pcapng_packet p = {.data = "abcde", .caplen = 5, .len = 5, .ts_ns = 1};
	struct buf block = {0}, b = {0};

	(void)state;
	put_packet(&block, &p);
	buf_puts(&b, "before.."); /* it is added to what is there */
	pcapng_put_commented(&b, (unsigned char *)block.p, "hello");
	EXPECT(&b, "before.."
		   "\6\0\0\0\x38\0\0\0"
		   "\0\0\0\0\0\0\0\0\1\0\0\0\5\0\0\0\5\0\0\0"
		   "abcde\0\0\0"
		   "\1\0\5\0hello\0\0\0"
		   "\0\0\0\0\x38\0\0\0");
	block.n = 0;
	p.flags = PCAPNG_INBOUND;
	p.dropcount = 2;
	put_packet(&block, &p);
	pcapng_put_commented(&b, (unsigned char *)block.p, "four");
	EXPECT(&b, "\6\0\0\0\x48\0\0\0"
		   "\0\0\0\0\0\0\0\0\1\0\0\0\5\0\0\0\5\0\0\0"
		   "abcde\0\0\0"
		   "\1\0\4\0four"
		   "\2\0\4\0\1\0\0\0"
		   "\4\0\x08\0\2\0\0\0\0\0\0\0"
		   "\0\0\0\0\x48\0\0\0");
	buf_done(&block);
	buf_done(&b);
}

static void comments_add_up(void **state)
{
	struct pcapng_packet p = {.data = "x", .caplen = 1, .len = 1};
	struct buf block = {0}, one = {0}, two = {0};

	(void)state;
	put_packet(&block, &p);
	pcapng_put_commented(&one, (unsigned char *)block.p, "one");
	pcapng_put_commented(&two, (unsigned char *)one.p, "two2");
	EXPECT(&two, "\6\0\0\0\x38\0\0\0"
		     "\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"
		     "x\0\0\0"
		     "\1\0\4\0two2"
		     "\1\0\3\0one\0"
		     "\0\0\0\0\x38\0\0\0");
	buf_done(&block);
	buf_done(&one);
	buf_done(&two);
}

/* An option's length has 16 bits: longer text is cut, and the block stays whole. */
static void long_text_is_cut(void **state)
{
	static const size_t lengths[] = {65534, 65535, 65536, 200000};
	struct pcapng_packet p = {.data = "x", .caplen = 1, .len = 1};
	struct buf block = {0}, b = {0};
	char *text = malloc(200001);

	(void)state;
	assert_non_null(text);
	put_packet(&block, &p);
	for (unsigned i = 0; i < 4; i++) {
		size_t n = lengths[i] < PCAPNG_OPTION_MAX ? lengths[i] : PCAPNG_OPTION_MAX;
		const unsigned char *o;

		memset(text, 't', lengths[i]);
		text[lengths[i]] = '\0';
		b.n = 0;
		pcapng_put_commented(&b, (unsigned char *)block.p, text);
		o = (unsigned char *)b.p + 32;
		assert_int_equal(b.n, 32 + 4 + 65536 + 4 + 4);
		assert_int_equal(le16_load(o), 1);
		assert_int_equal(le16_load(o + 2), n);
		assert_memory_equal(o + 4, text, n);
		assert_memory_equal(o + 4 + n, "\0\0", 65536 - n);
		assert_int_equal(le32_load(o + 4 + 65536), 0);
		assert_int_equal(le32_load((unsigned char *)b.p + 4), b.n);
		assert_int_equal(le32_load((unsigned char *)b.p + b.n - 4), b.n);
	}
	free(text);
	buf_done(&block);
	buf_done(&b);
}

/* ... and not inside a character; bytes that make none are cut anywhere. */
static void no_character_is_cut(void **state)
{
	static const struct {
		const char *text; /* over and over, behind @shift bytes */
		size_t shift, want;
	} cases[] = {
		{"\xc3\xa9", 0, 65534},		{"\xc3\xa9", 1, 65535},
		{"\xe2\x82\xac", 0, 65535},	{"\xe2\x82\xac", 1, 65533},
		{"\xe2\x82\xac", 2, 65534},	{"\xf0\x9f\x98\x80", 0, 65532},
		{"\xf0\x9f\x98\x80", 1, 65533}, {"\xf0\x9f\x98\x80", 2, 65534},
		{"\xf0\x9f\x98\x80", 3, 65535}, {"\x80", 0, 65535},
		{"\xf0\x9f\x98", 0, 65535},	{"\xf0\x9f\x98", 1, 65535},
		{"\xed\xa0\x80", 1, 65535},	{"\xff", 0, 65535},
	};
	static char text[65536 + 8];
	struct buf b = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].text), want = cases[i].want;
		const unsigned char *o;

		memset(text, 'a', cases[i].shift);
		for (size_t at = cases[i].shift; at < sizeof(text) - 1; at++)
			text[at] = cases[i].text[(at - cases[i].shift) % n];
		b.n = 0;
		pcapng_put_section(&b, NULL, NULL, NULL, text);
		o = (unsigned char *)b.p + 24;
		assert_int_equal(le16_load(o), 1);
		if (le16_load(o + 2) != want)
			fail_msg("case %u: %u bytes, not %zu", i, le16_load(o + 2), want);
		assert_memory_equal(o + 4, text, want);
		assert_memory_equal(o + 4 + want, "\0\0\0", pcapng_pad((uint32_t)want) - want);
		assert_int_equal(b.n, 24 + 4 + pcapng_pad((uint32_t)want) + 4 + 4);
		assert_int_equal(le32_load((unsigned char *)b.p + 4), b.n);
	}
	/* One that just fits is whole, whatever comes before. */
	memset(text, 'a', PCAPNG_OPTION_MAX);
	memcpy(text + PCAPNG_OPTION_MAX - 4, "\xf0\x9f\x98\x80", 5);
	b.n = 0;
	pcapng_put_section(&b, NULL, NULL, NULL, text);
	assert_int_equal(le16_load((unsigned char *)b.p + 26), PCAPNG_OPTION_MAX);
	buf_done(&b);
}

/* ---- read back ---- */

struct bytes {
	const struct buf *b;
	size_t at;
};

static ssize_t read_bytes(void *ctx, void *to, size_t n)
{
	struct bytes *s = ctx;
	size_t left = s->b->n - s->at;

	if (n > left)
		n = left;
	memcpy(to, s->b->p + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

#define FRAMES 40u

static void put_file(struct buf *b)
{
	static const struct pcapng_counts counts = {1, 2, 3, 4, 5, 6};
	const char data[] = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";
	struct buf block = {0};

	pcapng_put_section(b, "cpu", "Linux", "SecVF", "comment");
	pcapng_put_interface(b, 1, 262144, "vm-1", NULL);
	pcapng_put_interface(b, 1, 262144, "uplink", "to the world");
	for (uint32_t n = 0; n < FRAMES; n++) {
		struct pcapng_packet p = {
			.data = data,
			.caplen = n,
			.len = n * 100,
			.ts_ns = UINT64_C(1767323045123456789) + n,
			.interface = n % 3 == 0,
			.flags = n % 4 ? PCAPNG_OUTBOUND : 0,
			.dropcount = n % 5 ? 0 : n,
		};

		block.n = 0;
		put_packet(&block, &p);
		if (n % 2)
			buf_put(b, block.p, block.n);
		else
			pcapng_put_commented(b, (unsigned char *)block.p, "h\xc3\xa9!");
		if (n == 20)
			pcapng_put_statistics(b, 0, 1, &counts);
	}
	pcapng_put_statistics(b, 1, 1, &counts);
	buf_done(&block);
}

static void reader_finds_what_was_put(void **state)
{
	const char data[] = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";
	const struct capfile_interface *interface;
	struct capfile_frame f;
	struct buf b = {0};
	struct bytes bytes = {.b = &b};
	struct capfile_source source = {.read = read_bytes, .ctx = &bytes};
	struct capfile *c;
	unsigned count;
	struct err err;

	(void)state;
	put_file(&b);
	c = capfile_open_source("written", source, 0, &err);
	assert_non_null(c);
	assert_true(capfile_is_pcapng(c));
	for (uint32_t n = 0; n < FRAMES; n++) {
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
		assert_int_equal(f.caplen, n);
		assert_memory_equal(f.data, data, n);
		assert_int_equal(f.len, n * 100);
		assert_int_equal(f.ts_ns, UINT64_C(1767323045123456789) + n);
		assert_int_equal(f.interface, n % 3 == 0);
		assert_int_equal(f.linktype, 1);
		assert_int_equal(f.comments, n % 2 == 0);
		if (n % 2 == 0)
			assert_string_equal(f.comment, "h\xc3\xa9!");
	}
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	interface = capfile_interfaces(c, &count);
	assert_int_equal(count, 2);
	assert_string_equal(interface[0].name, "vm-1");
	assert_string_equal(interface[1].name, "uplink");
	capfile_close(c);
	buf_done(&b);
}

/* What cannot be grown is left as it is. */
static void failed_buffers_are_let_be(void **state)
{
	struct pcapng_counts counts = {1, 2, 3, 4, 5, 6};
	struct pcapng_packet p = {.data = "x", .caplen = 1, .len = 1};
	struct buf block = {0}, b = {.failed = true};

	(void)state;
	put_packet(&block, &p);
	pcapng_put_section(&b, "a", "b", "c", "d");
	pcapng_put_interface(&b, 1, 1, "a", "b");
	pcapng_put_statistics(&b, 1, 1, &counts);
	pcapng_put_commented(&b, (unsigned char *)block.p, "c");
	assert_int_equal(b.n, 0);
	assert_null(b.p);
	assert_true(b.failed);
	buf_done(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(section_as_in_the_draft),
		cmocka_unit_test(interface_as_in_the_draft),
		cmocka_unit_test(statistics_as_in_the_draft),
		cmocka_unit_test(packet_as_in_the_draft),
		cmocka_unit_test(packets_of_every_length_are_padded),
		cmocka_unit_test(comments_are_added),
		cmocka_unit_test(comments_add_up),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(no_character_is_cut),
		cmocka_unit_test(reader_finds_what_was_put),
		cmocka_unit_test(failed_buffers_are_let_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
