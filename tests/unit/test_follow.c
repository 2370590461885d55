/* test_follow.c - what a stream carried, from either source
 *
 * Goal: sharkd's answer and tshark's print of a stream give the same pieces, ends and bytes; broken
 * ones end in a message and never in more than they said; each form of output says what is there.
 *
 * Method: both are written from one list of random pieces; the output is compared whole, the JSON
 * read again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/follow.h"

#define PIECES 40

struct piece {
	unsigned char bytes[64];
	size_t n;
	bool from_server;
};

static void put_sharkd(struct buf *b, const struct piece *piece, unsigned n, const char *host)
{
	buf_printf(b,
		   "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"shost\":\"%s\",\"sport\":\"80\","
		   "\"sbytes\":1,\"chost\":\"%s\",\"cport\":\"52404\",\"cbytes\":1,\"payloads\":[",
		   host, host);
	for (unsigned i = 0; i < n; i++) {
		unsigned char base64[100];

		EVP_EncodeBlock(base64, piece[i].bytes, (int)piece[i].n);
		buf_printf(b, "%s{\"n\":%u,\"d\":\"%s\"%s}", i ? "," : "", i + 10,
			   (const char *)base64, piece[i].from_server ? ",\"s\":1" : "");
	}
	buf_puts(b, "]}}");
	buf_putc(b, '\0');
}

static void put_tshark(struct buf *b, const struct piece *piece, unsigned n, const char *host)
{
	buf_puts(b, "\n==================\nFollow: tcp,raw\nFilter: tcp.stream eq 0\n");
	buf_printf(b, "Node 0: %s:52404\nNode 1: %s:80\n", host, host);
	for (unsigned i = 0; i < n; i++) {
		buf_puts(b, piece[i].from_server ? "\t" : "");
		for (size_t k = 0; k < piece[i].n; k++)
			buf_printf(b, "%02x", piece[i].bytes[k]);
		buf_putc(b, '\n');
	}
	buf_puts(b, "==================\n");
	buf_putc(b, '\0');
}

static struct follow of_sharkd(const char *text)
{
	struct follow f = {0};
	struct err err = {0};

	if (!follow_from_sharkd(&f, text, strlen(text), &err))
		fail_msg("%s", err.text);
	return f;
}

static struct follow of_tshark(const char *text)
{
	struct follow f = {0};
	struct err err = {0};

	if (!follow_from_tshark(&f, text, strlen(text), &err))
		fail_msg("%s", err.text);
	return f;
}

static void expect_pieces(const struct follow *f, const struct piece *piece, unsigned n)
{
	uint64_t bytes[2] = {0};

	assert_int_equal(f->pieces, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(f->piece[i].from_server, piece[i].from_server);
		assert_int_equal(f->piece[i].n, piece[i].n);
		assert_memory_equal(f->bytes.p + f->piece[i].at, piece[i].bytes, piece[i].n);
		bytes[piece[i].from_server] += piece[i].n;
	}
	assert_int_equal(f->client_bytes, bytes[0]);
	assert_int_equal(f->server_bytes, bytes[1]);
	assert_int_equal(f->bytes.n, bytes[0] + bytes[1]);
	assert_false(f->cut);
}

static void both_sources_agree(void **state)
{
	uint32_t random = 12345;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct piece piece[PIECES];
		unsigned n = round % PIECES;
		struct buf a = {0}, b = {0};
		struct follow f, g;

		for (unsigned i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			piece[i].n = 1 + (random >> 16) % 63;
			piece[i].from_server = random >> 31;
			for (size_t k = 0; k < piece[i].n; k++)
				piece[i].bytes[k] = (unsigned char)((random >> 8) * (k + 7));
		}
		put_sharkd(&a, piece, n, "192.0.2.1");
		put_tshark(&b, piece, n, "192.0.2.1");
		f = of_sharkd(a.p);
		g = of_tshark(b.p);
		expect_pieces(&f, piece, n);
		expect_pieces(&g, piece, n);
		assert_string_equal(f.client, "192.0.2.1:52404");
		assert_string_equal(f.server, "192.0.2.1:80");
		assert_string_equal(f.client, g.client);
		assert_string_equal(f.server, g.server);
		/* Only sharkd tells frames. */
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(f.piece[i].frame, i + 10);
			assert_int_equal(g.piece[i].frame, 0);
		}
		follow_done(&f);
		follow_done(&g);
		follow_done(&g);
		buf_done(&a);
		buf_done(&b);
	}
}

static void ends_of_ipv6(void **state)
{
	struct buf a = {0}, b = {0};
	struct follow f, g;

	(void)state;
	put_sharkd(&a, NULL, 0, "2001:db8::1");
	put_tshark(&b, NULL, 0, "[2001:db8::1]");
	f = of_sharkd(a.p);
	g = of_tshark(b.p);
	assert_string_equal(f.client, "[2001:db8::1]:52404");
	assert_string_equal(f.client, g.client);
	assert_string_equal(f.server, g.server);
	follow_done(&f);
	follow_done(&g);
	buf_done(&a);
	buf_done(&b);
}

static void what_is_no_stream_is_refused(void **state)
{
	static const char *const answers[] = {
		"", "{", "null", "[]", "{\"error\":{}}", "{\"jsonrpc\":\"2.0\"}",
	};
	static const char *const prints[] = {"", "\n", "tshark: no", "Node 0: a\n", "Node 1: \n"};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct follow f = {0};
		struct err err = {0};

		assert_false(follow_from_sharkd(&f, answers[i], strlen(answers[i]), &err));
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		assert_null(f.piece);
	}
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		struct follow f = {0};
		struct err err = {0};

		assert_false(follow_from_tshark(&f, prints[i], strlen(prints[i]), &err));
		assert_int_equal(err.exit, EXIT_ENVIRONMENT);
		assert_null(f.piece);
	}
}

/* Members that are missing, of the wrong kind or no base64 carry nothing. */
static void broken_pieces_carry_nothing(void **state)
{
	struct follow f = of_sharkd(
		"{\"result\":{\"chost\":null,\"cport\":null,\"shost\":7,\"sport\":\"80\","
		"\"payloads\":[null,7,{},{\"d\":null},{\"d\":7},{\"d\":\"!!!!\"},{\"d\":\"QQ\"},"
		"{\"d\":\"QUI=\",\"s\":1,\"n\":null}]}}");

	(void)state;
	assert_int_equal(f.client_bytes, 0);
	assert_int_equal(f.server_bytes, 2);
	assert_int_equal(f.bytes.n, 2);
	assert_memory_equal(f.bytes.p, "AB", 2);
	assert_string_equal(f.client, "");
	follow_done(&f);
	f = of_sharkd("{\"result\":null}");
	assert_int_equal(f.pieces, 0);
	follow_done(&f);
	f = of_sharkd("{\"result\":{\"payloads\":{}}}");
	assert_int_equal(f.pieces, 0);
	follow_done(&f);
	f = of_tshark("Node 0: a:1\nNode 1: b:2\n4\nzz\n4142\n414\n\t\n\t4x\n\n43");
	assert_int_equal(f.bytes.n, 4);
	assert_memory_equal(f.bytes.p, "ABAC", 4);
	assert_int_equal(f.client_bytes, 4);
	follow_done(&f);
}

static void a_long_name_is_cut(void **state)
{
	struct buf text = {0};
	struct follow f;

	(void)state;
	buf_puts(&text, "{\"result\":{\"cport\":\"1\",\"chost\":\"");
	for (int i = 0; i < 1000; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\"}}");
	buf_putc(&text, '\0');
	f = of_sharkd(text.p);
	assert_int_equal(strlen(f.client), sizeof(f.client) - 1);
	follow_done(&f);
	buf_done(&text);
	buf_puts(&text, "Node 0: ");
	for (int i = 0; i < 1000; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\nNode 1: y:1\n");
	buf_putc(&text, '\0');
	f = of_tshark(text.p);
	assert_int_equal(strlen(f.client), sizeof(f.client) - 1);
	follow_done(&f);
	buf_done(&text);
}

/* ---- output ---- */

static const struct piece three[] = {
	{"GET /\r\n\r\n", 9, false},
	{"\x1b[31m\xff\0\x7f\ttab", 12, true},
	{"bye", 3, false},
};

static struct follow sample(void)
{
	struct buf text = {0};
	struct follow f;

	put_sharkd(&text, three, 3, "192.0.2.1");
	f = of_sharkd(text.p);
	buf_done(&text);
	return f;
}

static const char *put(const struct follow *f, enum follow_form form, size_t *n)
{
	static char text[2048];
	struct buf out = {0};

	follow_put(f, form, &out);
	assert_true(out.n < sizeof(text));
	memcpy(text, out.p, out.n);
	text[out.n] = '\0';
	*n = out.n;
	buf_done(&out);
	return text;
}

static void each_form(void **state)
{
	struct follow f = sample();
	const char *text;
	size_t n;

	(void)state;
	assert_string_equal(put(&f, FOLLOW_TEXT, &n),
			    "client 192.0.2.1:52404, 12 bytes; server 192.0.2.1:80, 12 bytes\n"
			    "---- client, frame 10, 9 bytes\nGET /\n\n"
			    "---- server, frame 11, 12 bytes\n.[31m...\ttab\n"
			    "---- client, frame 12, 3 bytes\nbye\n");
	text = put(&f, FOLLOW_RAW, &n);
	assert_int_equal(n, 24);
	assert_memory_equal(text, "GET /\r\n\r\n\x1b[31m\xff\0\x7f\ttabbye", 24);
	text = put(&f, FOLLOW_HEX, &n);
	assert_non_null(strstr(text, "---- server, frame 11, 12 bytes\n"
				     "0000  1b 5b 33 31 6d ff 00 7f"));
	for (size_t i = 0; i < n; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	f.cut = true;
	assert_non_null(strstr(put(&f, FOLLOW_TEXT, &n), "; cut, as there is more\n"));
	follow_done(&f);
}

static void json_says_the_same(void **state)
{
	static const char *const hex[] = {"474554202f0d0a0d0a", "1b5b33316dff007f09746162",
					  "627965"};
	struct follow f = sample();
	struct json_object *root, *pieces, *o;
	size_t n;

	(void)state;
	root = json_tokener_parse(put(&f, FOLLOW_JSON, &n));
	assert_non_null(root);
	assert_string_equal(json_object_get_string(json_object_object_get(root, "client")),
			    "192.0.2.1:52404");
	assert_int_equal(json_object_get_int(json_object_object_get(root, "server_bytes")), 12);
	assert_false(json_object_get_boolean(json_object_object_get(root, "cut")));
	pieces = json_object_object_get(root, "pieces");
	assert_int_equal(json_object_array_length(pieces), 3);
	for (size_t i = 0; i < 3; i++) {
		o = json_object_array_get_idx(pieces, i);
		assert_string_equal(json_object_get_string(json_object_object_get(o, "hex")),
				    hex[i]);
		assert_string_equal(json_object_get_string(json_object_object_get(o, "from")),
				    i == 1 ? "server" : "client");
		assert_int_equal(json_object_get_int(json_object_object_get(o, "frame")), 10 + i);
	}
	json_object_put(root);
	follow_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sources_agree),
		cmocka_unit_test(ends_of_ipv6),
		cmocka_unit_test(what_is_no_stream_is_refused),
		cmocka_unit_test(broken_pieces_carry_nothing),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(each_form),
		cmocka_unit_test(json_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
