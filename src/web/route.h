/* route.h - the API's paths, methods, and what each takes; one table */
#ifndef SECVF_WEB_ROUTE_H
#define SECVF_WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "web/field.h"

#define ROUTE_ARG_MAX	384u /* bytes of a variable in a path, encoded */
#define ROUTE_ALLOW_MAX 64u

/* In the order of the table. */
enum route_id {
	ROUTE_PAGE,
	ROUTE_ASSET,
	ROUTE_ICON,
	ROUTE_METRICS,
	ROUTE_OPENAPI,
	ROUTE_STATUS,
	ROUTE_EVENTS,
	ROUTE_START,
	ROUTE_STOP,
	ROUTE_CLEAR,
	ROUTE_CAPTURE_FILTER,
	ROUTE_CAPTURE_FILTER_CHECK,
	ROUTE_SCOPE,
	ROUTE_FILTER,
	ROUTE_FILTER_CHECK,
	ROUTE_COMPLETE,
	ROUTE_SAVED,
	ROUTE_SAVE,
	ROUTE_SAVED_CHANGE,
	ROUTE_SAVED_REMOVE,
	ROUTE_PRESETS,
	ROUTE_ROWS,
	ROUTE_RANK,
	ROUTE_FRAME,
	ROUTE_BYTES,
	ROUTE_VALUES,
	ROUTE_NOTE,
	ROUTE_FOLLOW,
	ROUTE_STATISTICS,
	ROUTE_SERIES,
	ROUTE_EXPORT,
	ROUTE_AUDIT,
	ROUTE_SETTINGS,
	ROUTE_SETTINGS_CHANGE,
	ROUTE_DOCTOR,
	ROUTES
};

struct route {
	enum route_id id;
	const char *method;
	const char *path;	   /* "/api/frames/{id}/bytes": at most one variable */
	const struct field *arg;   /* that variable; NULL: none */
	const struct field *query; /* NULL: no parameters */
	const struct field *body;  /* NULL: no body, or {} */
	bool body_needed;
};

/** struct route_arg - The variable in a path */
struct route_arg {
	char text[ROUTE_ARG_MAX + 1]; /* decoded */
	uint64_t number;	      /* FIELD_NUMBER */
};

enum route_found {
	ROUTE_FOUND,
	ROUTE_NO_PATH,	 /* 404 */
	ROUTE_NO_METHOD, /* 405 */
};

/**
 * route_find() - Which route a request is for
 * @method:  "GET", ...; HEAD is as GET
 * @path:    As it came, without the query
 * @route:   Set on ROUTE_FOUND
 * @arg:     Filled on ROUTE_FOUND; a variable that is out of its bounds names nothing: 404
 * @allow:   On ROUTE_NO_METHOD: what an Allow header says
 */
enum route_found route_find(const char *method, const char *path, const struct route **route,
			    struct route_arg *arg, char allow[ROUTE_ALLOW_MAX]);

/** route_changes() - Whether it is a method that changes something */
bool route_changes(const struct route *route);

/** route_list() - Add the table as JSON, for what compares it with docs/openapi.json */
void route_list(struct buf *out);

#endif
