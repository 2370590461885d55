/* test_capfile.c - pcap and pcapng as capfile reads them
 *
 * Goal: every whole frame of a file comes out with what was recorded of it, in any variant of the
 * two formats; a file that breaks breaks at the right byte with all frames before it, and never
 * takes the reader with it; how its bytes arrive makes no difference.
 *
 * Method: images are written byte by byte by capture_image.h and read over an injected source.
 * Everything that the reader says of an image becomes one text, so that two readings are compared
 * as a whole: fed at once, byte by byte and at random splits, through buffers of 64 bytes and of 1
 * MiB. Images are cut at every byte, and reading fails at every call.
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
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "capfile/capfile.h"
#include "capfile/capfile_private.h"
#include "tap/frame.h"
#include "unit/capture_image.h"
#include "files.h"

#define S	  UINT64_C(1000000000)
#define NO_LENGTH UINT64_MAX /* of a section */

/* How the bytes of an image arrive. */
struct feed {
	const unsigned char *p;
	size_t n, at;
	unsigned seed;	  /* 0: as many as are asked for; 1: one; else: random */
	unsigned fail_at; /* this read fails, counted from 1; 0: none */
	unsigned reads;
	unsigned closed;
};

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static ssize_t feed_read(void *ctx, void *buf, size_t n)
{
	struct feed *f = ctx;
	size_t left = f->n - f->at;

	assert_true(n > 0);
	if (++f->reads == f->fail_at)
		return -EIO;
	if (n > left)
		n = left;
	if (f->seed == 1 && n > 1)
		n = 1;
	else if (f->seed > 1 && n > 1)
		n = 1 + random_next(&f->seed) % (n < 100 ? n : 100);
	if (n)
		memcpy(buf, f->p + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void feed_close(void *ctx)
{
	struct feed *f = ctx;

	f->closed++;
}

static struct capfile *feed_open(struct feed *f, size_t buffer, struct err *err)
{
	struct capfile_source source = {.read = feed_read, .close = feed_close, .ctx = f};

	return capfile_open_source("x.pcap", source, buffer, err);
}

static void say_frame(struct buf *out, const struct capfile_frame *f)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < f->caplen; i++)
		hash = (hash ^ f->data[i]) * 16777619u;
	buf_printf(out, "%" PRIu64 " at %" PRIu64 " %" PRIu32 "/%" PRIu32 " ts %" PRIu64, f->number,
		   f->offset, f->caplen, f->len, f->ts_ns);
	buf_printf(out, " if %u lt %d %08" PRIx32 " %zu [%s]\n", f->interface, f->linktype, hash,
		   f->comments, f->comment ? f->comment : "");
}

/* Reads an image to its end. Return: all that was said of it, to be freed */
static char *reading(struct feed *f, size_t buffer)
{
	struct capfile_frame frame;
	struct buf out = {0};
	struct err err, again;
	struct capfile *c = feed_open(f, buffer, &err);
	enum capfile_result result = CAPFILE_FRAME;
	const struct capfile_interface *in;
	unsigned count;

	if (!c) {
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		buf_printf(&out, "not opened: %s\n", err.text);
	}
	while (c && (result = capfile_next(c, &frame, &err)) == CAPFILE_FRAME)
		say_frame(&out, &frame);
	if (c) {
		in = capfile_interfaces(c, &count);
		for (unsigned i = 0; i < count; i++)
			buf_printf(&out, "interface %s lt %d snaplen %" PRIu32 " tsresol %u\n",
				   in[i].name ? in[i].name : "-", in[i].linktype, in[i].snaplen,
				   in[i].tsresol);
		/* What came last comes again. */
		assert_int_equal(capfile_next(c, &frame, &again), result);
		if (result == CAPFILE_BROKEN) {
			assert_string_equal(err.text, again.text);
			assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		}
		buf_puts(&out, result == CAPFILE_BROKEN ? err.text : "end");
		buf_putc(&out, '\n');
	}
	capfile_close(c);
	assert_int_equal(f->closed, 1);
	buf_putc(&out, '\0');
	assert_false(out.failed);
	return out.p;
}

static char *reading_of(const struct image *i, size_t n)
{
	struct feed f = {.p = i->p, .n = n};

	return reading(&f, 0);
}

static void expect(const struct image *i, const char *want)
{
	char *got = reading_of(i, i->n);

	assert_string_equal(got, want);
	free(got);
}

/* That @want is among what was said. */
static void expect_said(const struct image *i, const char *want)
{
	char *got = reading_of(i, i->n);

	if (!strstr(got, want))
		fail_msg("'%s' is not in:\n%s", want, got);
	free(got);
}

static unsigned lines_of_frames(const char *said)
{
	unsigned n = 0;

	for (const char *p = said; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (*p >= '0' && *p <= '9')
			n++;
	}
	return n;
}

/* Opens an image and reads @frames frames of it; the last is in @frame, borrowed from the result.
 */
static struct capfile *opened(struct feed *f, const struct image *i, unsigned frames,
			      struct capfile_frame *frame)
{
	struct capfile *c;
	struct err err;

	*f = (struct feed){.p = i->p, .n = i->n};
	c = feed_open(f, 0, &err);
	if (!c)
		fail_msg("%s", err.text);
	for (unsigned n = 0; n < frames; n++) {
		if (capfile_next(c, frame, &err) != CAPFILE_FRAME)
			fail_msg("frame %u does not come", n + 1);
	}
	return c;
}

/* A pcap of five records, of 0 to 200 bytes. */
static void pcap_of_five(struct image *i, bool big, uint32_t magic)
{
	static const uint32_t sizes[] = {60, 0, 14, 1, 200};
	unsigned char data[200];

	*i = (struct image){.big = big};
	image_pcap(i, magic, 2, 4, 1);
	for (unsigned n = 0; n < 5; n++) {
		memset(data, (int)n + 1, sizeof(data));
		image_record(i, 1000 + n, 5, sizes[n], sizes[n] + n, NULL, 0);
		if (magic == PCAP_MODIFIED)
			image_int(i, 0x0102030405060708, 8);
		image_put(i, data, sizes[n]);
	}
}

/* All kinds of blocks, two sections in opposite orders, comments, what is to be skipped. */
static void pcapng_of_all(struct image *i, bool big)
{
	unsigned char data[64];
	size_t at;

	*i = (struct image){.big = big};
	memset(data, 0xab, sizeof(data));
	image_section(i, NO_LENGTH);
	image_interface(i, 1, 0, "eth0", -1, 0);
	image_interface(i, 101, 20, NULL, 9, 0);
	image_packet(i, 0, 1500000, data, 61, 61, "first");
	at = image_block(i, 0x0bad);
	image_put(i, data, 33);
	image_block_end(i, at);
	image_packet(i, 1, 1500000, data, 5, 1000, NULL);
	at = image_block(i, 2);
	image_int(i, 1, 2);
	image_int(i, 7, 2);
	image_int(i, 0, 4);
	image_int(i, 77, 4);
	image_int(i, 4, 4);
	image_int(i, 4, 4);
	image_put(i, "abcd", 4);
	image_option(i, 1, "obsolete", 8);
	image_option(i, 1, "second", 6);
	image_block_end(i, at);
	at = image_block(i, 3);
	image_int(i, 9, 4);
	image_put(i, "123456789", 9);
	image_block_end(i, at);
	at = image_block(i, 0x40000bad);
	image_block_end(i, at);
	i->big = !big;
	image_section(i, NO_LENGTH);
	image_interface(i, 1, 4, "eth1", 0x80 | 10, 0);
	image_packet(i, 0, 1024 + 512, data, 3, 3, NULL);
	at = image_block(i, 3);
	image_int(i, 9, 4);
	image_put(i, "1234", 4);
	image_block_end(i, at);
}

static const char said_of_all[] = "1 at 108 61/61 ts 1500000000 if 0 lt 1 b8aef73e 1 [first]\n"
				  "2 at 268 5/1000 ts 1500000 if 1 lt 101 b2587e56 0 []\n"
				  "3 at 308 4/4 ts 77 if 1 lt 101 ce3479bd 2 [obsolete]\n"
				  "4 at 368 9/9 ts 0 if 0 lt 1 bb86b11c 0 []\n"
				  "5 at 492 3/3 ts 1500000000 if 2 lt 1 7a22a6a8 0 []\n"
				  "6 at 528 4/9 ts 0 if 2 lt 1 fdc422fd 0 []\n"
				  "interface eth0 lt 1 snaplen 0 tsresol 6\n"
				  "interface - lt 101 snaplen 20 tsresol 9\n"
				  "interface eth1 lt 1 snaplen 4 tsresol 138\n"
				  "end\n";

static void pcap_variants(void **state)
{
	static const uint32_t magics[] = {PCAP_US, PCAP_NS, PCAP_MODIFIED};

	(void)state;
	for (unsigned n = 0; n < 6; n++) {
		uint32_t magic = magics[n / 2];
		uint32_t header = magic == PCAP_MODIFIED ? 24 : 16;
		struct capfile_frame f;
		struct feed feed;
		struct capfile *c;
		struct image i;

		pcap_of_five(&i, n % 2, magic);
		c = opened(&feed, &i, 5, &f);
		assert_false(capfile_is_pcapng(c));
		assert_string_equal(capfile_path(c), "x.pcap");
		assert_int_equal(f.number, 5);
		assert_int_equal(f.caplen, 200);
		assert_int_equal(f.len, 204);
		assert_int_equal(f.offset, 24 + 4 * header + 75);
		assert_int_equal(f.ts_ns, 1004 * S + (magic == PCAP_NS ? 5u : 5000u));
		assert_int_equal(f.linktype, 1);
		assert_int_equal(f.data[0], 5);
		assert_int_equal(f.data[199], 5);
		assert_null(f.comment);
		capfile_close(c);
		expect_said(&i, "\nend\n");
		image_done(&i);
	}
}

static void pcap_times(void **state)
{
	static const struct {
		uint32_t magic, s, fraction;
		uint64_t ns;
	} cases[] = {
		{PCAP_US, 10, 999999, 10 * S + 999999000},
		{PCAP_US, 10, 1000000, 11 * S},
		{PCAP_US, 0, 0x80000000, UINT64_C(2147483648000)},
		{PCAP_US, UINT32_MAX, UINT32_MAX, UINT32_MAX * S + UINT64_C(4294967295000)},
		{PCAP_NS, 10, 1000000001, 11 * S + 1},
		{PCAP_NS, UINT32_MAX, UINT32_MAX, (UINT32_MAX + UINT64_C(4)) * S + 294967295},
		{PCAP_NS, 0, 0, 0},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct image i = {0};
		struct capfile_frame f;
		struct feed feed;
		struct capfile *c;

		image_pcap(&i, cases[n].magic, 2, 4, 1);
		image_record(&i, cases[n].s, cases[n].fraction, 2, 2, "ab", 2);
		c = opened(&feed, &i, 1, &f);
		assert_int_equal(f.ts_ns, cases[n].ns);
		capfile_close(c);
		image_done(&i);
	}
}

static void pcap_versions(void **state)
{
	static const struct {
		unsigned major, minor;
		uint32_t first, second; /* lengths as they stand in the record */
		const char *want;
	} cases[] = {
		{2, 4, 2, 9, " 2/9 "},	     {2, 4, 2, 1, " 2/1 "},
		{2, 3, 2, 9, " 2/9 "},	     {2, 3, 9, 2, " 2/9 "},
		{2, 2, 9, 2, " 2/9 "},	     {2, 0, 9, 2, " 2/9 "},
		{543, 0, 9, 2, " 2/9 "},     {2, 5, 2, 2, "version 2.5 is not known"},
		{1, 0, 2, 2, "version 1.0"}, {3, 4, 2, 2, "version 3.4"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct image i = {0};

		image_pcap(&i, PCAP_US, cases[n].major, cases[n].minor, 1);
		image_record(&i, 1, 1, cases[n].first, cases[n].second, "ab", 2);
		expect_said(&i, cases[n].want);
		image_done(&i);
	}
}

static void pcap_linktype_with_fcs(void **state)
{
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_US, 2, 4, 0xf4000000 | 0x10000 | 105);
	expect(&i, "interface - lt 65641 snaplen 65535 tsresol 6\nend\n");
	image_done(&i);
	image_pcap(&i, PCAP_NS, 2, 4, 0x24000001);
	expect(&i, "interface - lt 1 snaplen 65535 tsresol 9\nend\n");
	image_done(&i);
}

static void pcap_too_long(void **state)
{
	static unsigned char data[FRAME_BYTES_MAX + 1];
	struct image i = {0};

	(void)state;
	image_pcap(&i, PCAP_US, 2, 4, 1);
	image_record(&i, 1, 0, FRAME_BYTES_MAX, 7, data, FRAME_BYTES_MAX);
	image_record(&i, 1, 0, FRAME_BYTES_MAX + 1, 7, data, FRAME_BYTES_MAX + 1);
	expect_said(&i, "1 at 24 262144/7 ts 1000000000 ");
	expect_said(
		&i,
		"x.pcap: broken at byte 262184: the record says 262145 captured bytes, the limit "
		"is 262144: ");
	expect_said(&i, "; 1 whole frame was read before it\n");
	image_done(&i);
}

/* Of a pcap cut to @n bytes: frames that are whole, and where the cut record starts. */
static unsigned pcap_whole(const struct image *i, size_t n, size_t *start)
{
	unsigned whole = 0;
	size_t at = 24;

	while (at + 16 <= n && at + 16 + i->p[at + 8] <= n) {
		at += 16u + i->p[at + 8];
		whole++;
	}
	*start = at;
	return whole;
}

static void pcap_cut_anywhere(void **state)
{
	struct image i;
	char want[64];

	(void)state;
	pcap_of_five(&i, false, PCAP_US);
	for (size_t n = 0; n <= i.n; n++) {
		char *said = reading_of(&i, n);
		size_t start;
		unsigned whole = pcap_whole(&i, n, &start);

		if (n < 24) {
			assert_memory_equal(said, "not opened: x.pcap: ", 20);
			free(said);
			continue;
		}
		assert_int_equal(lines_of_frames(said), whole);
		if (n == start)
			snprintf(want, sizeof(want), "\nend\n");
		else
			snprintf(want, sizeof(want), "broken at byte %zu: a record", start);
		assert_non_null(strstr(said, want));
		snprintf(want, sizeof(want), "ends after %zu bytes", n);
		assert_int_equal(strstr(said, want) != NULL, n != start);
		free(said);
	}
	image_done(&i);
}

static void pcapng_all_blocks(void **state)
{
	struct image i;

	(void)state;
	for (int big = 0; big < 2; big++) {
		pcapng_of_all(&i, big);
		expect(&i, said_of_all);
		image_done(&i);
	}
}

static void pcapng_cut_anywhere(void **state)
{
	struct image i;

	(void)state;
	pcapng_of_all(&i, false);
	for (size_t n = 0; n <= i.n; n++) {
		char *said = reading_of(&i, n);
		size_t at = 0, end = 0;
		unsigned whole = 0;
		char want[64];

		/* Blocks of the second section are in the other order: lengths below 2^16 tell. */
		while (n >= 44 && at + 8 <= n) {
			bool big = i.p[at + 4] == 0;
			unsigned type = i.p[big ? at + 3 : at];

			end = at + (big ? i.p[at + 7] : i.p[at + 4]);
			if (end > n)
				break;
			at = end;
			whole += type == 6 || type == 2 || type == 3;
		}
		if (n < 44) {
			assert_memory_equal(said, "not opened: x.pcap: ", 20);
			free(said);
			continue;
		}
		assert_int_equal(lines_of_frames(said), whole);
		if (n == at)
			snprintf(want, sizeof(want), "end\n");
		else
			snprintf(want, sizeof(want), "broken at byte %zu: a ", at);
		if (!strstr(said, want))
			fail_msg("cut at %zu: '%s' is not in:\n%s", n, want, said);
		free(said);
	}
	image_done(&i);
}

static void pcapng_times(void **state)
{
	static const struct {
		int tsresol;
		uint64_t ticks;
		int64_t offset_s;
		uint64_t ns;
	} cases[] = {
		{-1, 1234567, 0, 1234567000},
		{6, 1234567, 3, 4234567000},
		{0, 17, 0, 17 * S},
		{3, 1001, 0, 1001000000},
		{9, 1001, 0, 1001},
		{9, UINT64_MAX, 0, UINT64_MAX},
		{9, UINT64_MAX, 1, UINT64_MAX},
		{9, UINT64_MAX, -1, UINT64_MAX - S},
		{10, 19, 0, 1},
		{12, UINT64_C(1700000000123456789), 0, UINT64_C(1700000000123456)},
		{19, UINT64_MAX, 0, 1844674407},
		{28, UINT64_C(10000000000000000000), 0, 1},
		{28, UINT64_C(9999999999999999999), 0, 0},
		{29, UINT64_MAX, 0, 0},
		{127, UINT64_MAX, 5, 5 * S},
		{0, UINT64_MAX, 0, UINT64_MAX},
		{0x80, 17, 0, 17 * S},
		{0x80 | 10, 1025, 0, S + 976562},
		{0x80 | 32, UINT64_C(0x6553f10080000000), 0, UINT64_C(1700000000500000000)},
		{0x80 | 63, UINT64_MAX, 0, 1999999999},
		{0x80 | 127, UINT64_MAX, 0, 0},
		{6, 1000000, -1, 0},
		{6, 1000000, -2, 0},
		{6, 0, INT64_MIN, 0},
		{6, 0, INT64_MAX, UINT64_MAX},
		{6, UINT64_MAX, INT64_MIN, 0},
	};

	(void)state;
	for (size_t n = 0; n < 2 * sizeof(cases) / sizeof(cases[0]); n++) {
		struct image i = {.big = n % 2};
		struct capfile_frame f;
		struct feed feed;
		struct capfile *c;

		image_section(&i, NO_LENGTH);
		image_interface(&i, 1, 0, NULL, cases[n / 2].tsresol, cases[n / 2].offset_s);
		image_packet(&i, 0, cases[n / 2].ticks, "ab", 2, 2, NULL);
		c = opened(&feed, &i, 1, &f);
		if (f.ts_ns != cases[n / 2].ns)
			fail_msg("case %zu: %" PRIu64, n / 2, f.ts_ns);
		capfile_close(c);
		image_done(&i);
	}
}

/* The usual start of a pcapng: 44 and 32 bytes. */
static void pcapng_start(struct image *i)
{
	image_section(i, NO_LENGTH);
	image_interface(i, 1, 0, NULL, 6, 0);
	assert_int_equal(i->n, 76);
}

static void expect_break(struct image *i, size_t offset, const char *what)
{
	char want[256];

	snprintf(want, sizeof(want), "broken at byte %zu: %s", offset, what);
	expect_said(i, want);
	image_done(i);
}

static void pcapng_broken_packets(void **state)
{
	struct image i = {0};
	size_t at;

	(void)state;
	pcapng_start(&i);
	image_packet(&i, 1, 0, "abcd", 4, 4, NULL);
	expect_break(&i, 76, "a packet of interface 1, and the section has described 1 so far");

	pcapng_start(&i);
	image_packet(&i, UINT32_MAX, 0, "abcd", 4, 4, NULL);
	expect_break(&i, 76, "a packet of interface 4294967295");

	/* An interface of the section before is none of this one's. */
	pcapng_start(&i);
	image_section(&i, NO_LENGTH);
	image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
	expect_break(&i, 120, "a packet of interface 0, and the section has described 0 so far");

	image_section(&i, NO_LENGTH);
	at = image_block(&i, 3);
	image_int(&i, 4, 4);
	image_put(&i, "abcd", 4);
	image_block_end(&i, at);
	expect_break(&i, 44, "a packet of interface 0");

	pcapng_start(&i);
	at = i.n;
	image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
	image_set32(&i, at + 20, 5);
	expect_break(&i, 76, "the packet says 5 captured bytes, and its block has room for 4");

	pcapng_start(&i);
	at = i.n;
	image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
	image_set32(&i, at + 20, FRAME_BYTES_MAX + 1);
	expect_break(&i, 76, "the packet says 262145 captured bytes, the limit is 262144");

	pcapng_start(&i);
	at = image_block(&i, 3);
	image_int(&i, 9, 4);
	image_put(&i, "abcd", 4);
	image_block_end(&i, at);
	expect_break(&i, 76, "the packet says 9 captured bytes, and its block has room for 4");

	pcapng_start(&i);
	at = image_block(&i, 6);
	image_int(&i, 0, 8);
	image_int(&i, 0, 8);
	image_block_end(&i, at);
	expect_break(&i, 76, "the packet block has 28 bytes, and needs 32");

	pcapng_start(&i);
	at = image_block(&i, 3);
	image_block_end(&i, at);
	expect_break(&i, 76, "the simple packet block has 12 bytes, and needs 16");

	pcapng_start(&i);
	at = i.n;
	image_packet(&i, 0, 0, "abcd", 4, 4, "a comment");
	i.p[at + 8 + 24 + 2] = 17;
	expect_break(&i, 76, "option 1 at byte 108 says 17 bytes and its block has 16 left");
}

static void pcapng_broken_blocks(void **state)
{
	static const uint32_t lengths[] = {0, 8, 11, 33, 34, CAPFILE_BLOCK_MAX + 4, UINT32_MAX};
	struct image i = {0};
	size_t at;

	(void)state;
	for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		pcapng_start(&i);
		at = i.n;
		image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
		image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
		image_set32(&i, at + 36 + 4, lengths[n]);
		expect_break(&i, 112, "a block of type 0x00000006 says that it has ");
	}
	/* The length at the end, of a block that is read and of one that is skipped. */
	for (uint32_t type = 6; type < 8; type++) {
		pcapng_start(&i);
		at = i.n;
		image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
		image_set32(&i, at, type);
		image_set32(&i, i.n - 4, 40);
		expect_break(&i, 76,
			     type == 6 ? "a block of type 0x00000006 says 36 bytes at its start "
					 "and 40 at its end"
				       : "a block of type 0x00000007 says 36 bytes at its start "
					 "and 40 at its end");
	}
	pcapng_start(&i);
	at = i.n;
	image_section(&i, NO_LENGTH);
	image_set32(&i, at + 8, 0x1a2b3c4e);
	expect_break(&i, 76, "the section header has 0x4e3c2b1a in place of the byte-order magic");

	pcapng_start(&i);
	at = i.n;
	image_section(&i, NO_LENGTH);
	image_set32(&i, at + 12, 2);
	expect_break(&i, 76, "pcapng version 2.0 is not known");

	at = image_block(&i, 0x0a0d0d0a);
	image_int(&i, 0x1a2b3c4d, 4);
	image_int(&i, 1, 8);
	image_block_end(&i, at);
	expect_break(&i, 0, "the section header block has 24 bytes, and needs 28");

	image_section(&i, NO_LENGTH);
	at = image_block(&i, 1);
	image_int(&i, 1, 4);
	image_block_end(&i, at);
	expect_break(&i, 44, "the interface block has 16 bytes, and needs 20");

	image_section(&i, NO_LENGTH);
	at = image_block(&i, 1);
	image_int(&i, 1, 8);
	image_option(&i, 9, "abc", 3);
	image_block_end(&i, at);
	expect_break(&i, 44, "option 9 of an interface has 3 bytes in place of 1");

	image_section(&i, NO_LENGTH);
	at = image_block(&i, 1);
	image_int(&i, 1, 8);
	image_option(&i, 2, "name", 4);
	image_option(&i, 14, "abcd", 4);
	image_block_end(&i, at);
	expect_break(&i, 44, "option 14 of an interface has 4 bytes in place of 8");
}

/* Version 1.2 was declared to be 1.0. */
static void pcapng_minor_2(void **state)
{
	struct image i = {0};

	(void)state;
	image_section(&i, NO_LENGTH);
	i.p[14] = 2;
	expect(&i, "end\n");
	image_done(&i);
}

static void pcapng_section_lengths(void **state)
{
	/* One interface and one packet: 68 bytes. */
	static const struct {
		uint64_t length;
		const char *want;
	} cases[] = {
		{68, "\nend\n"},
		{0, "\nend\n"},
		{NO_LENGTH, "\nend\n"},
		{UINT64_C(1) << 63, "\nend\n"},
		{72,
		 "broken at byte 112: the file ends here, and its section, from byte 0, says that "
		 "it goes on to byte 116"},
		{INT64_MAX, "broken at byte 112: "},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct image i = {0};

		image_section(&i, cases[n].length);
		image_interface(&i, 1, 0, NULL, 6, 0);
		image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
		expect_said(&i, "1 at 76 4/4");
		expect_said(&i, cases[n].want);
		image_done(&i);
	}
}

static void pcapng_interface_limits(void **state)
{
	struct image i = {0};
	size_t last = 0;

	(void)state;
	image_section(&i, NO_LENGTH);
	for (unsigned n = 0; n <= CAPFILE_INTERFACES_MAX; n++) {
		last = i.n;
		image_interface(&i, 1, 0, NULL, -1, 0);
	}
	expect_break(&i, last, "one interface too many");

	for (unsigned n = 0; n <= CAPFILE_INTERFACES_TOTAL_MAX; n++) {
		image_section(&i, NO_LENGTH);
		last = i.n;
		image_interface(&i, 1, 0, NULL, -1, 0);
	}
	expect_break(&i, last, "one interface too many");
}

static void pcapng_long_texts(void **state)
{
	char *name = malloc(65536), *comment = malloc(65536);
	struct image i = {0};
	struct capfile_frame f;
	struct feed feed;
	struct capfile *c;
	unsigned count;

	(void)state;
	assert_non_null(name);
	assert_non_null(comment);
	memset(name, 'n', 65535);
	memset(comment, 'c', 65535);
	name[65535] = comment[65535] = '\0';
	image_section(&i, NO_LENGTH);
	image_interface(&i, 1, 0, name, -1, 0);
	image_packet(&i, 0, 0, "abcd", 4, 4, comment);
	c = opened(&feed, &i, 1, &f);
	assert_string_equal(f.comment, comment);
	assert_int_equal(strlen(capfile_interfaces(c, &count)->name), CAPFILE_NAME_MAX - 1);
	capfile_close(c);
	image_done(&i);
	free(name);
	free(comment);
}

/* A block that is not looked at does not grow the buffer, and one too large is refused. */
static void pcapng_skips_without_holding(void **state)
{
	unsigned char *zeros = calloc(1, CAPFILE_BLOCK_MAX);
	struct image i = {0};
	struct capfile_frame f;
	struct feed feed;
	struct capfile *c;
	size_t at;

	(void)state;
	assert_non_null(zeros);
	pcapng_start(&i);
	at = image_block(&i, 10);
	image_put(&i, zeros, CAPFILE_BLOCK_MAX - 12);
	image_block_end(&i, at);
	image_packet(&i, 0, 0, "abcd", 4, 4, NULL);
	c = opened(&feed, &i, 1, &f);
	assert_int_equal(c->cap, CAPFILE_BUFFER);
	assert_int_equal(f.offset, 76 + CAPFILE_BLOCK_MAX);
	assert_memory_equal(f.data, "abcd", 4);
	capfile_close(c);
	image_done(&i);

	/* One that is, with options up to the bound, grows it to the bound and no further. */
	pcapng_start(&i);
	at = image_block(&i, 6);
	image_int(&i, 0, 8);
	image_int(&i, 0, 8);
	image_int(&i, 0, 4);
	while (i.n - at + 4 + 65536 + 4 < CAPFILE_BLOCK_MAX)
		image_option(&i, 999, zeros, 65532);
	image_block_end(&i, at);
	c = opened(&feed, &i, 1, &f);
	assert_true(c->cap <= CAPFILE_BLOCK_MAX);
	capfile_close(c);
	image_done(&i);
	free(zeros);
}

/* However bytes arrive, and whatever the buffer: the same is said. */
static void any_split(void **state)
{
	static const size_t buffers[] = {1, 100, 0};
	struct image images[4];

	(void)state;
	pcap_of_five(&images[0], false, PCAP_US);
	pcap_of_five(&images[1], true, PCAP_MODIFIED);
	pcapng_of_all(&images[2], false);
	pcapng_of_all(&images[3], true);
	/* And one that breaks. */
	images[3].n -= 3;
	for (unsigned k = 0; k < 4; k++) {
		char *whole = reading_of(&images[k], images[k].n);

		for (unsigned n = 0; n < 300; n++) {
			struct feed f = {.p = images[k].p, .n = images[k].n, .seed = n / 3};
			char *said = reading(&f, buffers[n % 3]);

			assert_string_equal(said, whole);
			free(said);
		}
		free(whole);
		image_done(&images[k]);
	}
}

/* Reading fails at each call in turn: all whole frames before, then where and why. */
static void any_read_fails(void **state)
{
	struct image i;
	unsigned last = 0;

	(void)state;
	pcapng_of_all(&i, false);
	for (unsigned n = 1;; n++) {
		struct feed f = {.p = i.p, .n = i.n, .seed = 5, .fail_at = n};
		char *said = reading(&f, 0);
		unsigned frames = lines_of_frames(said);

		if (f.reads < n) {
			assert_string_equal(said, said_of_all);
			free(said);
			break;
		}
		assert_non_null(strstr(said, "Input/output error"));
		assert_true(frames >= last);
		assert_memory_equal(said, frames ? said_of_all : "not opened", frames ? 20 : 0);
		last = frames;
		free(said);
	}
	assert_int_equal(last, 6);
	image_done(&i);
}

/* Random damage: whatever is said, nothing is read that is not there (for the sanitizers). */
static void random_damage(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		struct image i;
		char *said;

		if (n % 3)
			pcapng_of_all(&i, n & 1);
		else
			pcap_of_five(&i, n & 1, PCAP_US);
		for (unsigned k = 0; k < 3; k++) {
			size_t at = random_next(&seed) % i.n;

			i.p[at] = (unsigned char)(random_next(&seed) % 3 ? random_next(&seed)
									 : 255u * (seed & 1));
		}
		said = reading_of(&i, i.n);
		assert_true(lines_of_frames(said) <= i.n / 12);
		free(said);
		image_done(&i);
	}
}

static void files_and_pipes(void **state)
{
	const char *path = NULL;
	struct capfile_frame f;
	struct capfile *c;
	struct image i;
	struct err err;
	int fds[2], saved;

	(void)state;
	assert_int_equal(files_begin(state), 0);
	path = files_path("a.pcapng");
	pcapng_of_all(&i, true);
	image_save(&i, path);
	c = capfile_open(path, &err);
	assert_non_null(c);
	assert_true(capfile_is_pcapng(c));
	for (unsigned n = 0; n < 6; n++)
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_END);
	capfile_close(c);

	/* Standard input: a pipe that gives one half, and no second one. Non-blocking, too. */
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], i.p, i.n - 1), (ssize_t)i.n - 1);
	close(fds[1]);
	saved = dup(STDIN_FILENO);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	c = capfile_open("-", &err);
	assert_non_null(c);
	for (unsigned n = 0; n < 5; n++)
		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_BROKEN);
	assert_non_null(strstr(err.text,
			       "standard input: broken at byte 528: a block of 20 bytes is "
			       "cut short, the file ends after 547 bytes"));
	capfile_close(c);
	/* It is not ours to close. */
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	close(fds[0]);

	assert_null(capfile_open(files_folder, &err));
	assert_non_null(strstr(err.text, "it is a directory"));
	unlink(path);
	assert_null(capfile_open(path, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(files_end_empty(state), 0);
	image_done(&i);
}

/* A block of zstd that is damaged costs none of the frames in the blocks before it, though all came
 * in one read. Found by fuzzing. RFC 8878: magic, window, raw blocks, one of the reserved type. */
static void zstd_gives_what_is_before_the_damage(void **state)
{
	struct image i, packed = {0};
	struct capfile_frame f;
	struct capfile *c;
	struct feed feed;
	struct err err;

	(void)state;
	pcap_of_five(&i, false, 0xa1b2c3d4);
	image_put(&packed, "\x28\xb5\x2f\xfd\x00\x00", 6);
	for (size_t half = i.n / 2, at = 0; at < i.n; at += half) {
		size_t n = i.n - at < half ? i.n - at : half;
		unsigned char header[3] = {(unsigned char)(n << 3), (unsigned char)(n >> 5), 0};

		image_put(&packed, header, 3);
		image_put(&packed, i.p + at, n);
	}
	image_put(&packed, "\x06\x00\x00", 3);
	c = opened(&feed, &packed, 5, &f);
	assert_int_equal(f.caplen, 200);
	assert_int_equal(capfile_next(c, &f, &err), CAPFILE_BROKEN);
	assert_non_null(strstr(err.text, "zstd data around its byte"));
	capfile_close(c);
	image_done(&packed);
	image_done(&i);
}

static void what_else_it_is(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *want;
	} cases[] = {
		{"", 0, "x.pcap: it is empty"},
		{"\x1f\x8b\x08\0\0", 5,
		 "x.pcap: cannot be read: the gzip data is cut short after 5 bytes"},
		{"\x28\xb5\x2f\xfd\0", 5, "the zstd data is cut short after 5 bytes"},
		{"\x1f\x8b\xff\0\0", 5, "x.pcap: cannot be read: the gzip data around its byte "},
		{"\x04\x22\x4d\x18\0", 5, "lz4 -dc x.pcap"},
		{"\xfd\x37\x7a\x58\x5a\0", 6, "xz -dc x.pcap"},
		{"BZh91AY", 7, "bzip2 -dc x.pcap"},
		{"PK\3\4\0", 5, "unzip -p x.pcap"},
		{"snoop\0\0\0\0\0\0\2", 12,
		 "it is snoop, not pcap or pcapng; try `editcap -F pcap "
		 "x.pcap out.pcap`"},
		{"\1\2\3\4\x10\x20\x30\x40\2\0\0\x10\0\0\0\x10", 16, "it looks like ERF"},
		{"0000  52 54 00 12\n", 18,
		 "it is a hex dump, not pcap or pcapng; try `text2pcap x.pcap "
		 "out.pcap`"},
		{"../../some/other.pcap", 21, "it is text"},
		{"version https://git-lfs.github.com/spec/v1\n", 43, "try `git lfs pull`"},
		{"\x7f"
		 "ELF\2\1\1\0",
		 8, "it starts with bytes 7f 45 4c 46"},
		{"\xd4\xc3", 2, "it starts with bytes d4 c3 00 00"},
		{"\xd4\xc3\xb2\xa1\2\0", 6,
		 "broken at byte 0: a pcap header of 24 bytes is cut short"},
		{"\x0a\x0d\x0d\x0a\x1c\0\0\0", 8, "broken at byte 0: a section header of 12 bytes"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct image i = {0};

		image_put(&i, cases[n].bytes, cases[n].n);
		expect_said(&i, cases[n].want);
		image_done(&i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_variants),
		cmocka_unit_test(pcap_times),
		cmocka_unit_test(pcap_versions),
		cmocka_unit_test(pcap_linktype_with_fcs),
		cmocka_unit_test(pcap_too_long),
		cmocka_unit_test(pcap_cut_anywhere),
		cmocka_unit_test(pcapng_all_blocks),
		cmocka_unit_test(pcapng_cut_anywhere),
		cmocka_unit_test(pcapng_times),
		cmocka_unit_test(pcapng_broken_packets),
		cmocka_unit_test(pcapng_broken_blocks),
		cmocka_unit_test(pcapng_minor_2),
		cmocka_unit_test(pcapng_section_lengths),
		cmocka_unit_test(pcapng_interface_limits),
		cmocka_unit_test(pcapng_long_texts),
		cmocka_unit_test(pcapng_skips_without_holding),
		cmocka_unit_test(any_split),
		cmocka_unit_test(any_read_fails),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(files_and_pipes),
		cmocka_unit_test(zstd_gives_what_is_before_the_damage),
		cmocka_unit_test(what_else_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
