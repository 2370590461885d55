/* server.h - the panel's HTTP server
 *
 * Theory of operation: libmicrohttpd takes at most SERVER_CONNECTIONS_MAX connections, each with a
 * thread of its own, as the panel may take as long as sharkd does for an answer; further ones are
 * closed as they come. Each request goes through the same gates, in this order: length, framing,
 * Host, Origin, token (auth.h), path and method (route.h), parameters (query.h), content type,
 * body (body.h). Then the panel is asked (api.c), or a stream begins (events.h, download.h). What
 * a connection may take of time is bounded by its state (guard.h), of memory by SERVER_MEMORY.
 *
 * Sources: RFC 9110, RFC 9112; libmicrohttpd(3)
 */
#ifndef SECVF_WEB_SERVER_H
#define SECVF_WEB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "web/panel.h"

#define SERVER_CONNECTIONS_MAX 64u
/* A connection's head, and what is being sent of an answer: a request target of SERVER_TARGET_MAX
 * that we can still refuse in words, and headers. */
#define SERVER_MEMORY	  (128u << 10)
#define SERVER_TARGET_MAX (16u << 10)
/* A body that is too long is read to its end up to here, so that its sender sees the answer. */
#define SERVER_DISCARD_MAX (8u << 20)

#define SERVER_FIRST_NS	   UINT64_C(10000000000)  /* until a new connection has a request's head */
#define SERVER_HEAD_NS	   UINT64_C(30000000000)  /* and until it has the next one */
#define SERVER_BODY_NS	   UINT64_C(30000000000)  /* and its body */
#define SERVER_SEND_NS	   UINT64_C(120000000000) /* until an answer was taken */
#define SERVER_PIECE_NS	   UINT64_C(20000000000)  /* a piece of a stream, at most SERVER_MEMORY */
#define SERVER_STOP_NS	   UINT64_C(10000000000)

struct server;

struct server_config {
	struct panel *panel; /* borrowed until server_stop() has returned */
	const char *address; /* IPv4 or IPv6, without brackets; NULL: 127.0.0.1 */
	uint16_t port;	     /* 0: any that is free */
	const char *token;   /* 32 to 128 hexadecimal digits; NULL: made */
	const char
		*certificate; /* PEM files, both or neither; needed unless @address is loopback */
	const char *key;
	const char *name; /* a name that clients reach us by besides localhost, or NULL; borrowed */
	/* For tests: other limits than those above; 0: those */
	uint64_t head_ns, body_ns, send_ns, piece_ns, stop_ns;
};

/**
 * server_start() - Listen and answer
 * @err:  What could not be done, and the remedy
 *
 * Return: the server, with threads that take no signals; NULL with @err
 */
struct server *server_start(const struct server_config *config, struct err *err);

/** server_url() - "http://127.0.0.1:8080/?token=..."; whoever has it is let in. Lives as long as @s
 */
const char *server_url(const struct server *s);

/** server_port() - That it listens at */
uint16_t server_port(const struct server *s);

/**
 * server_stop() - End every connection and free the server
 *
 * Return: false where a call of the panel has not come back within SERVER_STOP_NS: nobody is
 * served any more, but threads are there that use @s and the panel. Both have to stay; end the
 * process
 */
bool server_stop(struct server *s);

#endif
