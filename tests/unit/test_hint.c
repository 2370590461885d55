/* test_hint.c - goal: costly searches are told, and nothing else. Method: a table of filters, and
 * that no text makes it read beyond its end (a sanitizer looks). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "analysis/hint.h"

static const char *const silent[] = {
	"",
	" ",
	"tcp",
	"tcp.port == 80 and ip.addr == 1.2.3.4",
	"http.host contains \"frame\"",
	"http.host contains \"frame contains\"",
	"http.host == \"x and frame contains y\"",
	"frame.len > 100 and frame.number == 3",
	"frame.x contains y",
	"frames contains y",
	"xframe contains y",
	"tcp.payload matches \"\\\"frame matches\"",
	"\"frame contains",
	"frame",
	"frame and contains",
};

static void nothing_to_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		assert_null(hint_of(silent[i]));
}

static void expect(const char *filter, const char *words)
{
	const char *hint = hint_of(filter);

	if (!hint)
		fail_msg("nothing was said of '%s'", filter);
	if (!strstr(hint, words))
		fail_msg("'%s': %s", filter, hint);
}

static void costly_ones(void **state)
{
	(void)state;
	expect("frame contains \"x\"", "makes it quicker");
	expect("frame matches x", "makes it quicker");
	expect("frame~x", "makes it quicker");
	expect("(frame contains x)", "makes it quicker");
	expect("frame contains x and tcp.port == 80", "before it");
	expect("frame contains x && tcp", "before it");
	expect("(frame contains x) or arp", "before it");
	expect("tcp.port == 80 and frame contains x", "terms before let pass");
	expect("tcp.port == 80 && frame matches \"a\"", "terms before let pass");
}

/* Cut anywhere, in memory that ends there. */
static void any_text_ends(void **state)
{
	static const char text[] =
		"frame contains \"a\\\"b\" and ((tcp~\"x\\\\\" || \xff\x01 frame";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		copy[n] = '\0';
		if (n < strlen("frame contains"))
			assert_null(hint_of(copy));
		else
			assert_non_null(hint_of(copy));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_say),
		cmocka_unit_test(costly_ones),
		cmocka_unit_test(any_text_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
