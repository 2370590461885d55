/* answer.c - what is sent: headers, bodies, streams */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/gzip.h"
#include "web/server_private.h"

#define JSON_MIME "application/json"

/* Where memory runs out there is no answer: one without some of its headers would be worse. */
static void put(struct MHD_Response **response, const char *name, const char *value)
{
	if (!*response || MHD_add_response_header(*response, name, value) == MHD_YES)
		return;
	MHD_destroy_response(*response);
	*response = NULL;
}

void answer_head(struct MHD_Response **response, const char *mime, enum answer_cache cache)
{
	static const char *const caches[] = {"no-store", "private, no-cache",
					     "private, max-age=31536000, immutable"};
	static const struct {
		const char *name, *value;
	} always[] = {
		{"Content-Security-Policy",
		 "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; "
		 "form-action 'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		put(response, always[i].name, always[i].value);
	put(response, "Cache-Control", caches[cache]);
	if (mime)
		put(response, "Content-Type", mime);
}

enum MHD_Result answer_queue(struct request *r, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	guard_set(&r->server->guard, r->guarded, r->server->config.send_ns);
	queued = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

/* Once a JSON answer is as long as that, it is worth the time. */
static bool pack(struct request *r, const void *bytes, size_t n, struct buf *packed)
{
	return r->gzip && n >= GZIP_LEAST && gzip_put(packed, bytes, n);
}

/* @p: from malloc(), taken */
static struct MHD_Response *of_memory(char *p, size_t n)
{
	struct MHD_Response *response;

	if (!p)
		return MHD_create_response_from_buffer(0, (char[]){""}, MHD_RESPMEM_MUST_COPY);
	response = MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(p);
	return response;
}

enum MHD_Result answer_buf(struct request *r, unsigned status, const char *mime, struct buf *body,
			   enum answer_cache cache)
{
	struct buf packed = {0};
	struct MHD_Response *response;
	bool is_packed = !body->failed && pack(r, body->p, body->n, &packed);

	if (is_packed) {
		buf_done(body);
		*body = packed;
	} else {
		buf_done(&packed);
	}
	response = of_memory(body->p, body->n);
	memset(body, 0, sizeof(*body));
	answer_head(&response, mime, cache);
	if (is_packed)
		put(&response, "Content-Encoding", "gzip");
	put(&response, "Vary", "Accept-Encoding");
	if (r->allow[0])
		put(&response, "Allow", r->allow);
	if (r->challenge)
		put(&response, "WWW-Authenticate", "Bearer");
	return answer_queue(r, status, response);
}

enum MHD_Result answer_bytes(struct request *r, const char *mime, const void *bytes, size_t n,
			     enum answer_cache cache)
{
	struct MHD_Response *response;
	struct buf packed = {0};

	/* Images and fonts are small already. */
	if (strncmp(mime, "image/png", 9) != 0 && strncmp(mime, "font/", 5) != 0 &&
	    pack(r, bytes, n, &packed)) {
		response = of_memory(packed.p, packed.n);
		put(&response, "Content-Encoding", "gzip");
	} else {
		buf_done(&packed);
		response =
			MHD_create_response_from_buffer(n, (void *)bytes, MHD_RESPMEM_PERSISTENT);
	}
	answer_head(&response, mime, cache);
	put(&response, "Vary", "Accept-Encoding");
	return answer_queue(r, MHD_HTTP_OK, response);
}

enum MHD_Result answer_refused(struct request *r)
{
	struct buf body = {0};

	atomic_fetch_add_explicit(&r->server->refused, 1, memory_order_relaxed);
	buf_puts(&body, "{\"error\":");
	buf_json(&body, r->err.text, strlen(r->err.text));
	buf_puts(&body, "}\n");
	return answer_buf(r, r->status, JSON_MIME, &body, ANSWER_NO_STORE);
}

enum MHD_Result answer_let_in(struct request *r)
{
	const struct auth *a = &r->server->auth;
	const char *names[] = {"secvf", a->cookie_port};
	struct MHD_Response *response = of_memory(NULL, 0);

	answer_head(&response, NULL, ANSWER_NO_STORE);
	for (unsigned i = 0; i < 2; i++) {
		char cookie[AUTH_TOKEN_MAX + 96];

		/* By its port, too: cookies know no ports, and another server on this host may
		 * set one of the same name. */
		snprintf(cookie, sizeof(cookie), "%s=%s; HttpOnly; SameSite=Strict; Path=/%s",
			 names[i], a->token, a->tls ? "; Secure" : "");
		put(&response, "Set-Cookie", cookie);
	}
	put(&response, "Location", "/");
	return answer_queue(r, MHD_HTTP_SEE_OTHER, response);
}

/* ---- streams ---- */

/* What a stream's callbacks need, which outlives the request that began it */
struct stream {
	struct server *server;
	struct guarded *guarded;
	struct events_listener *listener; /* one of the two */
	struct download *download;
};

/* There is a deadline while a piece is being sent; none while there is nothing to send. */
static ssize_t on_read(void *ctx, uint64_t at, char *to, size_t max)
{
	struct stream *stream = ctx;
	struct server *s = stream->server;
	ssize_t n;

	(void)at;
	guard_set(&s->guard, stream->guarded, GUARD_NONE);
	n = stream->listener ? events_read(stream->listener, to, max)
			     : download_read(stream->download, to, max);
	guard_set(&s->guard, stream->guarded, s->config.piece_ns);
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n;
}

static void on_end(void *ctx)
{
	struct stream *stream = ctx;

	if (stream->listener)
		events_leave(stream->listener);
	if (stream->download) {
		download_close(stream->download);
		server_call_end(stream->server);
	}
	free(stream);
}

/* Return: NULL where memory runs out, and what @from has is ended */
static struct MHD_Response *stream_of(const struct stream *from)
{
	struct stream *stream = malloc(sizeof(*stream));
	struct MHD_Response *response = NULL;

	if (stream) {
		*stream = *from;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, SERVER_MEMORY / 4,
							     on_read, stream, on_end);
	}
	if (response)
		return response;
	free(stream);
	if (from->listener)
		events_leave(from->listener);
	if (from->download) {
		download_close(from->download);
		server_call_end(from->server);
	}
	return NULL;
}

enum MHD_Result answer_events(struct request *r)
{
	struct server *s = r->server;
	struct stream stream = {.server = s, .guarded = r->guarded};
	struct MHD_Response *response;

	if (r->head_only) {
		response = of_memory(NULL, 0);
	} else {
		stream.listener = events_join(&s->events, r->guarded->fd);
		if (!stream.listener) {
			admit_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "%u pages listen to events, which is the most, or the server "
				     "ends; close one",
				     EVENTS_LISTENERS_MAX);
			return answer_refused(r);
		}
		response = stream_of(&stream);
	}
	answer_head(&response, "text/event-stream", ANSWER_NO_STORE);
	return answer_queue(r, MHD_HTTP_OK, response);
}

enum MHD_Result answer_export(struct request *r)
{
	struct server *s = r->server;
	struct stream stream = {.server = s, .guarded = r->guarded};
	struct MHD_Response *response;
	enum panel_result result;
	struct err err = {0};

	stream.download =
		download_open(&s->downloads, s->config.panel, r->body_json, &result, &err);
	if (!stream.download) {
		server_call_end(s);
		api_failed(r, result, &err);
		return answer_refused(r);
	}
	response = stream_of(&stream);
	answer_head(&response, "application/vnd.tcpdump.pcap", ANSWER_NO_STORE);
	put(&response, "Content-Disposition", "attachment; filename=\"secvf.pcapng\"");
	return answer_queue(r, MHD_HTTP_OK, response);
}
