/* ek_agree.c - whether the scanner, the tree and the oracle say the same of a line */
#include "oracle/ek_agree.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static_assert(ORACLE_FIELDS == EK_FIELDS, "the oracle knows each field");

void ek_agree_init(struct ek_agree *a)
{
	memset(a, 0, sizeof(*a));
	oracle_init(&a->oracle);
	ek_tree_init(&a->tree);
}

void ek_agree_done(struct ek_agree *a)
{
	oracle_done(&a->oracle);
	ek_tree_done(&a->tree);
	free(a->out);
}

static bool same_record(const struct ek_record *a, const struct ek_record *b)
{
	for (int i = 0; i < EK_FIELDS; i++) {
		if (a->field[i].p != b->field[i].p || a->field[i].n != b->field[i].n)
			return false;
	}
	return a->kind == b->kind && a->has_number == b->has_number && a->number == b->number &&
	       a->broken_at == b->broken_at && a->why == b->why;
}

/* Whether @span stands for the text of @s. */
static bool same_text(struct ek_agree *a, struct ek_span span, struct json_object *s)
{
	size_t n = ek_unescape(span, a->out);

	return n == (size_t)json_object_get_string_len(s) &&
	       memcmp(a->out, json_object_get_string(s), n) == 0;
}

static bool same_place(const struct ek_agree *a, struct ek_span span, size_t at, size_t n)
{
	return span.p == a->oracle.line + at && span.n == n;
}

static const char *fields_differ(struct ek_agree *a)
{
	const struct oracle *o = &a->oracle;
	const struct ek_record *r = &a->record;

	for (unsigned i = 0; i < EK_FIELDS; i++) {
		const struct oracle_node *node;

		if (o->field[i] == ORACLE_NONE) {
			if (r->field[i].p)
				return "the scanner has a field that is not there";
			continue;
		}
		node = &o->node[o->field[i]];
		if (!same_place(a, r->field[i], node->at, node->n))
			return "the scanner has a field elsewhere, or lacks it";
		if (node->value && !same_text(a, r->field[i], node->value))
			return "a field's text";
	}
	return NULL;
}

static const char *record_differs(struct ek_agree *a)
{
	static const enum ek_kind kinds[] = {[ORACLE_PACKET] = EK_DOCUMENT,
					     [ORACLE_INDEX] = EK_INDEX,
					     [ORACLE_OTHER] = EK_NOISE};
	const struct oracle *o = &a->oracle;
	const struct ek_record *r = &a->record;

	if (o->verdict == ORACLE_REFUSED)
		return r->kind == EK_BROKEN ? NULL : "the scanner accepts what is no JSON";
	if (r->kind == EK_BROKEN)
		return "the scanner refuses what is JSON, or no object";
	if (r->kind != kinds[o->kind])
		return "the scanner's kind of line";
	if (r->has_number != !!o->number || r->number != o->number)
		return "the frame number";
	return fields_differ(a);
}

static char kind_char(uint8_t kind)
{
	switch (kind) {
	case EK_NODE_OBJECT: return '{';
	case EK_NODE_ARRAY: return '[';
	case EK_NODE_STRING: return '"';
	case EK_NODE_NUMBER: return '0';
	case EK_NODE_TRUE: return 't';
	case EK_NODE_FALSE: return 'f';
	default: return 'n';
	}
}

static const char *node_differs(struct ek_agree *a, uint32_t i)
{
	const struct oracle_node *want = &a->oracle.node[i];
	const struct ek_node *node = &a->tree.node[i];
	struct ek_span key = ek_tree_key(&a->tree, i), text = ek_tree_text(&a->tree, i);

	if (kind_char(node->kind) != want->kind)
		return "the tree's kind of value";
	if (node->depth != want->depth || node->end != want->end)
		return "the tree's shape";
	if (!key.p != !want->key)
		return "the tree has a key, or lacks one";
	if (key.p &&
	    (!same_place(a, key, want->key_at, want->key_n) || !same_text(a, key, want->key)))
		return "the tree's key";
	if (!same_place(a, text, want->at, want->n))
		return "where the tree has a value";
	if (want->value && !same_text(a, text, want->value))
		return "the tree's text";
	return NULL;
}

static const char *tree_differs(struct ek_agree *a, const char *line, size_t n)
{
	static const enum oracle_verdict verdicts[] = {
		[EK_TREE_OK] = ORACLE_ACCEPTED,
		[EK_TREE_NO_OBJECT] = ORACLE_NO_OBJECT,
		[EK_TREE_BROKEN] = ORACLE_REFUSED,
	};
	enum ek_tree_result result = ek_tree_build(&a->tree, line, n);
	const struct oracle *o = &a->oracle;
	const char *why = NULL;

	if (result == EK_TREE_TOO_MANY)
		return n > EK_TREE_NODES_MAX ? NULL
					     : "the tree says that there are too many values";
	check(result != EK_TREE_NO_MEMORY);
	if (verdicts[result] != o->verdict)
		return "whether the tree accepts it";
	if (result == EK_TREE_BROKEN &&
	    (a->tree.broken_at != a->record.broken_at || strcmp(a->tree.why, a->record.why) != 0))
		return "where or why the tree refuses it";
	if (result != EK_TREE_OK)
		return a->tree.n ? "a tree of a line that is refused" : NULL;
	if (a->tree.n != o->n)
		return "the tree's number of values";
	for (uint32_t i = 0; i < a->tree.n && !why; i++)
		why = node_differs(a, i);
	return why;
}

const char *ek_agree(struct ek_agree *a, const char *line, size_t n)
{
	struct ek_record other;
	const char *why;

	if (n > a->cap || !a->out) {
		free(a->out);
		a->cap = n;
		a->out = malloc(n + !n);
		check(a->out);
	}
	ek_isa_use(EK_ISA_PLAIN);
	memset(&a->record, 0xa5, sizeof(a->record));
	ek_record_scan(&a->record, line, n);
	for (int isa = EK_ISA_PLAIN + 1; isa < EK_ISAS; isa++) {
		if (!ek_isa_has((enum ek_isa)isa))
			continue;
		ek_isa_use((enum ek_isa)isa);
		memset(&other, 0x5a, sizeof(other));
		ek_record_scan(&other, line, n);
		if (!same_record(&a->record, &other))
			return "the scanner by another instruction set";
	}
	oracle_read(&a->oracle, line, n);
	why = record_differs(a);
	return why ? why : tree_differs(a, line, n);
}

void ek_agree_check(struct ek_agree *a, const char *line, size_t n)
{
	const char *why = ek_agree(a, line, n);

	if (why)
		fprintf(stderr, "the scanner, the tree and the oracle do not agree: %s\n", why);
	check(!why);
}
