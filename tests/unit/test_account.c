/* test_account.c - what came out of the pipeline for one capture
 *
 * Goal: rows and reports of replay become values and sums; rows that are none are refused; both
 * ways of a conversation are one.
 *
 * Method: rows as emit_json() writes them, a report cut down to what is read, one thing changed at
 * a time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/account.h"
#include "cli/golden.h"

#define ROW(src, sport, dst, dport, protocol, len)                                                 \
	"{\"id\":1,\"ts\":\"1.5\",\"vm\":\"vm-1\",\"len\":" len ",\"caplen\":60,\"eth_src\":null," \
	"\"eth_dst\":null,\"ethertype\":null,\"src\":" src ",\"dst\":" dst ",\"sport\":" sport     \
	",\"dport\":" dport ",\"protocol\":" protocol                                              \
	",\"info\":\"a\\u0000b\",\"protocols\":null,"                                              \
	"\"status\":\"basic\"}"

static bool add_row(struct account *a, const char *text)
{
	struct json_object *row = json_tokener_parse(text);
	bool ok = account_row(a, row);

	json_object_put(row);
	return ok;
}

static void init(struct account *a, const char *names)
{
	struct account_fields f;
	struct err err;

	assert_true(golden_fields_parse(&f, names, &err));
	account_init(a, &f);
}

static void rows(void **state)
{
	const struct account_fact *fact;
	struct account a;

	(void)state;
	init(&a, "info,id,crc,sport");
	assert_true(add_row(&a, ROW("\"b\"", "2", "\"a\"", "1", "\"DNS\"", "90")));
	assert_true(add_row(&a, ROW("\"a\"", "1", "\"b\"", "2", "\"DNS\"", "10")));
	assert_true(add_row(&a, ROW("\"::1\"", "1", "\"b\"", "2", "null", "5")));
	assert_true(add_row(&a, ROW("null", "null", "null", "null", "null", "4294967295")));
	assert_int_equal(a.frames, 4);
	assert_int_equal(a.values[0].n, 3);
	assert_memory_equal(account_text(&a, &a.values[0]), "a\0b", 3);
	assert_memory_equal(account_text(&a, &a.values[1]), "1", 1);
	assert_null(account_text(&a, &a.values[2]));
	assert_null(account_text(&a, &a.values[15]));
	fact = account_find(&a, PART_CONVERSATIONS, "a:1 - b:2");
	assert_non_null(fact);
	assert_int_equal(fact->count, 2);
	assert_int_equal(fact->bytes, 100);
	assert_non_null(account_find(&a, PART_CONVERSATIONS, "::1 1 - b:2"));
	/* A length on the wire that no wire has is not believed. */
	assert_int_equal(account_find(&a, PART_CONVERSATIONS, "- - -")->bytes, 60);
	assert_int_equal(account_find(&a, PART_PROTOCOLS, "DNS")->count, 2);
	assert_int_equal(account_find(&a, PART_PROTOCOLS, "-")->count, 2);
	assert_null(account_find(&a, PART_LEDGER, "DNS"));
	assert_false(a.failed);
	account_done(&a);
}

static void no_rows(void **state)
{
	struct account a;

	(void)state;
	init(&a, "id");
	assert_false(add_row(&a, "{}"));
	assert_false(add_row(&a, "[]"));
	assert_false(add_row(&a, "not JSON"));
	assert_false(add_row(&a, ROW("7", "null", "null", "null", "null", "1")));
	assert_false(add_row(&a, ROW("null", "\"7\"", "null", "null", "null", "1")));
	assert_int_equal(a.frames, 0);
	assert_int_equal(a.fact_count, 0);
	account_done(&a);
}

static bool add_report(struct account *a, const char *text)
{
	struct json_object *report = json_tokener_parse(text);
	bool ok = account_report(a, report);

	json_object_put(report);
	return ok;
}

static void reports(void **state)
{
	struct account a;

	(void)state;
	init(&a, "id");
	assert_true(add_report(&a, "{\"ledger\":{\"captured\":3,\"in_memory\":3,\"undecoded\":0},"
				   "\"switch\":{\"dropped\":{\"runt\":2}},"
				   "\"protocols\":{\"UDP\":{\"frames\":3,\"bytes\":180}}}"));
	/* What is 0, and where frames are, is left out. */
	assert_int_equal(a.fact_count, 3);
	assert_int_equal(account_find(&a, PART_LEDGER, "captured")->count, 3);
	assert_int_equal(account_find(&a, PART_SWITCH, "runt")->count, 2);
	assert_int_equal(account_find(&a, PART_STATISTICS, "UDP")->bytes, 180);
	assert_false(add_report(&a, "{}"));
	assert_false(add_report(&a, "{\"ledger\":{},\"switch\":{\"dropped\":{}}}"));
	assert_false(add_report(&a, "7"));
	account_done(&a);
}

/* Thousands of sums are found as fast as a few. */
static void many_sums(void **state)
{
	struct account a;
	char name[32];

	(void)state;
	init(&a, "id");
	for (unsigned i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "c%u", i % 100000);
		account_add(&a, PART_CONVERSATIONS, name, 1, i);
	}
	assert_int_equal(a.fact_count, 100000);
	assert_int_equal(account_find(&a, PART_CONVERSATIONS, "c7")->count, 2);
	assert_int_equal(account_find(&a, PART_CONVERSATIONS, "c7")->bytes, 100014);
	account_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(no_rows),
		cmocka_unit_test(reports),
		cmocka_unit_test(many_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
