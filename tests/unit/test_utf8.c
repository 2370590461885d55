/* test_utf8.c - UTF-8 one code point at a time
 *
 * Goal: utf8_next() takes each code point of RFC 3629, refuses everything else one byte at a time,
 * and reads no byte beyond those it is given; utf8_put() is its inverse.
 *
 * Method: all code points there and back; all strings of one, two and three bytes, and of four with
 * the last at its edges, against a decoder written another way, from the table of section 4.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void every_code_point_there_and_back(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		char text[4];
		uint32_t back;
		size_t n = utf8_put(cp, text), expected = 1;

		if (cp >= 0x80)
			expected = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		assert_int_equal(n, expected);
		if (cp >= 0xd800 && cp < 0xe000) {
			assert_int_equal(utf8_next(text, n, &back), 1);
			assert_true(back == UINT32_MAX);
			continue;
		}
		assert_int_equal(utf8_next(text, n, &back), n);
		assert_int_equal(back, cp);
		/* Cut short, it is none; in memory of its own, so that a read beyond shows. */
		for (size_t cut = 1; cut < n; cut++) {
			char *part = malloc(cut);

			assert_non_null(part);
			memcpy(part, text, cut);
			assert_int_equal(utf8_next(part, cut, &back), 1);
			assert_true(back == UINT32_MAX);
			free(part);
		}
	}
}

static bool tail(unsigned char c)
{
	return c >= 0x80 && c <= 0xbf;
}

/* Bytes of the sequence that @c begins with, by the productions of RFC 3629, section 4; 0: none. */
static size_t by_the_table(const unsigned char *c, size_t n)
{
	if (c[0] <= 0x7f)
		return 1;
	if (n >= 2 && c[0] >= 0xc2 && c[0] <= 0xdf && tail(c[1]))
		return 2;
	if (n >= 3 && tail(c[2]) &&
	    ((c[0] == 0xe0 && c[1] >= 0xa0 && c[1] <= 0xbf) ||
	     (c[0] >= 0xe1 && c[0] <= 0xec && tail(c[1])) ||
	     (c[0] == 0xed && c[1] >= 0x80 && c[1] <= 0x9f) ||
	     (c[0] >= 0xee && c[0] <= 0xef && tail(c[1]))))
		return 3;
	if (n >= 4 && tail(c[2]) && tail(c[3]) &&
	    ((c[0] == 0xf0 && c[1] >= 0x90 && c[1] <= 0xbf) ||
	     (c[0] >= 0xf1 && c[0] <= 0xf3 && tail(c[1])) ||
	     (c[0] == 0xf4 && c[1] >= 0x80 && c[1] <= 0x8f)))
		return 4;
	return 0;
}

static void check_bytes(const unsigned char *c, size_t n)
{
	size_t expected = by_the_table(c, n);
	uint32_t cp;
	size_t took = utf8_next((const char *)c, n, &cp);

	if (took != (expected ? expected : 1) || (cp == UINT32_MAX) != !expected)
		fail_msg("%02x %02x %02x %02x, %zu bytes: took %zu, expected %zu", c[0], c[1], c[2],
			 c[3], n, took, expected);
}

static void every_string_of_three_bytes(void **state)
{
	static const unsigned char edges[] = {0, 0x7f, 0x80, 0xbf, 0xc0, 0xff};

	(void)state;
	for (uint32_t v = 0; v < 1u << 24; v++) {
		unsigned char c[4] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8),
				      (unsigned char)v, 0x80};

		check_bytes(c, 3);
		if ((v & 0xffff) == 0)
			check_bytes(c, 1);
		if ((v & 0xff) == 0)
			check_bytes(c, 2);
		if (c[0] < 0xf0)
			continue;
		for (size_t i = 0; i < sizeof(edges); i++) {
			c[3] = edges[i];
			check_bytes(c, 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_there_and_back),
		cmocka_unit_test(every_string_of_three_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
