/* test_ek_lines.c - Goal: a stream of any bytes, at any chunking, gives the lines that it holds,
 * each once, in order, in bounded memory, and nothing is dropped without being reported.
 *
 * Method: lines are written down as text ("kind total bytes") and compared with what a naive
 * splitter says of the whole stream: fed whole, byte by byte and at random splits, with bounds
 * small enough for most lines to break them. The source is included with realloc() replaced, so
 * that the Nth allocation can be made to fail, for N = 1, 2, ... until none is reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *failing_realloc(void *p, size_t n);
#define realloc failing_realloc
#include "ek/ek_lines.c" /* NOLINT(bugprone-suspicious-include): see the method above */
#undef realloc

#include "base/buf.h"

static unsigned fail_at;   /* the realloc() that fails, counted from 1; 0: none */
static bool fail_for_good; /* and all after it */
static unsigned reallocs;

static void *failing_realloc(void *p, size_t n)
{
	reallocs++;
	if (fail_at && (reallocs == fail_at || (fail_for_good && reallocs > fail_at)))
		return NULL;
	return realloc(p, n);
}

static uint64_t random_state;

static size_t random_below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % n);
}

static void write_down(struct buf *out, enum ek_line_kind kind, uint64_t total, const char *p,
		       size_t n)
{
	buf_printf(out, "%d %llu ", (int)kind, (unsigned long long)total);
	buf_put(out, p, n);
	buf_putc(out, '\n');
}

/* What the lines of a stream are, seen as a whole. */
static void split_naively(struct buf *out, const char *p, size_t n, size_t line_max)
{
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		enum ek_line_kind kind = EK_LINE_WHOLE;
		size_t line_n = i - from, kept = line_n;

		if (i < n && p[i] != '\n')
			continue;
		if (i == n && !line_n)
			break;
		if (line_n > line_max) {
			kind = EK_LINE_OVERSIZE;
			kept = line_n < EK_LINE_HEAD ? line_n : EK_LINE_HEAD;
		}
		write_down(out, i == n ? EK_LINE_CUT : kind, line_n, p + from, kept);
		from = i + 1;
	}
}

static void take_all(struct ek_lines *l, struct buf *out)
{
	struct ek_line line;

	while (ek_lines_next(l, &line))
		write_down(out, line.kind, line.total, line.p, line.n);
	assert_int_equal(line.kind, EK_LINE_NONE);
	assert_int_equal(line.n, 0);
}

/* A reader has asked for space by the time when it sees the end; a supervisor may not have. */
static void take_end(struct ek_lines *l, bool ask, struct buf *out)
{
	struct ek_line line;
	size_t n;

	if (ask)
		assert_non_null(ek_lines_space(l, &n));
	if (ek_lines_end(l, &line)) {
		assert_int_equal(line.kind, EK_LINE_CUT);
		write_down(out, line.kind, line.total, line.p, line.n);
	} else {
		assert_int_equal(line.kind, EK_LINE_NONE);
	}
	assert_false(ek_lines_end(l, &line));
}

/* Feeds a stream; @chunk: bytes a read, or 0 for a random number of them each time. */
static void feed(struct ek_lines *l, const char *p, size_t n, size_t chunk, struct buf *out)
{
	for (size_t at = 0; at < n;) {
		size_t space = 0, take = chunk ? chunk : random_below(random_below(2) ? 40 : 4000);
		char *to = ek_lines_space(l, &space);

		assert_non_null(to);
		assert_true(space >= EK_LINES_READ_MIN);
		if (take > n - at)
			take = n - at;
		if (take > space)
			take = space;
		memcpy(to, p + at, take);
		ek_lines_filled(l, take);
		at += take;
		take_all(l, out);
	}
}

static void assert_lines(const char *p, size_t n, size_t line_max, size_t chunk)
{
	struct buf want = {0}, got = {0};
	struct ek_lines l;

	split_naively(&want, p, n, line_max);
	ek_lines_init(&l, line_max);
	feed(&l, p, n, chunk, &got);
	assert_true(l.cap <= line_max + 1 + EK_LINES_READ_MIN);
	take_end(&l, random_below(2), &got);
	assert_int_equal(got.n, want.n);
	if (want.n)
		assert_memory_equal(got.p, want.p, want.n);
	ek_lines_done(&l);
	buf_done(&want);
	buf_done(&got);
}

static void test_no_bytes_no_lines(void **state)
{
	struct ek_lines l;
	struct ek_line line;

	(void)state;
	ek_lines_init(&l, 0);
	assert_false(ek_lines_next(&l, &line));
	assert_false(ek_lines_end(&l, &line));
	assert_int_equal(line.kind, EK_LINE_NONE);
	assert_null(l.p);
	ek_lines_reset(&l);
	ek_lines_done(&l);
}

static void test_lines_as_they_stand(void **state)
{
	static const char text[] = "{\"a\":1}\n\n\r\n\xff\0x\n{\"cut";
	struct ek_lines l;
	struct ek_line line;
	size_t n;

	(void)state;
	ek_lines_init(&l, 0);
	memcpy(ek_lines_space(&l, &n), text, sizeof(text) - 1);
	ek_lines_filled(&l, sizeof(text) - 1);
	assert_true(ek_lines_next(&l, &line));
	assert_int_equal(line.kind, EK_LINE_WHOLE);
	assert_int_equal(line.n, 7);
	assert_int_equal(line.total, 7);
	assert_memory_equal(line.p, "{\"a\":1}", 7);
	assert_true(ek_lines_next(&l, &line));
	assert_int_equal(line.n, 0);
	assert_true(ek_lines_next(&l, &line));
	assert_int_equal(line.n, 1);
	assert_true(ek_lines_next(&l, &line));
	assert_int_equal(line.n, 3);
	assert_memory_equal(line.p, "\xff\0x", 3);
	assert_false(ek_lines_next(&l, &line));
	assert_true(ek_lines_end(&l, &line));
	assert_int_equal(line.kind, EK_LINE_CUT);
	assert_int_equal(line.n, 5);
	assert_int_equal(line.total, 5);
	ek_lines_done(&l);
}

/* Most streams have lines about the length of the bound; some have none but newlines, or none. */
static size_t random_stream(char *p, size_t n, size_t line_max)
{
	size_t used = random_below(n), every = 1 + random_below(2 * line_max + 2);

	for (size_t i = 0; i < used; i++)
		p[i] = (char)(random_below(every) ? random_below(256) : '\n');
	return used;
}

static void test_any_chunking_is_equal(void **state)
{
	static const size_t bounds[] = {1, 2, 7, 100, 255, 256, 257, 600, 5000};
	char stream[20000];

	(void)state;
	random_state = 0x9e3779b97f4a7c15u;
	for (unsigned round = 0; round < 300; round++) {
		size_t line_max = bounds[round % (sizeof(bounds) / sizeof(bounds[0]))];
		size_t n = random_stream(stream, sizeof(stream), line_max);

		assert_lines(stream, n, line_max, SIZE_MAX);
		assert_lines(stream, n, line_max, 1);
		assert_lines(stream, n, line_max, 0);
		assert_lines(stream, n, line_max, 1 + random_below(700));
	}
}

/* 5,625 of 6,824 real reads ended inside a line: reads of a full pipe against lines of a few KiB.
 */
static void test_reads_of_a_full_pipe(void **state)
{
	size_t n = 8u << 20;
	char *stream = malloc(n);

	(void)state;
	assert_non_null(stream);
	random_state = 42;
	memset(stream, 'x', n);
	for (size_t i = 0; i < n; i += 1 + random_below(random_below(50) ? 16000 : 900000))
		stream[i] = '\n';
	assert_lines(stream, n, EK_LINE_BYTES_MAX, 65536);
	assert_lines(stream, n, 1u << 20, 65536);
	assert_lines(stream, n, 10000, 65536);
	free(stream);
}

static void fill(struct ek_lines *l, char c, size_t n)
{
	struct ek_line line;

	while (n) {
		size_t space = 0;
		char *p = ek_lines_space(l, &space);

		assert_non_null(p);
		if (space > n)
			space = n;
		memset(p, c, space);
		ek_lines_filled(l, space);
		n -= space;
		if (n)
			assert_false(ek_lines_next(l, &line));
	}
}

static void assert_one(struct ek_lines *l, enum ek_line_kind kind, uint64_t total, size_t n)
{
	struct ek_line line;

	assert_true(ek_lines_next(l, &line));
	assert_int_equal(line.kind, kind);
	assert_int_equal(line.total, total);
	assert_int_equal(line.n, n);
	assert_false(ek_lines_next(l, &line));
}

static void test_the_real_bound(void **state)
{
	struct ek_lines l;

	(void)state;
	ek_lines_init(&l, 0);
	fill(&l, 'x', EK_LINE_BYTES_MAX);
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_WHOLE, EK_LINE_BYTES_MAX, EK_LINE_BYTES_MAX);
	fill(&l, 'y', EK_LINE_BYTES_MAX + (size_t)1);
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_OVERSIZE, EK_LINE_BYTES_MAX + UINT64_C(1), EK_LINE_HEAD);
	fill(&l, 'z', 3);
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_WHOLE, 3, 3);
	assert_true(l.cap <= EK_LINE_BYTES_MAX + (size_t)1 + EK_LINES_READ_MIN);
	ek_lines_done(&l);
}

static void test_a_line_without_end_stays_in_bounds(void **state)
{
	struct ek_lines l;
	struct ek_line line;

	(void)state;
	ek_lines_init(&l, 1u << 20);
	fill(&l, 'x', 200u << 20);
	assert_false(ek_lines_next(&l, &line));
	assert_true(l.cap <= (1u << 20) + 1 + EK_LINES_READ_MIN);
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_OVERSIZE, 200u << 20, EK_LINE_HEAD);
	fill(&l, 'x', 8100000);
	assert_false(ek_lines_next(&l, &line));
	assert_true(ek_lines_end(&l, &line));
	assert_int_equal(line.kind, EK_LINE_CUT);
	assert_int_equal(line.total, 8100000);
	assert_int_equal(line.n, EK_LINE_HEAD);
	ek_lines_done(&l);
}

/* A tshark that was killed left 8.1 MB of a line: all of it is there to look at. */
static void test_a_killed_child_leaves_a_cut_line(void **state)
{
	struct ek_lines l;
	struct ek_line line;

	(void)state;
	ek_lines_init(&l, 0);
	fill(&l, 'x', 8100000);
	assert_false(ek_lines_next(&l, &line));
	assert_true(ek_lines_end(&l, &line));
	assert_int_equal(line.kind, EK_LINE_CUT);
	assert_int_equal(line.total, 8100000);
	assert_int_equal(line.n, 8100000);
	assert_false(ek_lines_end(&l, &line));
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_WHOLE, 0, 0);
	ek_lines_done(&l);
}

/* Every line of one read stays readable until the next ek_lines_space(), refused ones too. */
static void test_lines_are_lent_until_the_next_space(void **state)
{
	struct ek_lines l;
	struct ek_line line[4], none;
	size_t n;

	(void)state;
	ek_lines_init(&l, 4);
	memcpy(ek_lines_space(&l, &n), "aaaaaaaa", 8);
	ek_lines_filled(&l, 8);
	assert_false(ek_lines_next(&l, &none));
	memcpy(ek_lines_space(&l, &n), "aa\nbbbbbb\ncc\ndddddddd", 21);
	ek_lines_filled(&l, 21);
	for (size_t i = 0; i < 3; i++)
		assert_true(ek_lines_next(&l, &line[i]));
	assert_false(ek_lines_next(&l, &none));
	assert_true(ek_lines_end(&l, &line[3]));
	assert_int_equal(line[0].kind, EK_LINE_OVERSIZE);
	assert_int_equal(line[0].total, 10);
	assert_memory_equal(line[0].p, "aaaaaaaaaa", 10);
	assert_int_equal(line[1].kind, EK_LINE_OVERSIZE);
	assert_memory_equal(line[1].p, "bbbbbb", 6);
	assert_int_equal(line[2].kind, EK_LINE_WHOLE);
	assert_memory_equal(line[2].p, "cc", 2);
	assert_int_equal(line[3].kind, EK_LINE_CUT);
	assert_memory_equal(line[3].p, "dddddddd", 8);
	ek_lines_done(&l);
}

static void test_reset_forgets_all_but_the_memory(void **state)
{
	struct ek_lines l;
	struct ek_line line;
	size_t cap;

	(void)state;
	ek_lines_init(&l, 1000);
	fill(&l, 'x', 100000);
	assert_false(ek_lines_next(&l, &line));
	fill(&l, 'x', 5);
	cap = l.cap;
	ek_lines_reset(&l);
	assert_false(ek_lines_next(&l, &line));
	assert_false(ek_lines_end(&l, &line));
	assert_int_equal(l.cap, cap);
	fill(&l, 'y', 5);
	fill(&l, '\n', 1);
	assert_one(&l, EK_LINE_WHOLE, 5, 5);
	ek_lines_done(&l);
}

/* Lines that are never taken fill the bound, no more; once they are taken, all is as it was. */
static void test_lines_not_taken_fill_the_bound(void **state)
{
	size_t space, given = 0, taken = 0, line_max = 300000;
	struct ek_lines l;
	struct ek_line line;
	char *p;

	(void)state;
	ek_lines_init(&l, line_max);
	while ((p = ek_lines_space(&l, &space))) {
		memset(p, '\n', space);
		ek_lines_filled(&l, space);
		given += space;
		assert_true(given <= line_max + 1 + EK_LINES_READ_MIN);
	}
	while (ek_lines_next(&l, &line))
		taken++;
	assert_int_equal(taken, given);
	assert_non_null(ek_lines_space(&l, &space));
	ek_lines_done(&l);
}

/* Feeds @p, and where space is refused as memory ran out, asks again after the fault is over. */
static void feed_despite_faults(struct ek_lines *l, const char *p, size_t n, struct buf *out)
{
	for (size_t at = 0; at < n;) {
		size_t space = 0, take;
		char *to = ek_lines_space(l, &space);

		if (!to) {
			assert_true(fail_at);
			assert_true(reallocs >= fail_at);
			if (fail_for_good)
				assert_null(ek_lines_space(l, &space));
			fail_at = 0;
			continue;
		}
		take = space < n - at ? space : n - at;
		memcpy(to, p + at, take);
		ek_lines_filled(l, take);
		at += take;
		take_all(l, out);
	}
}

static void test_no_memory_costs_the_open_line_at_most(void **state)
{
	size_t n = 3u << 20;
	char *stream = malloc(n);
	struct buf want = {0}, want_less = {0};
	unsigned faults = 0;

	(void)state;
	assert_non_null(stream);
	memset(stream, 'x', n);
	stream[100] = stream[n - 10] = '\n';
	split_naively(&want, stream, n, EK_LINE_BYTES_MAX);
	/* A line that memory was too short for, as one over the bound. */
	split_naively(&want_less, stream, n, 1u << 20);
	for (unsigned i = 1, reached = 1; reached; i++) {
		reached = 0;
		for (unsigned good = 0; good < 2; good++) {
			struct buf got = {0};
			struct ek_lines l;

			reallocs = 0;
			fail_at = i;
			fail_for_good = good;
			ek_lines_init(&l, 0);
			feed_despite_faults(&l, stream, n, &got);
			reached += reallocs >= i;
			fail_at = 0;
			take_end(&l, good, &got);
			if (got.n == want_less.n) {
				assert_memory_equal(got.p, want_less.p, got.n);
			} else {
				assert_int_equal(got.n, want.n);
				assert_memory_equal(got.p, want.p, want.n);
			}
			ek_lines_done(&l);
			buf_done(&got);
		}
		faults += reached;
	}
	assert_true(faults >= 6);
	buf_done(&want);
	buf_done(&want_less);
	free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_bytes_no_lines),
		cmocka_unit_test(test_lines_as_they_stand),
		cmocka_unit_test(test_any_chunking_is_equal),
		cmocka_unit_test(test_reads_of_a_full_pipe),
		cmocka_unit_test(test_the_real_bound),
		cmocka_unit_test(test_a_line_without_end_stays_in_bounds),
		cmocka_unit_test(test_a_killed_child_leaves_a_cut_line),
		cmocka_unit_test(test_lines_are_lent_until_the_next_space),
		cmocka_unit_test(test_reset_forgets_all_but_the_memory),
		cmocka_unit_test(test_lines_not_taken_fill_the_bound),
		cmocka_unit_test(test_no_memory_costs_the_open_line_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
