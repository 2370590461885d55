/* test_audit.c - events as JSON members
 *
 * Goal: whatever bytes an event holds, its line is JSON with exactly the members it was given; the
 * event of a run has every number that docs name.
 *
 * Method: lines are parsed by json-c, which is not ours; texts of every byte, of random bytes and
 * of what terminals obey.
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

#include "base/audit.h"
#include "random.h"

/* The last line, whole. */
struct log {
	char line[8192];
	unsigned lines;
};

static void keep(void *ctx, const char *members, size_t n)
{
	struct log *l = ctx;

	assert_true(n < sizeof(l->line) - 3);
	l->line[0] = '{';
	memcpy(l->line + 1, members, n);
	memcpy(l->line + 1 + n, "}", 2);
	l->lines++;
}

static struct json_object *parse(const struct log *l)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, l->line, (int)strlen(l->line) + 1);
	if (!o || json_tokener_get_error(t) != json_tokener_success)
		fail_msg("no JSON: %s", l->line);
	json_tokener_free(t);
	return o;
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		fail_msg("no %s", key);
	return json_object_get_string(value);
}

static void line_is_what_the_format_says(void **state)
{
	struct log log = {.lines = 0};
	struct audit a = {.line = keep, .ctx = &log};

	(void)state;
	audit_begin(&a, "tshark_ended");
	assert_int_equal(log.lines, 0);
	audit_str(&a, "cause", "a\"b");
	audit_text(&a, "text", "cut here", 3);
	audit_u64(&a, "u", UINT64_MAX);
	audit_i64(&a, "i", INT64_MIN);
	audit_i64(&a, "j", -1);
	audit_i64(&a, "k", INT64_MAX);
	audit_u64(&a, "z", 0);
	audit_end(&a);
	assert_string_equal(log.line,
			    "{\"event\":\"tshark_ended\",\"cause\":\"a\\\"b\",\"text\":\"cut\","
			    "\"u\":18446744073709551615,\"i\":-9223372036854775808,\"j\":-1,"
			    "\"k\":9223372036854775807,\"z\":0}");
	assert_int_equal(log.lines, 1);
	assert_int_equal(a.lines, 1);
	audit_begin(&a, "second"); /* nothing of the first is left */
	audit_end(&a);
	assert_string_equal(log.line, "{\"event\":\"second\"}");
	assert_int_equal(a.lines, 2);
	audit_done(&a);
}

static void run_has_all_its_numbers(void **state)
{
	struct run run = {
		.first = 3,
		.last = UINT64_C(10000000000),
		.count = 7,
		.first_ts_ns = UINT64_C(1767323045000000009),
		.last_ts_ns = UINT64_MAX,
	};
	struct log log = {.lines = 0};
	struct audit a = {.line = keep, .ctx = &log};
	struct json_object *o;

	(void)state;
	audit_run(&a, "drop", "dropped_queue", "serial", "vm-1", &run);
	o = parse(&log);
	assert_int_equal(json_object_object_length(o), 9);
	assert_string_equal(text(o, "event"), "drop");
	assert_string_equal(text(o, "cause"), "dropped_queue");
	assert_string_equal(text(o, "unit"), "serial");
	assert_string_equal(text(o, "port"), "vm-1");
	assert_string_equal(text(o, "first"), "3");
	assert_string_equal(text(o, "last"), "10000000000");
	assert_string_equal(text(o, "count"), "7");
	assert_string_equal(text(o, "first_ts"), "1767323045.000000009");
	assert_string_equal(text(o, "last_ts"), "18446744073.709551615");
	json_object_put(o);
	run.first_ts_ns = 0;
	run.last_ts_ns = 999999999;
	audit_run(&a, "undecoded", "stopped", "id", NULL, &run);
	o = parse(&log);
	assert_int_equal(json_object_object_length(o), 8);
	assert_string_equal(text(o, "first_ts"), "0.000000000");
	assert_string_equal(text(o, "last_ts"), "0.999999999");
	json_object_put(o);
	audit_done(&a);
}

/* The value comes back, up to bytes that are no UTF-8; the members beside it are untouched. */
static void expect_json(struct audit *a, struct log *log, const char *bytes, size_t n)
{
	struct json_object *o;

	audit_begin(a, "tshark_stderr");
	audit_text(a, "text", bytes, n);
	audit_u64(a, "after", 42);
	audit_end(a);
	for (const char *p = log->line; *p; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	o = parse(log);
	assert_int_equal(json_object_object_length(o), 3);
	assert_string_equal(text(o, "after"), "42");
	json_object_put(o);
}

static void any_bytes_are_valid_json(void **state)
{
	static const char *const nasty[] = {
		"\",\"event\":\"forged",
		"}\n{\"event\":\"forged\"}",
		"\\",
		"\\\"",
		"\x1b[2J\x1b]0;title\x07",
		"\xe2\x80\xae reversed",
		"\xc2\x9b 8-bit CSI",
		"\xff\xfe\xfd",
		"\xed\xa0\x80 surrogate",
		"\xf0\x9f\x98\x80 emoji",
		"\xe2\x80\xa8 line separator",
		"\xc3",
		"</script>",
	};
	struct sim_random r = {1};
	struct log log = {.lines = 0};
	struct audit a = {.line = keep, .ctx = &log};
	char bytes[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++)
		expect_json(&a, &log, nasty[i], strlen(nasty[i]));
	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (char)i;
	expect_json(&a, &log, bytes, 256);
	for (unsigned round = 0; round < 3000; round++) {
		size_t n = random_range(&r, 0, 256);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)random_next(&r);
		expect_json(&a, &log, bytes, n);
	}
	audit_done(&a);
}

static void text_comes_back(void **state)
{
	static const char said[] = "tab\t quote\" back\\slash \xc3\xa9 \xf0\x9f\x98\x80 \x1b[0m";
	struct log log = {.lines = 0};
	struct audit a = {.line = keep, .ctx = &log};
	struct json_object *o;

	(void)state;
	audit_begin(&a, said);
	audit_str(&a, "said", said);
	audit_end(&a);
	o = parse(&log);
	assert_string_equal(text(o, "said"), said);
	assert_string_equal(text(o, "event"), said);
	json_object_put(o);
	audit_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_is_what_the_format_says),
		cmocka_unit_test(run_has_all_its_numbers),
		cmocka_unit_test(any_bytes_are_valid_json),
		cmocka_unit_test(text_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
