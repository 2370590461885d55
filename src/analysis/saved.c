/* saved.c - display filters kept under names */
#include "analysis/saved.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"
#include "base/utf8.h"

/* ---- texts ---- */

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

/* Return: false where it is no UTF-8, or holds a NUL, or a control character and may not */
static bool is_text(const char *p, size_t n, bool controls)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;

		i += utf8_next(p + i, n - i, &cp);
		if (cp == UINT32_MAX || cp == 0 || (!controls && is_control(cp)))
			return false;
	}
	return true;
}

const char *saved_name_wrong(const char *name, size_t n)
{
	if (n < 1 || n > SAVED_NAME_MAX)
		return "a name has 1 to 128 bytes";
	return is_text(name, n, false) ? NULL : "a name is UTF-8 without control characters";
}

const char *saved_expression_wrong(const char *expression, size_t n)
{
	if (n < 1 || n > SAVED_EXPRESSION_MAX)
		return "a display filter has 1 to 4096 bytes";
	return is_text(expression, n, true) ? NULL : "a display filter is UTF-8 without NUL";
}

const char *saved_note_wrong(const char *note, size_t n)
{
	if (n > SAVED_NOTE_MAX)
		return "a note has at most 1024 bytes";
	return is_text(note, n, true) ? NULL : "a note is UTF-8 without NUL";
}

void saved_quote(const char *text, char quoted[SAVED_QUOTED_MAX])
{
	struct buf b = {0};
	unsigned columns;
	size_t n = strlen(text), took = safe_put(&b, text, n, SAVED_QUOTED_COLUMNS, &columns);

	snprintf(quoted, SAVED_QUOTED_MAX, "\"%.*s%s\"", (int)b.n, b.n ? b.p : "",
		 took < n ? "..." : "");
	buf_done(&b);
}

/* ---- the closest name ---- */

static size_t code_points(const char *s, uint32_t cps[SAVED_NAME_MAX])
{
	size_t bytes = strlen(s), n = 0;

	for (size_t i = 0; i < bytes && n < SAVED_NAME_MAX; n++)
		i += utf8_next(s + i, bytes - i, &cps[n]);
	return n;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Code points to insert, delete or replace (Levenshtein), by one row of the table. */
static unsigned distance(const char *a, const char *b)
{
	uint32_t as[SAVED_NAME_MAX], bs[SAVED_NAME_MAX];
	size_t an = code_points(a, as), bn = code_points(b, bs);
	unsigned row[SAVED_NAME_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < an; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < bn; j++) {
			unsigned replaced = diagonal + (as[i] != bs[j]);

			diagonal = row[j + 1];
			row[j + 1] = least(replaced, least(row[j], row[j + 1]) + 1);
		}
	}
	return row[bn];
}

size_t saved_find(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->saved_count; i++) {
		if (strcmp(s->saved[i].name, name) == 0)
			return i;
	}
	return SAVED_NONE;
}

size_t saved_expect(const struct settings *s, const char *name, struct err *err)
{
	char quoted[SAVED_QUOTED_MAX], close[SAVED_QUOTED_MAX];
	size_t found = saved_find(s, name), best = 0;
	unsigned nearest = UINT32_MAX;

	if (found != SAVED_NONE)
		return found;
	saved_quote(name, quoted);
	if (!s->saved_count) {
		err_set(err, EXIT_USAGE, "no display filter is saved as %s, and none at all",
			quoted);
		return SAVED_NONE;
	}
	for (size_t i = 0; i < s->saved_count; i++) {
		unsigned d = distance(s->saved[i].name, name);

		if (d < nearest) {
			nearest = d;
			best = i;
		}
	}
	saved_quote(s->saved[best].name, close);
	err_set(err, EXIT_USAGE, "no display filter is saved as %s; the closest name is %s", quoted,
		close);
	return SAVED_NONE;
}

/* ---- changes ---- */

static bool no_memory(struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "no memory for another display filter");
	return false;
}

static bool text_refused(const char *text, const char *why, struct err *err)
{
	char quoted[SAVED_QUOTED_MAX];

	saved_quote(text, quoted);
	err_set(err, EXIT_USAGE, "%s: %s", quoted, why);
	return false;
}

static bool name_free(const struct settings *s, const char *name, struct err *err)
{
	const char *why = saved_name_wrong(name, strlen(name));
	size_t taken = saved_find(s, name);

	if (why)
		return text_refused(name, why, err);
	if (taken == SAVED_NONE)
		return true;
	return text_refused(name,
			    "a display filter has that name already; choose another, or rename or "
			    "remove that one",
			    err);
}

static bool has_room(struct settings *s, struct err *err)
{
	size_t cap = s->saved_cap ? 2 * s->saved_cap : 16;
	struct saved_filter *grown;

	if (s->saved_count == SETTINGS_SAVED_MAX) {
		err_set(err, EXIT_USAGE,
			"%u display filters are saved, which is the most; remove some first",
			SETTINGS_SAVED_MAX);
		return false;
	}
	if (s->saved_count < s->saved_cap)
		return true;
	grown = realloc(s->saved, cap * sizeof(*grown));
	if (!grown)
		return no_memory(err);
	s->saved = grown;
	s->saved_cap = cap;
	return true;
}

static void free_one(struct saved_filter *f)
{
	free(f->name);
	free(f->expression);
	free(f->note);
	json_object_put(f->rest);
}

bool saved_add(struct settings *s, const char *name, const char *expression, const char *note,
	       struct err *err)
{
	const char *why = saved_expression_wrong(expression, strlen(expression));
	struct saved_filter f;

	if (why)
		return text_refused(expression, why, err);
	why = saved_note_wrong(note, strlen(note));
	if (why)
		return text_refused(note, why, err);
	if (!name_free(s, name, err) || !has_room(s, err))
		return false;
	f = (struct saved_filter){
		.name = strdup(name), .expression = strdup(expression), .note = strdup(note)};
	if (!f.name || !f.expression || !f.note) {
		free_one(&f);
		return no_memory(err);
	}
	s->saved[s->saved_count++] = f;
	return true;
}

bool saved_rename(struct settings *s, const char *name, const char *to, struct err *err)
{
	size_t i = saved_expect(s, name, err);
	char *copy;

	if (i == SAVED_NONE)
		return false;
	if (strcmp(name, to) == 0)
		return true;
	if (!name_free(s, to, err))
		return false;
	copy = strdup(to);
	if (!copy)
		return no_memory(err);
	free(s->saved[i].name);
	s->saved[i].name = copy;
	return true;
}

bool saved_remove(struct settings *s, const char *name, struct err *err)
{
	size_t i = saved_expect(s, name, err);

	if (i == SAVED_NONE)
		return false;
	free_one(&s->saved[i]);
	s->saved_count--;
	memmove(&s->saved[i], &s->saved[i + 1], (s->saved_count - i) * sizeof(s->saved[0]));
	return true;
}

bool saved_move(struct settings *s, const char *name, unsigned long long position, struct err *err)
{
	size_t from = saved_expect(s, name, err), to;
	struct saved_filter f;

	if (from == SAVED_NONE)
		return false;
	if (position < 1 || position > s->saved_count) {
		err_set(err, EXIT_USAGE, "there is no position %llu; there are 1 to %zu", position,
			s->saved_count);
		return false;
	}
	to = (size_t)position - 1;
	f = s->saved[from];
	if (from < to)
		memmove(&s->saved[from], &s->saved[from + 1], (to - from) * sizeof(f));
	else
		memmove(&s->saved[to + 1], &s->saved[to], (from - to) * sizeof(f));
	s->saved[to] = f;
	return true;
}

/* "NAME (2)", of which NAME loses its end where both do not fit. */
static void numbered(const char *name, unsigned number, char out[SAVED_NAME_MAX + 1])
{
	char suffix[16];
	int n = snprintf(suffix, sizeof(suffix), " (%u)", number);
	size_t most = SAVED_NAME_MAX - (size_t)n, bytes = strlen(name), kept = 0;

	while (kept < bytes) {
		uint32_t cp;
		size_t one = utf8_next(name + kept, bytes - kept, &cp);

		if (kept + one > most)
			break;
		kept += one;
	}
	snprintf(out, SAVED_NAME_MAX + 1, "%.*s%s", (int)kept, name, suffix);
}

enum saved_merged saved_merge(struct settings *s, const char *name, const char *expression,
			      const char *note, size_t *index, struct err *err)
{
	char as[SAVED_NAME_MAX + 1];
	const char *why = saved_name_wrong(name, strlen(name));

	if (why) {
		text_refused(name, why, err);
		return SAVED_REFUSED;
	}
	snprintf(as, sizeof(as), "%s", name);
	/* It ends: at most SETTINGS_SAVED_MAX names are taken. */
	for (unsigned number = 1;; numbered(name, ++number, as)) {
		size_t i = saved_find(s, as);

		if (i == SAVED_NONE) {
			if (!saved_add(s, as, expression, note, err))
				return SAVED_REFUSED;
			*index = s->saved_count - 1;
			return number == 1 ? SAVED_ADDED : SAVED_RENAMED;
		}
		if (strcmp(s->saved[i].expression, expression) == 0) {
			*index = i;
			return SAVED_THERE;
		}
	}
}
