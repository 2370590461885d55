/* panel.h - what the panel shows, as JSON: between the web server and the capture
 *
 * Theory of operation: the server parses requests and answers them with what it gets here, and
 * knows nothing else of the program. Each call fills @out with one JSON value, or says why not: an
 * error with text for a person, and which kind of failure it is. Calls may take as long as sharkd
 * does; any number of threads may call at a time. What they are given was checked against the
 * fields of route.c: members are known, of their kind, and within their bounds; a body is borrowed
 * for the call, and texts hold no NUL. Metrics end with a newline.
 *
 * The shapes are those of docs/openapi.json.
 */
#ifndef SECVF_WEB_PANEL_H
#define SECVF_WEB_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Bytes of a filter, of either language: what sharkd takes in a line, with room. */
#define PANEL_FILTER_MAX 4095u

struct panel;
struct json_object;

enum panel_result {
	PANEL_OK,
	PANEL_BAD,    /* what was asked is wrong: 400 */
	PANEL_NONE,   /* there is no such thing: 404 */
	PANEL_STATE,  /* not while it is as it is: 409 */
	PANEL_FAILED, /* it should have worked: 500 */
};

struct panel_ops {
	/* The status object. *serial: changes whenever the object may have; never blocks */
	enum panel_result (*status)(struct panel *p, struct buf *out, uint64_t *serial);
	enum panel_result (*start)(struct panel *p, struct json_object *body, struct err *err);
	enum panel_result (*stop)(struct panel *p, struct err *err);
	enum panel_result (*clear)(struct panel *p, struct err *err);
	/* @set: else it is only checked */
	enum panel_result (*capture_filter)(struct panel *p, const char *filter, bool set,
					    struct buf *out, struct err *err);
	enum panel_result (*scope)(struct panel *p, struct json_object *body, struct err *err);
	enum panel_result (*filter)(struct panel *p, const char *filter, bool set, struct buf *out,
				    struct err *err);
	enum panel_result (*complete)(struct panel *p, const char *prefix, uint32_t limit,
				      struct buf *out, struct err *err);
	/* Saved filters. @name NULL: all of them, or add; @body NULL: remove */
	enum panel_result (*saved)(struct panel *p, struct buf *out, struct err *err);
	enum panel_result (*save)(struct panel *p, const char *name, struct json_object *body,
				  struct err *err);
	enum panel_result (*presets)(struct panel *p, struct buf *out, struct err *err);
	enum panel_result (*rows)(struct panel *p, uint64_t from, uint32_t count, struct buf *out,
				  struct err *err);
	enum panel_result (*rank)(struct panel *p, uint64_t id, struct buf *out, struct err *err);
	enum panel_result (*frame)(struct panel *p, uint64_t id, struct buf *out, struct err *err);
	/* What fields hold in frames. A newer call with the same "view" ends an older one, which
	 * returns PANEL_STATE */
	enum panel_result (*values)(struct panel *p, struct json_object *body, struct buf *out,
				    struct err *err);
	enum panel_result (*bytes)(struct panel *p, uint64_t id, struct buf *out, struct err *err);
	enum panel_result (*note)(struct panel *p, uint64_t id, struct json_object *body,
				  struct err *err);
	enum panel_result (*follow)(struct panel *p, const char *kind, uint64_t id, struct buf *out,
				    struct err *err);
	enum panel_result (*statistics)(struct panel *p, uint32_t top, struct buf *out,
					struct err *err);
	enum panel_result (*series)(struct panel *p, uint64_t from_ms, struct buf *out,
				    struct err *err);
	/* pcapng in pieces: write() returns false where nobody takes more */
	enum panel_result (*export)(struct panel *p, struct json_object *body,
				    bool (*write)(void *ctx, const void *bytes, size_t n),
				    void *ctx, struct err *err);
	enum panel_result (*audit)(struct panel *p, uint64_t after, uint32_t count, struct buf *out,
				   struct err *err);
	enum panel_result (*settings)(struct panel *p, struct json_object *body, struct buf *out,
				      struct err *err);
	enum panel_result (*doctor)(struct panel *p, struct buf *out, struct err *err);
	/* Lines of Prometheus' text format */
	enum panel_result (*metrics)(struct panel *p, struct buf *out, struct err *err);
	/* The server ends: calls that run come back soon, with PANEL_FAILED; none comes any more.
	 * NULL: they do so anyway */
	void (*cancel)(struct panel *p);
};

/** struct panel - Made by src/cli/serve for real, by the tests of the server with made-up data */
struct panel {
	const struct panel_ops *ops;
	void *ctx;
};

#endif
