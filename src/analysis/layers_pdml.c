/* layers_pdml.c - layers from tshark's PDML */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/layers_private.h"
#include "base/utf8.h"

/* Attribute values come unescaped, as UTF-8. */
struct reader {
	struct layers *l;
	unsigned depth;	   /* of open proto and field elements */
	unsigned unwanted; /* of open elements inside one that is not taken */
	unsigned packets;
	uint32_t proto; /* the protocol that is open */
	bool judged; /* whether its bytes are those of the frame, by the first field with a value */
	bool elsewhere; /* they are not */
	bool failed;
};

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return "";
}

static int nibble(char c)
{
	return c >= '0' && c <= '9'		    ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

/* Whether the bytes at @start are what "value", or for a bit field "unmaskedvalue", says. */
static bool in_frame(const struct layers *l, const char *hex, uint64_t start, uint64_t bytes)
{
	const unsigned char *frame = (const unsigned char *)l->bytes.p;

	if (start > l->view[0].n || bytes > l->view[0].n - start)
		return false;
	for (uint64_t i = 0; hex[0] && hex[1] && i < bytes; i++, hex += 2) {
		if (nibble(hex[0]) * 16 + nibble(hex[1]) != frame[start + i])
			return false;
	}
	return true;
}

/* A protocol has no value, so the first of its fields that has one tells whether its bytes are the
 * frame's. */
static void judge(struct reader *r, bool is_here)
{
	struct layer_node *proto = &r->l->node[r->proto];

	r->judged = true;
	r->elsewhere = !is_here;
	if (is_here)
		return;
	proto->view = LAYERS_NO_VIEW;
	proto->start = proto->bytes = 0;
}

/* There is no filter in PDML: a field's name alone selects those frames that have it. */
static void take(struct reader *r, const char *element, const char **attributes)
{
	struct layer_node *node = layers_add(r->l, r->depth);
	const char *label = attribute(attributes, "showname");
	const char *name = attribute(attributes, "name"), *hex;
	uint64_t start = strtoull(attribute(attributes, "pos"), NULL, 10);
	uint64_t bytes = strtoull(attribute(attributes, "size"), NULL, 10);
	bool is_here;

	if (!node) {
		r->failed = true;
		return;
	}
	if (!*label)
		label = attribute(attributes, "show");
	if (!*label)
		label = name;
	node->label = layers_text(r->l, label, strlen(label));
	node->filter = layers_text(r->l, name, strlen(name));
	node->field_n = layers_field_bytes(name, node->filter.n);
	if (strcmp(element, "proto") == 0)
		node->flags |= LAYER_PROTOCOL;
	if (r->depth == 0) {
		r->proto = r->l->nodes - 1;
		r->judged = r->elsewhere = false;
	}
	if (strcmp(attribute(attributes, "hide"), "yes") == 0)
		node->flags |= LAYER_HIDDEN;
	hex = attribute(attributes, "unmaskedvalue");
	if (!*hex)
		hex = attribute(attributes, "value");
	if (!bytes)
		return;
	is_here = in_frame(r->l, hex, start, bytes);
	if (is_here && (*hex || !r->elsewhere))
		layers_range(r->l, node, 0, start, bytes);
	if (*hex && r->depth && !r->judged)
		judge(r, is_here);
}

static void XMLCALL on_start(void *ctx, const char *element, const char **attributes)
{
	struct reader *r = ctx;
	bool wanted = strcmp(element, "proto") == 0 || strcmp(element, "field") == 0;

	if (strcmp(element, "packet") == 0)
		r->packets++;
	if (!wanted && !r->depth && !r->unwanted)
		return;
	if (!wanted || r->unwanted || r->packets != 1 || r->depth == LAYERS_DEPTH_MAX ||
	    (r->depth == 0 && strcmp(attribute(attributes, "name"), "geninfo") == 0)) {
		r->l->cut |= r->depth == LAYERS_DEPTH_MAX;
		r->unwanted++;
		return;
	}
	/* What tshark puts around fields that are in no protocol. */
	if (r->depth == 0 && strcmp(attribute(attributes, "name"), "fake-field-wrapper") == 0)
		return;
	take(r, element, attributes);
	r->depth++;
}

static void XMLCALL on_end(void *ctx, const char *element)
{
	struct reader *r = ctx;

	(void)element;
	if (r->unwanted)
		r->unwanted--;
	else if (r->depth)
		r->depth--;
}

/* XML 1.0, production Char; UINT32_MAX is no UTF-8. */
static bool is_xml(uint32_t cp)
{
	return cp == '\n' || cp == '\t' || cp == '\r' || (cp >= 0x20 && cp < 0xfffe) ||
	       (cp > 0xffff && cp != UINT32_MAX);
}

/* tshark prints some texts as they are in the frame, bytes that are no UTF-8 and controls that XML
 * has not included. Those become U+FFFD: what stands between goes to the parser in one piece. */
static bool parse(XML_Parser parser, const char *p, size_t n)
{
	size_t begun = 0, at = 0, bytes;
	bool ok = true;

	while (ok && at < n) {
		uint32_t cp;

		bytes = utf8_next(p + at, n - at, &cp);
		if (is_xml(cp)) {
			at += bytes;
			continue;
		}
		ok = XML_Parse(parser, p + begun, (int)(at - begun), 0) == XML_STATUS_OK &&
		     XML_Parse(parser, "\xef\xbf\xbd", 3, 0) == XML_STATUS_OK;
		begun = at += bytes;
	}
	return ok && XML_Parse(parser, p + begun, (int)(n - begun), 1) == XML_STATUS_OK;
}

bool layers_from_pdml(struct layers *l, const char *pdml, size_t n, const unsigned char *frame,
		      size_t frame_n, struct err *err)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");
	struct reader r = {.l = l};
	bool ok = parser != NULL;

	l->view[0] =
		(struct layer_view){.name = layers_text(l, "Frame", 5), .n = (uint32_t)frame_n};
	l->views = 1;
	buf_put(&l->bytes, frame, frame_n);
	if (ok) {
		XML_SetUserData(parser, &r);
		XML_SetElementHandler(parser, on_start, on_end);
		ok = parse(parser, pdml, n);
	}
	if (!ok && parser)
		err_set(err, EXIT_ENVIRONMENT, "tshark's PDML, line %lu: %s",
			(unsigned long)XML_GetCurrentLineNumber(parser),
			XML_ErrorString(XML_GetErrorCode(parser)));
	else if (!ok || r.failed || l->text.failed || l->bytes.failed)
		err_set(err, EXIT_ENVIRONMENT, "no memory for the layers of the frame");
	else if (!r.packets)
		err_set(err, EXIT_ENVIRONMENT, "tshark has no such frame");
	ok = ok && r.packets && !r.failed && !l->text.failed && !l->bytes.failed;
	if (parser)
		XML_ParserFree(parser);
	if (!ok)
		layers_done(l);
	return ok;
}
