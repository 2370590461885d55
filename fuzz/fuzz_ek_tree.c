/* fuzz_ek_tree.c - any lines as trees, each in the place of the last: the same as the oracle's, and
 * refused where and why the scanner refuses
 *
 * And a tree is found by key as it is by index: each child of an object, once, in order.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "oracle/ek_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 64u

/* All children of the node that have the key of its child @first are found from @first on. */
static void check_key(const struct ek_tree *t, uint32_t of, uint32_t first)
{
	struct ek_span key = ek_tree_key(t, first), other;
	char *text = malloc(key.n + 1);
	uint32_t found;

	check(text);
	memcpy(text, key.p, key.n);
	text[key.n] = '\0';
	found = ek_tree_find(t, of, text, of);
	check(found <= first);
	for (uint32_t i = found; i < t->node[of].end; i = t->node[i].end) {
		other = ek_tree_key(t, i);
		if (other.n != key.n || memcmp(other.p, key.p, key.n) != 0)
			continue;
		check(found == i);
		found = ek_tree_find(t, of, text, found);
	}
	check(found == EK_TREE_NONE);
	free(text);
}

static void check_tree(const struct ek_tree *t, size_t pick)
{
	uint32_t of, child;

	if (!t->n)
		return;
	of = (uint32_t)(pick % t->n);
	while (t->node[of].kind != EK_NODE_OBJECT || t->node[of].end == of + 1) {
		if (of-- == 0)
			return;
	}
	child = of + 1;
	for (pick %= 7; pick && t->node[child].end < t->node[of].end; pick--)
		child = t->node[child].end;
	check_key(t, of, child);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ek_agree agree;
	const uint8_t *end = data + size;

	if (!agree.oracle.tokener)
		ek_agree_init(&agree);
	for (unsigned i = 0; i < LINES_MAX; i++) {
		const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
		size_t n = newline ? (size_t)(newline - data) : size;
		char *line = malloc(n + !n);

		check(line);
		if (n)
			memcpy(line, data, n);
		ek_agree_check(&agree, line, n);
		check_tree(&agree.tree, n + i);
		free(line);
		if (!newline)
			break;
		data = newline + 1;
		size = (size_t)(end - data);
	}
	return 0;
}
