/* test_when.c - moments as text
 *
 * Goal: every form that is promised is read to the ns, everything else refused; what is written is
 * read back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "capfile/when.h"

static void forms(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"0", 0},
		{"1795383077.000299906", UINT64_C(1795383077000299906)},
		{"1795383077.5", UINT64_C(1795383077500000000)},
		{"1970-01-01", 0},
		{"1970-01-02T00:00:01Z", UINT64_C(86401000000000)},
		{"2000-02-29 12:34", UINT64_C(951827640000000000)},
		{"2026-11-22T22:28:48.978142710Z", UINT64_C(1795386528978142710)},
		{"2026-11-22T22:28:48.9", UINT64_C(1795386528900000000)},
		{"18446744072.999999999", UINT64_C(18446744072999999999)},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns;

		assert_true(when_parse(cases[i].text, &ns));
		assert_int_equal(ns, cases[i].ns);
	}
}

static void refused(void **state)
{
	static const char *const cases[] = {
		"",
		"-1",
		"now",
		"1.",
		"1.1234567891",
		"1e9",
		"2026-13-01",
		"2026-02-29",
		"2026-11-22T",
		"2026-11-22T25:00",
		"2026-11-22T22:28:48.Z",
		"1969-12-31",
		"2555-01-01",
		"2026-11-22T22:28:48+01:00",
		"99999999999",
		"2026-1-1",
	};
	uint64_t ns;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (when_parse(cases[i], &ns))
			fail_msg("'%s' was read", cases[i]);
	}
}

static void back(void **state)
{
	char text[WHEN_TEXT_MAX];
	uint64_t ns, again;

	(void)state;
	when_text(UINT64_C(1795386528978142710), text);
	assert_string_equal(text, "2026-11-22T22:28:48.978142710Z");
	for (ns = 1; ns < UINT64_C(18000000000000000000); ns += UINT64_C(98765432123456789)) {
		when_text(ns, text);
		assert_true(when_parse(text, &again));
		assert_int_equal(ns, again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(refused),
		cmocka_unit_test(back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
