/* test_ek_skip.c - Goal: objects and arrays end where the walk, token by token, says that they do,
 * by each way that this processor has of making masks; and what the walk refuses is not accepted.
 *
 * Method: values made at random, compact as tshark prints them, and the recordings' lines; each at
 * every offset within a block, so that each token meets each boundary; then with bytes changed. All
 * ways must agree with each other, always; with the walk, whenever they find an end; and they
 * must find it where the value is compact. Values are copied to memory of their exact length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ek/ek_walk.h"
#include "random.h"

static struct sim_random rng;

/* A string of any kind, often of escapes that meet each other. */
static void put_string(struct buf *b)
{
	static const char *const pieces[] = {
		"a",  "\\\\", "\\\"", "\\u12aF", "{[",
		"]}", ":",    ",",    "\xff",	 "\\/",
		" ",  "\\n",  "true", "0x01",	 "192.168.0.1:443, ..."};
	size_t n = (size_t)random_range(&rng, 0, 6);

	if (random_range(&rng, 0, 19) == 0)
		n = (size_t)random_range(&rng, 0, 90);
	buf_putc(b, '"');
	while (n--)
		buf_puts(b, pieces[random_range(&rng, 0, sizeof(pieces) / sizeof(*pieces) - 1)]);
	buf_putc(b, '"');
}

static void put_value(struct buf *b, unsigned depth, bool container)
{
	static const char *const words[] = {"true", "false", "null"};
	uint64_t kind = random_range(&rng, 0, container ? 1 : 9), n;

	if (kind > 1 || depth == 0) {
		if (kind < 4)
			buf_puts(b, words[random_range(&rng, 0, 2)]);
		else
			put_string(b);
		return;
	}
	n = random_range(&rng, 0, 5);
	buf_putc(b, kind ? '[' : '{');
	for (uint64_t i = 0; i < n; i++) {
		if (i)
			buf_putc(b, ',');
		if (!kind) {
			put_string(b);
			buf_putc(b, ':');
		}
		put_value(b, depth - 1, false);
	}
	buf_putc(b, kind ? ']' : '}');
}

static const char *by_walk(const char *p, const char *end, unsigned room)
{
	struct ek_walk s = {.p = p, .end = end, .depth = EK_DEPTH_MAX - room};
	unsigned depth = s.depth;
	struct ek_span ignored;

	return ek_scan_value(&s, &ignored) && ek_skip_to_depth(&s, depth) ? s.p : NULL;
}

/* What all ways say of a container of @n bytes at @p. Return: its bytes, or 0 */
static size_t skipped(const char *p, size_t n, unsigned room)
{
	char *copy = malloc(n);
	const char *end, *first = NULL, *walked;
	size_t result;

	assert_non_null(copy);
	memcpy(copy, p, n);
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (!ek_isa_has((enum ek_isa)isa))
			continue;
		ek_isa_use((enum ek_isa)isa);
		end = ek_skip(copy, copy + n, room);
		if (isa == EK_ISA_PLAIN)
			first = end;
		if (end != first)
			fail_msg("%s: %td instead of %td in %.*s", ek_isa_name((enum ek_isa)isa),
				 end ? end - copy : -1, first ? first - copy : -1, (int)n, copy);
	}
	walked = by_walk(copy, copy + n, room);
	if (first && walked != first)
		fail_msg("accepted: %.*s", (int)n, copy);
	result = first ? (size_t)(first - copy) : 0;
	free(copy);
	return result;
}

static void test_values_end_where_they_do(void **state)
{
	struct buf b = {0};

	(void)state;
	rng = (struct sim_random){1};
	for (unsigned round = 0; round < 20000; round++) {
		size_t n;

		b.n = 0;
		put_value(&b, (unsigned)random_range(&rng, 1, 6), true);
		n = b.n;
		if (skipped(b.p, n, EK_DEPTH_MAX) != n)
			fail_msg("not found: %.*s", (int)n, b.p);
		/* And with more of a line behind it. */
		buf_puts(&b, ",\"info\":\"}\"}");
		if (skipped(b.p, b.n, EK_DEPTH_MAX) != n)
			fail_msg("not found: %.*s", (int)b.n, b.p);
	}
	buf_done(&b);
}

static void test_every_offset(void **state)
{
	static const char value[] =
		"{\"\\\\\\\"\":[true,null,{}],\"k\":\"\\u00e9\",\"e\":[],\"\":{\"a\":false}}";
	struct buf b = {0};

	(void)state;
	for (size_t pad = 0; pad < 200; pad++) {
		b.n = 0;
		buf_puts(&b, "[\"");
		for (size_t i = 0; i < pad; i++)
			buf_putc(&b, 'x');
		buf_puts(&b, "\",");
		buf_puts(&b, value);
		for (size_t cut = 1; cut <= b.n; cut++)
			assert_int_equal(skipped(b.p, cut, EK_DEPTH_MAX), 0);
		buf_putc(&b, ']');
		assert_int_equal(skipped(b.p, b.n, EK_DEPTH_MAX), b.n);
	}
	buf_done(&b);
}

/* Each of these is wrong by one rule alone, wherever it stands. */
static void test_each_rule(void **state)
{
	static const char *const wrong[] = {"{true:\"a\"}",
					    "{\"a\":\"b\",{}}",
					    "{[]:\"a\"}",
					    "{\"a\"}",
					    "{\"a\":\"b\":\"c\"}",
					    "{\"a\",\"b\"}",
					    "[\"a\":\"b\"]",
					    "[\"a\"\"b\"]",
					    "[{}\"a\"]",
					    "[{}{}]",
					    "[,\"a\"]",
					    "[\"a\",]",
					    "{\"a\":}",
					    "{\"a\":\"b\",}",
					    "[{]}",
					    "{[}]",
					    "[truefalse]",
					    "[\"a\"true]",
					    "[nul]",
					    "[\"\\x\"]",
					    "[\"\\u00g0\"]",
					    "[{}true]",
					    "{\"a\":{}:{}}",
					    "[true\"a\"]"};
	struct buf b = {0};

	(void)state;
	for (size_t pad = 0; pad < 70; pad++) {
		for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
			b.n = 0;
			buf_puts(&b, "[\"");
			for (size_t k = 0; k < pad; k++)
				buf_putc(&b, 'x');
			buf_printf(&b, "\",%s]", wrong[i]);
			assert_int_equal(skipped(b.p, b.n, EK_DEPTH_MAX), 0);
			assert_null(by_walk(b.p, b.p + b.n, EK_DEPTH_MAX));
		}
	}
	buf_done(&b);
}

/* An escape over the end of a block, and the quote at any place behind it. */
static void test_escape_at_a_blocks_end(void **state)
{
	struct buf b = {0};

	(void)state;
	for (size_t pad = 0; pad < 70; pad++) {
		for (size_t more = 0; more < 140; more++) {
			b.n = 0;
			buf_puts(&b, "[\"");
			for (size_t k = 0; k < pad; k++)
				buf_putc(&b, 'x');
			buf_puts(&b, "\\n");
			for (size_t k = 0; k < more; k++)
				buf_putc(&b, 'x');
			buf_puts(&b, "\",\"\"]");
			assert_int_equal(skipped(b.p, b.n, EK_DEPTH_MAX), b.n);
		}
	}
	buf_done(&b);
}

static void test_changed_bytes(void **state)
{
	static const char telling[] = "{}[]\",:\\ue1-.0tfn \x80\xff\x1f";
	unsigned found = 0, refused = 0;
	struct buf b = {0};

	(void)state;
	rng = (struct sim_random){2};
	for (unsigned round = 0; round < 200000; round++) {
		if (round % 20 == 0) {
			b.n = 0;
			put_value(&b, (unsigned)random_range(&rng, 1, 5), true);
		}
		if (b.n > 1)
			b.p[random_range(&rng, 1, b.n - 1)] =
				telling[random_range(&rng, 0, sizeof(telling) - 1)];
		if (skipped(b.p, b.n, EK_DEPTH_MAX))
			found++;
		else
			refused++;
	}
	assert_true(found > 5000 && refused > 50000);
	buf_done(&b);
}

static void test_depth(void **state)
{
	char line[2 * EK_DEPTH_MAX + 2];

	(void)state;
	for (unsigned depth = 1; depth <= EK_DEPTH_MAX + 1; depth++) {
		memset(line, '[', depth);
		memset(line + depth, ']', depth);
		for (unsigned room = 1; room <= EK_DEPTH_MAX; room++)
			assert_int_equal(skipped(line, (size_t)2 * depth, room),
					 depth <= room ? 2 * depth : 0);
	}
}

/* Left to the walk, which takes them. */
static void test_what_is_not_compact(void **state)
{
	static const char *const lines[] = {
		"{ }",	       "[1]",		"[-0.5e+1,\"a\"]", "{\"a\" :1}",
		"{\"a\":\t1}", "[true ,false]", "[\"a\",\n1]",	   "{\"a\":{\"b\":2}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *end = lines[i] + strlen(lines[i]);

		assert_int_equal(skipped(lines[i], strlen(lines[i]), EK_DEPTH_MAX), 0);
		assert_ptr_equal(by_walk(lines[i], end, EK_DEPTH_MAX), end);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_true(ek_isa_has(EK_ISA_PLAIN));
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		print_message("%s: %s\n", ek_isa_name((enum ek_isa)isa),
			      ek_isa_has((enum ek_isa)isa) ? "tested" : "not on this machine");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values_end_where_they_do),
		cmocka_unit_test(test_every_offset),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_escape_at_a_blocks_end),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_what_is_not_compact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
