/* route.c - the API's paths, methods, and what each takes */
#include "web/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analysis/values.h"
#include "base/check.h"
#include "web/panel.h"
#include "web/query.h"

#define PATH_BYTES 4095
#define TEXT(n, from, to)                                                      \
	{                                                                      \
		.name = (n), .kind = FIELD_TEXT, .least = (from), .most = (to) \
	}
#define NEEDED(n, from, to)                                                                      \
	{                                                                                        \
		.name = (n), .kind = FIELD_TEXT, .required = true, .least = (from), .most = (to) \
	}
#define NUMBER(n, from, to, or_else)                                              \
	{                                                                         \
		.name = (n), .kind = FIELD_NUMBER, .least = (from), .most = (to), \
		.otherwise = (or_else)                                            \
	}
#define FRAME(n)                                                                 \
	{                                                                        \
		.name = (n), .kind = FIELD_NUMBER, .required = true, .least = 1, \
		.most = FIELD_NUMBER_MAX                                         \
	}
#define WORD(n, list)                                            \
	{                                                        \
		.name = (n), .kind = FIELD_WORD, .words = (list) \
	}
#define TEXTS(n, to, count)                                                                  \
	{                                                                                    \
		.name = (n), .kind = FIELD_TEXTS, .least = 1, .most = (to), .items = (count) \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

static const char *const decode_words[] = {"auto", "full", "lean", "summary", "off", NULL};
static const char *const kind_words[] = {"tcp", "udp", "tls", "http", "http2", "quic", NULL};
static const char *const theme_words[] = {"system", "light", "dark", NULL};
static const char *const density_words[] = {"dense", "comfortable", NULL};
static const char *const time_words[] = {"relative", "absolute", "delta", NULL};

static const struct field frame_arg = FRAME("id");
static const struct field saved_arg = NEEDED("name", 1, 128);
static const struct field asset_arg = NEEDED("name", 1, 200);

static const struct field token_query[] = {TEXT("token", 1, 128), END};
static const struct field filter_query[] = {NEEDED("filter", 0, PANEL_FILTER_MAX), END};
static const struct field complete_query[] = {TEXT("prefix", 0, 256), NUMBER("limit", 1, 1000, 50),
					      END};
static const struct field rows_query[] = {NUMBER("from", 0, FIELD_NUMBER_MAX, 0),
					  NUMBER("count", 1, 1000, 100), END};
static const struct field rank_query[] = {FRAME("id"), END};
static const struct field follow_query[] = {
	{.name = "kind", .kind = FIELD_WORD, .required = true, .words = kind_words},
	FRAME("frame"),
	END};
static const struct field statistics_query[] = {NUMBER("top", 0, 10000, 10), END};
static const struct field series_query[] = {NUMBER("from", 0, FIELD_NUMBER_MAX, 0), END};
static const struct field audit_query[] = {NUMBER("after", 0, FIELD_NUMBER_MAX, 0),
					   NUMBER("count", 1, 1000, 100), END};

static const struct field start_body[] = {
	TEXTS("files", PATH_BYTES, 1000),
	{.name = "rate", .kind = FIELD_RATE, .least = 1, .most = 100000000},
	TEXTS("interfaces", 256, 256),
	TEXT("capture_filter", 0, PANEL_FILTER_MAX),
	WORD("decode", decode_words),
	TEXT("write", 1, PATH_BYTES),
	NUMBER("loop", 0, UINT32_MAX, 1),
	END};
static const struct field filter_body[] = {NEEDED("filter", 0, PANEL_FILTER_MAX), END};
static const struct field scope_body[] = {{.name = "interfaces",
					   .kind = FIELD_TEXTS,
					   .required = true,
					   .least = 1,
					   .most = 256,
					   .items = 256},
					  END};
static const struct field save_body[] = {NEEDED("name", 1, 128), NEEDED("expression", 1, 4096),
					 TEXT("note", 0, 1024), END};
static const struct field change_body[] = {TEXT("name", 1, 128), TEXT("expression", 1, 4096),
					   TEXT("note", 0, 1024), NUMBER("position", 1, 1000, 0),
					   END};
static const struct field values_body[] = {NEEDED("view", 1, 64),
					   {.name = "fields",
					    .kind = FIELD_TEXTS,
					    .required = true,
					    .least = 1,
					    .most = 256,
					    .items = VALUES_FIELDS_MAX},
					   {.name = "frames",
					    .kind = FIELD_NUMBERS,
					    .required = true,
					    .least = 1,
					    .most = FIELD_NUMBER_MAX,
					    .items = VALUES_FRAMES_MAX},
					   END};
static const struct field note_body[] = {
	{.name = "mark", .kind = FIELD_BOOL}, TEXT("comment", 0, 16384), END};
/* One of the three; api.c looks. */
static const struct field export_body[] = {{.name = "frames",
					    .kind = FIELD_NUMBERS,
					    .least = 1,
					    .most = FIELD_NUMBER_MAX,
					    .items = 65536},
					   {.name = "shown", .kind = FIELD_TRUE},
					   {.name = "all", .kind = FIELD_TRUE},
					   END};
static const struct field settings_body[] = {WORD("theme", theme_words),
					     WORD("density", density_words),
					     NUMBER("queue_limit", 1, 1u << 24, 0),
					     NUMBER("buffer_frames", 1, 1u << 24, 0),
					     WORD("decode", decode_words),
					     WORD("time", time_words),
					     TEXTS("columns", 256, 64),
					     {.name = "layers", .kind = FIELD_BOOL},
					     {.name = "bytes", .kind = FIELD_BOOL},
					     TEXTS("preferences", 1024, 256),
					     END};

static const struct route routes[] = {
	{.id = ROUTE_PAGE, .method = "GET", .path = "/", .query = token_query},
	{.id = ROUTE_ASSET, .method = "GET", .path = "/assets/{name}", .arg = &asset_arg},
	{.id = ROUTE_ICON, .method = "GET", .path = "/favicon.ico"},
	{.id = ROUTE_METRICS, .method = "GET", .path = "/metrics"},
	{.id = ROUTE_OPENAPI, .method = "GET", .path = "/api/openapi.json"},
	{.id = ROUTE_STATUS, .method = "GET", .path = "/api/status"},
	{.id = ROUTE_EVENTS, .method = "GET", .path = "/api/events"},
	{.id = ROUTE_START, .method = "POST", .path = "/api/capture/start", .body = start_body},
	{.id = ROUTE_STOP, .method = "POST", .path = "/api/capture/stop"},
	{.id = ROUTE_CLEAR, .method = "POST", .path = "/api/capture/clear"},
	{.id = ROUTE_CAPTURE_FILTER,
	 .method = "POST",
	 .path = "/api/capture/filter",
	 .body = filter_body,
	 .body_needed = true},
	{.id = ROUTE_CAPTURE_FILTER_CHECK,
	 .method = "GET",
	 .path = "/api/capture/filter/check",
	 .query = filter_query},
	{.id = ROUTE_SCOPE,
	 .method = "POST",
	 .path = "/api/capture/scope",
	 .body = scope_body,
	 .body_needed = true},
	{.id = ROUTE_FILTER,
	 .method = "POST",
	 .path = "/api/filter",
	 .body = filter_body,
	 .body_needed = true},
	{.id = ROUTE_FILTER_CHECK,
	 .method = "GET",
	 .path = "/api/filter/check",
	 .query = filter_query},
	{.id = ROUTE_COMPLETE,
	 .method = "GET",
	 .path = "/api/filter/complete",
	 .query = complete_query},
	{.id = ROUTE_SAVED, .method = "GET", .path = "/api/filters"},
	{.id = ROUTE_SAVE,
	 .method = "POST",
	 .path = "/api/filters",
	 .body = save_body,
	 .body_needed = true},
	{.id = ROUTE_SAVED_CHANGE,
	 .method = "PUT",
	 .path = "/api/filters/{name}",
	 .arg = &saved_arg,
	 .body = change_body,
	 .body_needed = true},
	{.id = ROUTE_SAVED_REMOVE,
	 .method = "DELETE",
	 .path = "/api/filters/{name}",
	 .arg = &saved_arg},
	{.id = ROUTE_PRESETS, .method = "GET", .path = "/api/presets"},
	{.id = ROUTE_ROWS, .method = "GET", .path = "/api/rows", .query = rows_query},
	{.id = ROUTE_RANK, .method = "GET", .path = "/api/rank", .query = rank_query},
	{.id = ROUTE_FRAME, .method = "GET", .path = "/api/frames/{id}", .arg = &frame_arg},
	{.id = ROUTE_BYTES, .method = "GET", .path = "/api/frames/{id}/bytes", .arg = &frame_arg},
	{.id = ROUTE_VALUES,
	 .method = "POST",
	 .path = "/api/values",
	 .body = values_body,
	 .body_needed = true},
	{.id = ROUTE_NOTE,
	 .method = "PUT",
	 .path = "/api/frames/{id}",
	 .arg = &frame_arg,
	 .body = note_body,
	 .body_needed = true},
	{.id = ROUTE_FOLLOW, .method = "GET", .path = "/api/follow", .query = follow_query},
	{.id = ROUTE_STATISTICS,
	 .method = "GET",
	 .path = "/api/statistics",
	 .query = statistics_query},
	{.id = ROUTE_SERIES, .method = "GET", .path = "/api/series", .query = series_query},
	{.id = ROUTE_EXPORT,
	 .method = "POST",
	 .path = "/api/export",
	 .body = export_body,
	 .body_needed = true},
	{.id = ROUTE_AUDIT, .method = "GET", .path = "/api/audit", .query = audit_query},
	{.id = ROUTE_SETTINGS, .method = "GET", .path = "/api/settings"},
	{.id = ROUTE_SETTINGS_CHANGE,
	 .method = "PUT",
	 .path = "/api/settings",
	 .body = settings_body,
	 .body_needed = true},
	{.id = ROUTE_DOCTOR, .method = "GET", .path = "/api/doctor"},
};

_Static_assert(sizeof(routes) / sizeof(routes[0]) == ROUTES, "a row for each route");

/* Return: whether @path is one of @pattern; *at, *n: its variable, encoded */
static bool path_fits(const char *pattern, const char *path, const char **at, size_t *n)
{
	size_t fixed = strcspn(pattern, "{");
	const char *rest = pattern + fixed;

	*at = NULL;
	*n = 0;
	if (strncmp(pattern, path, fixed) != 0)
		return false;
	if (!*rest)
		return path[fixed] == '\0';
	*at = path + fixed;
	*n = strcspn(*at, "/");
	return *n > 0 && strcmp(strchr(rest, '}') + 1, *at + *n) == 0;
}

static bool take_arg(const struct field *f, const char *at, size_t n, struct route_arg *arg)
{
	memset(arg, 0, sizeof(*arg));
	if (!f || !at)
		return !f;
	if (n > ROUTE_ARG_MAX)
		return false;
	snprintf(arg->text, sizeof(arg->text), "%.*s", (int)n, at);
	if (!query_decode(arg->text, false))
		return false;
	if (f->kind == FIELD_NUMBER)
		return query_number(arg->text, f->least, f->most, &arg->number);
	n = strlen(arg->text);
	return n >= f->least && n <= f->most;
}

static void add_allowed(char allow[ROUTE_ALLOW_MAX], const char *method)
{
	size_t n = strlen(allow);
	const char *as_well = strcmp(method, "GET") == 0 ? ", HEAD" : "";

	snprintf(allow + n, ROUTE_ALLOW_MAX - n, "%s%s%s", n ? ", " : "", method, as_well);
}

enum route_found route_find(const char *method, const char *path, const struct route **route,
			    struct route_arg *arg, char allow[ROUTE_ALLOW_MAX])
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

	allow[0] = '\0';
	for (size_t i = 0; i < ROUTES; i++) {
		const struct route *r = &routes[i];
		const char *at;
		size_t n;

		check(r->id == i);
		if (!path_fits(r->path, path, &at, &n) || !take_arg(r->arg, at, n, arg))
			continue;
		if (strcmp(r->method, wanted) == 0) {
			*route = r;
			return ROUTE_FOUND;
		}
		add_allowed(allow, r->method);
	}
	return allow[0] ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

bool route_changes(const struct route *route)
{
	return strcmp(route->method, "GET") != 0;
}

/* ---- the table as JSON ---- */

static void list_field(struct buf *out, const struct field *f)
{
	static const char *const kinds[] = {"text", "number", "word",  "rate",
					    "bool", "true",   "texts", "numbers"};

	buf_printf(out, "{\"name\":\"%s\",\"kind\":\"%s\",\"required\":%s", f->name, kinds[f->kind],
		   f->required ? "true" : "false");
	buf_printf(out, ",\"least\":%" PRIu64 ",\"most\":%" PRIu64 ",\"items\":%zu", f->least,
		   f->most, f->items);
	if (f->kind == FIELD_NUMBER && !f->required)
		buf_printf(out, ",\"otherwise\":%" PRIu64, f->otherwise);
	buf_puts(out, ",\"words\":[");
	for (size_t i = 0; f->words && f->words[i]; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", f->words[i]);
	buf_puts(out, "]}");
}

static void list_fields(struct buf *out, const char *name, const struct field *f)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; f && f[i].name; i++) {
		if (i)
			buf_putc(out, ',');
		list_field(out, &f[i]);
	}
	buf_putc(out, ']');
}

void route_list(struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < ROUTES; i++) {
		const struct route *r = &routes[i];

		buf_printf(out, "%s\n{\"method\":\"%s\",\"path\":\"%s\",\"arg\":", i ? "," : "",
			   r->method, r->path);
		if (r->arg)
			list_field(out, r->arg);
		else
			buf_puts(out, "null");
		list_fields(out, "query", r->query);
		list_fields(out, "body", r->body);
		buf_printf(out, ",\"body_needed\":%s}", r->body_needed ? "true" : "false");
	}
	buf_puts(out, "\n]\n");
}
