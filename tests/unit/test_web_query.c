/* test_web_query.c - request targets taken apart
 *
 * Goal: percent-encoding is undone once and strictly; a parameter that is unknown, doubled, missing
 * or out of its bounds is refused by its name; what is right comes through as it was meant.
 *
 * Method: texts at their edges; every byte encoded in both cases and decoded again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/query.h"

static const char *decoded(const char *text, bool plus)
{
	static char s[64];

	snprintf(s, sizeof(s), "%s", text);
	return query_decode(s, plus) ? s : NULL;
}

static void test_decode(void **state)
{
	static const char *const wrong[] = {"%",    "a%",    "%4",	  "%g0", "%0g",
					    "%00",  "a%00b", "%ff",	  "%c3", "%c3%28",
					    "\xff", "%+1",   "%ed%a0%80", "%%41"};

	(void)state;
	assert_string_equal(decoded("", true), "");
	assert_string_equal(decoded("a%26b+c%2Bd%2f", true), "a&b c+d/");
	assert_string_equal(decoded("a+b", false), "a+b");
	assert_string_equal(decoded("%2541", true), "%41"); /* once */
	assert_string_equal(decoded("%E2%82%ac", true), "\xe2\x82\xac");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (decoded(wrong[i], true))
			fail_msg("'%s' is taken", wrong[i]);
	}
	for (unsigned byte = 1; byte < 0x80; byte++) {
		char text[8];

		snprintf(text, sizeof(text), byte & 1 ? "%%%02x" : "%%%02X", byte);
		assert_int_equal(decoded(text, true)[0], byte);
	}
}

static void test_number(void **state)
{
	uint64_t n = 99;

	(void)state;
	assert_true(query_number("0", 0, 5, &n));
	assert_int_equal(n, 0);
	assert_true(query_number("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	n = 99;
	assert_false(query_number("18446744073709551616", 0, UINT64_MAX, &n));
	assert_false(query_number("00000000000000000000001", 0, 5, &n));
	assert_false(query_number("6", 0, 5, &n));
	assert_false(query_number("0", 1, 5, &n));
	assert_false(query_number("", 0, 5, &n));
	assert_false(query_number("-1", 0, 5, &n));
	assert_false(query_number("+1", 0, 5, &n));
	assert_false(query_number(" 1", 0, 5, &n));
	assert_false(query_number("1 ", 0, 5, &n));
	assert_false(query_number("0x1", 0, 5, &n));
	assert_int_equal(n, 99);
	assert_true(query_rate_ok("recorded", 1, 100));
	assert_true(query_rate_ok("topspeed", 1, 100));
	assert_true(query_rate_ok("100", 1, 100));
	assert_false(query_rate_ok("101", 1, 100));
	assert_false(query_rate_ok("fast", 1, 100));
}

static const char *const words[] = {"tcp", "udp", NULL};
static const struct field fields[] = {
	{.name = "id", .kind = FIELD_NUMBER, .required = true, .least = 1, .most = 10},
	{.name = "count", .kind = FIELD_NUMBER, .least = 0, .most = 9, .otherwise = 7},
	{.name = "kind", .kind = FIELD_WORD, .words = words},
	{.name = "text", .kind = FIELD_TEXT, .least = 1, .most = 4},
	{.name = NULL}};

static void expect(const char *text, const char *words_of_it)
{
	char copy[256];
	struct query q;
	struct err err = {0};

	snprintf(copy, sizeof(copy), "%s", text);
	if (query_parse(&q, fields, copy, &err))
		fail_msg("'%s' is taken", text);
	if (!strstr(err.text, words_of_it))
		fail_msg("'%s' is not in: %s", words_of_it, err.text);
}

static void test_parse(void **state)
{
	char text[] = "kind=udp&id=10&text=a%26%3d", empty[] = "&&id=1&";
	struct query q;
	struct err err = {0};

	(void)state;
	assert_true(query_parse(&q, fields, text, &err));
	assert_int_equal(q.value[0].number, 10);
	assert_int_equal(q.value[1].number, 7);
	assert_false(q.value[1].given);
	assert_string_equal(q.value[2].text, "udp");
	assert_string_equal(q.value[3].text, "a&=");
	assert_true(query_parse(&q, fields, empty, &err));
	assert_string_equal(q.value[3].text, "");
	assert_true(query_parse(&q, NULL, NULL, &err));
	expect("", "parameter id is missing");
	expect("id=1&id=1", "parameter id is given twice");
	expect("id=11", "parameter id: a whole number from 1 to 10");
	expect("id", "parameter id: a whole number");
	expect("id=1&kind=tc", "one of tcp, udp");
	expect("id=1&text=", "1 to 4 bytes");
	expect("id=1&text=12345", "1 to 4 bytes");
	expect("id=1&Text=1", "no parameter 'Text'");
	expect("id=1&=1", "no parameter ''");
	expect("id=1&text=%", "two hexadecimal digits");
	expect("id=1&%1b%5b2J=1", "no parameter '\\x1b[2J'");
}

static void test_quote(void **state)
{
	char quoted[64], hostile[200];

	(void)state;
	memset(hostile, '\x1b', sizeof(hostile) - 1);
	hostile[sizeof(hostile) - 1] = '\0';
	query_quote(hostile, quoted);
	assert_true(strlen(quoted) <= 63);
	assert_null(strchr(quoted, '\x1b'));
	assert_non_null(strstr(quoted, "..."));
	query_quote("plain", quoted);
	assert_string_equal(quoted, "plain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode), cmocka_unit_test(test_number),
		cmocka_unit_test(test_parse), cmocka_unit_test(test_quote)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
