/* test_buf.c - a growing run of bytes
 *
 * Goal: what is added comes out as it was, at any size; a failed allocation is remembered, and
 * nothing is added from then on; buf_json() gives valid JSON that has the same value, whatever the
 * bytes, and no byte that could drive a terminal.
 *
 * Method: pieces of many sizes against a plain array; numbers against printf; sizes that no memory
 * can hold; JSON of all code points and of random bytes read back with json-c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void pieces_come_out_in_order(void **state)
{
	enum {
		TOTAL_MAX = 1 << 20
	};
	unsigned char *expected = malloc(TOTAL_MAX);
	uint64_t random = 88172645463325252;
	struct buf b = {0};
	size_t n = 0;

	(void)state;
	assert_non_null(expected);
	while (n < TOTAL_MAX - 5000) {
		size_t piece = next_random(&random) % (n % 7 ? 40 : 5000);

		for (size_t i = 0; i < piece; i++)
			expected[n + i] = (unsigned char)next_random(&random);
		if (piece == 1)
			buf_putc(&b, (char)expected[n]);
		else
			buf_put(&b, expected + n, piece);
		n += piece;
		assert_int_equal(b.n, n);
		assert_true(b.cap >= b.n);
	}
	assert_memory_equal(b.p, expected, n);
	assert_false(b.failed);
	buf_done(&b);
	assert_null(b.p);
	assert_int_equal(b.n + b.cap, 0);
	free(expected);
}

static void empty_pieces_are_nothing(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_put(&b, NULL, 0);
	buf_puts(&b, "");
	assert_null(b.p);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 0);
	buf_json(&b, NULL, 0);
	assert_int_equal(b.n, 2);
	assert_memory_equal(b.p, "\"\"", 2);
	buf_done(&b);
}

static void reserve_keeps_and_suffices(void **state)
{
	struct buf b = {0};
	char *p;

	(void)state;
	buf_puts(&b, "kept");
	assert_true(buf_reserve(&b, 100000));
	assert_memory_equal(b.p, "kept", 4);
	assert_true(b.cap - b.n >= 100000);
	p = b.p;
	memset(b.p + b.n, 'x', 100000);
	b.n += 100000;
	assert_true(buf_reserve(&b, 0));
	assert_ptr_equal(b.p, p);
	buf_done(&b);
}

/* Sanitizers would end the process where memory runs out; here NULL is what is tested. */
const char *__asan_default_options(void); /* NOLINT */
const char *__asan_default_options(void)  /* NOLINT */
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void); /* NOLINT */
const char *__tsan_default_options(void)  /* NOLINT */
{
	return "allocator_may_return_null=1";
}

static void failure_is_remembered(void **state)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 3, SIZE_MAX / 2, SIZE_MAX / 2 - 4,
				       SIZE_MAX / 4};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b = {0};

		buf_puts(&b, "kept");
		assert_false(buf_reserve(&b, sizes[i]));
		assert_true(b.failed);
		assert_false(buf_reserve(&b, 1));
		buf_puts(&b, "more");
		buf_putc(&b, 'x');
		buf_u64(&b, 1);
		buf_printf(&b, "%d", 1);
		buf_json(&b, "x", 1);
		assert_int_equal(b.n, 4);
		assert_memory_equal(b.p, "kept", 4);
		buf_done(&b);
		assert_false(b.failed);
	}
}

static void numbers_are_printf_s(void **state)
{
	uint64_t v = 0, random = 5;
	char expected[32];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct buf b = {0};

		if (i < 40)
			v = i < 20 ? i : UINT64_MAX - (i - 20);
		else
			v = next_random(&random) >> next_random(&random) % 64;
		snprintf(expected, sizeof(expected), "%" PRIu64, v);
		buf_u64(&b, v);
		buf_putc(&b, 0);
		assert_string_equal(b.p, expected);
		buf_done(&b);
	}
}

static void formats_longer_than_the_room(void **state)
{
	struct buf b = {0};
	char *expected = malloc(20001);

	(void)state;
	assert_non_null(expected);
	memset(expected, ' ', 20000);
	expected[19999] = '7';
	expected[20000] = 0;
	buf_puts(&b, "a");
	buf_printf(&b, "%20000d", 7);
	assert_int_equal(b.n, 20001);
	assert_memory_equal(b.p + 1, expected, 20000);
	free(expected);
	buf_done(&b);
}

/* The value of the JSON string in @b. Return: an object to be put back */
static struct json_object *parse(const struct buf *b)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	assert_non_null(t);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, b->p, (int)b->n);
	/* json-c 0.16 wants to see what follows before it says that a string is over. */
	if (json_tokener_get_error(t) == json_tokener_continue)
		o = json_tokener_parse_ex(t, "\n", 1);
	if (json_tokener_get_error(t) != json_tokener_success)
		fail_msg("%.*s: %s", (int)b->n, b->p,
			 json_tokener_error_desc(json_tokener_get_error(t)));
	json_tokener_free(t);
	assert_true(json_object_is_type(o, json_type_string));
	return o;
}

/* Nothing but printable characters: no control, no bidirectional mark, nothing invisible. */
static void assert_shows(const struct buf *b)
{
	size_t step;

	for (size_t i = 0; i < b->n; i += step) {
		uint32_t cp;

		step = utf8_next(b->p + i, b->n - i, &cp);
		assert_true(cp != UINT32_MAX);
		assert_true(cp >= 0x20 && (cp < 0x7f || cp >= 0xa0));
		assert_false(cp >= 0x200b && cp <= 0x200f);
		assert_false(cp >= 0x2028 && cp <= 0x202e);
		assert_false(cp >= 0x2066 && cp <= 0x2069);
		assert_false(cp == 0xfeff || cp == 0x61c || cp >> 12 == 0xe0);
	}
}

static void json_of_every_code_point(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		struct json_object *o;
		struct buf b = {0};
		char text[6] = "<";
		size_t n = utf8_put(cp, text + 1);

		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		text[n + 1] = '>';
		buf_json(&b, text, n + 2);
		assert_shows(&b);
		o = parse(&b);
		assert_int_equal(json_object_get_string_len(o), n + 2);
		assert_memory_equal(json_object_get_string(o), text, n + 2);
		json_object_put(o);
		buf_done(&b);
	}
}

static void json_as_it_is_written(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"plain", "\"plain\""},
		{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
		{"\n\r\t\b\x1b\x7f", "\"\\n\\r\\t\\u0008\\u001b\\u007f\""},
		{"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80",
		 "\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\""},
		{"\xc2\x9b\xe2\x80\xae", "\"\\u009b\\u202e\""},
		{"\xf3\xa0\x80\x81", "\"\\udb40\\udc01\""},
		{"e\xcc\x81", "\"e\xcc\x81\""},
		{"\xff-\xc3-\xe2\x80", "\"\xef\xbf\xbd-\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		buf_json(&b, cases[i].text, strlen(cases[i].text));
		buf_putc(&b, 0);
		assert_string_equal(b.p, cases[i].json);
		buf_done(&b);
	}
}

/* Bytes that are no UTF-8 become U+FFFD each; all others keep their value. */
static void json_of_random_bytes(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct buf b = {0}, expected = {0};
		struct json_object *o;
		char text[64];
		size_t n = next_random(&random) % (sizeof(text) + 1), step;

		for (size_t i = 0; i < n; i++) {
			uint64_t r = next_random(&random);

			/* Bytes that lead and follow, more often than chance has them. */
			text[i] = (char)(r & 3 ? (r >> 8 & 1 ? 0x80 | (r >> 9 & 0x3f)
							     : 0xe0 | (r >> 9 & 0x1f))
					       : r >> 8);
		}
		for (size_t i = 0; i < n; i += step) {
			uint32_t cp;

			step = utf8_next(text + i, n - i, &cp);
			if (cp == UINT32_MAX)
				buf_puts(&expected, "\xef\xbf\xbd");
			else
				buf_put(&expected, text + i, step);
		}
		buf_json(&b, text, n);
		assert_shows(&b);
		o = parse(&b);
		assert_int_equal(json_object_get_string_len(o), expected.n);
		if (expected.n)
			assert_memory_equal(json_object_get_string(o), expected.p, expected.n);
		json_object_put(o);
		buf_done(&b);
		buf_done(&expected);
	}
}

static void hex_of_every_byte(void **state)
{
	unsigned char bytes[256];
	char expected[513] = "";
	struct buf b = {0};

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		bytes[i] = (unsigned char)i;
		snprintf(expected + 2 * i, 3, "%02x", i);
	}
	buf_hex(&b, bytes, 0);
	assert_int_equal(b.n, 0);
	buf_puts(&b, "<");
	buf_hex(&b, bytes, sizeof(bytes));
	assert_int_equal(b.n, 513);
	assert_memory_equal(b.p + 1, expected, 512);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_come_out_in_order),
		cmocka_unit_test(empty_pieces_are_nothing),
		cmocka_unit_test(reserve_keeps_and_suffices),
		cmocka_unit_test(failure_is_remembered),
		cmocka_unit_test(numbers_are_printf_s),
		cmocka_unit_test(formats_longer_than_the_room),
		cmocka_unit_test(json_as_it_is_written),
		cmocka_unit_test(json_of_every_code_point),
		cmocka_unit_test(json_of_random_bytes),
		cmocka_unit_test(hex_of_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
