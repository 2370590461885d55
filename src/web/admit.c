/* admit.c - the gates that a request goes through before the panel is asked */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "web/body.h"
#include "web/gzip.h"
#include "web/server_private.h"

bool admit_refuse(struct request *r, unsigned status, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	va_start(ap, fmt);
	vsnprintf(r->err.text, sizeof(r->err.text), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- headers ---- */

struct gather {
	struct head *head;
	const struct auth *auth;
};

static void once(struct head *h, const char **field, const char *value)
{
	if (*field)
		h->doubled = true;
	*field = value;
}

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct gather *g = ctx;
	struct head *h = g->head;
	const struct {
		const char *name;
		const char **field;
	} known[] = {{"Host", &h->host},
		     {"Origin", &h->origin},
		     {"Authorization", &h->authorization},
		     {"Content-Type", &h->content_type},
		     {"Content-Length", &h->content_length},
		     {"Content-Encoding", &h->content_encoding},
		     {"Transfer-Encoding", &h->transfer_encoding},
		     {"Sec-Fetch-Site", &h->fetch_site},
		     {"Sec-Fetch-Mode", &h->fetch_mode},
		     {"Expect", &h->expect}};

	(void)kind;
	if (!value)
		value = "";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(name, known[i].name) == 0)
			once(h, known[i].field, value);
	}
	if (strcasecmp(name, "Accept-Encoding") == 0)
		h->accept_encoding = value; /* a list: any of them will do */
	if (strcasecmp(name, "Cookie") == 0 && auth_cookie_ok(g->auth, value))
		h->cookie_ok = true;
	return MHD_YES;
}

/* ---- gates, in their order; each returns false where it refuses ---- */

/* Where one reads the end of a body in two ways, requests can be hidden in it (RFC 9112, 11.2). */
static bool framing(struct request *r, const struct head *h)
{
	uint64_t n;

	r->at_once = true;
	if (h->doubled)
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST,
				    "a header that there may be once came twice");
	if (h->transfer_encoding && strcasecmp(h->transfer_encoding, "chunked") != 0)
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST,
				    "Transfer-Encoding: only chunked is taken");
	if (h->transfer_encoding && h->content_length)
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST,
				    "Transfer-Encoding and Content-Length exclude each other");
	if (h->content_length && !query_number(h->content_length, 0, UINT64_MAX, &n))
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST, "Content-Length: a number is wanted");
	if (h->content_length && n > BODY_BYTES_MAX && (n > SERVER_DISCARD_MAX || h->expect))
		return admit_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE,
				    "a body of at most %u bytes is taken", BODY_BYTES_MAX);
	r->at_once = false;
	return true;
}

static bool place(struct request *r, const struct head *h, const char *method)
{
	const struct auth *a = &r->server->auth;

	if (r->too_long)
		return admit_refuse(r, MHD_HTTP_URI_TOO_LONG,
				    "a request target of at most %u bytes is taken",
				    SERVER_TARGET_MAX);
	if (!h->host)
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST, "the header Host is missing");
	if (!auth_host_ok(a, h->host))
		return admit_refuse(r, MHD_HTTP_FORBIDDEN,
				    "Host: this server is not reached by that name; open the "
				    "address that 'secvf serve' printed");
	if (h->origin && !auth_origin_ok(a, h->origin))
		return admit_refuse(r, MHD_HTTP_FORBIDDEN,
				    "Origin: requests from other pages are refused");
	if (!auth_fetch_ok(h->fetch_site, strcmp(method, "GET") == 0 ? h->fetch_mode : NULL))
		return admit_refuse(r, MHD_HTTP_FORBIDDEN,
				    "Sec-Fetch-Site: requests from other pages are refused");
	if (r->target[0] != '/')
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST,
				    "a request target that begins with '/' is wanted");
	return true;
}

static bool no_token(struct request *r)
{
	r->challenge = true;
	return admit_refuse(r, MHD_HTTP_UNAUTHORIZED,
			    "this needs the token: open the address that 'secvf serve' printed, or "
			    "send it as 'Authorization: Bearer TOKEN'");
}

static bool is_known(struct request *r, const struct head *h)
{
	return h->cookie_ok ||
	       (h->authorization && auth_bearer_ok(&r->server->auth, h->authorization)) ||
	       no_token(r);
}

/* "/?token=..." lets in who has none yet. Return: false: it is that, and r->let_in or refused */
static bool door(struct request *r, const char *query)
{
	const char *token;

	if (r->route->id != ROUTE_PAGE || !query)
		return true;
	token = r->query.value[0].text;
	if (!r->query.value[0].given)
		return true;
	if (!auth_token_ok(&r->server->auth, token, strlen(token)))
		return no_token(r);
	r->let_in = true;
	return false;
}

static bool way(struct request *r, const char *method)
{
	switch (route_find(method, r->target, &r->route, &r->arg, r->allow)) {
	case ROUTE_FOUND: return true;
	case ROUTE_NO_PATH:
		return admit_refuse(r, MHD_HTTP_NOT_FOUND,
				    "there is nothing by this path; docs/openapi.json has those "
				    "that there are");
	case ROUTE_NO_METHOD: break;
	}
	return admit_refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "the methods here are %s", r->allow);
}

static bool is_json(const char *type)
{
	size_t n = strcspn(type, "; \t");

	if (n != 16 || strncasecmp(type, "application/json", n) != 0)
		return false;
	type += n;
	type += strspn(type, "; \t");
	return !*type || strcasecmp(type, "charset=utf-8") == 0 ||
	       strcasecmp(type, "charset=\"utf-8\"") == 0;
}

/* A page from elsewhere can post forms and texts without asking first, but no JSON. */
static bool content(struct request *r, const struct head *h)
{
	if (h->content_encoding && strcasecmp(h->content_encoding, "identity") != 0)
		return admit_refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
				    "Content-Encoding: bodies are taken as they are only");
	if (!route_changes(r->route))
		return true;
	if (!h->content_type || !is_json(h->content_type))
		return admit_refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
				    "Content-Type: application/json is wanted");
	if (r->route->body_needed && !h->content_length && !h->transfer_encoding)
		return admit_refuse(r, MHD_HTTP_LENGTH_REQUIRED,
				    "a body is wanted, with its Content-Length");
	return true;
}

void admit(struct request *r, const char *method)
{
	struct head h = {0};
	struct gather g = {&h, &r->server->auth};
	char *query = strchr(r->target, '?');
	struct err err = {0};

	MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header, &g);
	r->head_only = strcmp(method, "HEAD") == 0;
	r->gzip = gzip_accepted(h.accept_encoding);
	if (query)
		*query++ = '\0';
	if (!framing(r, &h) || !place(r, &h, method))
		return;
	/* Who has no token learns nothing of what there is, save the door. */
	if (strcmp(r->target, "/") != 0 && !is_known(r, &h))
		return;
	if (!way(r, method))
		return;
	if (!query_parse(&r->query, r->route->query, query, &err)) {
		admit_refuse(r, MHD_HTTP_BAD_REQUEST, "%s", err.text);
		return;
	}
	if (!door(r, query) || !is_known(r, &h))
		return;
	content(r, &h);
}

bool admit_body(struct request *r)
{
	struct err err = {0};

	if (r->body_bytes > BODY_BYTES_MAX)
		return admit_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE,
				    "a body of at most %u bytes is taken", BODY_BYTES_MAX);
	if (r->body.failed)
		return admit_refuse(r, MHD_HTTP_INTERNAL_SERVER_ERROR,
				    "no memory to read the body");
	if (!route_changes(r->route))
		return !r->body_bytes ||
		       admit_refuse(r, MHD_HTTP_BAD_REQUEST, "no body is wanted here");
	if (r->route->body_needed && !r->body_bytes)
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST, "the body: an object is wanted");
	r->body_json = body_parse(r->body.p, r->body.n, &err);
	if (!r->body_json && err.exit == EXIT_ENVIRONMENT)
		return admit_refuse(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", err.text);
	if (!r->body_json || !body_check(r->body_json, r->route->body, &err))
		return admit_refuse(r, MHD_HTTP_BAD_REQUEST, "%s", err.text);
	return true;
}
