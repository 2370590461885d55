/* layers.c - the tree of a frame, kept flat */
#include "analysis/layers.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/layers_private.h"
#include "base/check.h"
#include "base/safe.h"

static const char *const severity_names[] = {"", "comment", "chat", "note", "warning", "error"};
_Static_assert(sizeof(severity_names) / sizeof(severity_names[0]) == LAYER_SEVERITIES,
	       "a name each");

const char *layer_severity_name(enum layer_severity severity)
{
	return severity_names[severity];
}

enum layer_severity layers_severity(const char *word)
{
	static const char *const words[] = {"", "Comment", "Chat", "Note", "Warning", "Error"};

	for (int i = LAYER_COMMENT; i < LAYER_SEVERITIES; i++) {
		if (strcmp(word, words[i]) == 0)
			return (enum layer_severity)i;
	}
	return LAYER_NO_NOTE;
}

struct layer_text layers_text(struct layers *l, const char *p, size_t n)
{
	struct layer_text t = {.at = (uint32_t)l->text.n, .n = (uint32_t)n};

	if (n > LAYERS_BYTES_MAX || l->text.n > LAYERS_BYTES_MAX) {
		l->cut = true;
		return (struct layer_text){0};
	}
	buf_put(&l->text, p, n);
	return t;
}

struct layer_node *layers_add(struct layers *l, unsigned depth)
{
	if (l->nodes == l->nodes_cap) {
		uint32_t cap = l->nodes_cap ? l->nodes_cap * 2 : 256;
		struct layer_node *node = realloc(l->node, cap * sizeof(*node));

		if (!node)
			return NULL;
		l->node = node;
		l->nodes_cap = cap;
	}
	l->node[l->nodes] = (struct layer_node){.depth = (uint16_t)depth, .view = LAYERS_NO_VIEW};
	return &l->node[l->nodes++];
}

/* Letters, digits, '_', '-' and '.': "frame[54:33] == ..." is a filter of no field. */
uint32_t layers_field_bytes(const char *filter, size_t n)
{
	size_t i = 0;

	while (i < n && (strchr("_-.", filter[i]) || (filter[i] >= '0' && filter[i] <= '9') ||
			 ((filter[i] | 32) >= 'a' && (filter[i] | 32) <= 'z')))
		i++;
	return i == n || filter[i] == ' ' ? (uint32_t)i : 0;
}

void layers_range(const struct layers *l, struct layer_node *node, uint64_t view, uint64_t start,
		  uint64_t bytes)
{
	uint32_t n;

	if (view >= l->views)
		return;
	n = l->view[view].n;
	node->view = (uint16_t)view;
	node->start = start < n ? (uint32_t)start : n;
	node->bytes = bytes < n - node->start ? (uint32_t)bytes : n - node->start;
}

const unsigned char *layers_view(const struct layers *l, unsigned i)
{
	/* Of a frame without bytes nothing was ever kept. */
	return l->bytes.p ? (const unsigned char *)l->bytes.p + l->view[i].at
			  : (const unsigned char *)"";
}

void layers_done(struct layers *l)
{
	free(l->node);
	buf_done(&l->text);
	buf_done(&l->bytes);
	*l = (struct layers){0};
}

static bool holds(const struct layer_node *node, uint32_t byte)
{
	return (byte >= node->start && byte - node->start < node->bytes) ||
	       (byte >= node->after && byte - node->after < node->after_n);
}

/* What is worked out from bytes points at them, too, and is not what they are. Of the others the
 * one with fewer is the deeper one. */
static bool is_nearer(const struct layer_node *a, const struct layer_node *b)
{
	bool generated = a->flags & LAYER_GENERATED, than = b->flags & LAYER_GENERATED;

	if (generated != than)
		return than;
	return a->bytes + a->after_n <= b->bytes + b->after_n;
}

uint32_t layers_at(const struct layers *l, unsigned view, uint32_t byte)
{
	uint32_t best = LAYERS_NOWHERE;

	for (uint32_t i = 0; i < l->nodes; i++) {
		const struct layer_node *node = &l->node[i];

		if (node->view != view || !holds(node, byte) || (node->flags & LAYER_HIDDEN))
			continue;
		if (best == LAYERS_NOWHERE || is_nearer(node, &l->node[best]))
			best = i;
	}
	return best;
}

uint32_t layers_find(const struct layers *l, const char *field, unsigned nth)
{
	size_t n = strlen(field);

	for (uint32_t i = 0; i < l->nodes; i++) {
		const struct layer_node *node = &l->node[i];

		if (node->field_n == n && memcmp(l->text.p + node->filter.at, field, n) == 0 &&
		    nth-- == 0)
			return i;
	}
	return LAYERS_NOWHERE;
}

/* ---- other numbers ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Where @t has the number @old by itself, the first time: @now in its place. */
static void replace_number(struct layers *l, struct layer_text *t, uint64_t old, uint64_t now)
{
	char word[24], other[24];
	size_t n = (size_t)snprintf(word, sizeof(word), "%" PRIu64, old);
	size_t m = (size_t)snprintf(other, sizeof(other), "%" PRIu64, now);
	struct buf text = {0};

	for (size_t i = 0; i + n <= t->n; i++) {
		const char *p = l->text.p + t->at + i;

		if (memcmp(p, word, n) != 0 || (i && is_digit(p[-1])) ||
		    (i + n < t->n && is_digit(p[n])))
			continue;
		buf_put(&text, l->text.p + t->at, i);
		buf_put(&text, other, m);
		buf_put(&text, p + n, t->n - i - n);
		if (!text.failed)
			*t = layers_text(l, text.p, text.n);
		break;
	}
	buf_done(&text);
}

static bool is_field(const struct layers *l, const struct layer_node *node, const char *field)
{
	size_t n = strlen(field);

	return node->field_n == n && memcmp(l->text.p + node->filter.at, field, n) == 0;
}

void layers_renumber(struct layers *l, const uint64_t *ids, size_t n)
{
	uint64_t own = 0;

	/* Its own number, which the first line has, too: "Frame 12: 60 bytes on wire". */
	for (uint32_t i = 0; i < l->nodes && !own; i++) {
		const struct layer_text *t = &l->node[i].label;

		for (size_t k = 0; is_field(l, &l->node[i], "frame.number") && k < t->n; k++) {
			if (is_digit(l->text.p[t->at + k]))
				own = own * 10 + (uint64_t)(l->text.p[t->at + k] - '0');
		}
	}
	for (uint32_t i = 0; i < l->nodes; i++) {
		struct layer_node *node = &l->node[i];
		bool itself = own && (is_field(l, node, "frame.number") ||
				      (!i && is_field(l, node, "frame")));
		uint64_t old = itself ? own : node->frame;

		if (!old || old > n)
			continue;
		replace_number(l, &node->label, old, ids[old - 1]);
		replace_number(l, &node->filter, old, ids[old - 1]);
		if (node->frame)
			node->frame = (uint32_t)ids[old - 1];
	}
}

/* ---- text ---- */

void layers_put_tree(const struct layers *l, uint32_t mark, bool hidden, struct buf *out)
{
	for (uint32_t i = 0; i < l->nodes; i++) {
		const struct layer_node *node = &l->node[i];
		unsigned columns;

		if ((node->flags & LAYER_HIDDEN) && !hidden)
			continue;
		buf_puts(out, i == mark ? "> " : "  ");
		for (unsigned d = 0; d < node->depth; d++)
			buf_puts(out, "    ");
		if (node->flags & LAYER_GENERATED)
			buf_putc(out, '[');
		safe_put(out, l->text.p + node->label.at, node->label.n, UINT_MAX, &columns);
		if (node->flags & LAYER_GENERATED)
			buf_putc(out, ']');
		if (node->severity > LAYER_CHAT && (node->flags & LAYER_PROTOCOL))
			buf_printf(out, "  (%s)", severity_names[node->severity]);
		buf_putc(out, '\n');
	}
}

/* ---- JSON ---- */

static void put_string(struct buf *out, const char *key, const char *p, size_t n)
{
	buf_printf(out, ",\"%s\":", key);
	buf_json(out, p, n);
}

static void put_node(const struct layers *l, const struct layer_node *node, struct buf *out)
{
	const char *filter = l->text.p + node->filter.at;

	buf_puts(out, "{\"label\":");
	buf_json(out, l->text.p + node->label.at, node->label.n);
	if (node->filter.n)
		put_string(out, "filter", filter, node->filter.n);
	if (node->field_n)
		put_string(out, "field", filter, node->field_n);
	if (node->view != LAYERS_NO_VIEW)
		buf_printf(out, ",\"view\":%u,\"start\":%u,\"bytes\":%u", node->view, node->start,
			   node->bytes);
	if (node->after_n)
		buf_printf(out, ",\"after\":%u,\"after_bytes\":%u", node->after, node->after_n);
	if (node->frame)
		buf_printf(out, ",\"frame\":%u", node->frame);
	if (node->severity)
		buf_printf(out, ",\"severity\":\"%s\"", severity_names[node->severity]);
	if (node->flags & LAYER_PROTOCOL)
		buf_puts(out, ",\"protocol\":true");
	if (node->flags & LAYER_GENERATED)
		buf_puts(out, ",\"generated\":true");
	if (node->flags & LAYER_HIDDEN)
		buf_puts(out, ",\"hidden\":true");
}

static void put_views(const struct layers *l, struct buf *out)
{
	buf_puts(out, ",\"views\":[");
	for (unsigned i = 0; i < l->views; i++) {
		buf_puts(out, i ? ",{\"name\":" : "{\"name\":");
		buf_json(out, l->text.p + l->view[i].name.at, l->view[i].name.n);
		buf_puts(out, ",\"hex\":\"");
		buf_hex(out, layers_view(l, i), l->view[i].n);
		buf_puts(out, "\"}");
	}
	buf_puts(out, "],\"streams\":[");
	for (unsigned i = 0; i < l->streams; i++) {
		buf_puts(out, i ? ",{\"kind\":" : "{\"kind\":");
		buf_json(out, l->text.p + l->stream[i].kind.at, l->stream[i].kind.n);
		put_string(out, "filter", l->text.p + l->stream[i].filter.at,
			   l->stream[i].filter.n);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

void layers_put_json(const struct layers *l, struct buf *out)
{
	unsigned depth = 0;

	buf_puts(out, "{\"tree\":[");
	for (uint32_t i = 0; i < l->nodes; i++) {
		const struct layer_node *node = &l->node[i];

		if (i && node->depth > depth) {
			check(node->depth == depth + 1);
			buf_puts(out, ",\"children\":[");
		} else if (i) {
			for (; depth > node->depth; depth--)
				buf_puts(out, "}]");
			buf_puts(out, "},");
		}
		depth = node->depth;
		put_node(l, node, out);
	}
	for (; depth; depth--)
		buf_puts(out, "}]");
	buf_puts(out, l->nodes ? "}]" : "]");
	put_views(l, out);
	if (l->cut)
		buf_puts(out, ",\"cut\":true");
	buf_putc(out, '}');
}
