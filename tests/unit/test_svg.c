/* test_svg.c - what drawings share
 *
 * Goal: steps of axes are round and no more than asked for; numbers are short; whatever bytes a
 * text has, the page is well-formed XML.
 *
 * Method: known values, and every range of a wide sweep; expat parses a page of every byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <expat.h>
#include <math.h>
#include <string.h>

#include "base/svg.h"

static void steps_are_round(void **state)
{
	(void)state;
	assert_true(svg_step(10, 5) == 2);
	assert_true(svg_step(7, 7) == 1);
	assert_true(fabs(svg_step(0.3, 5) - 0.1) < 1e-12);
	assert_true(svg_step(1e9, 4) == 5e8);
	for (double range = 1e-6; range < 1e12; range *= 1.37) {
		for (unsigned most = 3; most < 13; most++)
			assert_in_range(svg_steps(range, svg_step(range, most)), 1, most);
	}
	assert_int_equal(svg_steps(0.3, 0.1), 3);
}

static void numbers_are_short(void **state)
{
	char text[32];

	(void)state;
	svg_label(text, sizeof(text), 0.25);
	assert_string_equal(text, "0.25");
	svg_label(text, sizeof(text), 9999);
	assert_string_equal(text, "9999");
	svg_label(text, sizeof(text), 25000);
	assert_string_equal(text, "25k");
	svg_label(text, sizeof(text), 2500000);
	assert_string_equal(text, "2.5M");
}

static void any_text_is_xml(void **state)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	struct buf out = {0};

	(void)state;
	svg_begin(&out, 640, 480);
	for (int c = 1; c < 256; c++)
		svg_text(&out, 1, 2, "class=\"name\"", (char[]){(char)c, 'x', '\0'});
	svg_text(&out, 1, 2, "", "</text><script>alert(1)</script>");
	svg_end(&out);
	assert_false(out.failed);
	assert_int_equal(XML_Parse(parser, out.p, (int)out.n, 1), XML_STATUS_OK);
	buf_putc(&out, '\0');
	assert_null(strstr(out.p, "<script"));
	XML_ParserFree(parser);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_round),
		cmocka_unit_test(numbers_are_short),
		cmocka_unit_test(any_text_is_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
