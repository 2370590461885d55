/* server.c - the panel's HTTP server: its start, its connections, its end */
#include "web/server.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/port_posix.h"
#include "web/body.h"
#include "web/listen.h"
#include "web/server_private.h"
#include "web/timed.h"

/* ---- calls of the panel ---- */

bool server_call_begin(struct server *s)
{
	bool begun;

	pthread_mutex_lock(&s->calls_lock);
	begun = !s->stopping;
	s->calls += begun;
	pthread_mutex_unlock(&s->calls_lock);
	return begun;
}

void server_call_end(struct server *s)
{
	pthread_mutex_lock(&s->calls_lock);
	s->calls--;
	pthread_cond_signal(&s->calls_over);
	pthread_mutex_unlock(&s->calls_lock);
}

static void refuse_calls(struct server *s)
{
	pthread_mutex_lock(&s->calls_lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->calls_lock);
}

static bool await_calls(struct server *s)
{
	uint64_t until_ns = clock_now_ns() + s->config.stop_ns;
	bool over;

	pthread_mutex_lock(&s->calls_lock);
	while (s->calls && clock_now_ns() < until_ns)
		timed_wait(&s->calls_over, &s->calls_lock, until_ns);
	over = s->calls == 0;
	pthread_mutex_unlock(&s->calls_lock);
	return over;
}

/* ---- connections and requests, on their threads ---- */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *s = ctx;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*socket_ctx)
			guard_remove(&s->guard, *socket_ctx);
		free(*socket_ctx);
		*socket_ctx = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*socket_ctx = info ? malloc(sizeof(struct guarded)) : NULL;
	if (*socket_ctx)
		guard_add(&s->guard, *socket_ctx, info->connect_fd,
			  s->config.head_ns < SERVER_FIRST_NS ? s->config.head_ns
							      : SERVER_FIRST_NS);
}

/* The first that is known of a request: its target, before anything is undone in it. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct server *s = ctx;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct request *r = calloc(1, sizeof(*r));

	atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
	if (!r)
		return NULL;
	r->server = s;
	r->connection = connection;
	r->guarded = info ? info->socket_context : NULL;
	r->too_long = strlen(target) > SERVER_TARGET_MAX;
	r->target = strdup(r->too_long ? "" : target);
	return r;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **request_ctx,
			 enum MHD_RequestTerminationCode code)
{
	struct server *s = ctx;
	struct request *r = *request_ctx;

	(void)connection;
	(void)code;
	if (!r)
		return;
	if (r->guarded)
		guard_set(&s->guard, r->guarded, s->config.head_ns);
	json_object_put(r->body_json);
	buf_done(&r->body);
	free(r->target);
	free(r);
	*request_ctx = NULL;
}

/* Return: false where it goes on for too long */
static bool take_body(struct request *r, const char *p, size_t n)
{
	r->body_bytes += n;
	if (!r->status && r->body_bytes <= BODY_BYTES_MAX)
		buf_put(&r->body, p, n);
	return r->body_bytes <= SERVER_DISCARD_MAX;
}

/* libmicrohttpd calls it with the head, with each piece of the body, and at the end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **request_ctx)
{
	struct server *s = ctx;
	struct request *r = *request_ctx;

	(void)connection;
	(void)url;
	(void)version;
	if (!r || !r->target || !r->guarded)
		return MHD_NO; /* out of memory */
	if (!r->begun) {
		r->begun = true;
		guard_set(&s->guard, r->guarded, s->config.body_ns);
		admit(r, method);
		return r->at_once ? answer_refused(r) : MHD_YES;
	}
	if (*upload_n) {
		size_t n = *upload_n;

		*upload_n = 0;
		return take_body(r, upload, n) ? MHD_YES : MHD_NO;
	}
	if (r->let_in)
		return answer_let_in(r);
	if (r->status || !admit_body(r))
		return answer_refused(r);
	return api_answer(r);
}

/* ---- start ---- */

static bool check_config(const struct server_config *c, struct err *err)
{
	if (!c->certificate != !c->key) {
		err_set(err, EXIT_USAGE, "a certificate goes with its private key: give both");
		return false;
	}
	if (c->certificate && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		err_set(err, EXIT_ENVIRONMENT,
			"this libmicrohttpd was built without TLS; listen at 127.0.0.1 without a "
			"certificate");
		return false;
	}
	if (!c->certificate && !listen_is_loopback(c->address)) {
		err_set(err, EXIT_USAGE,
			"listening at %s would show the captures to the network in the clear; give "
			"a certificate and its private key, or listen at 127.0.0.1 and come "
			"through 'ssh -L'",
			c->address);
		return false;
	}
	return true;
}

static void take_defaults(struct server_config *c)
{
	if (!c->address)
		c->address = "127.0.0.1";
	if (!c->head_ns)
		c->head_ns = SERVER_HEAD_NS;
	if (!c->body_ns)
		c->body_ns = SERVER_BODY_NS;
	if (!c->send_ns)
		c->send_ns = SERVER_SEND_NS;
	if (!c->piece_ns)
		c->piece_ns = SERVER_PIECE_NS;
	if (!c->stop_ns)
		c->stop_ns = SERVER_STOP_NS;
}

static void make_url(struct server *s)
{
	const struct auth *a = &s->auth;
	const char *host = s->config.name ? s->config.name : a->any ? "localhost" : a->bound;
	bool six = strchr(host, ':') != NULL;

	snprintf(s->url, sizeof(s->url), "%s://%s%.255s%s:%u/?token=%s", a->tls ? "https" : "http",
		 six ? "[" : "", host, six ? "]" : "", a->port, a->token);
}

static struct MHD_Daemon *start_daemon(struct server *s)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			 MHD_USE_POLL | MHD_USE_ITC;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, s->certificate.p},
				       {MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.p},
				       {MHD_OPTION_HTTPS_PRIORITIES, 0,
					(void *)"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
				       {MHD_OPTION_END, 0, NULL}};

	if (strchr(s->auth.bound, ':'))
		flags |= MHD_USE_IPv6;
	if (s->auth.tls)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	/* No time limit of its own: guard.h. */
	return MHD_start_daemon(flags, s->auth.port, NULL, NULL, on_request, s,
				MHD_OPTION_LISTEN_SOCKET, s->fd, MHD_OPTION_CONNECTION_LIMIT,
				SERVER_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)SERVER_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				s, MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_ARRAY, tls,
				MHD_OPTION_END);
}

/* Return: false with @err, and all that was started ended */
static bool start_threads(struct server *s, struct err *err)
{
	int error = guard_init(&s->guard);

	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "no thread for the server: %s", strerror(-error));
		return false;
	}
	error = events_init(&s->events, s->config.panel);
	if (error) {
		err_set(err, EXIT_ENVIRONMENT, "no thread for the server: %s", strerror(-error));
		guard_done(&s->guard);
		return false;
	}
	s->daemon = start_daemon(s);
	if (s->daemon)
		return true;
	s->fd = -1; /* closed, in most cases of failure; never by us, as it may be another one's */
	err_set(err, EXIT_ENVIRONMENT, "libmicrohttpd does not start at %s port %u%s",
		s->auth.bound, s->auth.port,
		s->auth.tls ? "; it may not take the certificate or its key" : "");
	events_end(&s->events);
	events_done(&s->events);
	guard_done(&s->guard);
	return false;
}

static void free_server(struct server *s)
{
	buf_done(&s->certificate);
	buf_done(&s->key);
	downloads_done(&s->downloads);
	pthread_cond_destroy(&s->calls_over);
	pthread_mutex_destroy(&s->calls_lock);
	free(s);
}

struct server *server_start(const struct server_config *config, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	struct server_config *c;
	sigset_t all, before;
	bool started;

	if (!s) {
		err_set(err, EXIT_ENVIRONMENT, "no memory for a server");
		return NULL;
	}
	s->config = *config;
	c = &s->config;
	take_defaults(c);
	pthread_mutex_init(&s->calls_lock, NULL);
	timed_init(&s->calls_over);
	downloads_init(&s->downloads);
	s->fd = -1;
	if (!check_config(c, err) ||
	    (c->certificate &&
	     !listen_read_pair(c->certificate, c->key, &s->certificate, &s->key, err)))
		goto failed;
	s->fd = listen_open(c->address, &c->port, err);
	if (s->fd < 0 || !auth_init(&s->auth, c->token, c->address, c->port, c->certificate != NULL,
				    c->name, err))
		goto failed;
	make_url(s);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = start_threads(s, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		return s;
failed:
	if (s->fd >= 0)
		close(s->fd);
	free_server(s);
	return NULL;
}

const char *server_url(const struct server *s)
{
	return s->url;
}

uint16_t server_port(const struct server *s)
{
	return s->auth.port;
}

bool server_stop(struct server *s)
{
	struct panel *p = s->config.panel;

	/* From here on nobody comes, and nobody is asked. */
	MHD_quiesce_daemon(s->daemon);
	refuse_calls(s);
	if (p->ops->cancel)
		p->ops->cancel(p);
	events_end(&s->events);
	downloads_end(&s->downloads);
	if (!await_calls(s)) {
		close(s->fd);
		return false;
	}
	MHD_stop_daemon(s->daemon);
	close(s->fd);
	events_done(&s->events);
	guard_done(&s->guard);
	free_server(s);
	return true;
}
