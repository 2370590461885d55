/* test_cases.c - what came of a list of cases, in four forms
 *
 * Goal: every outcome is told in every form, counted once; hostile bytes in names, messages and
 * output leave each form what it is: well-formed, valid UTF-8, and harmless on a terminal.
 *
 * Method: one list with all outcomes, and names that attack each form; JUnit is held against a
 * schema by xmllint where that is installed, JSON is read back by json-c, TAP is compared by lines.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/cases.h"

#define SECOND UINT64_C(1000000000)

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_cases-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Controls, markup, both ends of a comment, invalid and overlong UTF-8, a surrogate, U+FFFF, a
 * direction override, a line separator, TAP's escape and directive, YAML's end. */
#define HOSTILE                                                                                \
	"a&b<c>\"d'\033[2J\x7f\xff\xc0\xaf\xed\xa0\x80\xef\xbf\xbf\xe2\x80\xae\xe2\x80\xa8]]>" \
	"-->#\\\r\tz"

static void settle(struct cases *c, const char *name, enum cases_outcome outcome,
		   const char *message, const char *output, size_t n)
{
	struct buf text = {0};

	buf_put(&text, output, n);
	cases_settle(c, cases_add(c, name), outcome, 1234567890, message, &text);
	buf_done(&text);
}

static void fill(struct cases *c)
{
	static const char output[] = HOSTILE "\n\n  ...\nnot ok 9\nnul\0end\n";

	cases_init(c, "verify", 1700000000 * SECOND);
	cases_property(c, "tshark", "4.0.17 " HOSTILE);
	settle(c, "plain", CASES_PASSED, NULL, "", 0);
	settle(c, "told", CASES_PASSED, "1 difference is tolerated", "by rule X\n", 10);
	settle(c, HOSTILE, CASES_FAILED, HOSTILE, output, sizeof(output) - 1);
	settle(c, "broken", CASES_ERROR, NULL, "", 0);
	settle(c, "left out", CASES_SKIPPED, "no # tshark", "x\n", 2);
	cases_add(c, "never run");
	c->ns = 7 * SECOND + 5000000;
}

static char *text(struct buf *b)
{
	buf_putc(b, '\0');
	assert_false(b->failed);
	return b->p;
}

static void expect(struct buf *b, const char *words)
{
	if (!strstr(text(b), words))
		fail_msg("'%s' is not in:\n%s", words, b->p);
	b->n--;
}

/* Valid UTF-8, and no control but the newline, no override, no separator. */
static void expect_harmless(const struct buf *b)
{
	for (size_t at = 0; at < b->n;) {
		uint32_t cp;

		at += utf8_next(b->p + at, b->n - at, &cp);
		if (cp == UINT32_MAX || (cp < 32 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) ||
		    cp == 0x202e || cp == 0x2028 || cp == 0xffff)
			fail_msg("U+%04x at %zu of:\n%.*s", cp, at, (int)b->n, b->p);
	}
}

static void counts(void **state)
{
	struct cases c;

	(void)state;
	fill(&c);
	assert_int_equal(c.count, 6);
	assert_int_equal(c.counts[CASES_PASSED], 2);
	assert_int_equal(c.counts[CASES_FAILED], 1);
	assert_int_equal(c.counts[CASES_ERROR], 1);
	assert_int_equal(c.counts[CASES_SKIPPED], 1);
	assert_int_equal(c.counts[CASES_PENDING], 1);
	assert_false(cases_ok(&c));
	assert_string_equal(strstr(c.one[2].output, "nul"), "nul\\x00end\n");
	cases_done(&c);
}

/* Each outcome but passed and skipped makes a list that is not good; a pending one, too. */
static void good_or_not(void **state)
{
	(void)state;
	for (int i = CASES_PENDING; i < CASES_OUTCOMES; i++) {
		struct cases c;

		cases_init(&c, "s", 0);
		assert_true(cases_ok(&c));
		cases_add(&c, "a");
		if (i != CASES_PENDING)
			cases_settle(&c, 0, (enum cases_outcome)i, 0, NULL, NULL);
		assert_int_equal(cases_ok(&c), i == CASES_PASSED || i == CASES_SKIPPED);
		cases_done(&c);
	}
}

static void rows(void **state)
{
	struct cases c;
	struct buf b = {0};

	(void)state;
	fill(&c);
	for (size_t i = 0; i < c.count; i++)
		cases_row(&c.one[i], false, &b);
	expect_harmless(&b);
	expect(&b, "passed       1.23 s  plain\n");
	expect(&b, "passed       1.23 s  told: 1 difference is tolerated\n    by rule X\n");
	expect(&b, "failed       1.23 s  a&b<c>\"d'\\x1b[2J\\x7f\\xff\\xc0\\xaf");
	expect(&b, "\n\n      ...\n    not ok 9\n    nul\\x00end\n");
	b.n = 0;
	cases_row(&c.one[0], true, &b);
	expect(&b, "\033[32mpassed \033[0m");
	b.n = 0;
	cases_sum(&c, &b);
	expect(&b,
	       "verify: 6 cases, 1 pending, 2 passed, 1 failed, 1 error, 1 skipped, in 7.005 s\n");
	buf_done(&b);
	cases_done(&c);
}

static void tap(void **state)
{
	struct cases c;
	struct buf b = {0};

	(void)state;
	fill(&c);
	cases_tap(&c, &b);
	expect_harmless(&b);
	assert_int_equal(strncmp(text(&b), "TAP version 14\n1..6\nok 1 - plain\n  ---\n", 39), 0);
	expect(&b,
	       "\nok 2 - told\n  ---\n  outcome: passed\n  duration_ms: 1234\n"
	       "  message: \"1 difference is tolerated\"\n  output: |2\n    by rule X\n  ...\n");
	expect(&b, "\nnot ok 3 - a&b<c>");
	expect(&b, "-->\\#\\\\\\x0d\\x09z\n  ---\n");
	/* Lines of the output that look like TAP are not at the line's start. */
	expect(&b, "\n      ...\n    not ok 9\n");
	expect(&b, "\nnot ok 4 - broken\n  ---\n  outcome: error\n");
	expect(&b, "\nok 5 - left out # SKIP no # tshark\n");
	expect(&b, "\nnot ok 6 - never run\n");
	buf_done(&b);
	cases_done(&c);
}

static void junit(void **state)
{
	struct cases c;
	struct buf b = {0};
	struct err err;
	char command[512];

	(void)state;
	fill(&c);
	cases_junit(&c, &b);
	expect_harmless(&b);
	expect(&b, "<testsuite name=\"verify\" tests=\"6\" failures=\"1\" errors=\"2\" "
		   "time=\"7.005\" skipped=\"1\" timestamp=\"2023-11-14T22:13:20Z\">");
	expect(&b, "<testcase name=\"plain\" classname=\"verify\" time=\"1.234\"/>");
	expect(&b, "<failure message=\"a&amp;b&lt;c&gt;&quot;d'\\x1b[2J");
	expect(&b, "<error message=\"error\" type=\"error\"></error>");
	expect(&b,
	       "<skipped message=\"no # tshark\"></skipped>\n      <system-out>x\n</system-out>");
	expect(&b, "<system-out>1 difference is tolerated\nby rule X\n</system-out>");
	buf_done(&b);
	if (access("/usr/bin/xmllint", X_OK)) {
		cases_done(&c);
		print_message("skipped: xmllint is not installed\n");
		skip();
	}
	assert_true(cases_write(&c, cases_junit, "--junit", path_of("j.xml"), &err));
	snprintf(command, sizeof(command),
		 "/usr/bin/xmllint --noout --relaxng " UNIT "/junit.rng %s", path_of("j.xml"));
	assert_int_equal(system(command), 0);
	unlink(path_of("j.xml"));
	cases_done(&c);
	/* One without cases is one, too. */
	cases_init(&c, "s", 0);
	assert_true(cases_write(&c, cases_junit, "--junit", path_of("j.xml"), &err));
	assert_int_equal(system(command), 0);
	unlink(path_of("j.xml"));
	cases_done(&c);
}

static const char *member(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static void json(void **state)
{
	struct cases c;
	struct buf b = {0};
	struct json_object *root, *list, *one;

	(void)state;
	fill(&c);
	cases_json(&c, &b);
	expect_harmless(&b);
	root = json_tokener_parse(text(&b));
	assert_non_null(root);
	assert_string_equal(member(root, "suite"), "verify");
	assert_string_equal(member(root, "started"), "2023-11-14T22:13:20Z");
	assert_int_equal(json_object_get_int(json_object_object_get(
				 json_object_object_get(root, "counts"), "passed")),
			 2);
	list = json_object_object_get(root, "cases");
	assert_int_equal(json_object_array_length(list), 6);
	one = json_object_array_get_idx(list, 2);
	assert_string_equal(member(one, "outcome"), "failed");
	/* The controls are there again; what was no UTF-8 is U+FFFD. */
	assert_non_null(strstr(member(one, "name"), "\033[2J\x7f\xef\xbf\xbd"));
	assert_non_null(strstr(member(one, "output"), "nul\\x00end\n"));
	one = json_object_array_get_idx(list, 3);
	assert_null(json_object_object_get(one, "message"));
	json_object_put(root);
	b.n = 0;
	cases_done(&c);
	cases_init(&c, "s", 0);
	cases_json(&c, &b);
	root = json_tokener_parse(text(&b));
	assert_non_null(root);
	json_object_put(root);
	buf_done(&b);
	cases_done(&c);
}

static void reports_that_cannot_be_written(void **state)
{
	struct cases c;
	struct err err;

	(void)state;
	cases_init(&c, "s", 0);
	assert_true(cases_write(&c, cases_tap, "--tap", NULL, &err));
	assert_false(cases_write(&c, cases_junit, "--junit", path_of("none/j.xml"), &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "--junit /tmp/test_cases-"));
	assert_non_null(strstr(err.text, "No such file or directory"));
	cases_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(good_or_not),
		cmocka_unit_test(rows),
		cmocka_unit_test(tap),
		cmocka_unit_test_setup_teardown(junit, make_folder, remove_folder),
		cmocka_unit_test(json),
		cmocka_unit_test_setup_teardown(reports_that_cannot_be_written, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
