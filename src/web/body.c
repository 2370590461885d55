/* body.c - request bodies */
#include "web/body.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "web/query.h"

/* What json-c takes even where it is strict, and RFC 8259 does not: text in single quotes, and
 * control characters as they are. Return: its place, or @n */
static size_t lax_at(const char *text, size_t n)
{
	bool inside = false;

	for (size_t i = 0; i < n; i++) {
		if (inside && text[i] == '\\') {
			i++;
			continue;
		}
		if (text[i] == '"')
			inside = !inside;
		if (inside ? (unsigned char)text[i] < 0x20 : text[i] == '\'')
			return i;
	}
	return n;
}

struct json_object *body_parse(const char *text, size_t n, struct err *err)
{
	struct json_tokener *t;
	struct json_object *o;
	enum json_tokener_error e;
	size_t at;

	check(n <= BODY_BYTES_MAX);
	if (!n)
		return json_object_new_object();
	at = lax_at(text, n);
	if (at < n) {
		err_set(err, EXIT_USAGE,
			"the body is no JSON from byte %zu on: unexpected character", at);
		return NULL;
	}
	t = json_tokener_new_ex(BODY_DEPTH_MAX);
	if (!t) {
		err_set(err, EXIT_ENVIRONMENT, "no memory to read the body");
		return NULL;
	}
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)n);
	e = json_tokener_get_error(t);
	at = json_tokener_get_parse_end(t);
	json_tokener_free(t);
	if (e == json_tokener_success && at == n && json_object_is_type(o, json_type_object))
		return o;
	if (e == json_tokener_success && at == n)
		err_set(err, EXIT_USAGE, "the body: an object is wanted");
	else if (e == json_tokener_continue)
		err_set(err, EXIT_USAGE, "the body: the JSON ends too early");
	else
		err_set(err, EXIT_USAGE, "the body is no JSON from byte %zu on: %s", at,
			json_tokener_error_desc(e));
	json_object_put(o);
	return NULL;
}

/* ---- one value ---- */

static bool number_ok(struct json_object *v, uint64_t least, uint64_t most)
{
	uint64_t n;

	if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 0)
		return false;
	n = json_object_get_uint64(v);
	return n >= least && n <= most;
}

/* "\u0000" is JSON, and would end the text early for all who take it from here. */
static bool text_ok(struct json_object *v, uint64_t least, uint64_t most)
{
	size_t n;

	if (!json_object_is_type(v, json_type_string))
		return false;
	n = (size_t)json_object_get_string_len(v);
	return n >= least && n <= most && strlen(json_object_get_string(v)) == n;
}

static bool word_ok(struct json_object *v, const char *const *words)
{
	if (!text_ok(v, 0, UINT64_MAX))
		return false;
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], json_object_get_string(v)) == 0)
			return true;
	}
	return false;
}

static bool items_ok(struct json_object *v, const struct field *f)
{
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return false;
	n = json_object_array_length(v);
	if (n > f->items)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(v, i);

		if (f->kind == FIELD_TEXTS ? !text_ok(item, f->least, f->most)
					   : !number_ok(item, f->least, f->most))
			return false;
	}
	return true;
}

static bool value_ok(struct json_object *v, const struct field *f)
{
	switch (f->kind) {
	case FIELD_TEXT: return text_ok(v, f->least, f->most);
	case FIELD_NUMBER: return number_ok(v, f->least, f->most);
	case FIELD_WORD: return word_ok(v, f->words);
	case FIELD_RATE:
		return text_ok(v, 1, 20) &&
		       query_rate_ok(json_object_get_string(v), f->least, f->most);
	case FIELD_BOOL: return json_object_is_type(v, json_type_boolean);
	case FIELD_TRUE:
		return json_object_is_type(v, json_type_boolean) && json_object_get_boolean(v);
	case FIELD_TEXTS:
	case FIELD_NUMBERS: return items_ok(v, f);
	}
	return false;
}

/* ---- what is wanted, in words ---- */

static void put_wanted(struct buf *b, const struct field *f)
{
	switch (f->kind) {
	case FIELD_TEXT:
		buf_printf(b, "a text of %" PRIu64 " to %" PRIu64 " bytes, without NUL", f->least,
			   f->most);
		break;
	case FIELD_NUMBER:
		buf_printf(b, "a whole number from %" PRIu64 " to %" PRIu64, f->least, f->most);
		break;
	case FIELD_WORD:
		buf_puts(b, "one of");
		for (size_t i = 0; f->words[i]; i++)
			buf_printf(b, "%s \"%s\"", i ? "," : "", f->words[i]);
		break;
	case FIELD_RATE:
		buf_printf(b,
			   "\"recorded\", \"topspeed\", or frames a second in digits, \"%" PRIu64
			   "\" to \"%" PRIu64 "\",",
			   f->least, f->most);
		break;
	case FIELD_BOOL: buf_puts(b, "true or false"); break;
	case FIELD_TRUE: buf_puts(b, "true"); break;
	case FIELD_TEXTS:
		buf_printf(b,
			   "an array of at most %zu texts of %" PRIu64 " to %" PRIu64
			   " bytes, without NUL,",
			   f->items, f->least, f->most);
		break;
	case FIELD_NUMBERS:
		buf_printf(b, "an array of at most %zu whole numbers from %" PRIu64 " to %" PRIu64,
			   f->items, f->least, f->most);
		break;
	}
}

static bool refuse(const struct field *f, struct err *err)
{
	struct buf b = {0};

	put_wanted(&b, f);
	err_set(err, EXIT_USAGE, "member %s: %.*s is wanted", f->name, (int)b.n, b.n ? b.p : "");
	buf_done(&b);
	return false;
}

static const struct field *field_named(const struct field *fields, const char *name)
{
	for (; fields && fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

bool body_check(struct json_object *body, const struct field *fields, struct err *err)
{
	struct json_object_iterator at = json_object_iter_begin(body);
	struct json_object_iterator end = json_object_iter_end(body);
	struct json_object *v;

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		const struct field *f = field_named(fields, name);
		char quoted[64];

		if (!f) {
			query_quote(name, quoted);
			err_set(err, EXIT_USAGE,
				"there is no member '%s' here; docs/openapi.json has those that "
				"there are",
				quoted);
			return false;
		}
		if (!value_ok(json_object_iter_peek_value(&at), f))
			return refuse(f, err);
	}
	for (; fields && fields->name; fields++) {
		if (!fields->required || json_object_object_get_ex(body, fields->name, &v))
			continue;
		err_set(err, EXIT_USAGE, "member %s is missing", fields->name);
		return false;
	}
	return true;
}
