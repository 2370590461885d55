/* server_private.h - what the files of the server share: server, connection, request, answer */
#ifndef SECVF_WEB_SERVER_PRIVATE_H
#define SECVF_WEB_SERVER_PRIVATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "web/auth.h"
#include "web/download.h"
#include "web/events.h"
#include "web/guard.h"
#include "web/query.h"
#include "web/route.h"
#include "web/server.h"

struct server {
	struct server_config config;
	struct MHD_Daemon *daemon;
	int fd; /* that it listens at; closed by libmicrohttpd, or once it is quiesced by us */
	struct auth auth;
	struct guard guard;
	struct events events;
	struct downloads downloads;
	struct buf certificate, key;
	char url[512];
	/* Calls of the panel; none begins once @stopping */
	pthread_mutex_t calls_lock;
	pthread_cond_t calls_over;
	unsigned calls;
	bool stopping;
	/* For metrics alone; relaxed */
	atomic_ullong requests, refused;
};

/** struct head - The headers that we look at; borrowed from libmicrohttpd; NULL: not there */
struct head {
	const char *host, *origin, *authorization, *content_type, *content_length;
	const char *content_encoding, *transfer_encoding, *accept_encoding;
	const char *fetch_site, *fetch_mode, *expect;
	bool cookie_ok; /* one of the cookies has the token */
	bool doubled;	/* one that there may be once came twice */
};

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	struct guarded *guarded;
	char *target;	/* as it came; the query is cut off when it is looked at */
	bool too_long;	/* the target */
	bool begun;	/* the head has been looked at */
	bool head_only; /* HEAD */
	bool gzip;
	const struct route *route;
	struct route_arg arg;
	struct query query;
	struct json_object *body_json;
	struct buf body;
	uint64_t body_bytes; /* that came */
	/* Not 0: how it is refused once its body is there */
	unsigned status;
	struct err err;
	char allow[ROUTE_ALLOW_MAX];
	bool challenge; /* 401 */
	bool let_in;	/* GET /?token=: 303 and the cookie */
	bool at_once;	/* the body can't be read to its end */
};

/* ---- admit.c ---- */

/** admit() - Look at the head: fills @r->route and what goes with it, or @r->status and @r->err */
void admit(struct request *r, const char *method);

/** admit_refuse() - Set status and words of a refusal. Return: false */
bool admit_refuse(struct request *r, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** admit_body() - Once the body is there: parse and check it. Return: false, refused */
bool admit_body(struct request *r);

/* ---- answer.c ---- */

enum answer_cache {
	ANSWER_NO_STORE,
	ANSWER_ASK, /* kept, but asked for each time */
	ANSWER_KEEP,
};

/** answer_buf() - Send @body, which is taken, zeroed */
enum MHD_Result answer_buf(struct request *r, unsigned status, const char *mime, struct buf *body,
			   enum answer_cache cache);

/** answer_bytes() - Send bytes that stay for ever */
enum MHD_Result answer_bytes(struct request *r, const char *mime, const void *bytes, size_t n,
			     enum answer_cache cache);

/** answer_refused() - Send r->status and r->err as JSON */
enum MHD_Result answer_refused(struct request *r);

/** answer_let_in() - Send 303 and the cookies */
enum MHD_Result answer_let_in(struct request *r);

/** answer_events(), answer_export() - Begin a stream, or refuse */
enum MHD_Result answer_events(struct request *r);
enum MHD_Result answer_export(struct request *r);

/** answer_head() - The headers that each answer has. *response may be NULL; it is where memory runs
 * out */
void answer_head(struct MHD_Response **response, const char *mime, enum answer_cache cache);

/** answer_queue() - Hand @response on and let go of it; NULL: the connection ends */
enum MHD_Result answer_queue(struct request *r, unsigned status, struct MHD_Response *response);

/* ---- api.c ---- */

/** api_answer() - Ask the panel, and send what it says */
enum MHD_Result api_answer(struct request *r);

/** api_failed() - Set status and words of a refusal by what the panel said */
void api_failed(struct request *r, enum panel_result result, const struct err *err);

/* ---- server.c ---- */

/** server_call_begin() - Before the panel is asked. Return: false where the server ends */
bool server_call_begin(struct server *s);
void server_call_end(struct server *s);

#endif
