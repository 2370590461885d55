/* ek_tree.c - one EK line as a tree: all layers and fields, in order, with duplicates and arrays */
#include "ek/ek_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ek/ek_walk.h"

#define NODES_START 512u

void ek_tree_init(struct ek_tree *t)
{
	memset(t, 0, sizeof(*t));
}

void ek_tree_done(struct ek_tree *t)
{
	free(t->node);
	memset(t, 0, sizeof(*t));
}

static enum ek_tree_result grow(struct ek_tree *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : NODES_START;
	struct ek_node *node;

	if (t->cap == EK_TREE_NODES_MAX)
		return EK_TREE_TOO_MANY;
	node = realloc(t->node, cap * sizeof(*node));
	if (!node)
		return EK_TREE_NO_MEMORY;
	t->node = node;
	t->cap = cap;
	return EK_TREE_OK;
}
static_assert((EK_TREE_NODES_MAX & (EK_TREE_NODES_MAX - 1)) == 0 &&
		      EK_TREE_NODES_MAX >= NODES_START,
	      "reached by doubling");

static uint8_t kind_of(char c)
{
	switch (c) {
	case '{': return EK_NODE_OBJECT;
	case '[': return EK_NODE_ARRAY;
	case '"': return EK_NODE_STRING;
	case 't': return EK_NODE_TRUE;
	case 'f': return EK_NODE_FALSE;
	case 'n': return EK_NODE_NULL;
	default: return EK_NODE_NUMBER;
	}
}

static uint32_t offset(const struct ek_tree *t, const char *p)
{
	return (uint32_t)(p - t->line);
}

/* Steps over the value at the walk, or into it, and adds its node. Return: anything but OK: see
 * ek_tree_build(); BROKEN with the walk's own why */
static enum ek_tree_result add(struct ek_tree *t, struct ek_walk *s, const struct ek_span *key)
{
	struct ek_span text = {0};
	struct ek_node *node;
	const char *from;

	if (t->n == t->cap) {
		enum ek_tree_result result = grow(t);

		if (result != EK_TREE_OK)
			return result;
	}
	node = &t->node[t->n];
	node->kind = kind_of(ek_peek(s));
	node->depth = (uint8_t)s->depth;
	node->key = key->p ? offset(t, key->p) : 0;
	node->key_n = (uint32_t)key->n;
	from = s->p;
	if (!ek_scan_value(s, &text))
		return EK_TREE_BROKEN;
	t->n++;
	node->text = offset(t, text.p ? text.p : from);
	node->n = (uint32_t)(text.p ? text.n : (size_t)(s->p - from));
	node->end = t->n;
	return EK_TREE_OK;
}

/* The walk has closed the container of node @i. */
static void close_node(struct ek_tree *t, const struct ek_walk *s, uint32_t i)
{
	t->node[i].n = offset(t, s->p) - t->node[i].text;
	t->node[i].end = t->n;
}

static enum ek_tree_result build(struct ek_tree *t, struct ek_walk *s)
{
	uint32_t open[EK_DEPTH_MAX] = {0}; /* node of each container that is open */
	struct ek_span key = {0};
	enum ek_tree_result result;

	for (;;) {
		uint32_t i = t->n;
		unsigned depth = s->depth;

		result = add(t, s, &key);
		if (result != EK_TREE_OK)
			return result;
		if (s->depth > depth)
			open[depth] = i;
		/* On to the next value, out of each container that ends here. */
		while (!ek_next_element(s, &key)) {
			if (s->why)
				return EK_TREE_BROKEN;
			close_node(t, s, open[s->depth]);
			if (!s->depth)
				return EK_TREE_OK;
		}
		if (!(s->objects >> (s->depth - 1) & 1))
			key.p = NULL;
	}
}

enum ek_tree_result ek_tree_build(struct ek_tree *t, const char *line, size_t n)
{
	struct ek_walk s = {.p = line, .end = n ? line + n : line};
	enum ek_tree_result result;

	t->line = line;
	t->n = 0;
	t->broken_at = 0;
	t->why = NULL;
	if (n > UINT32_MAX)
		return EK_TREE_TOO_MANY;
	if (ek_peek(&s) != '{')
		return EK_TREE_NO_OBJECT;
	result = build(t, &s);
	if (result == EK_TREE_OK && (ek_peek(&s) || s.p < s.end)) {
		ek_broken(&s, EK_MORE);
		result = EK_TREE_BROKEN;
	}
	if (result == EK_TREE_OK)
		return result;
	t->n = 0;
	if (result == EK_TREE_BROKEN) {
		t->broken_at = (size_t)(s.p - line);
		t->why = s.why;
	}
	return result;
}

struct ek_span ek_tree_key(const struct ek_tree *t, uint32_t i)
{
	check(i < t->n);
	if (!t->node[i].key)
		return (struct ek_span){0};
	return (struct ek_span){t->line + t->node[i].key, t->node[i].key_n};
}

struct ek_span ek_tree_text(const struct ek_tree *t, uint32_t i)
{
	check(i < t->n);
	return (struct ek_span){t->line + t->node[i].text, t->node[i].n};
}

uint32_t ek_tree_find(const struct ek_tree *t, uint32_t parent, const char *key, uint32_t after)
{
	size_t n = strlen(key);
	uint32_t i;

	check(parent < t->n && after < t->n);
	i = after == parent ? parent + 1 : t->node[after].end;
	for (; i < t->node[parent].end; i = t->node[i].end) {
		const struct ek_node *child = &t->node[i];

		if (child->key && child->key_n == n && memcmp(t->line + child->key, key, n) == 0)
			return i;
	}
	return EK_TREE_NONE;
}
