/* filter_keep.c - `secvf filter add, list, show, rename, remove, move` */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analysis/saved.h"
#include "base/buf.h"
#include "base/safe.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/shown.h"

#define NAME_COLUMNS 40u

/* ---- one change of the settings ---- */

struct change {
	struct settings_file file;
	struct settings settings;
};

static bool begin(struct change *c, const struct filter_words *w, struct err *err)
{
	*c = (struct change){.file.lock = -1};
	if (!settings_file_begin(&c->file, w->settings, &c->settings, err))
		return false;
	filter_tell(&c->file);
	return true;
}

/* Writes where @ok, and lets all go. Return: the exit code, said */
static int end(struct change *c, bool ok, struct err *err)
{
	ok = ok && settings_file_commit(&c->file, &c->settings, err);
	settings_file_end(&c->file);
	settings_done(&c->settings);
	return ok ? EXIT_BALANCED : filter_say(err);
}

int filter_rename(int argc, char **argv)
{
	struct filter_words w;
	struct change c;
	struct err err = {0};

	if (!filter_parse(&w, argc, argv, 0, "OLD NEW", &err) || !begin(&c, &w, &err))
		return filter_say(&err);
	return end(&c, saved_rename(&c.settings, w.rest[0], w.rest[1], &err), &err);
}

int filter_remove(int argc, char **argv)
{
	struct filter_words w;
	struct change c;
	struct err err = {0};

	if (!filter_parse(&w, argc, argv, 0, "NAME", &err) || !begin(&c, &w, &err))
		return filter_say(&err);
	return end(&c, saved_remove(&c.settings, w.rest[0], &err), &err);
}

int filter_move(int argc, char **argv)
{
	unsigned long long position = 0;
	struct filter_words w;
	struct change c;
	struct err err = {0};

	if (!filter_parse(&w, argc, argv, 0, "NAME POSITION", &err) ||
	    !cli_u64("POSITION", w.rest[1], 1, SETTINGS_SAVED_MAX, &position, &err) ||
	    !begin(&c, &w, &err))
		return filter_say(&err);
	return end(&c, saved_move(&c.settings, w.rest[0], position, &err), &err);
}

/* ---- add ---- */

/* Before the lock is taken: tshark takes its time. */
static bool is_filter(const struct filter_words *w, struct err *err)
{
	struct shown shown = {.filter = w->rest[1]};
	struct detected tshark;
	bool ok;

	if (w->no_check)
		return true;
	if (!cli_detect(&tshark, w->tshark, err))
		return false;
	if (!tshark.found) {
		fprintf(stderr, "secvf: filter: no tshark was found, so the expression is not "
				"checked\n");
		return true;
	}
	shown.tshark = tshark.path;
	ok = shown_check(&shown, err);
	shown_done(&shown);
	/* Words for -Y, of which there is none here. */
	if (!ok && strncmp(err->text, "-Y: ", 4) == 0)
		memmove(err->text, err->text + 4, strlen(err->text + 4) + 1);
	return ok;
}

int filter_add(int argc, char **argv)
{
	struct settings empty = {0};
	struct filter_words w;
	struct change c;
	struct err err = {0};
	const char *note;
	bool ok;

	if (!filter_parse(&w, argc, argv, FILTER_NOTE | FILTER_NO_CHECK | FILTER_TSHARK,
			  "NAME EXPRESSION", &err))
		return filter_say(&err);
	note = w.note ? w.note : "";
	/* What can be no filter at all tshark is not asked about. */
	ok = saved_add(&empty, w.rest[0], w.rest[1], note, &err) && is_filter(&w, &err);
	settings_done(&empty);
	if (!ok || !begin(&c, &w, &err))
		return filter_say(&err);
	return end(&c, saved_add(&c.settings, w.rest[0], w.rest[1], note, &err), &err);
}

/* ---- list, show ---- */

static unsigned put_safe(struct buf *out, const char *text, unsigned columns_max)
{
	unsigned columns;

	(void)safe_put(out, text, strlen(text), columns_max, &columns);
	return columns;
}

static unsigned name_columns(const struct settings *s)
{
	unsigned most = 0;

	for (size_t i = 0; i < s->saved_count; i++) {
		struct buf b = {0};
		unsigned n = put_safe(&b, s->saved[i].name, UINT_MAX);

		if (n > most && n <= NAME_COLUMNS)
			most = n;
		buf_done(&b);
	}
	return most;
}

static void put_text(struct buf *out, const struct settings *s)
{
	unsigned wide = name_columns(s);

	for (size_t i = 0; i < s->saved_count; i++) {
		unsigned n;

		buf_printf(out, "%4zu  ", i + 1);
		n = put_safe(out, s->saved[i].name, UINT_MAX);
		buf_printf(out, "%*s", (int)(n < wide ? wide - n : 0) + 2, "");
		(void)put_safe(out, s->saved[i].expression, UINT_MAX);
		if (s->saved[i].note[0]) {
			buf_puts(out, "  # ");
			(void)put_safe(out, s->saved[i].note, UINT_MAX);
		}
		buf_putc(out, '\n');
	}
}

static void put_json(struct buf *out, const struct settings *s)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < s->saved_count; i++) {
		const struct saved_filter *f = &s->saved[i];

		buf_printf(out, "%s\n  {\"position\":%zu,\"name\":", i ? "," : "", i + 1);
		buf_json(out, f->name, strlen(f->name));
		buf_puts(out, ",\"expression\":");
		buf_json(out, f->expression, strlen(f->expression));
		buf_puts(out, ",\"note\":");
		buf_json(out, f->note, strlen(f->note));
		buf_putc(out, '}');
	}
	buf_puts(out, s->saved_count ? "\n]\n" : "]\n");
}

/* Prints @out, and lets all go. Return: the exit code, said */
static int print(struct buf *out, struct settings *s, struct err *err)
{
	bool ok = !out->failed;

	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "no memory");
	if (ok && out->n)
		(void)fwrite(out->p, 1, out->n, stdout);
	ok = ok && filter_flush(err);
	buf_done(out);
	settings_done(s);
	return ok ? EXIT_BALANCED : filter_say(err);
}

int filter_list(int argc, char **argv)
{
	struct settings s = {0};
	struct settings_file f;
	struct filter_words w;
	struct buf out = {0};
	struct err err = {0};

	if (!filter_parse(&w, argc, argv, FILTER_FORMAT, "", &err) ||
	    !settings_file_read(&f, w.settings, &s, &err))
		return filter_say(&err);
	filter_tell(&f);
	if (w.json)
		put_json(&out, &s);
	else
		put_text(&out, &s);
	return print(&out, &s, &err);
}

int filter_show(int argc, char **argv)
{
	struct settings s = {0};
	struct settings_file f;
	struct filter_words w;
	struct buf out = {0};
	struct err err = {0};
	size_t i;

	if (!filter_parse(&w, argc, argv, 0, "NAME", &err) ||
	    !settings_file_read(&f, w.settings, &s, &err))
		return filter_say(&err);
	filter_tell(&f);
	i = saved_expect(&s, w.rest[0], &err);
	if (i == SAVED_NONE) {
		settings_done(&s);
		return filter_say(&err);
	}
	/* Into $(...) as it is; on a terminal harmless. */
	if (isatty(STDOUT_FILENO))
		(void)put_safe(&out, s.saved[i].expression, UINT_MAX);
	else
		buf_puts(&out, s.saved[i].expression);
	buf_putc(&out, '\n');
	return print(&out, &s, &err);
}
