/* jsonfile.c - a JSON file that people write */
#include "cli/jsonfile.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "cli/wholefile.h"

/* A hand may write deeper than this program does, not much. */
#define DEPTH_MAX 16

static void refuse(const char *what, const char *path, const struct buf *text, size_t at,
		   const char *why, struct err *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < text->n; i++) {
		column++;
		if (text->p[i] == '\n') {
			line++;
			column = 1;
		}
	}
	err_set(err, EXIT_USAGE, "%s %s: line %zu, column %zu (byte %zu): %s", what, path, line,
		column, at, why);
}

static bool parse(struct jsonfile *f, const char *what, const struct buf *text, struct err *err)
{
	struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
	enum json_tokener_error error;
	size_t end;

	if (!t || text->n > INT_MAX) {
		json_tokener_free(t);
		err_set(err, EXIT_ENVIRONMENT, "%s %s: no memory", what, f->path);
		return false;
	}
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
					  JSON_TOKENER_VALIDATE_UTF8);
	f->root = json_tokener_parse_ex(t, text->n ? text->p : "", (int)text->n);
	error = json_tokener_get_error(t);
	end = json_tokener_get_parse_end(t);
	json_tokener_free(t);
	if (error == json_tokener_continue)
		refuse(what, f->path, text, text->n, "the JSON ends before it is whole", err);
	else if (error != json_tokener_success)
		refuse(what, f->path, text, end, json_tokener_error_desc(error), err);
	else if (!json_object_is_type(f->root, json_type_object))
		refuse(what, f->path, text, 0, "a JSON object is wanted", err);
	else {
		while (end < text->n && strchr(" \t\r\n", text->p[end]) && text->p[end])
			end++;
		if (end == text->n)
			return true;
		refuse(what, f->path, text, end, "there is more behind the JSON", err);
	}
	return false;
}

bool jsonfile_read(struct jsonfile *f, const char *what, const char *path, size_t bytes_max,
		   struct err *err)
{
	struct buf text = {0};
	bool ok;

	*f = (struct jsonfile){.path = path};
	ok = wholefile_read(what, path, bytes_max, &text, err) && parse(f, what, &text, err);
	buf_done(&text);
	if (!ok)
		jsonfile_done(f);
	return ok;
}

void jsonfile_done(struct jsonfile *f)
{
	json_object_put(f->root);
	f->root = NULL;
}
