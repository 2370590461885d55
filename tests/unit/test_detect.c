/* test_detect.c - where tshark may be, and which one it is
 *
 * Goal: what the user asked for is the one candidate; else absolute parts of the search path in
 * their order, then the usual places; a version is read from what tshark prints, nothing from
 * garbage.
 *
 * Method: lists of candidates are compared whole; real first lines of several versions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tshark/detect.h"

/* All candidates, joined by spaces. */
static const char *candidates(const char *asked, const char *search)
{
	static char all[65536];
	char path[4096];

	all[0] = '\0';
	for (size_t step = 0; detect_next(asked, search, step, path); step++) {
		assert_true(step < 100);
		assert_true(strlen(all) + strlen(path) + 2 < sizeof(all));
		strcat(all, path);
		strcat(all, " ");
	}
	return all;
}

#define USUAL                                                                              \
	"/usr/bin/tshark /usr/local/bin/tshark /usr/sbin/tshark /opt/homebrew/bin/tshark " \
	"/opt/local/bin/tshark /opt/wireshark/bin/tshark "                                 \
	"/Applications/Wireshark.app/Contents/MacOS/tshark "

static void asked_is_the_only_one(void **state)
{
	(void)state;
	assert_string_equal(candidates("/x/tshark", "/a:/b"), "/x/tshark ");
	assert_string_equal(candidates("./my tshark", NULL), "./my tshark ");
}

static void search_path_comes_first(void **state)
{
	(void)state;
	assert_string_equal(candidates(NULL, "/a:/b/c"), "/a/tshark /b/c/tshark " USUAL);
	assert_string_equal(candidates(NULL, "/b:/a:/b"), "/b/tshark /a/tshark /b/tshark " USUAL);
}

static void no_search_path_leaves_the_usual(void **state)
{
	(void)state;
	assert_string_equal(candidates(NULL, NULL), USUAL);
	assert_string_equal(candidates(NULL, ""), USUAL);
}

static void relative_and_empty_parts_are_skipped(void **state)
{
	(void)state;
	assert_string_equal(candidates(NULL, ":"), USUAL);
	assert_string_equal(candidates(NULL, ":::"), USUAL);
	assert_string_equal(candidates(NULL, "."), USUAL);
	assert_string_equal(candidates(NULL, "bin:./x:../y:~/z"), USUAL);
	assert_string_equal(candidates(NULL, ":/a::bin:/b:.:"), "/a/tshark /b/tshark " USUAL);
}

static void long_parts_do_not_overrun(void **state)
{
	static char search[20001];
	char path[4096];

	(void)state;
	memset(search, 'x', sizeof(search) - 1);
	search[0] = '/';
	memcpy(search + 15000, ":/ok", 4);
	search[15004] = '\0';
	for (size_t step = 0; detect_next(NULL, search, step, path); step++)
		assert_true(strlen(path) < sizeof(path));
}

static void expect_version(const char *output, const char *want)
{
	char version[64];

	memset(version, 'x', sizeof(version));
	assert_int_equal(detect_version(output, version), *want != '\0');
	assert_string_equal(version, want);
}

static void versions_are_read(void **state)
{
	(void)state;
	expect_version("TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u3).\n\n"
		       "Copyright 1998-2024 Gerald Combs\n",
		       "4.0.17");
	expect_version("TShark 2.6.20 (Git v2.6.20 packaged as 2.6.20-0+deb10u9)\n", "2.6.20");
	expect_version("TShark (Wireshark) 4.6.0.\n\nCopyright", "4.6.0");
	expect_version("TShark (Wireshark) 4.6.0.", "4.6.0");
	expect_version("TShark (Wireshark) 4.4.2", "4.4.2");
	expect_version("TShark (Wireshark) 4.5.0rc1-12-gabcdef (v4.5.0).", "4.5.0rc1-12-gabcdef");
	expect_version("TShark (Wireshark) 10.12.", "10.12");
}

static void garbage_is_refused(void **state)
{
	(void)state;
	expect_version("", "");
	expect_version("\n", "");
	expect_version("4.0.17", "");
	expect_version("tshark: error while loading shared libraries: libwiretap.so.13", "");
	expect_version("Dumpcap (Wireshark) 4.0.17 (Git v4.0.17)", "");
	expect_version("TShark", "");
	expect_version("TShark (Wireshark)\n4.0.17\n", "");
	expect_version("TShark (Wireshark) .\n", "");
}

static void long_version_is_cut(void **state)
{
	char output[300] = "TShark (Wireshark) ", version[64];

	(void)state;
	memset(output + 19, '4', 200);
	assert_true(detect_version(output, version));
	assert_int_equal(strlen(version), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_is_the_only_one),
		cmocka_unit_test(search_path_comes_first),
		cmocka_unit_test(no_search_path_leaves_the_usual),
		cmocka_unit_test(relative_and_empty_parts_are_skipped),
		cmocka_unit_test(long_parts_do_not_overrun),
		cmocka_unit_test(versions_are_read),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(long_version_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
