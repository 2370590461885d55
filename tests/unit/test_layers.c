/* test_layers.c - the tree of a frame, from what sharkd and tshark say
 *
 * Goal: all that is said arrives (labels, filters, ranges, views, notes, streams), whatever the
 * bytes of it; a range never leaves its view; what is too much is cut or refused; from a byte one
 * comes to its field and back; the JSON is JSON and says the same.
 *
 * Method: answers and PDML written here, and such as are made by the thousand; the JSON is read
 * again with json-c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/layers.h"

/* "0123456789abcdef", and "HELLO" as another view. */
#define BYTES "\"bytes\":\"MDEyMzQ1Njc4OWFiY2RlZg==\""
#define VIEWS BYTES ",\"ds\":[{\"name\":\"Reassembled (5 bytes)\",\"bytes\":\"SEVMTE8=\"}]"
#define ANSWER(tree, more) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tree\":[" tree "]," more "}}"

static const char hostile[] = "a\x1b[31m\n\xff\xe2\x80\xae\"\\ \x01z";

static struct layers sharkd(const char *answer)
{
	struct layers l = {0};
	struct err err = {0};

	if (!layers_from_sharkd(&l, answer, strlen(answer), &err))
		fail_msg("%s", err.text);
	return l;
}

static struct layers pdml(const char *fields)
{
	struct layers l = {0};
	struct err err = {0};
	struct buf text = {0};

	buf_puts(&text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<pdml><packet>\n");
	buf_puts(&text, fields);
	buf_puts(&text, "</packet></pdml>\n");
	if (!layers_from_pdml(&l, text.p, text.n, (const unsigned char *)"0123456789abcdef", 16,
			      &err))
		fail_msg("%s", err.text);
	buf_done(&text);
	return l;
}

static const char *said(const struct layers *l, struct layer_text t)
{
	static char text[4][256];
	static unsigned next;
	char *p = text[next++ % 4];

	assert_true(t.n < sizeof(text[0]));
	assert_true((size_t)t.at + t.n <= l->text.n);
	if (t.n)
		memcpy(p, l->text.p + t.at, t.n);
	p[t.n] = '\0';
	return p;
}

static void expect_range(const struct layers *l, uint32_t i, unsigned view, uint32_t start,
			 uint32_t bytes)
{
	assert_true(i < l->nodes);
	assert_int_equal(l->node[i].view, view);
	assert_int_equal(l->node[i].start, start);
	assert_int_equal(l->node[i].bytes, bytes);
}

/* No range leaves its view, and no text the text. */
static void expect_inside(const struct layers *l)
{
	for (uint32_t i = 0; i < l->nodes; i++) {
		const struct layer_node *node = &l->node[i];
		uint32_t n = node->view == LAYERS_NO_VIEW ? 0 : l->view[node->view].n;

		assert_true((uint64_t)node->start + node->bytes <= n);
		assert_true((uint64_t)node->after + node->after_n <= n);
		assert_true((size_t)node->label.at + node->label.n <= l->text.n);
		assert_true((size_t)node->filter.at + node->filter.n <= l->text.n);
		assert_true(node->field_n <= node->filter.n);
		assert_true(i ? node->depth <= l->node[i - 1].depth + 1 : node->depth == 0);
	}
	for (unsigned v = 0; v < l->views; v++)
		assert_true((size_t)l->view[v].at + l->view[v].n <= l->bytes.n);
}

static void all_that_sharkd_says_arrives(void **state)
{
	struct layers l = sharkd(ANSWER(
		"{\"l\":\"Frame 1\",\"h\":[0,16],\"t\":\"proto\",\"f\":\"frame\",\"s\":\"Warning\","
		"\"n\":[{\"l\":\"Time: 1\",\"f\":\"frame.t == \\\"a b\\\"\",\"g\":true}]},"
		"{\"l\":\"Eth\",\"h\":[0,4],\"t\":\"proto\",\"f\":\"eth\",\"i\":[14,2],\"n\":["
		"{\"l\":\"Dst\",\"h\":[0,2],\"f\":\"eth.dst == 1\",\"n\":["
		"{\"l\":\"Bit\",\"h\":[0,1],\"f\":\"eth.dst.lg == 1\",\"v\":true}]},"
		"{\"l\":\"Response in\",\"fnum\":7,\"t\":\"framenum\",\"f\":\"x.in == 7\"}]},"
		"{\"l\":\"Data\",\"h\":[1,3],\"ds\":1,\"f\":\"frame[54:33] == 0a\"}",
		VIEWS ",\"fol\":[[\"TCP\",\"tcp.stream eq 0\"],[\"HTTP\",\"tcp.stream eq 0\"]]"));

	(void)state;
	assert_int_equal(l.nodes, 7);
	expect_inside(&l);
	assert_false(l.cut);
	assert_string_equal(said(&l, l.node[0].label), "Frame 1");
	assert_int_equal(l.node[0].flags, LAYER_PROTOCOL);
	assert_int_equal(l.node[0].severity, LAYER_WARNING);
	expect_range(&l, 0, 0, 0, 16);
	assert_string_equal(said(&l, l.node[1].filter), "frame.t == \"a b\"");
	assert_int_equal(l.node[1].field_n, strlen("frame.t"));
	assert_int_equal(l.node[1].flags, LAYER_GENERATED);
	expect_range(&l, 1, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 2, 0, 0, 4);
	assert_int_equal(l.node[2].after, 14);
	assert_int_equal(l.node[2].after_n, 2);
	assert_int_equal(l.node[2].field_n, 3);
	assert_int_equal(l.node[3].depth, 1);
	assert_int_equal(l.node[4].depth, 2);
	assert_int_equal(l.node[4].flags, LAYER_HIDDEN);
	assert_int_equal(l.node[5].frame, 7);
	assert_int_equal(l.node[5].depth, 1);
	/* A slice is a filter, and of no field. */
	assert_int_equal(l.node[6].field_n, 0);
	expect_range(&l, 6, 1, 1, 3);
	assert_int_equal(l.views, 2);
	assert_int_equal(l.view[0].n, 16);
	assert_memory_equal(l.bytes.p + l.view[0].at, "0123456789abcdef", 16);
	assert_string_equal(said(&l, l.view[1].name), "Reassembled (5 bytes)");
	assert_int_equal(l.view[1].n, 5);
	assert_memory_equal(l.bytes.p + l.view[1].at, "HELLO", 5);
	assert_int_equal(l.streams, 2);
	assert_string_equal(said(&l, l.stream[1].kind), "HTTP");
	assert_string_equal(said(&l, l.stream[1].filter), "tcp.stream eq 0");
	layers_done(&l);
	layers_done(&l);
}

static void all_that_pdml_says_arrives(void **state)
{
	struct layers l = pdml(
		"<proto name=\"geninfo\" pos=\"0\" size=\"16\"><field name=\"num\" pos=\"0\" "
		"size=\"16\"/></proto>\n"
		"<proto name=\"eth\" showname=\"Ethernet &lt;II&gt;\" size=\"4\" pos=\"0\">\n"
		"<field name=\"eth.dst\" showname=\"Dst\" size=\"2\" pos=\"0\" value=\"3031\">"
		"<field name=\"eth.lg\" showname=\"Bit\" hide=\"yes\" size=\"1\" pos=\"0\" "
		"value=\"0\" unmaskedvalue=\"30\"/></field>\n"
		"<field name=\"\" show=\"no name\" size=\"1\" pos=\"3\" value=\"33\"/></proto>\n"
		"<proto name=\"fake-field-wrapper\"><field name=\"data\" size=\"2\" pos=\"1\" "
		"value=\"ffff\"/></proto>\n");

	(void)state;
	assert_int_equal(l.nodes, 5);
	expect_inside(&l);
	assert_string_equal(said(&l, l.node[0].label), "Ethernet <II>");
	assert_int_equal(l.node[0].flags, LAYER_PROTOCOL);
	expect_range(&l, 0, 0, 0, 4);
	assert_string_equal(said(&l, l.node[1].filter), "eth.dst");
	assert_int_equal(l.node[1].field_n, 7);
	expect_range(&l, 1, 0, 0, 2);
	assert_int_equal(l.node[2].flags, LAYER_HIDDEN);
	assert_int_equal(l.node[2].depth, 2);
	expect_range(&l, 2, 0, 0, 1);
	assert_string_equal(said(&l, l.node[3].label), "no name");
	assert_int_equal(l.node[3].filter.n, 0);
	/* A field in no protocol. Its bytes are not those of the frame: it is of a view that PDML
	 * has not. */
	expect_range(&l, 4, LAYERS_NO_VIEW, 0, 0);
	assert_string_equal(said(&l, l.node[4].label), "data");
	assert_int_equal(l.node[4].depth, 0);
	assert_int_equal(l.views, 1);
	layers_done(&l);
}

/* Protocols have no value in PDML: what is in them tells whether they are of the frame. */
static void protocols_of_another_view(void **state)
{
	struct layers l = pdml("<proto name=\"a\" size=\"4\" pos=\"0\">"
			       "<field name=\"a.t\" size=\"0\" pos=\"0\"/>"
			       "<field name=\"a.x\" size=\"2\" pos=\"0\" value=\"6162\">"
			       "<field name=\"a.y\" size=\"1\" pos=\"1\" value=\"31\"/></field>"
			       "<field name=\"a.z\" size=\"1\" pos=\"1\"/></proto>"
			       "<proto name=\"b\" size=\"4\" pos=\"0\">"
			       "<field name=\"b.x\" size=\"2\" pos=\"0\" value=\"3031\"/>"
			       "<field name=\"b.y\" size=\"2\" pos=\"0\" value=\"6162\"/>"
			       "<field name=\"b.z\" size=\"1\" pos=\"3\"/></proto>");

	(void)state;
	assert_int_equal(l.nodes, 9);
	for (uint32_t i = 0; i < 3; i++)
		expect_range(&l, i, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 3, 0, 1, 1);
	expect_range(&l, 4, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 5, 0, 0, 4);
	expect_range(&l, 6, 0, 0, 2);
	expect_range(&l, 7, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 8, 0, 3, 1);
	layers_done(&l);
}

static void ranges_are_cut_to_their_view(void **state)
{
	struct layers l = sharkd(ANSWER("{\"l\":\"0\",\"h\":[10,100]},"
					"{\"l\":\"1\",\"h\":[100,5]},"
					"{\"l\":\"2\",\"h\":[16,1]},"
					"{\"l\":\"3\",\"h\":[18446744073709551615,2]},"
					"{\"l\":\"4\",\"h\":[4,18446744073709551615]},"
					"{\"l\":\"5\",\"h\":[-3,-4]},"
					"{\"l\":\"6\",\"h\":[3,9],\"ds\":1},"
					"{\"l\":\"7\",\"h\":[0,1],\"ds\":2},"
					"{\"l\":\"8\",\"h\":[0,1],\"ds\":65535},"
					"{\"l\":\"9\",\"h\":[0,1],\"ds\":65536},"
					"{\"l\":\"10\",\"h\":[0,1],\"i\":[15,9]},"
					"{\"l\":\"11\",\"h\":[1]},{\"l\":\"12\",\"h\":\"0,1\"}",
					VIEWS));

	(void)state;
	assert_int_equal(l.nodes, 13);
	expect_inside(&l);
	expect_range(&l, 0, 0, 10, 6);
	expect_range(&l, 1, 0, 16, 0);
	expect_range(&l, 2, 0, 16, 0);
	expect_range(&l, 3, 0, 16, 0);
	expect_range(&l, 4, 0, 4, 12);
	expect_range(&l, 5, 0, 0, 0);
	expect_range(&l, 6, 1, 3, 2);
	for (uint32_t i = 7; i <= 9; i++)
		expect_range(&l, i, LAYERS_NO_VIEW, 0, 0);
	assert_int_equal(l.node[10].after, 15);
	assert_int_equal(l.node[10].after_n, 1);
	expect_range(&l, 11, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 12, LAYERS_NO_VIEW, 0, 0);
	layers_done(&l);
	l = pdml("<field name=\"a\" size=\"99\" pos=\"10\" value=\"6162\"/>"
		 "<field name=\"b\" size=\"1\" pos=\"99\" value=\"30\"/>"
		 "<field name=\"c\" size=\"-1\" pos=\"-1\" value=\"30\"/>"
		 "<field name=\"d\" size=\"1\" pos=\"15\" value=\"66\"/>"
		 "<field name=\"e\" size=\"2\" pos=\"2\" value=\"zz\"/>"
		 "<field name=\"f\" size=\"2\" pos=\"2\" value=\"323\"/>"
		 "<field name=\"g\" size=\"2\" pos=\"2\"/>");
	expect_inside(&l);
	expect_range(&l, 0, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 1, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 2, LAYERS_NO_VIEW, 0, 0);
	expect_range(&l, 3, 0, 15, 1);
	expect_range(&l, 4, LAYERS_NO_VIEW, 0, 0);
	layers_done(&l);
}

static void severities_are_wiresharks(void **state)
{
	static const char *const words[] = {"", "Comment", "Chat", "Note", "Warning", "Error"};
	static const char *const names[] = {"", "comment", "chat", "note", "warning", "error"};

	(void)state;
	for (int i = 0; i < LAYER_SEVERITIES; i++) {
		struct buf text = {0};
		struct layers l;

		buf_printf(&text, ANSWER("{\"l\":\"x\",\"t\":\"proto\",\"s\":\"%s\"}", BYTES),
			   words[i]);
		buf_putc(&text, '\0');
		l = sharkd(text.p);
		assert_int_equal(l.node[0].severity, i);
		assert_string_equal(layer_severity_name((enum layer_severity)i), names[i]);
		buf_done(&text);
		layers_put_tree(&l, LAYERS_NOWHERE, false, &text);
		buf_putc(&text, '\0');
		/* A chat is no news. */
		assert_int_equal(strchr(text.p, '(') != NULL, i > LAYER_CHAT);
		buf_done(&text);
		layers_done(&l);
	}
	{
		struct layers l = sharkd(ANSWER("{\"l\":\"x\",\"s\":\"Fatal\"}", BYTES));

		assert_int_equal(l.node[0].severity, LAYER_NO_NOTE);
		layers_done(&l);
	}
}

/* @depth nodes, each in the one before; the innermost has a neighbour of the outermost behind it.
 */
static void nest(struct buf *b, unsigned depth)
{
	buf_puts(b, "{\"result\":{\"tree\":[");
	for (unsigned i = 0; i < depth; i++)
		buf_puts(b, i ? ",\"n\":[{\"l\":\"x\"" : "{\"l\":\"x\"");
	for (unsigned i = 1; i < depth; i++)
		buf_puts(b, "}]");
	buf_puts(b, "},{\"l\":\"last\"}]," BYTES "}}");
}

static void a_tree_that_is_too_deep_is_cut(void **state)
{
	(void)state;
	for (unsigned depth = LAYERS_DEPTH_MAX - 1; depth <= LAYERS_DEPTH_MAX + 1; depth++) {
		unsigned kept = depth > LAYERS_DEPTH_MAX ? LAYERS_DEPTH_MAX : depth;
		struct buf text = {0};
		struct layers l = {0};
		struct err err = {0};

		nest(&text, depth);
		assert_true(layers_from_sharkd(&l, text.p, text.n, &err));
		expect_inside(&l);
		assert_int_equal(l.nodes, kept + 1);
		assert_int_equal(l.cut, depth > LAYERS_DEPTH_MAX);
		assert_int_equal(l.node[kept].depth, 0);
		layers_done(&l);
		buf_done(&text);
		for (unsigned i = 0; i < depth; i++)
			buf_puts(&text, "<field name=\"x\" size=\"0\" pos=\"0\">");
		for (unsigned i = 0; i < depth; i++)
			buf_puts(&text, "</field>");
		buf_puts(&text, "<field name=\"last\"/>");
		buf_putc(&text, '\0');
		l = pdml(text.p);
		expect_inside(&l);
		assert_int_equal(l.nodes, kept + 1);
		assert_int_equal(l.cut, depth > LAYERS_DEPTH_MAX);
		layers_done(&l);
		buf_done(&text);
	}
}

/* Far beyond what Wireshark nests: refused or cut, and the stack holds. */
static void an_absurd_depth_ends_nothing(void **state)
{
	struct buf text = {0};
	struct layers l = {0};
	struct err err = {0};

	(void)state;
	nest(&text, 200000);
	assert_false(layers_from_sharkd(&l, text.p, text.n, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	buf_done(&text);
	for (unsigned i = 0; i < 200000; i++)
		buf_puts(&text, "<field name=\"x\">");
	for (unsigned i = 0; i < 200000; i++)
		buf_puts(&text, "</field>");
	buf_putc(&text, '\0');
	l = pdml(text.p);
	assert_int_equal(l.nodes, LAYERS_DEPTH_MAX);
	assert_true(l.cut);
	layers_done(&l);
	buf_done(&text);
}

static void views_are_bounded(void **state)
{
	struct buf text = {0};
	struct layers l;

	(void)state;
	buf_puts(&text, "{\"result\":{\"tree\":[]," BYTES ",\"ds\":[");
	for (unsigned i = 1; i < LAYERS_VIEWS_MAX + 1; i++)
		buf_printf(&text, "%s{\"name\":\"%u\",\"bytes\":\"QQ==\"}", i > 1 ? "," : "", i);
	buf_puts(&text, "]}}");
	buf_putc(&text, '\0');
	l = sharkd(text.p);
	assert_int_equal(l.views, LAYERS_VIEWS_MAX);
	assert_true(l.cut);
	expect_inside(&l);
	layers_done(&l);
	buf_done(&text);
	/* No base64: the view is left out, and told to be. */
	l = sharkd(ANSWER("{\"l\":\"x\",\"h\":[0,1]}", "\"bytes\":\"!!!!\""));
	assert_int_equal(l.views, 0);
	assert_true(l.cut);
	expect_range(&l, 0, LAYERS_NO_VIEW, 0, 0);
	layers_done(&l);
	l = sharkd(ANSWER("{\"l\":\"x\",\"h\":[0,1]}", "\"bytes\":\"\""));
	assert_int_equal(l.views, 1);
	assert_int_equal(l.view[0].n, 0);
	expect_range(&l, 0, 0, 0, 0);
	layers_done(&l);
}

static void what_is_no_frame_is_refused(void **state)
{
	static const char *const answers[] = {
		"",
		"{",
		"null",
		"[]",
		"7",
		"{\"result\":null}",
		"{\"result\":[]}",
		"{\"result\":{}}",
		"{\"result\":{\"status\":\"OK\"}}",
		"{\"error\":{\"code\":1}}",
	};
	static const char *const pdmls[] = {
		"",
		"<pdml>",
		"<pdml></pdml>",
		"<pdml><packet><field name=\"x\"></packet></pdml>",
		"tshark: no",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct layers l = {0};
		struct err err = {0};

		assert_false(layers_from_sharkd(&l, answers[i], strlen(answers[i]), &err));
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		assert_int_equal(l.nodes + l.views, 0);
		assert_null(l.node);
		assert_null(l.text.p);
	}
	for (size_t i = 0; i < sizeof(pdmls) / sizeof(pdmls[0]); i++) {
		struct layers l = {0};
		struct err err = {0};

		assert_false(layers_from_pdml(&l, pdmls[i], strlen(pdmls[i]), NULL, 0, &err));
		assert_true(err.text[0] != '\0');
		assert_int_equal(l.nodes + l.views, 0);
		assert_null(l.node);
		assert_null(l.text.p);
	}
}

/* Members of the wrong kind are as if they were not there. */
static void wrong_kinds_are_nothing(void **state)
{
	struct layers l = sharkd(ANSWER(
		"null,7,\"x\",[],{},{\"l\":null,\"f\":7,\"h\":null,\"n\":null,\"s\":[],\"t\":{}},"
		"{\"l\":7,\"h\":[null,\"x\"],\"i\":[1],\"n\":7,\"fnum\":\"x\",\"g\":null}",
		"\"bytes\":null,\"ds\":[null,7,{}],\"fol\":[null,7,[],[1],[null,null],[\"T\",null]]"));

	(void)state;
	assert_int_equal(l.nodes, 7);
	expect_inside(&l);
	for (uint32_t i = 0; i < l.nodes; i++) {
		assert_int_equal(l.node[i].label.n + l.node[i].filter.n, 0);
		assert_int_equal(l.node[i].flags, 0);
	}
	assert_int_equal(l.streams, 0);
	layers_done(&l);
}

/* ---- bytes and fields ---- */

static void bytes_and_fields_lead_to_each_other(void **state)
{
	struct layers l =
		sharkd(ANSWER("{\"l\":\"frame\",\"h\":[0,16],\"f\":\"frame\",\"n\":["
			      "{\"l\":\"g\",\"h\":[0,1],\"f\":\"frame.g == 1\",\"g\":true},"
			      "{\"l\":\"h\",\"h\":[1,1],\"f\":\"frame.h == 1\",\"v\":true}]},"
			      "{\"l\":\"a\",\"h\":[0,8],\"f\":\"a\",\"i\":[14,2],\"n\":["
			      "{\"l\":\"a.x\",\"h\":[2,4],\"f\":\"a.x == 1\",\"n\":["
			      "{\"l\":\"a.y\",\"h\":[2,1],\"f\":\"a.y == 1\"},"
			      "{\"l\":\"a.y\",\"h\":[3,1],\"f\":\"a.y == 2\"},"
			      "{\"l\":\"a.z\",\"h\":[3,1],\"f\":\"a.z == 2\"}]}]},"
			      "{\"l\":\"b\",\"h\":[1,3],\"ds\":1,\"f\":\"b\"}",
			      VIEWS));
	static const uint32_t want[16] = {3, 3, 5, 7, 4, 4, 3, 3, 0, 0, 0, 0, 0, 0, 3, 3};

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		assert_int_equal(layers_at(&l, 0, i), want[i]);
	assert_int_equal(layers_at(&l, 0, 16), LAYERS_NOWHERE);
	assert_int_equal(layers_at(&l, 0, UINT32_MAX), LAYERS_NOWHERE);
	assert_int_equal(layers_at(&l, 1, 0), LAYERS_NOWHERE);
	assert_int_equal(layers_at(&l, 1, 1), 8);
	assert_int_equal(layers_at(&l, 1, 3), 8);
	assert_int_equal(layers_at(&l, 1, 4), LAYERS_NOWHERE);
	assert_int_equal(layers_at(&l, 2, 0), LAYERS_NOWHERE);
	assert_int_equal(layers_at(&l, LAYERS_NO_VIEW, 0), LAYERS_NOWHERE);
	assert_int_equal(layers_find(&l, "frame", 0), 0);
	assert_int_equal(layers_find(&l, "a.y", 0), 5);
	assert_int_equal(layers_find(&l, "a.y", 1), 6);
	assert_int_equal(layers_find(&l, "a.y", 2), LAYERS_NOWHERE);
	assert_int_equal(layers_find(&l, "a.", 0), LAYERS_NOWHERE);
	assert_int_equal(layers_find(&l, "a.y == 1", 0), LAYERS_NOWHERE);
	assert_int_equal(layers_find(&l, "", 0), LAYERS_NOWHERE);
	layers_done(&l);
}

/* Where all that stands for a byte was worked out, that is what it is. */
static void a_byte_of_generated_items_only(void **state)
{
	struct layers l = sharkd(ANSWER("{\"l\":\"g\",\"h\":[0,2],\"f\":\"g\",\"g\":true},"
					"{\"l\":\"big\",\"h\":[1,8],\"f\":\"big\"}",
					BYTES));

	(void)state;
	assert_int_equal(layers_at(&l, 0, 0), 0);
	assert_int_equal(layers_at(&l, 0, 1), 1);
	assert_int_equal(layers_at(&l, 0, 2), 1);
	layers_done(&l);
}

/* ---- output ---- */

static const char *tree(const struct layers *l, uint32_t mark, bool hidden)
{
	static char text[1024];
	struct buf out = {0};

	layers_put_tree(l, mark, hidden, &out);
	assert_true(out.n < sizeof(text));
	memcpy(text, out.p, out.n);
	text[out.n] = '\0';
	buf_done(&out);
	return text;
}

static void trees_as_text(void **state)
{
	struct layers l = sharkd(ANSWER(
		"{\"l\":\"Frame\",\"t\":\"proto\",\"s\":\"Error\",\"n\":["
		"{\"l\":\"Made\",\"g\":true},{\"l\":\"Secret\",\"v\":true,\"s\":\"Error\"}]},"
		"{\"l\":\"Eth\",\"t\":\"proto\"}",
		BYTES));

	(void)state;
	assert_string_equal(tree(&l, LAYERS_NOWHERE, false), "  Frame  (error)\n"
							     "      [Made]\n"
							     "  Eth\n");
	assert_string_equal(tree(&l, 3, true), "  Frame  (error)\n"
					       "      [Made]\n"
					       "      Secret\n"
					       "> Eth\n");
	layers_done(&l);
}

/* An answer whose every text is hostile. */
static struct layers hostile_layers(void)
{
	struct buf text = {0};
	struct layers l;

	buf_puts(&text, "{\"result\":{\"tree\":[{\"l\":");
	buf_json(&text, hostile, sizeof(hostile) - 1);
	buf_puts(&text, ",\"f\":");
	buf_json(&text, hostile, sizeof(hostile) - 1);
	buf_puts(&text, "}],\"bytes\":\"QQ==\",\"ds\":[{\"name\":");
	buf_json(&text, hostile, sizeof(hostile) - 1);
	buf_puts(&text, ",\"bytes\":\"QQ==\"}],\"fol\":[[");
	buf_json(&text, hostile, sizeof(hostile) - 1);
	buf_puts(&text, ",\"x\\u0000y\"]]}}");
	buf_putc(&text, '\0');
	l = sharkd(text.p);
	buf_done(&text);
	return l;
}

static void hostile_labels_are_harmless(void **state)
{
	struct layers l = hostile_layers();
	const char *text = tree(&l, LAYERS_NOWHERE, false);

	(void)state;
	expect_inside(&l);
	for (size_t i = 0; text[i + 1]; i++)
		assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "z"));
	layers_done(&l);
	l = pdml("<field name=\"x\" showname=\"a&#x202e;&#10;&#9;b &lt;&amp;&quot;\"/>");
	text = tree(&l, LAYERS_NOWHERE, false);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "b <&\""));
	layers_done(&l);
}

/* tshark prints some texts as they are in the frame. */
static void pdml_that_is_no_xml(void **state)
{
	struct layers l = pdml("<field name=\"x\" showname=\"a\xff\x01\x1b\xc0\xe2\x82z\xc3\xa4\"/>"
			       "<field name=\"\xef\xbf\xbf\xf0\x9f\x98\x80\"/>\xfe");

	(void)state;
	assert_int_equal(l.nodes, 2);
	assert_string_equal(said(&l, l.node[0].label),
			    "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbdz\xc3\xa4");
	assert_string_equal(said(&l, l.node[1].label), "\xef\xbf\xbd\xf0\x9f\x98\x80");
	layers_done(&l);
}

static struct json_object *parsed(const struct layers *l)
{
	struct buf out = {0};
	struct json_object *o;

	layers_put_json(l, &out);
	assert_null(memchr(out.p, '\n', out.n));
	buf_putc(&out, '\0');
	o = json_tokener_parse(out.p);
	assert_non_null(o);
	buf_done(&out);
	return o;
}

static const char *text_in(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static struct json_object *item(struct json_object *o, const char *key, size_t i)
{
	return json_object_array_get_idx(json_object_object_get(o, key), i);
}

/* Nodes of a JSON tree in the order of reading, against those that were put in. Return: how many */
static uint32_t compare(const struct layers *l, uint32_t at, struct json_object *nodes,
			unsigned depth)
{
	for (size_t i = 0; i < json_object_array_length(nodes); i++, at++) {
		struct json_object *o = json_object_array_get_idx(nodes, i), *children;
		const struct layer_node *node = &l->node[at];

		assert_true(at < l->nodes);
		assert_int_equal(node->depth, depth);
		assert_string_equal(text_in(o, "label"), said(l, node->label));
		assert_int_equal(json_object_object_get(o, "view") != NULL,
				 node->view != LAYERS_NO_VIEW);
		if (node->view != LAYERS_NO_VIEW) {
			assert_int_equal(json_object_get_int(json_object_object_get(o, "start")),
					 node->start);
			assert_int_equal(json_object_get_int(json_object_object_get(o, "bytes")),
					 node->bytes);
		}
		if (json_object_object_get_ex(o, "children", &children))
			at = compare(l, at + 1, children, depth + 1) - 1;
	}
	return at;
}

static void json_says_the_same(void **state)
{
	struct layers l = sharkd(
		ANSWER("{\"l\":\"A\",\"h\":[0,4],\"t\":\"proto\",\"f\":\"a\",\"s\":\"Note\",\"n\":["
		       "{\"l\":\"B\",\"n\":[{\"l\":\"C\",\"n\":[{\"l\":\"D\",\"h\":[1,2]}]}]},"
		       "{\"l\":\"E\",\"g\":true,\"v\":true,\"f\":\"e == 5\",\"fnum\":4294967295}]},"
		       "{\"l\":\"F\",\"h\":[2,2],\"ds\":1,\"i\":[4,1]},{\"l\":\"G\"}",
		       VIEWS ",\"fol\":[[\"UDP\",\"udp.stream eq 3\"]]"));
	struct json_object *root = parsed(&l), *a = item(root, "tree", 0), *e, *f;

	(void)state;
	assert_int_equal(compare(&l, 0, json_object_object_get(root, "tree"), 0), l.nodes);
	assert_string_equal(text_in(a, "severity"), "note");
	assert_string_equal(text_in(a, "field"), "a");
	assert_true(json_object_get_boolean(json_object_object_get(a, "protocol")));
	assert_null(json_object_object_get(a, "generated"));
	e = item(a, "children", 1);
	assert_true(json_object_get_boolean(json_object_object_get(e, "generated")));
	assert_true(json_object_get_boolean(json_object_object_get(e, "hidden")));
	assert_string_equal(text_in(e, "filter"), "e == 5");
	assert_string_equal(text_in(e, "field"), "e");
	assert_int_equal(json_object_get_int64(json_object_object_get(e, "frame")), UINT32_MAX);
	f = item(root, "tree", 1);
	assert_int_equal(json_object_get_int(json_object_object_get(f, "after")), 4);
	assert_int_equal(json_object_get_int(json_object_object_get(f, "after_bytes")), 1);
	assert_string_equal(text_in(item(root, "views", 0), "hex"),
			    "30313233343536373839616263646566");
	assert_string_equal(text_in(item(root, "views", 1), "name"), "Reassembled (5 bytes)");
	assert_string_equal(text_in(item(root, "streams", 0), "kind"), "UDP");
	assert_string_equal(text_in(item(root, "streams", 0), "filter"), "udp.stream eq 3");
	assert_null(json_object_object_get(root, "cut"));
	json_object_put(root);
	layers_done(&l);
}

static void json_of_hostile_text_is_json(void **state)
{
	struct layers l = hostile_layers();
	struct json_object *root = parsed(&l);

	(void)state;
	assert_int_equal(compare(&l, 0, json_object_object_get(root, "tree"), 0), 1);
	assert_string_equal(text_in(item(root, "tree", 0), "filter"),
			    text_in(item(root, "tree", 0), "label"));
	json_object_put(root);
	layers_done(&l);
	l = sharkd("{\"result\":{\"tree\":[]}}");
	root = parsed(&l);
	assert_int_equal(json_object_array_length(json_object_object_get(root, "tree")), 0);
	json_object_put(root);
	layers_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_sharkd_says_arrives),
		cmocka_unit_test(all_that_pdml_says_arrives),
		cmocka_unit_test(protocols_of_another_view),
		cmocka_unit_test(ranges_are_cut_to_their_view),
		cmocka_unit_test(severities_are_wiresharks),
		cmocka_unit_test(a_tree_that_is_too_deep_is_cut),
		cmocka_unit_test(an_absurd_depth_ends_nothing),
		cmocka_unit_test(views_are_bounded),
		cmocka_unit_test(what_is_no_frame_is_refused),
		cmocka_unit_test(wrong_kinds_are_nothing),
		cmocka_unit_test(bytes_and_fields_lead_to_each_other),
		cmocka_unit_test(a_byte_of_generated_items_only),
		cmocka_unit_test(trees_as_text),
		cmocka_unit_test(hostile_labels_are_harmless),
		cmocka_unit_test(pdml_that_is_no_xml),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(json_of_hostile_text_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
