/* filter_transfer.c - `secvf filter import, export` */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/saved.h"
#include "base/buf.h"
#include "base/safe.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/proplist.h"
#include "cli/wholefile.h"

/* ---- import ---- */

static bool read_text(struct settings *from, const char *path, const struct buf *text,
		      struct err *err)
{
	size_t i = 0;

	if (proplist_is(text->p, text->n))
		return proplist_read(from, path, text->p, text->n, err);
	while (i < text->n && text->p[i] && strchr(" \t\r\n", text->p[i]))
		i++;
	if (i < text->n && text->p[i] == '{')
		return settings_parse(from, path, text->p, text->n, err);
	err_set(err, EXIT_USAGE, "import %s: neither a property list (XML, binary) nor JSON, {...}",
		path);
	return false;
}

static bool read_from(struct settings *from, const char *path, struct err *err)
{
	struct buf text = {0};
	bool ok = wholefile_read("import", path, PROPLIST_BYTES_MAX, &text, err) &&
		  read_text(from, path, &text, err);

	buf_done(&text);
	if (ok && !from->saved_count && !from->queue_limit) {
		err_set(err, EXIT_USAGE,
			"import %s: there are no SavedDisplayFilters in it, and no "
			"SecVFCaptureQueueLimit",
			path);
		ok = false;
	}
	return ok;
}

static void tell(struct buf *out, const char *what, const char *name, const char *more)
{
	unsigned columns;

	buf_printf(out, "%s ", what);
	(void)safe_put(out, name, strlen(name), UINT_MAX, &columns);
	buf_printf(out, "%s\n", more);
}

static bool merge_one(struct settings *s, const struct saved_filter *f, struct buf *out,
		      bool *changed, struct err *err)
{
	size_t at = 0;
	enum saved_merged merged = saved_merge(s, f->name, f->expression, f->note, &at, err);

	switch (merged) {
	case SAVED_ADDED: tell(out, "added   ", f->name, ""); break;
	case SAVED_THERE: tell(out, "kept    ", s->saved[at].name, ", which was there"); break;
	case SAVED_RENAMED:
		tell(out, "added   ", s->saved[at].name, ", as that name has another expression");
		break;
	case SAVED_REFUSED: return false;
	}
	*changed |= merged != SAVED_THERE;
	return true;
}

static void merge_limit(struct settings *s, const struct settings *from, struct buf *out,
			bool *changed)
{
	if (!from->queue_limit || s->queue_limit == from->queue_limit)
		return;
	if (s->queue_limit) {
		buf_printf(out,
			   "kept     SecVFCaptureQueueLimit %" PRIu32 "; the file has %" PRIu32
			   "\n",
			   s->queue_limit, from->queue_limit);
		return;
	}
	s->queue_limit = from->queue_limit;
	*changed = true;
	buf_printf(out, "set      SecVFCaptureQueueLimit %" PRIu32 "\n", s->queue_limit);
}

/* All of it or nothing. */
static bool merge(struct settings_file *f, struct settings *s, const struct settings *from,
		  struct err *err)
{
	struct buf out = {0};
	bool changed = false, ok = true;

	for (size_t i = 0; ok && i < from->saved_count; i++)
		ok = merge_one(s, &from->saved[i], &out, &changed, err);
	if (ok)
		merge_limit(s, from, &out, &changed);
	if (ok && changed)
		ok = settings_file_commit(f, s, err);
	if (ok && out.n)
		(void)fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
	return ok && filter_flush(err);
}

int filter_import(int argc, char **argv)
{
	struct settings from = {0}, s = {0};
	struct settings_file f = {.lock = -1};
	struct filter_words w;
	struct err err = {0};
	bool ok = filter_parse(&w, argc, argv, 0, "FILE", &err) &&
		  read_from(&from, w.rest[0], &err) &&
		  settings_file_begin(&f, w.settings, &s, &err);

	if (ok) {
		filter_tell(&f);
		ok = merge(&f, &s, &from, &err);
	}
	settings_file_end(&f);
	settings_done(&s);
	settings_done(&from);
	return ok ? EXIT_BALANCED : filter_say(&err);
}

/* ---- export ---- */

static bool ends_with(const char *path, const char *end)
{
	size_t n = strlen(path), e = strlen(end);

	return n > e && strcmp(path + n - e, end) == 0;
}

/* What is meant for others: neither what was looked for of late, nor other keys of the file. */
static void print_json(const struct settings *s, struct buf *out)
{
	const struct settings shared = {
		.queue_limit = s->queue_limit, .saved = s->saved, .saved_count = s->saved_count};

	settings_print(&shared, out);
}

static bool may_write(const struct filter_words *w, struct err *err)
{
	const char *path = w->rest[0];
	bool json = ends_with(path, ".json");
	struct stat st;

	if (!json && !ends_with(path, ".plist")) {
		err_set(err, EXIT_USAGE, "export %s: a name that ends in .plist or .json is wanted",
			path);
		return false;
	}
	if (json && w->binary) {
		err_set(err, EXIT_USAGE, "export %s: --binary is for property lists, .plist", path);
		return false;
	}
	if (w->force || lstat(path, &st))
		return true;
	err_set(err, EXIT_USAGE, "export %s: it is there; --force replaces it", path);
	return false;
}

int filter_export(int argc, char **argv)
{
	struct settings s = {0};
	struct settings_file f;
	struct filter_words w;
	struct buf out = {0};
	struct err err = {0};
	bool ok;

	if (!filter_parse(&w, argc, argv, FILTER_BINARY | FILTER_FORCE, "FILE", &err) ||
	    !may_write(&w, &err) || !settings_file_read(&f, w.settings, &s, &err))
		return filter_say(&err);
	filter_tell(&f);
	if (ends_with(w.rest[0], ".json"))
		print_json(&s, &out);
	else if (!proplist_print(&s, w.binary, &out))
		out.failed = true;
	ok = !out.failed;
	if (!ok)
		err_set(&err, EXIT_ENVIRONMENT, "no memory");
	ok = ok && wholefile_write("export", w.rest[0], out.p, out.n, &err);
	buf_done(&out);
	settings_done(&s);
	return ok ? EXIT_BALANCED : filter_say(&err);
}
