/* layers_sharkd.c - layers from sharkd's answer to "frame" */
#include <json-c/json.h>
#include <openssl/evp.h>
#include <string.h>

#include "analysis/layers_private.h"

/* An object and an array a level of the tree, and what is around it. */
#define JSON_DEPTH ((int)(2 * LAYERS_DEPTH_MAX + 8))

static const char *text_of(struct json_object *o, const char *key, size_t *n)
{
	struct json_object *value;

	*n = 0;
	if (!json_object_object_get_ex(o, key, &value) ||
	    json_object_get_type(value) != json_type_string)
		return "";
	*n = (size_t)json_object_get_string_len(value);
	return json_object_get_string(value);
}

static struct layer_text keep(struct layers *l, struct json_object *o, const char *key)
{
	size_t n;
	const char *p = text_of(o, key, &n);

	return layers_text(l, p, n);
}

static uint64_t number_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_uint64(value) : 0;
}

static bool is_true(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

/* A pair of numbers, [start, length]. */
static bool pair_of(struct json_object *o, const char *key, uint64_t pair[2])
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value) ||
	    json_object_get_type(value) != json_type_array || json_object_array_length(value) != 2)
		return false;
	for (size_t i = 0; i < 2; i++)
		pair[i] = json_object_get_uint64(json_object_array_get_idx(value, i));
	return true;
}

static bool is_array(struct json_object *o)
{
	return json_object_get_type(o) == json_type_array;
}

static bool add_node(struct layers *l, struct json_object *o, unsigned depth)
{
	struct layer_node *node = layers_add(l, depth);
	uint64_t pair[2];
	size_t n;

	if (!node)
		return false;
	node->label = keep(l, o, "l");
	node->filter = keep(l, o, "f");
	text_of(o, "f", &n);
	node->field_n = layers_field_bytes(text_of(o, "f", &n), node->filter.n);
	node->frame = (uint32_t)number_of(o, "fnum");
	node->severity = (uint8_t)layers_severity(text_of(o, "s", &n));
	node->flags = (uint8_t)((is_true(o, "g") ? LAYER_GENERATED : 0) |
				(is_true(o, "v") ? LAYER_HIDDEN : 0) |
				(strcmp(text_of(o, "t", &n), "proto") == 0 ? LAYER_PROTOCOL : 0));
	if (pair_of(o, "h", pair))
		layers_range(l, node, number_of(o, "ds"), pair[0], pair[1]);
	if (pair_of(o, "i", pair) && node->view != LAYERS_NO_VIEW) {
		struct layer_node after = {0};

		layers_range(l, &after, node->view, pair[0], pair[1]);
		node->after = after.start;
		node->after_n = after.bytes;
	}
	return true;
}

/* The depth is bounded, and with it the stack. */
static bool add_tree(struct layers *l, struct json_object *nodes, unsigned depth)
{
	for (size_t i = 0; is_array(nodes) && i < json_object_array_length(nodes); i++) {
		struct json_object *o = json_object_array_get_idx(nodes, i), *children;

		if (!add_node(l, o, depth))
			return false;
		if (!json_object_object_get_ex(o, "n", &children))
			continue;
		if (depth + 1 == LAYERS_DEPTH_MAX)
			l->cut = true;
		else if (!add_tree(l, children, depth + 1))
			return false;
	}
	return true;
}

static bool add_view(struct layers *l, const char *name, size_t name_n, const char *base64,
		     size_t n)
{
	struct layer_view *view = &l->view[l->views];
	int bytes;

	if (l->views == LAYERS_VIEWS_MAX || n % 4 || l->bytes.n + n > LAYERS_BYTES_MAX) {
		l->cut = true;
		return true;
	}
	if (!buf_reserve(&l->bytes, n + 1))
		return false;
	bytes = n ? EVP_DecodeBlock((unsigned char *)l->bytes.p + l->bytes.n,
				    (const unsigned char *)base64, (int)n)
		  : 0;
	if (bytes < 0) {
		l->cut = true;
		return true;
	}
	/* It counts what is padding, too. */
	for (size_t i = n; i && bytes && base64[i - 1] == '='; i--)
		bytes--;
	*view = (struct layer_view){.name = layers_text(l, name, name_n),
				    .at = (uint32_t)l->bytes.n,
				    .n = (uint32_t)bytes};
	l->bytes.n += (size_t)bytes;
	l->views++;
	return true;
}

/* The frame is "bytes", or, where there are other views, the first of "ds". */
static bool add_views(struct layers *l, struct json_object *result)
{
	struct json_object *sources;
	const char *name, *base64;
	size_t name_n, n;

	base64 = text_of(result, "bytes", &n);
	if (!add_view(l, "Frame", 5, base64, n))
		return false;
	if (!json_object_object_get_ex(result, "ds", &sources) || !is_array(sources))
		return true;
	for (size_t i = 0; i < json_object_array_length(sources); i++) {
		struct json_object *o = json_object_array_get_idx(sources, i);

		name = text_of(o, "name", &name_n);
		base64 = text_of(o, "bytes", &n);
		if (!add_view(l, name, name_n, base64, n))
			return false;
	}
	return true;
}

static void add_streams(struct layers *l, struct json_object *result)
{
	struct json_object *streams;

	if (!json_object_object_get_ex(result, "fol", &streams) || !is_array(streams))
		return;
	for (size_t i = 0; i < json_object_array_length(streams) &&
			   l->streams < sizeof(l->stream) / sizeof(l->stream[0]);
	     i++) {
		struct json_object *pair = json_object_array_get_idx(streams, i);
		const char *word[2];

		if (!is_array(pair) || json_object_array_length(pair) != 2)
			continue;
		for (size_t k = 0; k < 2; k++)
			word[k] = json_object_get_string(json_object_array_get_idx(pair, k));
		if (!word[0] || !word[1])
			continue;
		l->stream[l->streams].kind = layers_text(l, word[0], strlen(word[0]));
		l->stream[l->streams++].filter = layers_text(l, word[1], strlen(word[1]));
	}
}

bool layers_from_sharkd(struct layers *l, const char *answer, size_t n, struct err *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *root = NULL, *result, *tree;
	bool ok = false;

	if (tokener)
		root = json_tokener_parse_ex(tokener, answer, (int)n);
	if (!json_object_object_get_ex(root, "result", &result) ||
	    !json_object_object_get_ex(result, "tree", &tree)) {
		err_set(err, EXIT_ENVIRONMENT,
			"sharkd's answer is no tree of a frame; is its version as old as tshark's?");
	} else {
		ok = add_views(l, result) && add_tree(l, tree, 0);
		add_streams(l, result);
		ok = ok && !l->text.failed && !l->bytes.failed;
		if (!ok)
			err_set(err, EXIT_ENVIRONMENT, "no memory for the layers of the frame");
	}
	json_object_put(root);
	if (tokener)
		json_tokener_free(tokener);
	if (!ok)
		layers_done(l);
	return ok;
}
