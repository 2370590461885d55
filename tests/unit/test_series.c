/* test_series.c - rows over time, as CSV and as a drawing
 *
 * Goal: memory is bounded, and when rows go together no total and no peak is lost; the CSV says
 * what was added, digit for digit; the drawing is whole XML, within its frame, for no row, for one,
 * and for many, whatever the title holds.
 *
 * Method: known rows and their text; three times as many rows as there is room for; coordinates are
 * read back out of the drawing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "series.h"

#define S UINT64_C(1000000000)

static char *csv_of(const struct series *s)
{
	struct buf out = {0};

	series_csv(s, &out);
	buf_putc(&out, '\0');
	assert_false(out.failed);
	return out.p;
}

static char *svg_of(const struct series *s, const char *title)
{
	struct buf out = {0};

	series_svg(s, title, "Latency (ms)", &out);
	buf_putc(&out, '\0');
	assert_false(out.failed);
	return out.p;
}

static void csv_says_what_was_added(void **state)
{
	struct series s = {0};
	char *text;

	(void)state;
	series_add(&s, &(struct series_row){.t_ns = S / 10, .asked_milli = 1500, .frames = 100});
	series_add(&s, &(struct series_row){.t_ns = S / 5,
					    .frames = 150,
					    .queue = 7,
					    .in_flight = 8,
					    .dropped = 9,
					    .skipped = 10,
					    .latency_ns = 1234567});
	text = csv_of(&s);
	assert_string_equal(
		text,
		"seconds,asked_per_s,sent_per_s,sent,queue,in_flight,dropped,skipped,latency_ms\n"
		"0.100,1.500,1000.0,100,0,0,0,0,\n"
		"0.200,,500.0,150,7,8,9,10,1.234567\n");
	free(text);
	series_done(&s);
}

static void rows_go_together_in_bounds(void **state)
{
	struct series s = {0};
	const uint64_t n = 3 * SERIES_ROWS_MAX + 5;
	uint64_t frames = 0, last_ns = 0, queue = 0, latency = 0;

	(void)state;
	for (uint64_t i = 1; i <= n; i++) {
		/* One peak among zeros. */
		struct series_row row = {.t_ns = i,
					 .frames = 2 * i,
					 .queue = i == n / 2 ? 99 : 0,
					 .latency_ns = i == 77 ? 55 : 0};

		series_add(&s, &row);
		assert_true(s.count <= SERIES_ROWS_MAX);
	}
	for (size_t i = 0; i < s.count; i++) {
		assert_true(s.rows[i].t_ns > last_ns);
		assert_int_equal(s.rows[i].frames, 2 * s.rows[i].t_ns);
		last_ns = s.rows[i].t_ns;
		frames = s.rows[i].frames;
		queue += s.rows[i].queue;
		latency += s.rows[i].latency_ns;
	}
	assert_int_equal(last_ns, n);
	assert_int_equal(frames, 2 * n);
	assert_int_equal(queue, 99);
	assert_int_equal(latency, 55);
	series_done(&s);
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

/* Coordinates of all lines lie within the drawing. Return: how many there are */
static unsigned expect_within(const char *svg)
{
	const char *at = svg;
	double width, height, x, y;
	unsigned n = 0;

	assert_int_equal(
		sscanf(strstr(svg, "viewBox=\""), "viewBox=\"0 0 %lf %lf\"", &width, &height), 2);
	while ((at = strpbrk(at + 1, "ML"))) {
		if (sscanf(at + 1, "%lf,%lf", &x, &y) != 2)
			continue;
		assert_true(x >= 0 && x <= width && y >= 0 && y <= height);
		n++;
	}
	return n;
}

static void drawing_holds_all(void **state)
{
	struct series s = {0};
	char *svg;

	(void)state;
	for (uint64_t i = 1; i <= 10000; i++) {
		struct series_row row = {.t_ns = i * S / 10,
					 .asked_milli = i * 1000,
					 .frames = i * i,
					 .queue = i % 100,
					 .in_flight = i % 50,
					 .dropped = i / 2,
					 .skipped = i / 3,
					 .latency_ns = i * 1000};

		series_add(&s, &row);
	}
	svg = svg_of(&s, "load");
	assert_int_equal(strncmp(svg, "<svg ", 5), 0);
	assert_string_equal(svg + strlen(svg) - 7, "</svg>\n");
	assert_int_equal(count_of(svg, "class=\"name\""), 5);
	assert_non_null(strstr(svg, "Rate (frames/s)"));
	assert_non_null(strstr(svg, "Latency (ms)"));
	/* Seven lines, of 770 points each. */
	assert_in_range(expect_within(svg), 7 * 700, 7 * SERIES_POINTS_MAX);
	assert_true(strlen(svg) < 200000);
	free(svg);
	series_done(&s);
}

/* What was not measured is a gap, and a panel of zeros is left out. */
static void gaps_and_zeros(void **state)
{
	struct series s = {0};
	char *svg;

	(void)state;
	for (uint64_t i = 1; i <= 9; i++)
		series_add(&s, &(struct series_row){.t_ns = i * S, .latency_ns = i == 5 ? 0 : i});
	svg = svg_of(&s, "load");
	assert_int_equal(count_of(svg, "class=\"name\""), 3);
	/* Sent, dropped, skipped: nine points each; latency: eight, in two pieces. */
	assert_int_equal(expect_within(svg), 3 * 9 + 8);
	assert_int_equal(count_of(svg, "h0L"), 3 + 2);
	free(svg);
	series_done(&s);
}

static void few_rows_and_any_title(void **state)
{
	struct series s = {0};
	char *svg = svg_of(&s, "a<b>&\"c\x01\xff");

	(void)state;
	assert_non_null(strstr(svg, "a&lt;b&gt;&amp;\"c?"
				    "?</text>"));
	assert_non_null(strstr(svg, "nothing was sampled"));
	free(svg);
	series_add(&s, &(struct series_row){0});
	svg = svg_of(&s, "one");
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	assert_non_null(strstr(svg, "</svg>"));
	free(svg);
	series_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_says_what_was_added),
		cmocka_unit_test(rows_go_together_in_bounds),
		cmocka_unit_test(drawing_holds_all),
		cmocka_unit_test(gaps_and_zeros),
		cmocka_unit_test(few_rows_and_any_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
