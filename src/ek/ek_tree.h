/* ek_tree.h - one EK line as a tree: all layers and fields, in order, with duplicates and arrays
 *
 * Theory of operation: nodes stand in one array in the order in which they begin in the line, each
 * with the index of what comes after all that is below it, so that a tree is walked without
 * pointers: children of node i begin at i + 1, and the next child of the same parent stands at
 * node[i].end, as long as that is below the parent's own. A node has places in the line, no text
 * of its own: the line must live as long as the tree is read. The root, node 0, is the line's
 * object.
 *
 * For one record at a time, such as the frame that is selected; what is wanted of every record,
 * ek_record_scan() finds without a tree. It accepts exactly what ek_record_scan() does.
 */
#ifndef SECVF_EK_EK_TREE_H
#define SECVF_EK_EK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ek/ek_skip.h"
#include "ek/ek_text.h"

/* Nodes of one tree at most. The most known are 113,062, of one SCTP frame; 37 times that, which
 * with 24 bytes each bounds a tree to 96 MiB. The longest line, of 28.5 MB, has 2,360. */
#define EK_TREE_NODES_MAX (4u << 20)

/* Returned by ek_tree_find() where there is none. */
#define EK_TREE_NONE UINT32_MAX

enum ek_node_kind {
	EK_NODE_OBJECT,
	EK_NODE_ARRAY,
	EK_NODE_STRING,
	EK_NODE_NUMBER,
	EK_NODE_TRUE,
	EK_NODE_FALSE,
	EK_NODE_NULL,
};

/* Lengths and offsets are bytes; a line has at most EK_LINE_BYTES_MAX of them. */
struct ek_node {
	uint32_t key;	/* offset of the key's text; elements of an array and the root: 0 */
	uint32_t key_n; /* its bytes, between its quotes and still escaped */
	uint32_t text; /* offset: a string's text, still escaped; the first byte of anything else */
	uint32_t n;    /* bytes; containers: with both brackets */
	uint32_t end;  /* index of the first node after this one that is not below it */
	uint8_t kind;  /* enum ek_node_kind */
	uint8_t depth; /* the root's is 0 */
};

enum ek_tree_result {
	EK_TREE_OK,
	EK_TREE_NO_OBJECT, /* the line does not begin as one */
	EK_TREE_BROKEN,	   /* and is none: why and broken_at say */
	EK_TREE_TOO_MANY,  /* more than EK_TREE_NODES_MAX, or a line over 4 GiB */
	EK_TREE_NO_MEMORY,
};

struct ek_tree {
	const char *line; /* borrowed */
	struct ek_node *node;
	uint32_t n;	  /* nodes; 0 unless EK_TREE_OK */
	uint32_t cap;	  /* kept from line to line */
	size_t broken_at; /* EK_TREE_BROKEN: as struct ek_record */
	const char *why;
};

/** ek_tree_init() - No nodes yet; allocates nothing */
void ek_tree_init(struct ek_tree *t);

/** ek_tree_done() - Free */
void ek_tree_done(struct ek_tree *t);

/** ek_tree_build() - The tree of a line of @n bytes, without its newline, in place of the last one.
 * Time is linear. */
enum ek_tree_result ek_tree_build(struct ek_tree *t, const char *line, size_t n);

/** ek_tree_key() - A node's key; p NULL where it has none */
struct ek_span ek_tree_key(const struct ek_tree *t, uint32_t i);

/** ek_tree_text() - A node's text: see struct ek_node */
struct ek_span ek_tree_text(const struct ek_tree *t, uint32_t i);

/**
 * ek_tree_find() - A child by its key
 * @t:      Tree
 * @parent: Index of an object
 * @key:    As it stands in the line
 * @after:  Index of the child after which to look, for further ones of the same key; @parent: all
 *
 * Return: index, or EK_TREE_NONE
 */
uint32_t ek_tree_find(const struct ek_tree *t, uint32_t parent, const char *key, uint32_t after);

#endif
