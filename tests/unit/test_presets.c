/* test_presets.c - display filters for what malware does on a network
 *
 * Goal: names are unique and plain, each is found, and no other; categories stand together; a note
 * says what else matches. That expressions pick what they should is tests/system/presets.
 *
 * Method: the whole table.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "analysis/presets.h"

static void test_names(void **state)
{
	size_t count;
	const struct preset *all = presets(&count);

	(void)state;
	assert_true(count >= 25);
	for (size_t i = 0; i < count; i++) {
		const char *name = all[i].name;

		assert_true(*name &&
			    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name));
		/* The first of a name is the one that is found. */
		assert_ptr_equal(preset_find(name), &all[i]);
	}
	assert_null(preset_find(""));
	assert_null(preset_find("dns"));
	assert_null(preset_find("DNS-TUNNEL"));
}

static void test_texts(void **state)
{
	size_t count;
	const struct preset *all = presets(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(*all[i].expression && *all[i].category);
		assert_null(strpbrk(all[i].expression, "\n\t\\"));
		assert_null(strpbrk(all[i].note, "\n\t"));
		assert_non_null(strstr(all[i].note, "Also: "));
		/* "!=" means one thing before Wireshark 4.0, and another from then on. */
		assert_null(strstr(all[i].expression, "!="));
	}
}

static void test_categories(void **state)
{
	size_t count;
	const struct preset *all = presets(&count);

	(void)state;
	for (size_t i = 1; i < count; i++) {
		if (strcmp(all[i].category, all[i - 1].category) == 0)
			continue;
		for (size_t before = 0; before < i; before++)
			assert_string_not_equal(all[before].category, all[i].category);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_categories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
