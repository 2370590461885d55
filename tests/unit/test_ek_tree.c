/* test_ek_tree.c - Goal: the tree of a line has all that is in it, in its order, duplicates and
 * arrays kept; and it is refused where the record is, with the same words.
 *
 * Method: trees written out again must give the line back; finding by key; each bound; each
 * prefix of a line; the recordings, line by line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ek/ek_record.h"
#include "ek/ek_tree.h"

#define LINE                                                                                \
	"{\"timestamp\":\"1\",\"layers\":{\"frame\":{\"frame_frame_number\":\"7\","         \
	"\"frame_frame_marked\":false},\"eth\":{\"eth_eth_addr\":\"a\",\"eth_eth_lg\":true" \
	",\"eth_eth_addr\":\"b\",\"eth_eth_lg\":null},\"text\":[\"x\",[],{},-1.5e3],\"text\":[\"\"]}}"

static void put_node(struct buf *b, const struct ek_tree *t, uint32_t i)
{
	const struct ek_node *node = &t->node[i];
	struct ek_span key = ek_tree_key(t, i), text = ek_tree_text(t, i);
	bool container = node->kind <= EK_NODE_ARRAY;

	if (key.p) {
		buf_putc(b, '"');
		buf_put(b, key.p, key.n);
		buf_puts(b, "\":");
	}
	if (!container) {
		if (node->kind == EK_NODE_STRING)
			buf_putc(b, '"');
		buf_put(b, text.p, text.n);
		if (node->kind == EK_NODE_STRING)
			buf_putc(b, '"');
		assert_int_equal(node->end, i + 1);
		return;
	}
	buf_putc(b, node->kind == EK_NODE_OBJECT ? '{' : '[');
	for (uint32_t child = i + 1; child < node->end; child = t->node[child].end) {
		assert_int_equal(t->node[child].depth, node->depth + 1);
		if (child > i + 1)
			buf_putc(b, ',');
		put_node(b, t, child);
	}
	buf_putc(b, node->kind == EK_NODE_OBJECT ? '}' : ']');
	/* The text of a container is its own piece of the line. */
	assert_true(text.n >= 2 && memcmp(text.p + text.n - 1, b->p + b->n - 1, 1) == 0);
}

static void test_the_line_comes_back(void **state)
{
	struct ek_tree t;
	struct buf b = {0};

	(void)state;
	ek_tree_init(&t);
	assert_int_equal(ek_tree_build(&t, LINE, strlen(LINE)), EK_TREE_OK);
	put_node(&b, &t, 0);
	assert_int_equal(b.n, strlen(LINE));
	assert_memory_equal(b.p, LINE, b.n);
	assert_int_equal(t.n, t.node[0].end);
	buf_done(&b);
	ek_tree_done(&t);
}

static void test_kinds_in_order(void **state)
{
	static const uint8_t kinds[] = {
		EK_NODE_OBJECT, EK_NODE_STRING, EK_NODE_OBJECT, EK_NODE_OBJECT, EK_NODE_STRING,
		EK_NODE_FALSE,	EK_NODE_OBJECT, EK_NODE_STRING, EK_NODE_TRUE,	EK_NODE_STRING,
		EK_NODE_NULL,	EK_NODE_ARRAY,	EK_NODE_STRING, EK_NODE_ARRAY,	EK_NODE_OBJECT,
		EK_NODE_NUMBER, EK_NODE_ARRAY,	EK_NODE_STRING};
	struct ek_tree t;

	(void)state;
	ek_tree_init(&t);
	assert_int_equal(ek_tree_build(&t, LINE, strlen(LINE)), EK_TREE_OK);
	assert_int_equal(t.n, sizeof(kinds));
	for (uint32_t i = 0; i < t.n; i++)
		assert_int_equal(t.node[i].kind, kinds[i]);
	ek_tree_done(&t);
}

static void assert_text(const struct ek_tree *t, uint32_t i, const char *want)
{
	struct ek_span text;

	assert_int_not_equal(i, EK_TREE_NONE);
	text = ek_tree_text(t, i);
	assert_int_equal(text.n, strlen(want));
	assert_memory_equal(text.p, want, text.n);
}

static void test_duplicates_are_found_in_turn(void **state)
{
	struct ek_tree t;
	uint32_t layers, eth, i;

	(void)state;
	ek_tree_init(&t);
	assert_int_equal(ek_tree_build(&t, LINE, strlen(LINE)), EK_TREE_OK);
	layers = ek_tree_find(&t, 0, "layers", 0);
	eth = ek_tree_find(&t, layers, "eth", layers);
	i = ek_tree_find(&t, eth, "eth_eth_addr", eth);
	assert_text(&t, i, "a");
	i = ek_tree_find(&t, eth, "eth_eth_addr", i);
	assert_text(&t, i, "b");
	assert_int_equal(ek_tree_find(&t, eth, "eth_eth_addr", i), EK_TREE_NONE);
	i = ek_tree_find(&t, layers, "text", layers);
	assert_text(&t, i, "[\"x\",[],{},-1.5e3]");
	assert_text(&t, ek_tree_find(&t, layers, "text", i), "[\"\"]");
	/* Not a child, a grandchild. */
	assert_int_equal(ek_tree_find(&t, layers, "eth_eth_addr", layers), EK_TREE_NONE);
	assert_int_equal(ek_tree_find(&t, 0, "", 0), EK_TREE_NONE);
	ek_tree_done(&t);
}

/* As the record has it: for @n bytes of @line. */
static void assert_as_the_record(struct ek_tree *t, const char *line, size_t n)
{
	char *copy = malloc(n + !n);
	enum ek_tree_result result;
	struct ek_record r;

	assert_non_null(copy);
	memcpy(copy, line, n);
	ek_record_scan(&r, copy, n);
	result = ek_tree_build(t, copy, n);
	if (result == EK_TREE_OK) {
		assert_int_not_equal(r.kind, EK_BROKEN);
	} else {
		assert_int_equal(t->n, 0);
		assert_int_equal(result == EK_TREE_BROKEN, r.kind == EK_BROKEN);
		assert_int_equal(result == EK_TREE_NO_OBJECT, r.kind == EK_NOISE);
	}
	if (result == EK_TREE_BROKEN) {
		assert_int_equal(t->broken_at, r.broken_at);
		assert_string_equal(t->why, r.why);
	}
	free(copy);
}

static void test_refused_as_the_record_is(void **state)
{
	static const char *const lines[] = {"",
					    " ",
					    "x",
					    "[1]",
					    "{",
					    "{}x",
					    "{} ",
					    " {}",
					    "{\"a\":}",
					    "{\"a\":[1,]}",
					    "{\"a\":\"\\x\"}",
					    "{\"a\":01}",
					    "{\"a\":{\"b\":[1,{\"c\":nul}]}}"};
	struct ek_tree t;

	(void)state;
	ek_tree_init(&t);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_as_the_record(&t, lines[i], strlen(lines[i]));
	for (size_t n = 0; n <= strlen(LINE); n++)
		assert_as_the_record(&t, LINE, n);
	ek_tree_done(&t);
}

static void test_depth(void **state)
{
	struct buf b = {0};
	struct ek_tree t;

	(void)state;
	ek_tree_init(&t);
	for (unsigned depth = EK_DEPTH_MAX - 2; depth < EK_DEPTH_MAX + 2; depth++) {
		b.n = 0;
		buf_puts(&b, "{\"a\":");
		for (unsigned i = 0; i < depth; i++)
			buf_putc(&b, '[');
		for (unsigned i = 0; i < depth; i++)
			buf_putc(&b, ']');
		buf_putc(&b, '}');
		assert_as_the_record(&t, b.p, b.n);
		assert_int_equal(ek_tree_build(&t, b.p, b.n),
				 depth < EK_DEPTH_MAX ? EK_TREE_OK : EK_TREE_BROKEN);
	}
	buf_done(&b);
	ek_tree_done(&t);
}

static void test_too_many_nodes(void **state)
{
	struct buf b = {0};
	struct ek_tree t;

	(void)state;
	ek_tree_init(&t);
	buf_puts(&b, "{\"a\":[0");
	for (uint32_t i = 3; i < EK_TREE_NODES_MAX; i++)
		buf_puts(&b, ",0");
	buf_puts(&b, "]}");
	assert_int_equal(ek_tree_build(&t, b.p, b.n), EK_TREE_OK);
	assert_int_equal(t.n, EK_TREE_NODES_MAX);
	b.n -= 2;
	buf_puts(&b, ",0]}");
	assert_int_equal(ek_tree_build(&t, b.p, b.n), EK_TREE_TOO_MANY);
	assert_int_equal(t.n, 0);
	/* And goes on with the next line. */
	assert_int_equal(ek_tree_build(&t, LINE, strlen(LINE)), EK_TREE_OK);
	buf_done(&b);
	ek_tree_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_line_comes_back),
		cmocka_unit_test(test_kinds_in_order),
		cmocka_unit_test(test_duplicates_are_found_in_turn),
		cmocka_unit_test(test_refused_as_the_record_is),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_too_many_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
