/* test_tail.c - stderr cut into lines, the last ones kept
 *
 * Goal: the same lines at any chunking; of a long line its first TAIL_BYTES; the last TAIL_LINES
 * are kept, a last line without newline counts.
 *
 * Method: one text fed whole, byte by byte and at random splits; a sink writes down each line with
 * its length, and the notes are compared.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "random.h"
#include "tshark/tail.h"

struct notes {
	char text[16384];
	size_t n;
};

static void note(void *ctx, const char *text, size_t n)
{
	struct notes *o = ctx;

	assert_true(n <= TAIL_BYTES);
	assert_true(o->n + n + 16 < sizeof(o->text));
	o->n += (size_t)snprintf(o->text + o->n, 16, "%zu:", n);
	memcpy(o->text + o->n, text, n);
	o->n += n;
	o->text[o->n++] = ';';
}

static struct tail tail;
static struct notes notes;

static void begin(void)
{
	memset(&tail, 0, sizeof(tail));
	notes.n = 0;
}

static void feed(const char *s)
{
	tail_feed(&tail, s, strlen(s), note, &notes);
}

static void expect_notes(const char *want)
{
	notes.text[notes.n] = '\0';
	assert_string_equal(notes.text, want);
}

static void expect_last(size_t back, const char *want)
{
	size_t n = 12345;
	const char *p = tail_last(&tail, back, &n);

	if (!want) {
		assert_null(p);
		return;
	}
	assert_non_null(p);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(p, want, n);
}

static void lines_are_told_when_whole(void **state)
{
	(void)state;
	begin();
	expect_last(0, NULL);
	feed("one\ntw");
	expect_notes("3:one;");
	expect_last(0, "one");
	feed("o\n\nth");
	expect_notes("3:one;3:two;0:;");
	expect_last(0, "");
	expect_last(1, "two");
	expect_last(2, "one");
	expect_last(3, NULL);
	tail_end(&tail, note, &notes);
	expect_notes("3:one;3:two;0:;2:th;");
	expect_last(0, "th");
	assert_int_equal(tail.lines, 4);
	tail_end(&tail, note, &notes); /* nothing is left */
	assert_int_equal(tail.lines, 4);
}

static void end_after_a_newline_adds_nothing(void **state)
{
	(void)state;
	begin();
	tail_end(&tail, note, &notes);
	feed("one\n");
	tail_end(&tail, note, &notes);
	expect_notes("3:one;");
	feed("next process\n"); /* as the next generation does */
	expect_notes("3:one;12:next process;");
}

static void long_lines_are_cut(void **state)
{
	static const size_t lengths[] = {TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 3000};
	static char line[3001];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		size_t kept = lengths[i] < TAIL_BYTES ? lengths[i] : TAIL_BYTES, n;
		const char *p;

		begin();
		memset(line, 'x', lengths[i]);
		line[lengths[i]] = '\n';
		tail_feed(&tail, line, lengths[i] + 1, note, &notes);
		feed("after\n");
		p = tail_last(&tail, 1, &n);
		assert_int_equal(n, kept);
		assert_memory_equal(p, line, kept);
		expect_last(0, "after");
		assert_int_equal(tail.lines, 2);
	}
}

static void the_last_lines_are_kept(void **state)
{
	char text[32];

	(void)state;
	begin();
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(text, sizeof(text), "line %u\n", i);
		feed(text);
		text[strlen(text) - 1] = '\0';
		expect_last(0, text);
		if (i > 1)
			snprintf(text, sizeof(text), "line %u",
				 i < TAIL_LINES ? 1 : i - TAIL_LINES + 1);
		expect_last(i < TAIL_LINES ? i - 1 : TAIL_LINES - 1, text);
		expect_last(i < TAIL_LINES ? i : TAIL_LINES, NULL);
	}
	assert_int_equal(tail.lines, 1000);
}

static void chunking_does_not_matter(void **state)
{
	struct sim_random r = {1};
	static char text[4000];
	static struct notes whole;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = random_chance(&r, round % 40 + 1) ? '\n' : (char)random_next(&r);
		begin();
		tail_feed(&tail, text, sizeof(text), note, &notes);
		tail_end(&tail, note, &notes);
		whole = notes;
		begin();
		for (size_t i = 0; i < sizeof(text);) {
			size_t most = round % 2 ? 1 : random_range(&r, 0, 700);
			size_t n = most < sizeof(text) - i ? most : sizeof(text) - i;

			tail_feed(&tail, text + i, n, note, &notes);
			i += n;
		}
		tail_end(&tail, note, &notes);
		assert_int_equal(notes.n, whole.n);
		assert_memory_equal(notes.text, whole.text, whole.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_told_when_whole),
		cmocka_unit_test(end_after_a_newline_adds_nothing),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(the_last_lines_are_kept),
		cmocka_unit_test(chunking_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
