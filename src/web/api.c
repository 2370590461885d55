/* api.c - each route's question to the panel, and what becomes of the answer */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "web/assets.h"
#include "web/server_private.h"

typedef enum panel_result (*ask_fn)(struct request *r, struct panel *p, struct buf *out,
				    struct err *err);

static uint64_t number(const struct request *r, unsigned i)
{
	return r->query.value[i].number;
}

static const char *text(const struct request *r, unsigned i)
{
	return r->query.value[i].text;
}

static const char *member(const struct request *r, const char *name)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(r->body_json, name, &v);
	return v ? json_object_get_string(v) : "";
}

/* ---- questions ---- */

static enum panel_result ask_status(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	uint64_t serial;

	(void)r;
	(void)err;
	return p->ops->status(p, out, &serial);
}

/* What a change of the capture answers with */
static enum panel_result then_status(struct request *r, struct panel *p, struct buf *out,
				     struct err *err, enum panel_result result)
{
	return result == PANEL_OK ? ask_status(r, p, out, err) : result;
}

static enum panel_result ask_start(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return then_status(r, p, out, err, p->ops->start(p, r->body_json, err));
}

static enum panel_result ask_stop(struct request *r, struct panel *p, struct buf *out,
				  struct err *err)
{
	return then_status(r, p, out, err, p->ops->stop(p, err));
}

static enum panel_result ask_clear(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return then_status(r, p, out, err, p->ops->clear(p, err));
}

static enum panel_result ask_capture_filter(struct request *r, struct panel *p, struct buf *out,
					    struct err *err)
{
	return p->ops->capture_filter(p, member(r, "filter"), true, out, err);
}

static enum panel_result ask_capture_filter_check(struct request *r, struct panel *p,
						  struct buf *out, struct err *err)
{
	return p->ops->capture_filter(p, text(r, 0), false, out, err);
}

static enum panel_result ask_scope(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return then_status(r, p, out, err, p->ops->scope(p, r->body_json, err));
}

static enum panel_result ask_filter(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	return p->ops->filter(p, member(r, "filter"), true, out, err);
}

static enum panel_result ask_filter_check(struct request *r, struct panel *p, struct buf *out,
					  struct err *err)
{
	return p->ops->filter(p, text(r, 0), false, out, err);
}

static enum panel_result ask_complete(struct request *r, struct panel *p, struct buf *out,
				      struct err *err)
{
	return p->ops->complete(p, text(r, 0), (uint32_t)number(r, 1), out, err);
}

static enum panel_result ask_saved(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	(void)r;
	return p->ops->saved(p, out, err);
}

static enum panel_result ask_save(struct request *r, struct panel *p, struct buf *out,
				  struct err *err)
{
	const char *name = r->route->arg ? r->arg.text : NULL;
	bool removes = r->route->id == ROUTE_SAVED_REMOVE;
	enum panel_result result = p->ops->save(p, name, removes ? NULL : r->body_json, err);

	return result == PANEL_OK ? p->ops->saved(p, out, err) : result;
}

static enum panel_result ask_presets(struct request *r, struct panel *p, struct buf *out,
				     struct err *err)
{
	(void)r;
	return p->ops->presets(p, out, err);
}

static enum panel_result ask_rows(struct request *r, struct panel *p, struct buf *out,
				  struct err *err)
{
	return p->ops->rows(p, number(r, 0), (uint32_t)number(r, 1), out, err);
}

static enum panel_result ask_rank(struct request *r, struct panel *p, struct buf *out,
				  struct err *err)
{
	return p->ops->rank(p, number(r, 0), out, err);
}

static enum panel_result ask_frame(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return p->ops->frame(p, r->arg.number, out, err);
}

static enum panel_result ask_bytes(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return p->ops->bytes(p, r->arg.number, out, err);
}

static enum panel_result ask_values(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	return p->ops->values(p, r->body_json, out, err);
}

static enum panel_result ask_note(struct request *r, struct panel *p, struct buf *out,
				  struct err *err)
{
	(void)out;
	return p->ops->note(p, r->arg.number, r->body_json, err);
}

static enum panel_result ask_follow(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	return p->ops->follow(p, text(r, 0), number(r, 1), out, err);
}

static enum panel_result ask_statistics(struct request *r, struct panel *p, struct buf *out,
					struct err *err)
{
	return p->ops->statistics(p, (uint32_t)number(r, 0), out, err);
}

static enum panel_result ask_series(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	return p->ops->series(p, number(r, 0), out, err);
}

static enum panel_result ask_audit(struct request *r, struct panel *p, struct buf *out,
				   struct err *err)
{
	return p->ops->audit(p, number(r, 0), (uint32_t)number(r, 1), out, err);
}

static enum panel_result ask_settings(struct request *r, struct panel *p, struct buf *out,
				      struct err *err)
{
	return p->ops->settings(p, r->body_json, out, err);
}

static enum panel_result ask_doctor(struct request *r, struct panel *p, struct buf *out,
				    struct err *err)
{
	(void)r;
	return p->ops->doctor(p, out, err);
}

static void put_metric(struct buf *out, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type,
		   name, value);
}

static enum panel_result ask_metrics(struct request *r, struct panel *p, struct buf *out,
				     struct err *err)
{
	struct server *s = r->server;
	enum panel_result result = p->ops->metrics(p, out, err);
	uint64_t count, cut;

	guard_counts(&s->guard, &count, &cut);
	put_metric(out, "secvf_http_connections", "gauge", "Connections that are open", count);
	put_metric(out, "secvf_http_connections_cut_total", "counter",
		   "Connections ended as their client was too slow", cut);
	put_metric(out, "secvf_http_event_listeners", "gauge", "Pages that listen to events",
		   events_count(&s->events));
	put_metric(out, "secvf_http_requests_total", "counter", "Requests",
		   atomic_load_explicit(&s->requests, memory_order_relaxed));
	put_metric(out, "secvf_http_requests_refused_total", "counter",
		   "Requests answered with an error",
		   atomic_load_explicit(&s->refused, memory_order_relaxed));
	return result;
}

static const ask_fn asks[ROUTES] = {
	[ROUTE_METRICS] = ask_metrics,
	[ROUTE_STATUS] = ask_status,
	[ROUTE_START] = ask_start,
	[ROUTE_STOP] = ask_stop,
	[ROUTE_CLEAR] = ask_clear,
	[ROUTE_CAPTURE_FILTER] = ask_capture_filter,
	[ROUTE_CAPTURE_FILTER_CHECK] = ask_capture_filter_check,
	[ROUTE_SCOPE] = ask_scope,
	[ROUTE_FILTER] = ask_filter,
	[ROUTE_FILTER_CHECK] = ask_filter_check,
	[ROUTE_COMPLETE] = ask_complete,
	[ROUTE_SAVED] = ask_saved,
	[ROUTE_SAVE] = ask_save,
	[ROUTE_SAVED_CHANGE] = ask_save,
	[ROUTE_SAVED_REMOVE] = ask_save,
	[ROUTE_PRESETS] = ask_presets,
	[ROUTE_ROWS] = ask_rows,
	[ROUTE_RANK] = ask_rank,
	[ROUTE_FRAME] = ask_frame,
	[ROUTE_BYTES] = ask_bytes,
	[ROUTE_VALUES] = ask_values,
	[ROUTE_NOTE] = ask_note,
	[ROUTE_FOLLOW] = ask_follow,
	[ROUTE_STATISTICS] = ask_statistics,
	[ROUTE_SERIES] = ask_series,
	[ROUTE_AUDIT] = ask_audit,
	[ROUTE_SETTINGS] = ask_settings,
	[ROUTE_SETTINGS_CHANGE] = ask_settings,
	[ROUTE_DOCTOR] = ask_doctor,
};

/* ---- answers ---- */

void api_failed(struct request *r, enum panel_result result, const struct err *err)
{
	static const unsigned statuses[] = {MHD_HTTP_OK, MHD_HTTP_BAD_REQUEST, MHD_HTTP_NOT_FOUND,
					    MHD_HTTP_CONFLICT, MHD_HTTP_INTERNAL_SERVER_ERROR};

	_Static_assert(sizeof(statuses) / sizeof(statuses[0]) == PANEL_FAILED + 1, "one for each");
	admit_refuse(r, statuses[result], "%s",
		     err->text[0] ? err->text : "the panel did not say why it failed");
}

static enum MHD_Result answer_file(struct request *r)
{
	const struct embedded *file;
	char name[ROUTE_ARG_MAX + 16];

	switch (r->route->id) {
	case ROUTE_PAGE: file = assets_index(embedded_page); break;
	case ROUTE_ICON: file = assets_find(embedded_page, "favicon.ico"); break;
	case ROUTE_OPENAPI: file = assets_find(embedded_openapi, "openapi.json"); break;
	default:
		snprintf(name, sizeof(name), "assets/%s", r->arg.text);
		file = assets_find(embedded_page, name);
		break;
	}
	if (!file) {
		admit_refuse(r, MHD_HTTP_NOT_FOUND, "the page has no such file");
		return answer_refused(r);
	}
	return answer_bytes(r, file->mime, file->bytes, file->n,
			    r->route->id == ROUTE_OPENAPI ? ANSWER_NO_STORE
			    : file->hashed		  ? ANSWER_KEEP
							  : ANSWER_ASK);
}

static enum MHD_Result answer_asked(struct request *r)
{
	struct panel *p = r->server->config.panel;
	bool is_text = r->route->id == ROUTE_METRICS;
	struct buf out = {0};
	struct err err = {0};
	enum panel_result result = asks[r->route->id](r, p, &out, &err);

	server_call_end(r->server);
	if (result == PANEL_OK && out.failed) {
		result = PANEL_FAILED;
		err_set(&err, EXIT_ENVIRONMENT, "no memory for the answer");
	}
	if (result != PANEL_OK) {
		buf_done(&out);
		api_failed(r, result, &err);
		return answer_refused(r);
	}
	if (!out.n)
		buf_puts(&out, "{}\n");
	return answer_buf(r, MHD_HTTP_OK,
			  is_text ? "text/plain; version=0.0.4; charset=utf-8" : "application/json",
			  &out, ANSWER_NO_STORE);
}

/* "frames", "shown" or "all": one of them. */
static bool export_ok(struct request *r)
{
	if (json_object_object_length(r->body_json) == 1)
		return true;
	return admit_refuse(r, MHD_HTTP_BAD_REQUEST,
			    "the body: one of the members frames, shown and all is wanted");
}

enum MHD_Result api_answer(struct request *r)
{
	switch (r->route->id) {
	case ROUTE_PAGE:
	case ROUTE_ASSET:
	case ROUTE_ICON:
	case ROUTE_OPENAPI: return answer_file(r);
	case ROUTE_EVENTS: return answer_events(r);
	case ROUTE_EXPORT:
		if (!export_ok(r))
			return answer_refused(r);
		break;
	default: break;
	}
	/* However long the panel takes, the client waits for us. */
	guard_set(&r->server->guard, r->guarded, GUARD_NONE);
	if (!server_call_begin(r->server)) {
		admit_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "the server ends");
		return answer_refused(r);
	}
	return r->route->id == ROUTE_EXPORT ? answer_export(r) : answer_asked(r);
}
