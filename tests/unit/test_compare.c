/* test_compare.c - where two accounts of a capture differ, in words
 *
 * Goal: each kind of difference is one line that names profile, frame, field, expected and actual;
 * one frame that is missing or too many is one, whatever it does to the ids behind it; what rules
 * cover is counted apart; no more is told than was asked for, and the rest is counted.
 *
 * Method: accounts made by hand, compared after one change each; the lines are compared whole.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/golden.h"

#define FRAMES 200

static const char *const fields = "id,ts,len,src,protocol,info";

/* Frame @i as the @id-th. */
static void add_frame(struct account *a, unsigned id, unsigned i)
{
	struct account_value *v = account_frame(a);
	char text[32];

	assert_non_null(v);
	account_set(a, &v[0], text, (size_t)snprintf(text, sizeof(text), "%u", id));
	account_set(a, &v[1], text, (size_t)snprintf(text, sizeof(text), "1.%09u", i));
	account_set(a, &v[2], "60", 2);
	account_set(a, &v[3], text, (size_t)snprintf(text, sizeof(text), "192.0.2.%u", i % 7));
	account_set(a, &v[4], "DNS", 3);
	account_set(a, &v[5], "query", 5);
}

static void make(struct account *a)
{
	struct account_fields f;
	struct err err;

	assert_true(golden_fields_parse(&f, fields, &err));
	account_init(a, &f);
	snprintf(a->tshark, sizeof(a->tshark), "4.0.17");
	account_add(a, PART_LEDGER, "captured", 5, 0);
	account_add(a, PART_PROTOCOLS, "DNS", 5, 300);
}

/* All frames but @without; @extra of them come a second time, with another time. */
static void make_frames(struct account *a, unsigned without, unsigned extra)
{
	unsigned id = 1;

	make(a);
	for (unsigned i = 1; i <= FRAMES; i++) {
		if (i != without)
			add_frame(a, id++, i);
		if (i == extra)
			add_frame(a, id++, 1000 + i);
	}
}

static void expect(const struct account *e, const struct account *a, const struct rules *rules,
		   unsigned max, uint64_t differences, uint64_t tolerated, const char *lines)
{
	struct compare c = {.rules = rules, .max = max};

	compare_accounts(&c, "lean", ACCOUNT_PARTS_ALL, e, a);
	compare_end(&c);
	buf_putc(&c.text, '\0');
	assert_false(c.failed);
	assert_string_equal(c.text.p, lines);
	assert_int_equal(c.differences, differences);
	assert_int_equal(c.tolerated, tolerated);
	compare_done(&c);
}

static void set(struct account *a, size_t frame, unsigned field, const char *text)
{
	struct account_value *v = &a->values[(frame - 1) * a->fields.count + field];

	if (text)
		account_set(a, v, text, strlen(text));
	else
		v->n = UINT32_MAX;
}

static void equal_ones(void **state)
{
	struct account e, a;

	(void)state;
	make_frames(&e, 0, 0);
	make_frames(&a, 0, 0);
	expect(&e, &a, NULL, 10, 0, 0, "");
	account_done(&e);
	account_done(&a);
}

static void each_field(void **state)
{
	struct account e, a;

	(void)state;
	make_frames(&e, 0, 0);
	make_frames(&a, 0, 0);
	set(&a, 17, 3, "192.0.2.99");
	set(&a, 18, 4, NULL);
	set(&e, 19, 5, NULL);
	set(&a, 20, 1, "2.5");
	set(&a, 200, 5, "\x1b[2J");
	expect(&e, &a, NULL, 10, 5, 0,
	       "lean frame 17 src: expected \"192.0.2.3\", actual \"192.0.2.99\"\n"
	       "lean frame 18 protocol: expected \"DNS\", actual null\n"
	       "lean frame 19 info: expected null, actual \"query\"\n"
	       "lean frame 20 ts: expected \"1.000000020\", actual \"2.5\"\n"
	       "lean frame 200 info: expected \"query\", actual \"\\u001b[2J\"\n");
	expect(&e, &a, NULL, 2, 5, 0,
	       "lean frame 17 src: expected \"192.0.2.3\", actual \"192.0.2.99\"\n"
	       "lean frame 18 protocol: expected \"DNS\", actual null\n"
	       "and 3 more differences\n");
	account_done(&e);
	account_done(&a);
}

static void one_missing_one_extra(void **state)
{
	struct account e, a;

	(void)state;
	make_frames(&e, 0, 0);
	make_frames(&a, 50, 0);
	expect(&e, &a, NULL, 10, 1, 0,
	       "lean frame 50 is missing: ts \"1.000000050\", len \"60\", src \"192.0.2.1\", "
	       "protocol \"DNS\", info \"query\"\n");
	expect(&a, &e, NULL, 10, 1, 0,
	       "lean frame 50 is extra: ts \"1.000000050\", len \"60\", src \"192.0.2.1\", "
	       "protocol \"DNS\", info \"query\"\n");
	account_done(&a);
	/* Both, and a field of a frame behind them. */
	make_frames(&a, 50, 70);
	set(&a, 100, 4, "MDNS");
	expect(&e, &a, NULL, 10, 3, 0,
	       "lean frame 50 is missing: ts \"1.000000050\", len \"60\", src \"192.0.2.1\", "
	       "protocol \"DNS\", info \"query\"\n"
	       "lean frame 70 is extra: ts \"1.000001070\", len \"60\", src \"192.0.2.6\", "
	       "protocol \"DNS\", info \"query\"\n"
	       "lean frame 100 protocol: expected \"DNS\", actual \"MDNS\"\n");
	account_done(&a);
	account_done(&e);
}

/* Ids that jump, while no frame is missing, are one difference. */
static void ids_that_jump(void **state)
{
	struct account e, a;
	char text[16];

	(void)state;
	make_frames(&e, 0, 0);
	make_frames(&a, 0, 0);
	for (unsigned i = 100; i <= FRAMES; i++) {
		snprintf(text, sizeof(text), "%u", i + 5);
		set(&a, i, 0, text);
	}
	expect(&e, &a, NULL, 10, 1, 0, "lean frame 100 id: expected 100, actual 105\n");
	account_done(&e);
	account_done(&a);
}

static void sums_and_ends(void **state)
{
	struct account e, a;

	(void)state;
	make(&e);
	make(&a);
	a.exit = 3;
	account_error(&e, "one");
	account_error(&a, "two");
	account_error(&a, "three");
	account_add(&a, PART_LEDGER, "captured", 1, 0);
	account_add(&a, PART_SWITCH, "runt", 1, 0);
	account_add(&e, PART_PROTOCOLS, "ARP", 1, 42);
	account_add(&a, PART_CONVERSATIONS, "a\x1b", 2, 9);
	expect(&e, &a, NULL, 10, 7, 0,
	       "lean exit: expected 0, actual 3\n"
	       "lean error 1: expected \"one\", actual \"two\"\n"
	       "lean error 2: expected null, actual \"three\"\n"
	       "lean ledger \"captured\": expected 5, actual 6\n"
	       "lean switch \"runt\": expected 0, actual 1\n"
	       "lean protocols \"ARP\": expected 1 frame, 42 bytes; actual 0 frames, 0 bytes\n"
	       "lean conversations \"a\\u001b\": expected 0 frames, 0 bytes; actual 2 frames, 9 bytes\n");
	account_done(&e);
	account_done(&a);
}

static void rules_cover(void **state)
{
	struct rule renamed[] = {
		{.name = "dns",
		 .old_versions = "<4.2",
		 .new_versions = ">=4.2",
		 .field = FIELD_PROTOCOL,
		 .from = "DNS",
		 .to = "Domain",
		 .reason = "renamed"},
		{.name = "said",
		 .old_versions = "",
		 .new_versions = "",
		 .is_error = true,
		 .from = "one",
		 .to = "two",
		 .reason = "reworded"},
	};
	struct rules rules = {.rule = renamed, .count = 2};
	struct account e, a;

	(void)state;
	make_frames(&e, 0, 0);
	make(&a);
	account_done(&a);
	account_init(&a, &e.fields);
	snprintf(a.tshark, sizeof(a.tshark), "4.2.0");
	for (unsigned i = 1; i <= FRAMES; i++)
		add_frame(&a, i, i);
	account_error(&e, "one");
	account_error(&a, "two");
	set(&a, 3, 4, "Domain");
	set(&a, 4, 4, "Domains");
	account_add(&a, PART_LEDGER, "captured", 5, 0);
	/* The same frames and bytes under the other name; one more of another name is none of that.
	 */
	account_add(&a, PART_PROTOCOLS, "Domain", 5, 300);
	expect(&e, &a, &rules, 10, 1, 3,
	       "lean frame 4 protocol: expected \"DNS\", actual \"Domains\"\n"
	       "2 tolerated by rule dns: renamed\n1 tolerated by rule said: reworded\n");
	account_add(&a, PART_PROTOCOLS, "Domain", 1, 1);
	expect(&e, &a, &rules, 1, 3, 2,
	       "lean frame 4 protocol: expected \"DNS\", actual \"Domains\"\n"
	       "and 2 more differences\n"
	       "1 tolerated by rule dns: renamed\n1 tolerated by rule said: reworded\n");
	/* Without rules all of it is a difference. */
	expect(&e, &a, NULL, 0, 5, 0, "and 5 more differences\n");
	account_done(&e);
	account_done(&a);
}

static void long_texts(void **state)
{
	struct account e, a;
	char text[1000];

	(void)state;
	make(&e);
	make(&a);
	add_frame(&e, 1, 1);
	add_frame(&a, 1, 1);
	memset(text, 'x', sizeof(text));
	text[999] = '\0';
	set(&e, 1, 5, text);
	text[500] = 'y';
	set(&a, 1, 5, text);
	text[500] = 'x';
	text[160] = '\0';
	{
		char lines[600];

		snprintf(
			lines, sizeof(lines),
			"lean frame 1 info: expected ...\"%s\"..., actual ...\"%.40sy%.119s\"...\n",
			text, text, text);
		expect(&e, &a, NULL, 10, 1, 0, lines);
	}
	account_done(&e);
	account_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones),
		cmocka_unit_test(each_field),
		cmocka_unit_test(one_missing_one_extra),
		cmocka_unit_test(ids_that_jump),
		cmocka_unit_test(sums_and_ends),
		cmocka_unit_test(rules_cover),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
