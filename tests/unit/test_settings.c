/* test_settings.c - the settings' text
 *
 * Goal: what is read is what the text says, in each form it may have; what is printed is read as
 * the same, and holds all that was there, in its order; what could not be kept is refused, by its
 * line and key; recent filters are the newest, each once.
 *
 * Method: whole texts, read and printed; each wrong text with the words of its error; every prefix
 * of a text, which is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/saved.h"
#include "analysis/settings.h"

static const char whole[] = "{\n"
			    "  \"theme\": \"dark\",\n"
			    "  \"SavedDisplayFilters\": [\n"
			    "    {\n"
			    "      \"name\": \"Web\",\n"
			    "      \"expression\": \"tcp.port == 80 || http\",\n"
			    "      \"note\": \"caf\xc3\xa9\",\n"
			    "      \"color\": [\n"
			    "        1,\n"
			    "        {\n"
			    "          \"a\": null\n"
			    "        }\n"
			    "      ]\n"
			    "    },\n"
			    "    {\n"
			    "      \"name\": \"dns\",\n"
			    "      \"expression\": \"dns\"\n"
			    "    }\n"
			    "  ],\n"
			    "  \"nothing\": {},\n"
			    "  \"SecVFCaptureQueueLimit\": 8192,\n"
			    "  \"RecentDisplayFilters\": [\n"
			    "    \"tcp\",\n"
			    "    \"udp\"\n"
			    "  ],\n"
			    "  \"numbers\": [\n"
			    "    18446744073709551615,\n"
			    "    -9223372036854775808,\n"
			    "    1.10,\n"
			    "    1e300,\n"
			    "    true,\n"
			    "    []\n"
			    "  ]\n"
			    "}\n";

static void parse(struct settings *s, const char *text)
{
	struct err err = {0};

	if (!settings_parse(s, "f", text, strlen(text), &err))
		fail_msg("%s", err.text);
}

static void expect_print(const struct settings *s, const char *want)
{
	struct buf out = {0};

	settings_print(s, &out);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	buf_done(&out);
}

static void test_all_is_read_and_kept(void **state)
{
	struct settings s = {0};

	(void)state;
	parse(&s, whole);
	assert_int_equal(s.queue_limit, 8192);
	assert_int_equal(s.saved_count, 2);
	assert_string_equal(s.saved[0].name, "Web");
	assert_string_equal(s.saved[0].expression, "tcp.port == 80 || http");
	assert_string_equal(s.saved[0].note, "caf\xc3\xa9");
	assert_string_equal(s.saved[1].name, "dns");
	assert_string_equal(s.saved[1].note, "");
	assert_int_equal(s.recent_count, 2);
	assert_string_equal(s.recent[0], "tcp");
	expect_print(&s, whole);
	settings_done(&s);
}

static void test_forms(void **state)
{
	struct settings s = {0};

	(void)state;
	expect_print(&s, "{}\n");
	parse(&s, " {\"SavedDisplayFilters\":{\"b\":\"tcp\",\"a\":\"udp\"}}\n\n");
	assert_int_equal(s.saved_count, 2);
	expect_print(&s, "{\n  \"SavedDisplayFilters\": [\n"
			 "    {\n      \"name\": \"b\",\n      \"expression\": \"tcp\"\n    },\n"
			 "    {\n      \"name\": \"a\",\n      \"expression\": \"udp\"\n    }\n"
			 "  ]\n}\n");
	/* What has no member in the file gets one behind the others. */
	parse(&s, "{\"x\":\"\\u202e\\u001b/\"}");
	s.queue_limit = 7;
	expect_print(&s, "{\n  \"x\": \"\\u202e\\u001b/\",\n  \"SecVFCaptureQueueLimit\": 7\n}\n");
	parse(&s, "{\"SecVFCaptureQueueLimit\":0,\"SavedDisplayFilters\":[]}");
	expect_print(&s, "{\n  \"SecVFCaptureQueueLimit\": 0,\n  \"SavedDisplayFilters\": []\n}\n");
	parse(&s, "{\"RecentDisplayFilters\":[\"a\",\"b\",\"a\"]}");
	assert_int_equal(s.recent_count, 2);
	settings_done(&s);
}

static void refused(const char *text, size_t n, const char *words)
{
	struct settings s = {.queue_limit = 5};
	struct err err = {0};

	if (settings_parse(&s, "f", text, n, &err))
		fail_msg("read, and '%s' was expected", words);
	assert_int_equal(err.exit, EXIT_USAGE);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
	assert_int_equal(s.queue_limit, 5);
	assert_int_equal(s.saved_count, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"", "f:1:"},
		{"[]", "f: an object, {...}, is wanted"},
		{"{}x", "f:1:"},
		{"{\n'a':1}", "f:2: a key in double quotes"},
		{"{'a':1,\"b\":2,\"b\":3}", "f:1: a key in double quotes"},
		{"{\"b\":2,\"\\u0062\":3}", "f:1: this key is twice"},
		{"{} // a", "f:1:"},
		{"{\n\"SecVFCaptureQueueLimit\": -1}",
		 "f:2: SecVFCaptureQueueLimit: a whole number from 0 to 4294967295"},
		{"{\"SecVFCaptureQueueLimit\": 4294967296}", "SecVFCaptureQueueLimit: a whole"},
		{"{\"SecVFCaptureQueueLimit\": \"1\"}", "SecVFCaptureQueueLimit: a whole"},
		{"{\"SecVFCaptureQueueLimit\": null}", "SecVFCaptureQueueLimit: a whole"},
		{"{\n\n\"SavedDisplayFilters\": 1}", "f:3: SavedDisplayFilters: a list of"},
		{"{\"SavedDisplayFilters\": null}", "SavedDisplayFilters: a list of"},
		{"{\"SavedDisplayFilters\": [\n1]}",
		 "f:2: SavedDisplayFilters[0]: an object, {...}, is wanted"},
		{"{\"SavedDisplayFilters\": [\n{\"name\":\"a\"}]}",
		 "f:2: SavedDisplayFilters[0]: \"expression\" is missing"},
		{"{\"SavedDisplayFilters\": [{\"expression\":\"a\"}]}", "\"name\" is missing"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"\",\"expression\":\"a\"}]}",
		 "SavedDisplayFilters[0].name: a name has 1 to 128 bytes"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\\u0007\",\"expression\":\"a\"}]}",
		 "name: a name is UTF-8 without control"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\",\"expression\":\"\"}]}",
		 "expression: a display filter has 1 to 4096 bytes"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\",\"expression\":\"a\\u0000b\"}]}",
		 "expression: a display filter is UTF-8 without NUL"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\",\"expression\":1}]}",
		 "expression: a text, \"...\", is wanted"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\",\"expression\":\"b\",\"note\":{}}]}",
		 "SavedDisplayFilters[0].note: a text, \"...\", is wanted"},
		{"{\"SavedDisplayFilters\": [{\"name\":\"a\",\"expression\":\"b\"},\n"
		 "{\"name\":\"a\",\"expression\":\"c\"}]}",
		 "f:2: SavedDisplayFilters[1].name: \"a\": a display filter has that name"},
		{"{\"SavedDisplayFilters\": {\n\"a\":[]}}", "f:2: SavedDisplayFilters.a: a text"},
		{"{\"SavedDisplayFilters\": {\n\"\":\"b\"}}", "f:2: SavedDisplayFilters"},
		{"{\"SavedDisplayFilters\": {\"\\u001b[2J\":\"b\"}}",
		 "SavedDisplayFilters.\\x1b[2J"},
		{"{\"SavedDisplayFilters\": {\"a\":\"b\",\n\"a\":\"c\"}}",
		 "f:2: this key is twice in one object"},
		{"{\"x\":[{\"a\":{\"b\":1}},\n{\"b\":1,\n\"\\\"\":1,\"b\":2}]}",
		 "f:3: this key is twice"},
		{"{\"x\":{\"a\\u0000b\":1}}", "f:1: a key must not hold \\u0000"},
		{"{\"x\":NaN}", "no JSON"},
		{"{\"x\":-Infinity}", "no JSON"},
		{"{\"RecentDisplayFilters\":{}}", "RecentDisplayFilters: a list"},
		{"{\"RecentDisplayFilters\":[\n1]}", "f:2: RecentDisplayFilters[0]: a text"},
		{"{\"RecentDisplayFilters\":[\"\"]}", "RecentDisplayFilters[0]: a display filter"},
		{"{\n\"x\":\"\xff\"}", "f:2: there are bytes that are no text"},
		{"{\"x\":\"\xed\xa0\x80\"}", "f:1: there are bytes that are no text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(wrong[i].text, strlen(wrong[i].text), wrong[i].words);
	refused("{}\0{}", 5, "f:1: there are bytes that are no text");
	for (size_t n = 0; n + 2 < sizeof(whole); n++)
		refused(whole, n, "f:");
}

static void test_most(void **state)
{
	struct settings s = {0}, again = {0};
	struct buf text = {0}, out = {0};
	struct err err = {0};

	(void)state;
	buf_puts(&text, "{\"SavedDisplayFilters\":[");
	for (unsigned i = 0; i < SETTINGS_SAVED_MAX; i++)
		buf_printf(&text, "%s{\"name\":\"%u\",\"expression\":\"frame.number == %u\"}",
			   i ? "," : "", i, i);
	buf_puts(&text, "]}");
	assert_true(settings_parse(&s, "f", text.p, text.n, &err));
	assert_int_equal(s.saved_count, SETTINGS_SAVED_MAX);
	assert_string_equal(s.saved[999].expression, "frame.number == 999");
	settings_print(&s, &out);
	assert_true(settings_parse(&again, "f", out.p, out.n, &err));
	assert_int_equal(again.saved_count, SETTINGS_SAVED_MAX);
	settings_done(&again);
	text.n -= 2;
	buf_puts(&text, ",\n{\"name\":\"x\",\"expression\":\"y\"}]}");
	assert_false(settings_parse(&s, "f", text.p, text.n, &err));
	assert_non_null(strstr(err.text, "f:2: SavedDisplayFilters[1000]"));
	assert_int_equal(s.saved_count, SETTINGS_SAVED_MAX);
	settings_done(&s);
	buf_done(&out);
	/* As deep as json-c goes, at its most bracketed. */
	text.n = 0;
	buf_puts(&text, "{\"a\":");
	for (unsigned i = 0; i < 30; i++)
		buf_puts(&text, i % 2 ? "{\"b\":" : "[");
	buf_puts(&text, "[]");
	for (unsigned i = 30; i-- > 0;)
		buf_putc(&text, i % 2 ? '}' : ']');
	buf_putc(&text, '}');
	assert_true(settings_parse(&s, "f", text.p, text.n, &err));
	settings_print(&s, &out);
	assert_true(settings_parse(&again, "f", out.p, out.n, &err));
	settings_done(&again);
	settings_done(&s);
	buf_done(&out);
	buf_done(&text);
}

static void test_recent(void **state)
{
	struct settings s = {0};
	struct err err = {0};
	char text[16];

	(void)state;
	assert_true(settings_recent(&s, "a", &err));
	assert_true(settings_recent(&s, "b", &err));
	assert_true(settings_recent(&s, "c", &err));
	assert_true(settings_recent(&s, "a", &err));
	expect_print(&s, "{\n  \"RecentDisplayFilters\": [\n    \"a\",\n    \"c\",\n    \"b\"\n"
			 "  ]\n}\n");
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_true(settings_recent(&s, text, &err));
	}
	assert_int_equal(s.recent_count, SETTINGS_RECENT_MAX);
	assert_string_equal(s.recent[0], "59");
	assert_string_equal(s.recent[49], "10");
	assert_true(settings_recent(&s, "10", &err));
	assert_int_equal(s.recent_count, SETTINGS_RECENT_MAX);
	assert_string_equal(s.recent[0], "10");
	assert_string_equal(s.recent[49], "11");
	assert_false(settings_recent(&s, "", &err));
	settings_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_read_and_kept),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_recent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
