/* test_ek_engines.c - decoders of EK lines that are measured beside each other
 *
 * Goal: each engine of the table is found by its name, and those of the processor too; a round
 * shows an engine each line once, with or without a newline at the end, and counts what it refuses.
 *
 * Method: lines of which it is known who takes them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/ek_engines.h"
#include "ek/ek_record.h"

#define DOCUMENT "{\"timestamp\":\"1\",\"no\":[\"7\"],\"layers\":{}}"

static struct ek_engines_seen seen_of(const char *name, const char *text)
{
	char padded[512] = {0};
	struct ek_engines_seen seen = {0};

	assert_true(strlen(text) + EK_ENGINES_PADDING < sizeof(padded));
	memcpy(padded, text, strlen(text));
	assert_non_null(ek_engines_find(name));
	ek_engines_round(padded, strlen(text), ek_engines_find(name), &seen);
	return seen;
}

static void all_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; ek_engines[i].name; i++)
		assert_ptr_equal(ek_engines_find(ek_engines[i].name), ek_engines[i].function);
	assert_null(ek_engines_find("nobody"));
	assert_null(ek_engines_find("record:nothing"));
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		char name[64];

		snprintf(name, sizeof(name), "record:%s", ek_isa_name((enum ek_isa)isa));
		if (ek_isa_has((enum ek_isa)isa))
			assert_non_null(ek_engines_find(name));
	}
}

static void each_line_once(void **state)
{
	static const char *const parsers[] = {"record", "tree", "json-c"};
	struct ek_engines_seen seen;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		seen = seen_of(parsers[i], DOCUMENT "\n" DOCUMENT "\nno json\n" DOCUMENT);
		assert_int_equal(seen.lines, 4);
		assert_int_equal(seen.refused, 1);
		assert_int_equal(seen.bytes, 3 * strlen(DOCUMENT) + 10);
		assert_int_equal(seen_of(parsers[i], DOCUMENT "\n").lines, 1);
		assert_int_equal(seen_of(parsers[i], "").lines, 0);
	}
	assert_int_equal(seen_of("lines", "no json\n\n").refused, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_are_found),
					   cmocka_unit_test(each_line_once)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
