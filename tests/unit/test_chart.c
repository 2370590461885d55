/* test_chart.c - bars and lines, drawn
 *
 * Goal: a drawing is well-formed XML within its page, for no value, for one and for many, whatever
 * bytes its names have; the longest bar is the greatest value, and each point has its place.
 *
 * Method: expat reads drawings of known values and gives back widths and coordinates.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "cli/chart.h"

struct seen {
	double width[16], cx[16], cy[16]; /* of bars, of marks */
	unsigned bars, marks, paths;
	double page_width, page_height;
};

static double attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return strtod(attributes[1], NULL);
	}
	return -1;
}

static void start(void *ctx, const char *element, const char **attributes)
{
	struct seen *s = ctx;

	if (strcmp(element, "svg") == 0) {
		s->page_width = attribute(attributes, "width");
		s->page_height = attribute(attributes, "height");
	} else if (strcmp(element, "rect") == 0 && attribute(attributes, "x") >= 0) {
		double x = attribute(attributes, "x"), y = attribute(attributes, "y");

		s->width[s->bars] = attribute(attributes, "width");
		assert_true(x + s->width[s->bars++] < s->page_width);
		assert_true(y + attribute(attributes, "height") <= s->page_height);
	} else if (strcmp(element, "circle") == 0) {
		s->cx[s->marks] = attribute(attributes, "cx");
		s->cy[s->marks++] = attribute(attributes, "cy");
	} else if (strcmp(element, "path") == 0) {
		s->paths++;
	}
}

static struct seen read_back(struct buf *out)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	struct seen s = {0};

	assert_false(out->failed);
	XML_SetUserData(parser, &s);
	XML_SetStartElementHandler(parser, start);
	assert_int_equal(XML_Parse(parser, out->p, (int)out->n, 1), XML_STATUS_OK);
	XML_ParserFree(parser);
	buf_done(out);
	return s;
}

static void bars(void **state)
{
	const struct chart_bar some[] = {
		{"<&>\xff\x01", 50, "50"}, {"b", 100, "100"}, {"c", 0, "not there"}};
	const struct chart_bar none[] = {{"x", 0, ""}};
	const struct chart_group groups[] = {{"a & b", some, 3}, {"none", none, 1}};
	struct buf out = {0};
	struct seen s;

	(void)state;
	chart_bars(&out, "a <title>", groups, 2);
	s = read_back(&out);
	assert_int_equal(s.bars, 4);
	assert_true(s.width[1] > 100 && s.width[2] < 0.1 && s.width[3] < 0.1);
	assert_true(s.width[0] * 2 > s.width[1] - 1 && s.width[0] * 2 < s.width[1] + 1);
	chart_bars(&out, "", NULL, 0);
	assert_int_equal(read_back(&out).bars, 0);
}

static void lines(void **state)
{
	struct chart_panel panels[] = {{.title = "p", .unit = "u", .lines = 2},
				       {.title = "empty", .unit = "u"},
				       {.title = "one", .unit = "u", .lines = 1}};
	struct buf out = {0};
	struct seen s;

	(void)state;
	panels[0].line[0] =
		(struct chart_line){.name = "<l>", .x = {1, 4, 16}, .y = {0, 50, 100}, .points = 3};
	panels[0].line[1] = (struct chart_line){
		.name = "d", .dots = true, .x = {1, 4, 16}, .y = {0, 50, 100}, .points = 3};
	panels[2].line[0] =
		(struct chart_line){.name = "o", .dots = true, .x = {5}, .y = {7}, .points = 1};
	chart_lines(&out, "t", panels, 3);
	s = read_back(&out);
	assert_int_equal(s.marks, 4);
	/* The axis of x is logarithmic, that of y is not, and upside down. */
	assert_true(s.cx[1] - s.cx[0] > 100 && s.cy[0] - s.cy[1] > 50);
	assert_true((s.cx[1] - s.cx[0]) - (s.cx[2] - s.cx[1]) < 0.3);
	assert_true((s.cy[0] - s.cy[1]) - (s.cy[1] - s.cy[2]) < 0.3);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(s.cx[i] >= 0 && s.cx[i] <= s.page_width);
		assert_true(s.cy[i] >= 0 && s.cy[i] <= s.page_height);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bars), cmocka_unit_test(lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
