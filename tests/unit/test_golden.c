/* test_golden.c - golden files: read, written, refused
 *
 * Goal: what was written is read as it was and written again byte for byte; each thing that does
 * not belong there is refused by name and place.
 *
 * Method: an account made by hand, with all kinds of values; then its text with one thing changed
 * at a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/golden.h"

static char path[64];

static void write_file(const char *text, size_t n)
{
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_golden-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void fill(struct golden *g)
{
	static const char hostile[] = "a\0b\"\\\x1b\xe2\x80\xae";
	struct account *a = &g->account[PROFILE_LEAN];
	struct account_value *v;
	struct err err;

	*g = (struct golden){.parts = ACCOUNT_PARTS_ALL};
	assert_true(golden_fields_parse(&g->fields, "id,ts,src,sport,info", &err));
	assert_true(golden_option_add(&g->options, GOLDEN_AS_ETHERNET, ""));
	assert_true(golden_option_add(&g->options, GOLDEN_FILTER, "host \"x\""));
	assert_true(golden_option_add(&g->options, GOLDEN_VMS, "a=02:00:00:00:00:01"));
	assert_true(golden_option_add(&g->options, GOLDEN_VMS, "b=02:00:00:00:00:02"));
	assert_true(golden_option_add(&g->options, GOLDEN_LIMIT, "7"));
	account_init(a, &g->fields);
	g->has[PROFILE_LEAN] = true;
	a->exit = 3;
	snprintf(a->tshark, sizeof(a->tshark), "4.0.17");
	account_error(a, "x.pcap: broken");
	account_add(a, PART_LEDGER, "captured", 2, 0);
	account_add(a, PART_SWITCH, "runt", 1, 0);
	account_add(a, PART_STATISTICS, "UDP", 2, 200);
	account_add(a, PART_CONVERSATIONS, "a - b", 2, 200);
	v = account_frame(a);
	assert_non_null(v);
	account_set(a, &v[0], "1", 1);
	account_set(a, &v[1], "1.5", 3);
	account_set(a, &v[3], "53", 2);
	account_set(a, &v[4], hostile, sizeof(hostile) - 1);
	assert_non_null(account_frame(a));
	account_init(&g->account[PROFILE_OFF], &g->fields);
	g->has[PROFILE_OFF] = true;
}

static char *text_of(const struct golden *g)
{
	struct buf b = {0};

	golden_put(g, "x.pcap", &b);
	buf_putc(&b, '\0');
	assert_false(b.failed);
	return b.p;
}

static void there_and_back(void **state)
{
	struct golden g, h;
	const struct account *a = &h.account[PROFILE_LEAN];
	struct err err;
	char *text, *again;

	(void)state;
	fill(&g);
	text = text_of(&g);
	write_file(text, strlen(text));
	if (!golden_read(&h, path, &err))
		fail_msg("%s in\n%s", err.text, text);
	again = text_of(&h);
	assert_string_equal(text, again);
	assert_int_equal(a->frames, 2);
	assert_int_equal(a->exit, 3);
	assert_string_equal(a->tshark, "4.0.17");
	assert_int_equal(a->values[4].n, 9);
	assert_memory_equal(account_text(a, &a->values[4]), "a\0b\"\\\x1b\xe2\x80\xae", 9);
	assert_null(account_text(a, &a->values[2]));
	assert_null(account_text(a, &a->values[5]));
	assert_int_equal(account_find(a, PART_STATISTICS, "UDP")->bytes, 200);
	assert_int_equal(h.options.given[GOLDEN_VMS].count, 2);
	assert_false(h.has[PROFILE_FULL]);
	/* One frame a line. */
	assert_non_null(strstr(text,
			       "\n        {\"id\": 1, \"ts\": \"1.5\", \"sport\": 53, \"info\": "
			       "\"a\\u0000b\\\"\\\\\\u001b\\u202e\"},\n        {}\n"));
	unlink(path);
	free(text);
	free(again);
	golden_done(&g);
	golden_done(&h);
}

/* The text with its first @from replaced is refused with @words. */
static void expect_refused(const char *from, const char *to, const char *words)
{
	struct golden g, h;
	struct buf b = {0};
	struct err err = {0};
	char *text, *at;

	fill(&g);
	text = text_of(&g);
	at = strstr(text, from);
	if (!at)
		fail_msg("'%s' is not in\n%s", from, text);
	buf_put(&b, text, (size_t)(at - text));
	buf_puts(&b, to);
	buf_puts(&b, at + strlen(from));
	write_file(b.p, b.n);
	if (golden_read(&h, path, &err))
		fail_msg("'%s' for '%s' was taken", to, from);
	assert_int_equal(err.exit, EXIT_USAGE);
	if (!strstr(err.text, words) || !strstr(err.text, path))
		fail_msg("'%s' is not in '%s'", words, err.text);
	unlink(path);
	free(text);
	buf_done(&b);
	golden_done(&g);
	golden_done(&h);
}

static void refused(void **state)
{
	(void)state;
	expect_refused("\"secvf-golden\": 1", "\"secvf-golden\": 2",
		       "is 2, and this program knows 1");
	expect_refused("\"secvf-golden\": 1,", "", "\"secvf-golden\" is missing");
	expect_refused("\"capture\"", "\"colour\": 1, \"capture\"",
		       "there is no key \"colour\" here");
	expect_refused("\"filter\"", "\"filtre\"", "options: there is no key \"filtre\"");
	expect_refused("true", "1", "options: \"as-ethernet\": true or false is wanted");
	expect_refused("\"limit\": 7", "\"limit\": -7",
		       "options: \"limit\": a whole number is wanted");
	expect_refused("[\"a=02", "[1, \"a=02", "options: \"vms\": a list of strings is wanted");
	expect_refused("\"sport\", \"info\"]", "\"sport\", \"infos\"]",
		       "fields: \"infos\" is unknown");
	expect_refused("\"sport\", \"info\"]", "\"sport\", \"sport\"]",
		       "fields: \"sport\" is unknown here, or named twice");
	expect_refused("\"ledger\", \"switch\"", "\"switch\"",
		       "decode.lean.ledger: it is not named in \"parts\"");
	expect_refused("\"lean\": {", "\"thin\": {", "decode: there is no key \"thin\"");
	expect_refused("\"exit\": 3", "\"exit\": \"3\"",
		       "decode.lean.exit: an exit code is wanted");
	expect_refused("\"exit\": 3", "\"exits\": 3",
		       "decode.lean.exits: there is no such key here");
	expect_refused("\"captured\"", "\"in_memory\"",
		       "decode.lean.ledger: there is no key \"in_memory\"");
	expect_refused("\"bytes\": 200", "\"octets\": 200",
		       "decode.lean.statistics: \"UDP\": {\"frames\": N, \"bytes\": N} is wanted");
	expect_refused("\"sport\": 53", "\"dport\": 53",
		       "decode.lean.frames[0]: there is no key \"dport\" in \"fields\"");
	expect_refused("\"sport\": 53", "\"sport\": \"53\"",
		       "decode.lean.frames[0]: \"sport\": a whole number is wanted");
	expect_refused("        {}\n", "        7\n", "decode.lean.frames[1]: an object is wanted");
	expect_refused("\"exit\": 3,", "\"exit\": 3 ", "line 11, column 7 (byte 387)");
	expect_refused("\n  }\n}\n", "\n  }\n", "the JSON ends before it is whole");
	expect_refused("\n  }\n}\n", "\n  }\n}\n{", "there is more behind the JSON");
}

static void lists_of_names(void **state)
{
	struct account_fields f;
	unsigned parts;
	struct err err;

	(void)state;
	f = golden_fields_default();
	assert_int_equal(f.count, ACCOUNT_FIELDS - 3);
	assert_true(account_fields_have(&f, FIELD_INFO) < 0);
	assert_false(golden_fields_parse(&f, "id,", &err));
	assert_non_null(strstr(err.text, "--fields: ''"));
	assert_false(golden_fields_parse(&f, "id,colour", &err));
	assert_non_null(strstr(err.text, "'colour': each once, some of id,ts,vm,"));
	assert_false(golden_fields_parse(&f, "id,id", &err));
	assert_true(golden_parts_parse(&parts, "frames,ledger", &err));
	assert_int_equal(parts, 1u << PART_FRAMES | 1u << PART_LEDGER);
	assert_false(golden_parts_parse(&parts, "rows", &err));
	assert_int_equal(err.exit, EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(lists_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
