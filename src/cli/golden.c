/* golden.c - golden files: what must come out of the pipeline for one capture */
#include "cli/golden.h"

#include <assert.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/jsonfile.h"

#define REMEDY "mend it, or remove it and make it anew with --update"

static const struct golden_word words[] = {
	{"as-ethernet", "--as-ethernet", GOLDEN_FLAG},
	{"filter", "-f", GOLDEN_TEXT},
	{"interfaces", "--interface", GOLDEN_LIST},
	{"vms", "--vm", GOLDEN_LIST},
	{"limit", "--limit", GOLDEN_NUMBER},
	{"loop", "--loop", GOLDEN_NUMBER},
	{"unique-ip", "--unique-ip", GOLDEN_FLAG},
	{"max-frame", "--max-frame", GOLDEN_NUMBER},
	{"spoof", "--spoof", GOLDEN_TEXT},
	{"tolerant", "--tolerant", GOLDEN_FLAG},
	{"hang", "--hang", GOLDEN_NUMBER},
};
static_assert(sizeof(words) / sizeof(words[0]) == GOLDEN_OPTIONS, "each option has its words");

const struct golden_word *golden_word(enum golden_option option)
{
	return &words[option];
}

/* ---- options ---- */

bool golden_option_add(struct golden_options *o, enum golden_option option, const char *value)
{
	unsigned n = o->given[option].count;
	char **more = realloc(o->given[option].value, (n + 1) * sizeof(*more));

	if (!more)
		return false;
	o->given[option].value = more;
	more[n] = strdup(value);
	o->given[option].count += more[n] != NULL;
	return more[n] != NULL;
}

bool golden_options_copy(struct golden_options *to, const struct golden_options *from)
{
	*to = (struct golden_options){0};
	for (int i = 0; i < GOLDEN_OPTIONS; i++) {
		for (unsigned k = 0; k < from->given[i].count; k++) {
			if (!golden_option_add(to, (enum golden_option)i, from->given[i].value[k]))
				return false;
		}
	}
	return true;
}

void golden_options_done(struct golden_options *o)
{
	for (int i = 0; i < GOLDEN_OPTIONS; i++) {
		for (unsigned k = 0; k < o->given[i].count; k++)
			free(o->given[i].value[k]);
		free(o->given[i].value);
	}
	*o = (struct golden_options){0};
}

struct account_fields golden_fields_default(void)
{
	struct account_fields f = {.count = 0};

	for (int i = 0; i < ACCOUNT_FIELDS; i++) {
		if (i != FIELD_VM && i != FIELD_ETHERTYPE && i != FIELD_INFO)
			f.field[f.count++] = (enum account_field)i;
	}
	return f;
}

/* Calls @take for each name between commas. Return: false with @name where it refused one */
static bool each_name(const char *text, bool (*take)(void *ctx, const char *name), void *ctx,
		      char name[64])
{
	for (;;) {
		size_t n = strcspn(text, ",");

		snprintf(name, 64, "%.*s", (int)(n < 63 ? n : 63), text);
		if (!take(ctx, name))
			return false;
		text += n;
		if (!*text)
			return true;
		text++;
	}
}

static bool take_field(void *ctx, const char *name)
{
	struct account_fields *f = ctx;
	enum account_field field;

	if (!account_field_find(name, &field) || account_fields_have(f, field) >= 0)
		return false;
	f->field[f->count++] = field;
	return true;
}

static bool take_part(void *ctx, const char *name)
{
	unsigned *parts = ctx;
	enum account_part part;

	if (!account_part_find(name, &part))
		return false;
	*parts |= 1u << part;
	return true;
}

bool golden_fields_parse(struct account_fields *f, const char *text, struct err *err)
{
	char name[64], list[256] = "";

	*f = (struct account_fields){.count = 0};
	if (each_name(text, take_field, f, name))
		return true;
	for (int i = 0; i < ACCOUNT_FIELDS; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? "," : "",
			 account_field_name((enum account_field)i));
	err_set(err, EXIT_USAGE, "--fields: '%s': each once, some of %s are wanted", name, list);
	return false;
}

bool golden_parts_parse(unsigned *parts, const char *text, struct err *err)
{
	char name[64];

	*parts = 0;
	if (each_name(text, take_part, parts, name))
		return true;
	err_set(err, EXIT_USAGE,
		"--parts: '%s': some of ledger,switch,statistics,protocols,conversations,frames are "
		"wanted",
		name);
	return false;
}

/* ---- reading ---- */

/* Where in the file one is, and that something is wrong there. */
struct place {
	const char *path;
	char at[160];
	struct err *err;
};

static bool refuse(const struct place *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(const struct place *p, const char *fmt, ...)
{
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	err_set(p->err, EXIT_USAGE, "golden file %s: %s%s%s; " REMEDY, p->path, p->at,
		p->at[0] ? ": " : "", why);
	return false;
}

static bool no_memory(const struct place *p)
{
	err_set(p->err, EXIT_ENVIRONMENT, "golden file %s: no memory", p->path);
	return false;
}

static bool unknown(const struct place *p, const char *key)
{
	return refuse(p, "there is no key \"%.64s\" here", key);
}

/* "" only where there is no NUL byte in it. */
static const char *plain_text(struct json_object *o)
{
	const char *text;

	if (!json_object_is_type(o, json_type_string))
		return NULL;
	text = json_object_get_string(o);
	return strlen(text) == (size_t)json_object_get_string_len(o) ? text : NULL;
}

static bool is_count(struct json_object *o)
{
	return json_object_is_type(o, json_type_int) && json_object_get_int64(o) >= 0;
}

static bool add_option(struct golden *g, const struct place *p, enum golden_option option,
		       const char *value)
{
	return golden_option_add(&g->options, option, value) || no_memory(p);
}

static bool take_list(struct golden *g, const struct place *p, enum golden_option option,
		      struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return refuse(p, "\"%s\": a list of strings is wanted", words[option].key);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *text = plain_text(json_object_array_get_idx(list, i));

		if (!text)
			return refuse(p, "\"%s\": a list of strings is wanted", words[option].key);
		if (!add_option(g, p, option, text))
			return false;
	}
	return true;
}

static bool take_option(struct golden *g, const struct place *p, enum golden_option option,
			struct json_object *o)
{
	const char *key = words[option].key;

	switch (words[option].kind) {
	case GOLDEN_FLAG:
		if (!json_object_is_type(o, json_type_boolean))
			return refuse(p, "\"%s\": true or false is wanted", key);
		return !json_object_get_boolean(o) || add_option(g, p, option, "");
	case GOLDEN_NUMBER:
		if (!is_count(o))
			return refuse(p, "\"%s\": a whole number is wanted", key);
		return add_option(g, p, option, json_object_get_string(o));
	case GOLDEN_TEXT:
		if (!plain_text(o))
			return refuse(p, "\"%s\": a string is wanted", key);
		return add_option(g, p, option, plain_text(o));
	default: return take_list(g, p, option, o);
	}
}

static bool take_options(struct golden *g, struct place *p, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return refuse(p, "an object is wanted");
	json_object_object_foreach(o, key, value)
	{
		int i = 0;

		while (i < GOLDEN_OPTIONS && strcmp(words[i].key, key) != 0)
			i++;
		if (i == GOLDEN_OPTIONS)
			return unknown(p, key);
		if (!take_option(g, p, (enum golden_option)i, value))
			return false;
	}
	return true;
}

/* A list of names, each of which @take knows. */
static bool take_names(const struct place *p, struct json_object *list,
		       bool (*take)(void *ctx, const char *name), void *ctx)
{
	if (!json_object_is_type(list, json_type_array))
		return refuse(p, "a list of names is wanted");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = plain_text(json_object_array_get_idx(list, i));

		if (!name || !take(ctx, name))
			return refuse(p, "\"%.64s\" is unknown here, or named twice",
				      name ? name : "(no string)");
	}
	return true;
}

static bool take_value(struct account *a, const struct place *p, struct account_value *v,
		       enum account_field field, struct json_object *o)
{
	const char *key = account_field_name(field);

	if (!o)
		return true;
	if (account_field_is_number(field) ? !is_count(o)
					   : !json_object_is_type(o, json_type_string))
		return refuse(p, "\"%s\": a %s is wanted", key,
			      account_field_is_number(field) ? "whole number" : "string");
	account_set(a, v, json_object_get_string(o),
		    account_field_is_number(field) ? strlen(json_object_get_string(o))
						   : (size_t)json_object_get_string_len(o));
	return true;
}

static bool take_frames(struct account *a, struct place *p, struct json_object *list)
{
	size_t n = strlen(p->at);

	if (!json_object_is_type(list, json_type_array))
		return refuse(p, "a list of frames is wanted");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct account_value *v = account_frame(a);

		snprintf(p->at + n, sizeof(p->at) - n, "[%zu]", i);
		if (!v)
			return no_memory(p);
		if (!json_object_is_type(o, json_type_object))
			return refuse(p, "an object is wanted");
		json_object_object_foreach(o, key, value)
		{
			enum account_field field;
			int at = account_field_find(key, &field)
					 ? account_fields_have(&a->fields, field)
					 : -1;

			if (at < 0)
				return refuse(p, "there is no key \"%.64s\" in \"fields\"", key);
			if (!take_value(a, p, &v[at], field, value))
				return false;
		}
	}
	p->at[n] = '\0';
	return true;
}

static bool take_sum(struct account *a, const struct place *p, enum account_part part,
		     const char *name, struct json_object *o)
{
	struct json_object *frames = NULL, *bytes = NULL;

	if (!account_part_has_bytes(part)) {
		if (part == PART_LEDGER && !account_ledger_has(name))
			return refuse(p, "there is no key \"%.64s\" among those that are looked at",
				      name);
		if (!is_count(o))
			return refuse(p, "\"%.64s\": a whole number is wanted", name);
		account_add(a, part, name, json_object_get_uint64(o), 0);
		return true;
	}
	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "frames", &frames) ||
	    !json_object_object_get_ex(o, "bytes", &bytes) || json_object_object_length(o) != 2 ||
	    !is_count(frames) || !is_count(bytes))
		return refuse(p, "\"%.64s\": {\"frames\": N, \"bytes\": N} is wanted", name);
	account_add(a, part, name, json_object_get_uint64(frames), json_object_get_uint64(bytes));
	return true;
}

static bool take_part_of(struct account *a, struct place *p, enum account_part part,
			 struct json_object *o)
{
	if (part == PART_FRAMES)
		return take_frames(a, p, o);
	if (!json_object_is_type(o, json_type_object))
		return refuse(p, "an object is wanted");
	json_object_object_foreach(o, name, value)
	{
		if (!take_sum(a, p, part, name, value))
			return false;
	}
	return true;
}

static bool take_errors(struct account *a, const struct place *p, struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return refuse(p, "a list of strings is wanted");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *text = plain_text(json_object_array_get_idx(list, i));

		if (!text)
			return refuse(p, "a list of strings is wanted");
		account_error(a, text);
	}
	return true;
}

static bool take_exit(struct account *a, const struct place *p, struct json_object *o)
{
	if (!is_count(o) || json_object_get_int64(o) > 255)
		return refuse(p, "an exit code is wanted");
	a->exit = json_object_get_int(o);
	return true;
}

static bool take_tshark(struct account *a, const struct place *p, struct json_object *o)
{
	if (!plain_text(o))
		return refuse(p, "a version is wanted");
	snprintf(a->tshark, sizeof(a->tshark), "%s", plain_text(o));
	return true;
}

static bool take_account(struct golden *g, struct place *p, enum profile profile,
			 struct json_object *o)
{
	struct account *a = &g->account[profile];
	size_t n = strlen(p->at);

	if (!json_object_is_type(o, json_type_object))
		return refuse(p, "an object is wanted");
	account_init(a, &g->fields);
	g->has[profile] = true;
	json_object_object_foreach(o, key, value)
	{
		enum account_part part;
		bool ok;

		snprintf(p->at + n, sizeof(p->at) - n, ".%.64s", key);
		if (strcmp(key, "tshark") == 0)
			ok = take_tshark(a, p, value);
		else if (strcmp(key, "exit") == 0)
			ok = take_exit(a, p, value);
		else if (strcmp(key, "errors") == 0)
			ok = take_errors(a, p, value);
		else if (account_part_find(key, &part))
			ok = g->parts >> part & 1 ? take_part_of(a, p, part, value)
						  : refuse(p, "it is not named in \"parts\"");
		else
			ok = refuse(p, "there is no such key here");
		if (!ok)
			return false;
	}
	p->at[n] = '\0';
	return !a->failed || no_memory(p);
}

static bool take_decode(struct golden *g, struct place *p, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return refuse(p, "an object is wanted");
	json_object_object_foreach(o, key, value)
	{
		enum profile profile;

		snprintf(p->at, sizeof(p->at), "decode");
		if (!profile_parse(&profile, key))
			return unknown(p, key);
		snprintf(p->at, sizeof(p->at), "decode.%s", key);
		if (!take_account(g, p, profile, value))
			return false;
	}
	return true;
}

static bool take_version(const struct place *p, struct json_object *root)
{
	struct json_object *o = json_object_object_get(root, "secvf-golden");

	if (!is_count(o))
		return refuse(p, "\"secvf-golden\" is missing, the version of the format");
	if (json_object_get_int64(o) != GOLDEN_VERSION)
		return refuse(p, "\"secvf-golden\" is %s, and this program knows %d",
			      json_object_get_string(o), GOLDEN_VERSION);
	return true;
}

/* Fields and parts first: what follows hangs on them. */
static bool take_all(struct golden *g, struct place *p, struct json_object *root)
{
	struct json_object *decode = NULL;

	if (!take_version(p, root))
		return false;
	json_object_object_foreach(root, key, value)
	{
		bool ok = true;

		snprintf(p->at, sizeof(p->at), "%.64s", key);
		if (strcmp(key, "decode") == 0)
			decode = value;
		else if (strcmp(key, "options") == 0)
			ok = take_options(g, p, value);
		else if (strcmp(key, "fields") == 0)
			ok = take_names(p, value, take_field, &g->fields);
		else if (strcmp(key, "parts") == 0)
			ok = take_names(p, value, take_part, &g->parts);
		else if (strcmp(key, "capture") != 0 && strcmp(key, "secvf-golden") != 0) {
			p->at[0] = '\0';
			return unknown(p, key);
		}
		if (!ok)
			return false;
	}
	snprintf(p->at, sizeof(p->at), "decode");
	return decode ? take_decode(g, p, decode) : refuse(p, "it is missing");
}

bool golden_read(struct golden *g, const char *path, struct err *err)
{
	struct place p = {.path = path, .err = err};
	struct jsonfile f;
	bool ok;

	*g = (struct golden){.parts = 0};
	if (!jsonfile_read(&f, "golden file", path, GOLDEN_BYTES_MAX, err)) {
		size_t n = strlen(err->text);

		if (err->exit == EXIT_USAGE)
			snprintf(err->text + n, sizeof(err->text) - n, "; " REMEDY);
		return false;
	}
	ok = take_all(g, &p, f.root);
	jsonfile_done(&f);
	return ok;
}

void golden_done(struct golden *g)
{
	golden_options_done(&g->options);
	for (int i = 0; i < GOLDEN_PROFILES; i++)
		account_done(&g->account[i]);
	*g = (struct golden){.parts = 0};
}

/* ---- writing ---- */

static void put_text(struct buf *out, const char *text)
{
	buf_json(out, text, strlen(text));
}

static void put_option(struct buf *out, const struct golden_options *o, enum golden_option option)
{
	const struct golden_word *w = &words[option];

	buf_printf(out, "\"%s\": ", w->key);
	if (w->kind == GOLDEN_FLAG)
		buf_puts(out, "true");
	else if (w->kind == GOLDEN_NUMBER)
		buf_puts(out, o->given[option].value[0]);
	else if (w->kind == GOLDEN_TEXT)
		put_text(out, o->given[option].value[0]);
	else {
		for (unsigned i = 0; i < o->given[option].count; i++) {
			buf_puts(out, i ? ", " : "[");
			put_text(out, o->given[option].value[i]);
		}
		buf_putc(out, ']');
	}
}

static void put_head(const struct golden *g, const char *capture, struct buf *out)
{
	bool first = true;

	buf_printf(out, "{\n  \"secvf-golden\": %d,\n  \"capture\": ", GOLDEN_VERSION);
	put_text(out, capture);
	buf_puts(out, ",\n  \"options\": {");
	for (int i = 0; i < GOLDEN_OPTIONS; i++) {
		if (!g->options.given[i].count)
			continue;
		buf_puts(out, first ? "" : ", ");
		put_option(out, &g->options, (enum golden_option)i);
		first = false;
	}
	buf_puts(out, "},\n  \"fields\": [");
	for (unsigned i = 0; i < g->fields.count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", account_field_name(g->fields.field[i]));
	buf_puts(out, "],\n  \"parts\": [");
	first = true;
	for (int i = 0; i < ACCOUNT_PARTS; i++) {
		if (g->parts >> i & 1) {
			buf_printf(out, "%s\"%s\"", first ? "" : ", ",
				   account_part_name((enum account_part)i));
			first = false;
		}
	}
	buf_puts(out, "],\n  \"decode\": {");
}

static void put_frame(struct buf *out, const struct account *a, size_t frame)
{
	const struct account_value *v = a->values + frame * a->fields.count;
	const char *between = "{";

	for (unsigned i = 0; i < a->fields.count; i++) {
		const char *text = account_text(a, &v[i]);

		if (!text)
			continue;
		buf_printf(out, "%s\"%s\": ", between, account_field_name(a->fields.field[i]));
		if (account_field_is_number(a->fields.field[i]))
			buf_put(out, text, v[i].n);
		else
			buf_json(out, text, v[i].n);
		between = ", ";
	}
	buf_puts(out, *between == '{' ? "{}" : "}");
}

static void put_frames(struct buf *out, const struct account *a)
{
	buf_puts(out, ",\n      \"frames\": [");
	for (size_t i = 0; i < a->frames; i++) {
		buf_puts(out, i ? ",\n        " : "\n        ");
		put_frame(out, a, i);
	}
	buf_puts(out, a->frames ? "\n      ]" : "]");
}

/* Sums with bytes have a line each. */
static void put_sums(struct buf *out, const struct account *a, enum account_part part)
{
	bool lines = account_part_has_bytes(part), first = true;

	buf_printf(out, ",\n      \"%s\": {", account_part_name(part));
	for (size_t i = 0; i < a->fact_count; i++) {
		const struct account_fact *fact = &a->facts[i];

		if (fact->part != part)
			continue;
		buf_puts(out, first ? "" : lines ? "," : ", ");
		buf_puts(out, lines ? "\n        " : "");
		put_text(out, fact->name);
		if (lines)
			buf_printf(out, ": {\"frames\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
				   fact->count, fact->bytes);
		else
			buf_printf(out, ": %" PRIu64, fact->count);
		first = false;
	}
	buf_puts(out, lines && !first ? "\n      }" : "}");
}

static void put_account(struct buf *out, const struct account *a, unsigned parts)
{
	if (a->tshark[0]) {
		buf_puts(out, "      \"tshark\": ");
		put_text(out, a->tshark);
		buf_puts(out, ",\n");
	}
	buf_printf(out, "      \"exit\": %d,\n      \"errors\": [", a->exit);
	for (size_t i = 0; i < a->error_count; i++) {
		buf_puts(out, i ? ",\n        " : "\n        ");
		put_text(out, a->errors[i]);
	}
	buf_puts(out, a->error_count ? "\n      ]" : "]");
	for (int part = 0; part < ACCOUNT_PARTS; part++) {
		if (!(parts >> part & 1))
			continue;
		if (part == PART_FRAMES)
			put_frames(out, a);
		else
			put_sums(out, a, (enum account_part)part);
	}
	buf_puts(out, "\n    }");
}

void golden_put(const struct golden *g, const char *capture, struct buf *out)
{
	bool first = true;

	put_head(g, capture, out);
	for (int i = 0; i < GOLDEN_PROFILES; i++) {
		if (!g->has[i])
			continue;
		buf_printf(out, "%s\n    \"%s\": {\n", first ? "" : ",",
			   profile_name((enum profile)i));
		put_account(out, &g->account[i], g->parts);
		first = false;
	}
	buf_puts(out, first ? "}\n}\n" : "\n  }\n}\n");
}
