/* test_linktype.c - names of link types
 *
 * Goal: the names that messages rely on are those of the registry, and none is missing.
 *
 * Method: a sample held against the registry, and every number asked for once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "capfile/linktype.h"

static void names(void **state)
{
	(void)state;
	assert_string_equal(linktype_name(LINKTYPE_NULL), "NULL");
	assert_string_equal(linktype_name(LINKTYPE_ETHERNET), "ETHERNET");
	assert_string_equal(linktype_name(LINKTYPE_RAW_BSD), "RAW");
	assert_string_equal(linktype_name(101), "RAW");
	assert_string_equal(linktype_name(105), "IEEE802_11");
	assert_string_equal(linktype_name(LINKTYPE_LINUX_SLL), "LINUX_SLL");
	assert_string_equal(linktype_name(127), "IEEE802_11_RADIOTAP");
	assert_string_equal(linktype_name(228), "IPV4");
	assert_string_equal(linktype_name(229), "IPV6");
	assert_string_equal(linktype_name(276), "LINUX_SLL2");
	assert_string_equal(linktype_name(288), "USB_2_0");
}

static void any_number_has_words(void **state)
{
	(void)state;
	for (int n = -2; n < 70000; n++) {
		assert_non_null(linktype_name(n));
		assert_true(linktype_name(n)[0] != '\0');
	}
	assert_string_equal(linktype_name(-1), "unknown");
	assert_string_equal(linktype_name(11), "unknown");
	assert_string_equal(linktype_name(65535), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(any_number_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
