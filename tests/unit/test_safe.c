/* test_safe.c - hostile text made harmless
 *
 * Goal: whatever the bytes, what safe_put() adds is valid UTF-8 that shows nothing but characters
 * that one sees and that stay in their place; the columns that it says are those that it takes; it
 * never passes the columns allowed, nor splits a character or an escape.
 *
 * Method: texts with what they must become; every code point alone, against lists of what must
 * never be shown, written here anew; random bytes, weighted to what is dangerous, at every number
 * of columns.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/safe.h"
#include "base/utf8.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static const struct {
	const char *text, *safe;
	unsigned columns;
} cases[] = {
	{"", "", 0},
	{"GET / HTTP/1.1", "GET / HTTP/1.1", 14},
	{"\\\\server\\share \"x\"", "\\\\server\\share \"x\"", 18},
	{"\x1b[31m\x07", "\\x1b[31m\\x07", 12},
	{"a\r\n\tb", "a\\x0d\\x0a\\x09b", 14},
	{"\x7f", "\\x7f", 4},
	{"\xc2\x9b"
	 "31m",
	 "\\u009b31m", 9}, /* CSI in one */
	{"\xff\xfe", "\\xff\\xfe", 8},
	{"\xc0\xaf", "\\xc0\\xaf", 8},		 /* overlong '/' */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", 12}, /* a surrogate */
	{"\xe4\xb8", "\\xe4\\xb8", 8},		 /* cut short */
	{"caf\xc3\xa9", "caf\xc3\xa9", 4},
	{"cafe\xcc\x81", "cafe\xcc\x81", 4}, /* combining acute */
	{"\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87", 4},
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", 2},
	{"\xe2\x86\x92", "\xe2\x86\x92", 1}, /* tshark's arrow */
	{"\xe2\x80\xae"
	 "fdp.exe",
	 "\\u202efdp.exe", 13},
	{"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069", 12},
	{"\xe2\x80\x8b\xe2\x80\x8f", "\\u200b\\u200f", 12},
	{"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", 12},
	{"\xef\xbb\xbf"
	 "x",
	 "\\ufeffx", 7},
	{"\xd8\x9c", "\\u061c", 6},
	{"\xc2\xad", "\\u00ad", 6},
	{"\xf3\xa0\x80\x81\xf3\xa0\x81\xbf", "\\U000e0001\\U000e007f", 20},
	{"\xee\x80\x80", "\\ue000", 6},
	{"\xef\xb8\x8f", "\\ufe0f", 6},
	{"\xf4\x8f\xbf\xbf", "\\U0010ffff", 10},
	{"\xef\xbf\xbd", "\xef\xbf\xbd", 1},
	{"\xcc\x81"
	 "e",
	 "\\u0301e", 7},		      /* a mark with nothing before it */
	{"\x01\xcc\x81", "\\x01\\u0301", 10}, /* nor is an escape a base */
	{"e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\u0301",
	 7},
};

static void texts_become_what_they_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};
		size_t n = strlen(cases[i].text);
		unsigned columns;

		assert_int_equal(safe_put(&b, cases[i].text, n, UINT_MAX, &columns), n);
		buf_putc(&b, 0);
		assert_string_equal(b.p, cases[i].safe);
		assert_int_equal(columns, cases[i].columns);
		buf_done(&b);
	}
}

static void a_zero_byte_is_one_of_many(void **state)
{
	struct buf b = {0};
	unsigned columns;

	(void)state;
	assert_int_equal(safe_put(&b, "a\0b", 3, UINT_MAX, &columns), 3);
	assert_int_equal(columns, 6);
	assert_int_equal(b.n, 6);
	assert_memory_equal(b.p, "a\\x00b", 6);
	buf_done(&b);
}

/* What must never reach a terminal, as ranges of Unicode's own lists. */
static bool dangerous(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0, 0x1f},	    {0x7f, 0x9f},	{0xad, 0xad},	       {0x61c, 0x61c},
		{0x115f, 0x1160},   {0x180b, 0x180f},	{0x200b, 0x200f},      {0x2028, 0x202e},
		{0x2060, 0x206f},   {0x3164, 0x3164},	{0xd800, 0xf8ff},      {0xfdd0, 0xfdef},
		{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},	{0xffa0, 0xffa0},      {0xfff0, 0xfffb},
		{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, UINT32_MAX},
	};

	if ((cp & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

static void every_code_point_alone(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		int width = safe_width(cp);
		struct buf b = {0};
		unsigned columns;
		char text[5];
		size_t n;

		if (dangerous(cp) && width >= 0)
			fail_msg("U+%04X would be shown", cp);
		assert_in_range(width + 1, 0, 3);
		text[0] = 'e'; /* for a mark to stand on */
		n = 1 + utf8_put(cp, text + 1);
		assert_int_equal(safe_put(&b, text, n, UINT_MAX, &columns), n);
		if (width >= 0) {
			assert_int_equal(columns, 1 + width);
			assert_int_equal(b.n, n);
			assert_memory_equal(b.p, text, n);
		} else {
			assert_int_equal(columns, b.n);
			assert_int_equal(b.p[1], '\\');
			for (size_t i = 0; i < b.n; i++)
				assert_in_range(b.p[i], 0x21, 0x7e);
		}
		buf_done(&b);
	}
	assert_int_equal(safe_width(UINT32_MAX), -1);
	assert_int_equal(safe_width(0x110000), -1);
}

static void widths_of_known_characters(void **state)
{
	static const struct {
		uint32_t cp;
		int width;
	} known[] = {
		{' ', 1},     {'~', 1},	    {0xa0, 1},	  {0xe9, 1},   {0x300, 0},  {0x378, 1},
		{0x5d0, 1},   {0x5b0, 0},   {0x627, 1},	  {0x1100, 2}, {0x1161, 0}, {0x2500, 1},
		{0x2026, 1},  {0x3042, 2},  {0x4e2d, 2},  {0xac00, 2}, {0xff21, 2}, {0xff71, 1},
		{0x1f600, 2}, {0x20000, 2}, {0x1d400, 1}, {0x303f, 1}, {0x20d0, 0}, {0xfffd, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (safe_width(known[i].cp) != known[i].width)
			fail_msg("U+%04X: %d columns, expected %d", known[i].cp,
				 safe_width(known[i].cp), known[i].width);
}

/* Columns of what was added, and that it is fit to be shown. */
static unsigned measure(const struct buf *b)
{
	unsigned columns = 0, marks = 0;
	size_t step;

	for (size_t i = 0; i < b->n; i += step) {
		uint32_t cp;
		int width;

		step = utf8_next(b->p + i, b->n - i, &cp);
		width = safe_width(cp);
		if (cp == UINT32_MAX || dangerous(cp) || width < 0)
			fail_msg("U+%04X was shown", cp);
		marks = width ? 0 : marks + 1;
		assert_true(marks <= SAFE_MARKS_MAX);
		columns += (unsigned)width;
	}
	return columns;
}

/* Bytes of which some are ASCII, some dangerous, and some anything. */
static size_t random_text(uint64_t *random, char text[64])
{
	static const char *const pieces[] = {
		"\x1b[2J",  "\xe2\x80\xae",	"\xe4\xb8\xad", "\xcc\x81", "\xf0\x9f\x98\x80",
		"\xc2\x9b", "\xf3\xa0\x80\x81", "\xe2\x80",	"abc",	    "\\",
	};
	size_t n = 0;

	while (n < 56 && next_random(random) % 16) {
		const char *piece =
			pieces[next_random(random) % (sizeof(pieces) / sizeof(pieces[0]))];

		if (next_random(random) % 3) {
			for (const char *c = piece; *c; c++)
				text[n++] = *c;
		} else {
			text[n++] = (char)next_random(random);
		}
	}
	return n;
}

static void random_bytes_at_every_width(void **state)
{
	uint64_t random = 1234567;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		char text[64];
		size_t n = random_text(&random, text), before = 0;
		unsigned whole, columns;
		struct buf all = {0};

		assert_int_equal(safe_put(&all, text, n, UINT_MAX, &whole), n);
		assert_int_equal(measure(&all), whole);
		for (unsigned max = 0; max <= whole; max++) {
			struct buf b = {0};
			size_t took = safe_put(&b, text, n, max, &columns);

			assert_true(columns <= max);
			assert_int_equal(measure(&b), columns);
			/* What fits is what comes first, and more room never shows less. */
			assert_true(b.n <= all.n);
			if (b.n)
				assert_memory_equal(b.p, all.p, b.n);
			assert_true(took >= before && took <= n);
			before = took;
			buf_done(&b);
		}
		assert_int_equal(before, n);
		buf_done(&all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_what_they_must),
		cmocka_unit_test(a_zero_byte_is_one_of_many),
		cmocka_unit_test(every_code_point_alone),
		cmocka_unit_test(widths_of_known_characters),
		cmocka_unit_test(random_bytes_at_every_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
