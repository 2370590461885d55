/* layers_private.h - how the makers of layers fill them */
#ifndef SECVF_ANALYSIS_LAYERS_PRIVATE_H
#define SECVF_ANALYSIS_LAYERS_PRIVATE_H

#include "analysis/layers.h"

/** layers_text() - Keep a text */
struct layer_text layers_text(struct layers *l, const char *p, size_t n);

/** layers_add() - A node after the last. Return: it, borrowed until the next; NULL: no memory */
struct layer_node *layers_add(struct layers *l, unsigned depth);

/** layers_field_bytes() - How much of a filter is its field's name; 0: it begins with none */
uint32_t layers_field_bytes(const char *filter, size_t n);

/** layers_range() - The node stands for these bytes, as far as the view has them */
void layers_range(const struct layers *l, struct layer_node *node, uint64_t view, uint64_t start,
		  uint64_t bytes);

/** layers_severity() - By Wireshark's word for it */
enum layer_severity layers_severity(const char *word);

#endif
