/* settings.c - what is kept from one run to the next, as JSON */
#include "analysis/settings.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/saved.h"
#include "base/check.h"
#include "base/jsontext.h"
#include "base/utf8.h"

/* json-c's own bound, which jsontext leaves as it is. */
#define DEPTH_MAX 32u

enum known {
	LIMIT,
	SAVED,
	RECENT,
	KNOWN
};

static const char *const keys[KNOWN] = {
	"SecVFCaptureQueueLimit",
	"SavedDisplayFilters",
	"RecentDisplayFilters",
};

static const char *const filter_keys[] = {"name", "expression", "note"};

#define FILTER_KEYS (sizeof(filter_keys) / sizeof(filter_keys[0]))

void settings_done(struct settings *s)
{
	for (size_t i = 0; i < s->saved_count; i++) {
		free(s->saved[i].name);
		free(s->saved[i].expression);
		free(s->saved[i].note);
		json_object_put(s->saved[i].rest);
	}
	free(s->saved);
	for (size_t i = 0; i < s->recent_count; i++)
		free(s->recent[i]);
	json_object_put(s->whole);
	*s = (struct settings){0};
}

/* ---- whether all of a text can be kept ---- */

static bool refuse_at(const char *name, const char *text, const char *at, const char *why,
		      struct err *err)
{
	unsigned line = 1;

	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	err_set(err, EXIT_USAGE, "%s:%u: %s", name, line, why);
	return false;
}

/* json-c lets some pass that is no UTF-8, and stops at a NUL. */
static bool is_utf8(const char *name, const char *text, size_t n, struct err *err)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t one = utf8_next(text + i, n - i, &cp);

		if (cp == UINT32_MAX || cp == 0)
			return refuse_at(name, text, text + i,
					 "there are bytes that are no text; UTF-8 is wanted", err);
		i += one;
	}
	return true;
}

/* Past the string at @p. *cut: it holds an escaped NUL, where json-c would cut a key. */
static const char *string_end(const char *p, bool *cut)
{
	*cut = false;
	for (p++; *p && *p != '"'; p++) {
		*cut |= strncmp(p, "\\u0000", 6) == 0;
		p += *p == '\\' && p[1];
	}
	return p + (*p == '"');
}

static bool is_key(const char *end)
{
	return end[strspn(end, " \t\r\n")] == ':';
}

/* Keys of a text that json-c takes for JSON. *wrong: where one is that cannot be kept, and *why;
 * NULL: nowhere */
static size_t keys_of(const char *p, const char **wrong, const char **why)
{
	size_t n = 0;

	*wrong = NULL;
	while (*(p += strcspn(p, "\"'"))) {
		const char *end;
		bool nul;

		if (*p == '\'') {
			*wrong = p;
			*why = "a key in double quotes is wanted";
			return n;
		}
		end = string_end(p, &nul);
		if (is_key(end) && nul) {
			*wrong = p;
			*why = "a key must not hold \\u0000";
		}
		n += is_key(end);
		p = end;
	}
	return n;
}

/* Members of all objects within. *finite: no number is NaN or infinite, which JSON has not */
static size_t members_of(struct json_object *o, bool *finite)
{
	size_t n = 0;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			n += 1 + members_of(value, finite);
		}
	} else if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			n += members_of(json_object_array_get_idx(o, i), finite);
	} else if (json_object_is_type(o, json_type_double)) {
		*finite &= (bool)isfinite(json_object_get_double(o));
	}
	return n;
}

/* Adds the key from @p to @end. Return: whether it was there */
static bool seen(struct json_object *set, const char *p, const char *end)
{
	char *key = strndup(p, (size_t)(end - p));
	bool was = key && json_object_object_get_ex(set, key, NULL);

	if (key && !was)
		json_object_object_add(set, key, NULL);
	free(key);
	return was;
}

/* The first key that its object has already, by its bytes. Return: @p where there is none: one that
 * is written in two ways */
static const char *key_twice(const char *p)
{
	struct json_object *sets[DEPTH_MAX + 2] = {0};
	const char *start = p, *found = NULL;
	unsigned depth = 0;
	bool cut;

	while (!found && *(p += strcspn(p, "\"{}[]"))) {
		const char *at = p++;

		if (*at == '{' || *at == '[') {
			if (++depth >= DEPTH_MAX + 2)
				break;
			sets[depth] = *at == '{' ? json_object_new_object() : NULL;
		} else if (*at != '"') {
			if (!depth)
				break;
			json_object_put(sets[depth]);
			sets[depth--] = NULL;
		} else {
			p = string_end(at, &cut);
			if (sets[depth < DEPTH_MAX + 2 ? depth : 0] && is_key(p) &&
			    seen(sets[depth], at, p))
				found = at;
		}
	}
	for (size_t i = 0; i < DEPTH_MAX + 2; i++)
		json_object_put(sets[i]);
	return found ? found : start;
}

static bool is_kept_whole(const struct jsontext *t, const char *name, struct err *err)
{
	const char *text = t->text.p, *wrong, *why;
	bool finite = true;
	size_t n = keys_of(text, &wrong, &why);

	if (wrong)
		return refuse_at(name, text, wrong, why, err);
	if (n != members_of(t->root, &finite))
		return refuse_at(name, text, key_twice(text),
				 "this key is twice in one object; remove one of the two", err);
	if (!finite)
		return refuse_at(name, text, text, "NaN and Infinity are no JSON", err);
	return true;
}

/* ---- reading ---- */

static bool no_memory(const char *name, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s: no memory", name);
	return false;
}

/* A text of @at, or @at's member @key; *value stays where that is not there. */
static bool read_text(const struct jt_at *at, const char *key,
		      const char *(*wrong)(const char *, size_t), const char **value,
		      struct err *err)
{
	struct json_object *o;
	const char *why;

	if (!json_object_object_get_ex(at->object, key, &o))
		return *value || jt_refuse(at, NULL, err, "\"%s\" is missing", key);
	if (!json_object_is_type(o, json_type_string))
		return jt_refuse(at, key, err, "a text, \"...\", is wanted");
	*value = json_object_get_string(o);
	why = wrong(*value, (size_t)json_object_get_string_len(o));
	return !why || jt_refuse(at, key, err, "%s", why);
}

/* What a filter has beside what is known of it. Return: NULL where that is nothing */
static struct json_object *other_members(struct json_object *filter)
{
	int known = 0;

	for (size_t i = 0; i < FILTER_KEYS; i++)
		known += json_object_object_get_ex(filter, filter_keys[i], NULL);
	return known < json_object_object_length(filter) ? json_object_get(filter) : NULL;
}

static bool add(struct settings *s, const struct jt_at *at, const char *key, const char *name,
		const char *expression, const char *note, struct err *err)
{
	struct err why = {0};

	if (saved_add(s, name, expression, note, &why))
		return true;
	if (why.exit == EXIT_ENVIRONMENT)
		return no_memory(at->text->file, err);
	return jt_refuse(at, key, err, "%s", why.text);
}

static bool read_listed(struct settings *s, const struct jt_at *root, size_t i, struct err *err)
{
	const char *name = NULL, *expression = NULL, *note = "";
	struct jt_at at;

	if (!jt_item(root, keys[SAVED], i, &at, err) ||
	    !read_text(&at, "name", saved_name_wrong, &name, err) ||
	    !read_text(&at, "expression", saved_expression_wrong, &expression, err) ||
	    !read_text(&at, "note", saved_note_wrong, &note, err) ||
	    !add(s, &at, "name", name, expression, note, err))
		return false;
	s->saved[s->saved_count - 1].rest = other_members(at.object);
	return true;
}

/* {"NAME": "EXPRESSION", ...} */
static bool read_named(struct settings *s, const struct jt_at *at, struct err *err)
{
	json_object_object_foreach(at->object, name, value)
	{
		const char *expression = NULL, *why = saved_name_wrong(name, strlen(name));

		(void)value;
		if (why)
			return jt_refuse(at, name, err, "%s", why);
		if (!read_text(at, name, saved_expression_wrong, &expression, err) ||
		    !add(s, at, name, name, expression, "", err))
			return false;
	}
	return true;
}

static bool read_saved(struct settings *s, const struct jt_at *root, struct err *err)
{
	struct json_object *o = json_object_object_get(root->object, keys[SAVED]);
	struct jt_at at;

	if (json_object_is_type(o, json_type_object))
		return jt_member(root, keys[SAVED], &at, err) && read_named(s, &at, err);
	if (!json_object_is_type(o, json_type_array))
		return !jt_has(root, keys[SAVED]) ||
		       jt_refuse(root, keys[SAVED], err,
				 "a list of {\"name\", \"expression\", \"note\"} is wanted, or an "
				 "object {\"NAME\": \"EXPRESSION\"}");
	for (size_t i = 0; i < json_object_array_length(o); i++) {
		if (!read_listed(s, root, i, err))
			return false;
	}
	return true;
}

static bool read_recent(struct settings *s, const struct jt_at *root, struct err *err)
{
	size_t n, had;

	if (!jt_count(root, keys[RECENT], &n, err))
		return false;
	for (size_t i = 0; i < n && s->recent_count < SETTINGS_RECENT_MAX; i++) {
		struct json_object *o = json_object_array_get_idx(
			json_object_object_get(root->object, keys[RECENT]), i);
		const char *text = jt_item_text(root, keys[RECENT], i, err), *why;
		char key[64];

		if (!text)
			return false;
		why = saved_expression_wrong(text, (size_t)json_object_get_string_len(o));
		snprintf(key, sizeof(key), "%s[%zu]", keys[RECENT], i);
		if (why)
			return jt_refuse(root, key, err, "%s", why);
		for (had = 0; had < s->recent_count && strcmp(s->recent[had], text) != 0; had++) {
		}
		if (had < s->recent_count)
			continue;
		s->recent[s->recent_count] = strdup(text);
		if (!s->recent[s->recent_count])
			return no_memory(root->text->file, err);
		s->recent_count++;
	}
	return true;
}

bool settings_parse(struct settings *s, const char *name, const char *text, size_t n,
		    struct err *err)
{
	struct settings fresh = {0};
	uint64_t limit = 0;
	struct jsontext t;
	struct jt_at root;
	bool ok;

	if (!is_utf8(name, text, n, err) || !jsontext_parse(&t, name, text, n, err))
		return false;
	ok = jsontext_root(&t, &root, err) && is_kept_whole(&t, name, err) &&
	     jt_u64(&root, keys[LIMIT], 0, UINT32_MAX, &limit, err) &&
	     read_saved(&fresh, &root, err) && read_recent(&fresh, &root, err);
	if (ok) {
		fresh.queue_limit = (uint32_t)limit;
		fresh.whole = json_object_get(t.root);
		settings_done(s);
		*s = fresh;
	} else {
		settings_done(&fresh);
	}
	jsontext_done(&t);
	return ok;
}

/* ---- printing ---- */

static void begin_item(struct buf *out, bool first, unsigned depth)
{
	buf_puts(out, first ? "\n" : ",\n");
	for (unsigned i = 0; i < depth; i++)
		buf_puts(out, "  ");
}

static void end_items(struct buf *out, bool none, unsigned depth, char bracket)
{
	if (!none)
		begin_item(out, true, depth);
	buf_putc(out, bracket);
}

static void put_key(struct buf *out, bool first, unsigned depth, const char *key)
{
	begin_item(out, first, depth);
	buf_json(out, key, strlen(key));
	buf_puts(out, ": ");
}

/* As deep as json-c has read it, which is DEPTH_MAX at most. */
static void put_value(struct buf *out, struct json_object *o, unsigned depth)
{
	size_t n = 0;

	check(depth <= DEPTH_MAX + 2);
	if (json_object_is_type(o, json_type_object)) {
		buf_putc(out, '{');
		json_object_object_foreach(o, key, value)
		{
			put_key(out, n++ == 0, depth + 1, key);
			put_value(out, value, depth + 1);
		}
		end_items(out, n == 0, depth, '}');
	} else if (json_object_is_type(o, json_type_array)) {
		buf_putc(out, '[');
		for (; n < json_object_array_length(o); n++) {
			begin_item(out, n == 0, depth + 1);
			put_value(out, json_object_array_get_idx(o, n), depth + 1);
		}
		end_items(out, n == 0, depth, ']');
	} else if (json_object_is_type(o, json_type_string)) {
		buf_json(out, json_object_get_string(o), (size_t)json_object_get_string_len(o));
	} else {
		/* Numbers keep their digits: json-c has those of what it calls a double. */
		buf_puts(out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	}
}

static bool is_known(const char *const list[], size_t n, const char *key)
{
	while (n && strcmp(list[n - 1], key) != 0)
		n--;
	return n > 0;
}

static void put_filter(struct buf *out, const struct saved_filter *f)
{
	const char *const texts[FILTER_KEYS] = {f->name, f->expression, f->note};

	buf_putc(out, '{');
	for (size_t i = 0; i < FILTER_KEYS; i++) {
		if (!texts[i][0])
			continue;
		put_key(out, i == 0, 3, filter_keys[i]);
		buf_json(out, texts[i], strlen(texts[i]));
	}
	if (f->rest) {
		json_object_object_foreach(f->rest, key, value)
		{
			if (is_known(filter_keys, FILTER_KEYS, key))
				continue;
			put_key(out, false, 3, key);
			put_value(out, value, 3);
		}
	}
	end_items(out, false, 2, '}');
}

static void put_known(struct buf *out, const struct settings *s, enum known which)
{
	size_t n = which == SAVED ? s->saved_count : s->recent_count;

	if (which == LIMIT) {
		buf_u64(out, s->queue_limit);
		return;
	}
	buf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		begin_item(out, i == 0, 2);
		if (which == SAVED)
			put_filter(out, &s->saved[i]);
		else
			buf_json(out, s->recent[i], strlen(s->recent[i]));
	}
	end_items(out, n == 0, 1, ']');
}

void settings_print(const struct settings *s, struct buf *out)
{
	const bool set[KNOWN] = {s->queue_limit > 0, s->saved_count > 0, s->recent_count > 0};
	bool put[KNOWN] = {false};
	size_t n = 0;

	buf_putc(out, '{');
	if (s->whole) {
		json_object_object_foreach(s->whole, key, value)
		{
			unsigned k = 0;

			put_key(out, n++ == 0, 1, key);
			while (k < KNOWN && strcmp(keys[k], key) != 0)
				k++;
			if (k < KNOWN)
				put_known(out, s, (enum known)k);
			else
				put_value(out, value, 1);
			if (k < KNOWN)
				put[k] = true;
		}
	}
	for (unsigned k = 0; k < KNOWN; k++) {
		if (put[k] || !set[k])
			continue;
		put_key(out, n++ == 0, 1, keys[k]);
		put_known(out, s, (enum known)k);
	}
	end_items(out, n == 0, 0, '}');
	buf_putc(out, '\n');
}

bool settings_recent(struct settings *s, const char *expression, struct err *err)
{
	const char *why = saved_expression_wrong(expression, strlen(expression));
	char *copy;
	size_t i;

	if (why) {
		err_set(err, EXIT_USAGE, "%s", why);
		return false;
	}
	copy = strdup(expression);
	if (!copy)
		return no_memory("recent display filters", err);
	for (i = 0; i < s->recent_count && strcmp(s->recent[i], expression) != 0; i++) {
	}
	/* The one that is the newest again makes room, else the oldest, where there is none. */
	if (i == SETTINGS_RECENT_MAX)
		i--;
	if (i < s->recent_count)
		free(s->recent[i]);
	else
		s->recent_count++;
	memmove(&s->recent[1], &s->recent[0], i * sizeof(s->recent[0]));
	s->recent[0] = copy;
	return true;
}
