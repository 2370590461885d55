/* follow.c - the pieces of a stream */
#include "analysis/follow.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/hexdump.h"

static struct follow_piece *add(struct follow *f, bool from_server, uint32_t frame)
{
	if (f->pieces == f->pieces_cap) {
		uint32_t cap = f->pieces_cap ? f->pieces_cap * 2 : 64;
		struct follow_piece *piece = realloc(f->piece, cap * sizeof(*piece));

		if (!piece)
			return NULL;
		f->piece = piece;
		f->pieces_cap = cap;
	}
	f->piece[f->pieces] = (struct follow_piece){
		.at = (uint32_t)f->bytes.n, .frame = frame, .from_server = from_server};
	return &f->piece[f->pieces++];
}

static void counted(struct follow *f, struct follow_piece *piece)
{
	piece->n = (uint32_t)(f->bytes.n - piece->at);
	*(piece->from_server ? &f->server_bytes : &f->client_bytes) += piece->n;
}

/* Return: whether there is room for @n bytes more */
static bool fits(struct follow *f, size_t n)
{
	f->cut |= n > FOLLOW_BYTES_MAX - f->bytes.n;
	return !f->cut;
}

void follow_done(struct follow *f)
{
	free(f->piece);
	buf_done(&f->bytes);
	*f = (struct follow){0};
}

static bool settle(struct follow *f, bool ok, struct err *err)
{
	ok = ok && !f->bytes.failed;
	if (!ok) {
		err_set(err, EXIT_ENVIRONMENT, "no memory for the stream");
		follow_done(f);
	}
	return ok;
}

/* ---- sharkd ---- */

static bool add_base64(struct follow *f, struct json_object *o)
{
	struct json_object *value;
	const char *base64 = "";
	struct follow_piece *piece;
	size_t n = 0;
	int bytes = 0;
	bool from_server = json_object_object_get_ex(o, "s", &value);
	uint32_t frame = json_object_object_get_ex(o, "n", &value)
				 ? (uint32_t)json_object_get_uint64(value)
				 : 0;

	if (json_object_object_get_ex(o, "d", &value) && value) {
		base64 = json_object_get_string(value);
		n = strlen(base64);
	}
	if (n % 4 || !fits(f, n))
		return true;
	piece = add(f, from_server, frame);
	if (!piece || !buf_reserve(&f->bytes, n + 1))
		return false;
	if (n)
		bytes = EVP_DecodeBlock((unsigned char *)f->bytes.p + f->bytes.n,
					(const unsigned char *)base64, (int)n);
	for (size_t i = n; i && bytes > 0 && base64[i - 1] == '='; i--)
		bytes--;
	f->bytes.n += bytes > 0 ? (size_t)bytes : 0;
	counted(f, piece);
	return true;
}

static void put_end(char out[128], struct json_object *result, const char *host, const char *port)
{
	struct json_object *h, *p;

	if (!json_object_object_get_ex(result, host, &h) ||
	    !json_object_object_get_ex(result, port, &p) || !h || !p)
		return;
	snprintf(out, 128, strchr(json_object_get_string(h), ':') ? "[%s]:%s" : "%s:%s",
		 json_object_get_string(h), json_object_get_string(p));
}

bool follow_from_sharkd(struct follow *f, const char *answer, size_t n, struct err *err)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root = NULL, *result, *pieces;
	bool ok = true;

	if (tokener)
		root = json_tokener_parse_ex(tokener, answer, (int)n);
	if (!json_object_object_get_ex(root, "result", &result)) {
		err_set(err, EXIT_ENVIRONMENT, "sharkd's answer is no stream");
		json_object_put(root);
		if (tokener)
			json_tokener_free(tokener);
		return false;
	}
	put_end(f->client, result, "chost", "cport");
	put_end(f->server, result, "shost", "sport");
	if (json_object_object_get_ex(result, "payloads", &pieces) &&
	    json_object_get_type(pieces) == json_type_array) {
		for (size_t i = 0; ok && i < json_object_array_length(pieces); i++)
			ok = add_base64(f, json_object_array_get_idx(pieces, i));
	}
	json_object_put(root);
	json_tokener_free(tokener);
	return settle(f, ok, err);
}

/* ---- tshark ---- */

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A line of hex; a tab before it: from node 1, the server. Lines of one direction that follow each
 * other are pieces of their own, as they were segments. */
static bool add_hex(struct follow *f, const char *line, size_t n)
{
	bool from_server = n && line[0] == '\t';
	struct follow_piece *piece;

	if (!fits(f, n / 2))
		return true;
	piece = add(f, from_server, 0);
	if (!piece || !buf_reserve(&f->bytes, n / 2 + 1))
		return false;
	for (size_t i = from_server; i + 1 < n; i += 2) {
		int high = nibble(line[i]), low = nibble(line[i + 1]);
		unsigned char byte;

		if (high < 0 || low < 0)
			break;
		byte = (unsigned char)(high * 16 + low);
		buf_put(&f->bytes, &byte, 1);
	}
	counted(f, piece);
	return true;
}

static void take_node(char out[128], const char *line, size_t n)
{
	snprintf(out, 128, "%.*s", (int)(n - 8), line + 8);
}

bool follow_from_tshark(struct follow *f, const char *text, size_t n, struct err *err)
{
	const char *end = text + n;
	bool ok = true, begun = false;

	while (ok && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);

		if (line > 8 && strncmp(text, "Node 0: ", 8) == 0)
			take_node(f->client, text, line);
		else if (line > 8 && strncmp(text, "Node 1: ", 8) == 0) {
			take_node(f->server, text, line);
			begun = true;
		} else if (begun && line && text[0] == '=')
			break;
		else if (begun && line)
			ok = add_hex(f, text, line);
		text += line + 1;
	}
	if (!begun) {
		err_set(err, EXIT_ENVIRONMENT, "tshark printed no stream");
		return false;
	}
	return settle(f, ok, err);
}

/* ---- text ---- */

static void put_text(const struct follow *f, const struct follow_piece *piece, struct buf *out)
{
	const char *p = f->bytes.p + piece->at;

	for (uint32_t i = 0; i < piece->n; i++) {
		bool shown = (p[i] >= 0x20 && p[i] < 0x7f) || p[i] == '\n' || p[i] == '\t';

		/* A carriage return would let a row overwrite itself. */
		if (p[i] != '\r')
			buf_put(out, shown ? &p[i] : ".", 1);
	}
	if (piece->n && p[piece->n - 1] != '\n')
		buf_putc(out, '\n');
}

static void put_json(const struct follow *f, struct buf *out)
{
	buf_puts(out, "{\"client\":");
	buf_json(out, f->client, strlen(f->client));
	buf_puts(out, ",\"server\":");
	buf_json(out, f->server, strlen(f->server));
	buf_printf(out,
		   ",\"client_bytes\":%" PRIu64 ",\"server_bytes\":%" PRIu64
		   ",\"cut\":%s,\"pieces\":[",
		   f->client_bytes, f->server_bytes, f->cut ? "true" : "false");
	for (uint32_t i = 0; i < f->pieces; i++) {
		const struct follow_piece *piece = &f->piece[i];

		buf_printf(out, "%s{\"from\":\"%s\"", i ? "," : "",
			   piece->from_server ? "server" : "client");
		if (piece->frame)
			buf_printf(out, ",\"frame\":%" PRIu32, piece->frame);
		buf_puts(out, ",\"hex\":\"");
		buf_hex(out, f->bytes.p + piece->at, piece->n);
		buf_puts(out, "\"}");
	}
	buf_puts(out, "]}\n");
}

void follow_put(const struct follow *f, enum follow_form form, struct buf *out)
{
	if (form == FOLLOW_JSON) {
		put_json(f, out);
		return;
	}
	if (form == FOLLOW_RAW) {
		buf_put(out, f->bytes.p, f->bytes.n);
		return;
	}
	buf_printf(out, "client %s, %" PRIu64 " bytes; server %s, %" PRIu64 " bytes%s\n", f->client,
		   f->client_bytes, f->server, f->server_bytes,
		   f->cut ? "; cut, as there is more" : "");
	for (uint32_t i = 0; i < f->pieces; i++) {
		const struct follow_piece *piece = &f->piece[i];

		buf_printf(out, "---- %s", piece->from_server ? "server" : "client");
		if (piece->frame)
			buf_printf(out, ", frame %" PRIu32, piece->frame);
		buf_printf(out, ", %" PRIu32 " bytes\n", piece->n);
		if (form == FOLLOW_TEXT)
			put_text(f, piece, out);
		else
			hexdump((const unsigned char *)f->bytes.p + piece->at, piece->n, 0, 0, out);
	}
}
