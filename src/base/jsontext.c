/* jsontext.c - JSON files with errors that name file, line and key */
#include "base/jsontext.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"

#define YEARS_100_NS UINT64_C(3155760000000000000)

/* ---- the text ---- */

static bool read_all(struct jsontext *t, struct err *err)
{
	FILE *f = fopen(t->file, "rbe");
	size_t n = 1;

	if (!f) {
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", t->file, strerror(errno));
		return false;
	}
	while (n && t->text.n <= JSONTEXT_BYTES_MAX && buf_reserve(&t->text, 65537)) {
		n = fread(t->text.p + t->text.n, 1, 65536, f);
		t->text.n += n;
	}
	if (ferror(f))
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", t->file, strerror(errno));
	else if (t->text.failed || t->text.n > JSONTEXT_BYTES_MAX)
		err_set(err, EXIT_USAGE, "%s: longer than %u MB, or than memory", t->file,
			JSONTEXT_BYTES_MAX >> 20);
	fclose(f);
	if (err->text[0])
		return false;
	t->text.p[t->text.n] = '\0';
	return true;
}

static unsigned line_of(const struct jsontext *t, size_t at, size_t *column)
{
	unsigned line = 1;

	*column = 1;
	for (size_t i = 0; i < at && i < t->text.n; i++) {
		++*column;
		if (t->text.p[i] == '\n') {
			line++;
			*column = 1;
		}
	}
	return line;
}

/* What is in t->text, which is let go where it is no JSON. */
static bool parse(struct jsontext *t, struct err *err)
{
	struct json_tokener *tokener = json_tokener_new();
	size_t at, column;
	unsigned line;

	if (!tokener) {
		err_set(err, EXIT_ENVIRONMENT, "%s: out of memory", t->file);
		jsontext_done(t);
		return false;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL, so that a number at the very end ends. */
	t->root = json_tokener_parse_ex(tokener, t->text.p, (int)t->text.n + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success || !t->root) {
		at = json_tokener_get_parse_end(tokener);
		line = line_of(t, at, &column);
		err_set(err, EXIT_USAGE, "%s:%u:%zu: %s", t->file, line, column,
			at >= t->text.n ? "the file ends before its JSON does"
					: json_tokener_error_desc(json_tokener_get_error(tokener)));
		json_tokener_free(tokener);
		jsontext_done(t);
		return false;
	}
	json_tokener_free(tokener);
	return true;
}

bool jsontext_read(struct jsontext *t, const char *file, struct err *err)
{
	*t = (struct jsontext){.file = strdup(file)};
	err->text[0] = '\0';
	if (!t->file || !read_all(t, err)) {
		if (!t->file)
			err_set(err, EXIT_ENVIRONMENT, "%s: out of memory", file);
		jsontext_done(t);
		return false;
	}
	return parse(t, err);
}

bool jsontext_parse(struct jsontext *t, const char *name, const char *p, size_t n, struct err *err)
{
	*t = (struct jsontext){.file = strdup(name)};
	if (n <= JSONTEXT_BYTES_MAX) {
		buf_put(&t->text, p, n);
		buf_putc(&t->text, '\0');
		t->text.n = n;
	}
	if (t->file && n <= JSONTEXT_BYTES_MAX && !t->text.failed)
		return parse(t, err);
	if (n > JSONTEXT_BYTES_MAX)
		err_set(err, EXIT_USAGE, "%s: longer than %u MB", name, JSONTEXT_BYTES_MAX >> 20);
	else
		err_set(err, EXIT_ENVIRONMENT, "%s: out of memory", name);
	jsontext_done(t);
	return false;
}

void jsontext_done(struct jsontext *t)
{
	json_object_put(t->root);
	buf_done(&t->text);
	free(t->file);
	*t = (struct jsontext){0};
}

bool jsontext_root(const struct jsontext *t, struct jt_at *at, struct err *err)
{
	*at = (struct jt_at){.text = t, .object = t->root};
	if (json_object_is_type(t->root, json_type_object))
		return true;
	err_set(err, EXIT_USAGE, "%s: an object, {...}, is wanted", t->file);
	return false;
}

/* ---- the place of a path: a walk over text that is known to be JSON ---- */

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		p += *p == '\\' && p[1];
	return p + (*p == '"');
}

/* Past a value, without recursion: brackets are counted. */
static const char *skip_value(const char *p)
{
	unsigned depth = 0;

	do {
		p = skip_space(p);
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= depth && (*p == '}' || *p == ']');
		if (*p && strchr("{}[],:", *p))
			p++;
		else
			p += strcspn(p, "{}[],: \t\r\n\"");
	} while (depth && *p);
	return p;
}

/* Into the object or array at @p, to the member or item that the first step of *path names, and
 * past that step. Return: NULL where it is not there */
static const char *step_into(const char *p, const char **path, const char **key)
{
	bool item = **path == '[';
	const char *name = *path + (item || **path == '.');
	size_t n = strcspn(name, item ? "]" : ".[");
	unsigned long index = item ? strtoul(name, NULL, 10) : 0;

	*path = name + n + item;
	if (*p != (item ? '[' : '{'))
		return NULL;
	for (p = skip_space(p + 1); *p && *p != '}' && *p != ']'; p = skip_space(p + (*p == ','))) {
		*key = p;
		if (!item) {
			p = skip_space(skip_string(p));
			p = skip_space(p + (*p == ':'));
		}
		if (item ? index-- == 0 : strncmp(*key + 1, name, n) == 0 && (*key)[n + 1] == '"')
			return p;
		p = skip_space(skip_value(p));
	}
	return NULL;
}

unsigned jsontext_line(const struct jsontext *t, const char *path)
{
	const char *p = skip_space(t->text.p), *key = p, *found = p;
	size_t column;

	while (*path && (p = step_into(p, &path, &key)) != NULL)
		found = key;
	return line_of(t, (size_t)(found - t->text.p), &column);
}

/* ---- readers ---- */

bool jt_refuse(const struct jt_at *at, const char *key, struct err *err, const char *fmt, ...)
{
	char path[2 * JSONTEXT_PATH_MAX], words[512];
	struct buf safe = {0};
	unsigned columns;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s%s", at->path,
		 key && key[0] != '[' && at->path[0] ? "." : "", key ? key : "");
	/* Keys and values are the file's, and may be made to drive a terminal. */
	(void)safe_put(&safe, path, strlen(path), UINT_MAX, &columns);
	buf_puts(&safe, path[0] ? ": " : "");
	(void)safe_put(&safe, words, strlen(words), UINT_MAX, &columns);
	err_set(err, EXIT_USAGE, "%s:%u: %.*s", at->text->file, jsontext_line(at->text, path),
		(int)safe.n, safe.n ? safe.p : "");
	buf_done(&safe);
	return false;
}

static struct json_object *get(const struct jt_at *at, const char *key)
{
	return json_object_object_get(at->object, key);
}

bool jt_has(const struct jt_at *at, const char *key)
{
	return json_object_object_get_ex(at->object, key, NULL);
}

bool jt_known(const struct jt_at *at, const char *const keys[], struct err *err)
{
	struct buf list = {0};

	json_object_object_foreach(at->object, key, value)
	{
		size_t i = 0;

		(void)value;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i])
			continue;
		for (i = 0; keys[i]; i++)
			buf_printf(&list, "%s%s", i ? ", " : "", keys[i]);
		buf_putc(&list, '\0');
		jt_refuse(at, key, err, "not known here; there are: %s", list.failed ? "" : list.p);
		buf_done(&list);
		return false;
	}
	return true;
}

bool jt_bool(const struct jt_at *at, const char *key, bool *value, struct err *err)
{
	struct json_object *o = get(at, key);

	if (!jt_has(at, key))
		return true;
	if (!json_object_is_type(o, json_type_boolean))
		return jt_refuse(at, key, err, "true or false is wanted");
	*value = json_object_get_boolean(o);
	return true;
}

bool jt_text(const struct jt_at *at, const char *key, const char **value, struct err *err)
{
	struct json_object *o = get(at, key);

	if (!jt_has(at, key))
		return true;
	if (!json_object_is_type(o, json_type_string) || json_object_get_string_len(o) == 0 ||
	    strlen(json_object_get_string(o)) != (size_t)json_object_get_string_len(o))
		return jt_refuse(at, key, err, "a text, \"...\", is wanted");
	*value = json_object_get_string(o);
	return true;
}

bool jt_u64(const struct jt_at *at, const char *key, uint64_t least, uint64_t most, uint64_t *value,
	    struct err *err)
{
	struct json_object *o = get(at, key);

	if (!jt_has(at, key))
		return true;
	if (!json_object_is_type(o, json_type_int) || json_object_get_int64(o) < 0 ||
	    json_object_get_uint64(o) < least || json_object_get_uint64(o) > most)
		return jt_refuse(at, key, err,
				 "a whole number from %" PRIu64 " to %" PRIu64 " is wanted", least,
				 most);
	*value = json_object_get_uint64(o);
	return true;
}

/* A decimal with at most 9 digits behind the point, times @unit, exactly. Return: past it, NULL
 * where it is none or exceeds @most */
static const char *decimal(const char *p, uint64_t unit, uint64_t most, uint64_t *value)
{
	uint64_t whole = 0, rest = 0, scale = unit;

	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole > most / unit)
			return NULL;
	}
	if (*p == '.' && isdigit((unsigned char)p[1])) {
		for (p++; isdigit((unsigned char)*p); p++) {
			scale /= 10;
			rest += (uint64_t)(*p - '0') * scale;
		}
	}
	*value = whole * unit + rest;
	return *value <= most ? p : NULL;
}

bool jt_ns(const struct jt_at *at, const char *key, uint64_t *value, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"ns", 1},		{"us", 1000},	    {"ms", 1000000},
		     {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
	const char *text = "", *unit;

	if (!jt_has(at, key))
		return true;
	if (!jt_text(at, key, &text, err))
		return false;
	unit = text + strspn(text, "0123456789.");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const char *end;

		if (strcmp(unit, units[i].name) != 0)
			continue;
		end = decimal(text, units[i].ns, YEARS_100_NS, value);
		if (end == unit)
			return true;
	}
	return jt_refuse(at, key, err,
			 "'%s': a time is wanted, with ns, us, ms, s, m or h, as in \"250ms\"",
			 text);
}

bool jt_permille(const struct jt_at *at, const char *key, unsigned *value, struct err *err)
{
	const char *text = "", *end;
	uint64_t n;

	if (!jt_has(at, key))
		return true;
	if (!jt_text(at, key, &text, err))
		return false;
	end = decimal(text, 10, 1000, &n);
	if (!end || strcmp(end, "%") != 0)
		return jt_refuse(at, key, err, "'%s': a share up to 100%% is wanted, as in \"5%%\"",
				 text);
	*value = (unsigned)n;
	return true;
}

bool jt_word(const struct jt_at *at, const char *key, const char *const words[], unsigned *value,
	     struct err *err)
{
	const char *text = "";
	struct buf list = {0};

	if (!jt_has(at, key))
		return true;
	if (!jt_text(at, key, &text, err))
		return false;
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*value = i;
			buf_done(&list);
			return true;
		}
		buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
	}
	buf_putc(&list, '\0');
	jt_refuse(at, key, err, "'%s' is none of: %s", text, list.failed ? "" : list.p);
	buf_done(&list);
	return false;
}

bool jt_member(const struct jt_at *at, const char *key, struct jt_at *member, struct err *err)
{
	struct json_object *o = get(at, key);

	err->text[0] = '\0';
	if (!jt_has(at, key))
		return false;
	if (!json_object_is_type(o, json_type_object))
		return jt_refuse(at, key, err, "an object, {...}, is wanted");
	*member = (struct jt_at){.text = at->text, .object = o};
	snprintf(member->path, sizeof(member->path), "%s%s%s", at->path, at->path[0] ? "." : "",
		 key);
	return true;
}

bool jt_count(const struct jt_at *at, const char *key, size_t *count, struct err *err)
{
	struct json_object *o = get(at, key);

	*count = 0;
	if (!jt_has(at, key))
		return true;
	if (!json_object_is_type(o, json_type_array))
		return jt_refuse(at, key, err, "a list, [...], is wanted");
	*count = json_object_array_length(o);
	return true;
}

bool jt_item(const struct jt_at *at, const char *key, size_t i, struct jt_at *item, struct err *err)
{
	struct json_object *o = json_object_array_get_idx(get(at, key), i);

	*item = (struct jt_at){.text = at->text, .object = o};
	snprintf(item->path, sizeof(item->path), "%s%s%s[%zu]", at->path, at->path[0] ? "." : "",
		 key, i);
	if (json_object_is_type(o, json_type_object))
		return true;
	return jt_refuse(item, NULL, err, "an object, {...}, is wanted");
}

const char *jt_item_text(const struct jt_at *at, const char *key, size_t i, struct err *err)
{
	struct json_object *o = json_object_array_get_idx(get(at, key), i);
	char name[64];

	if (json_object_is_type(o, json_type_string))
		return json_object_get_string(o);
	snprintf(name, sizeof(name), "%s[%zu]", key, i);
	jt_refuse(at, name, err, "a text, \"...\", is wanted");
	return NULL;
}
