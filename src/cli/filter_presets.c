/* filter_presets.c - `secvf filter presets`: display filters for what malware does */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "analysis/presets.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/filter.h"

static const char help[] =
	"usage: secvf filter presets [NAME] [-T text|json]\n"
	"\n"
	"Display filters for what malware does on a network, each with what it shows and what else it\n"
	"matches. With a NAME only that expression, as for\n"
	"\n"
	"  tshark -r FILE -Y \"$(secvf filter presets dns-tunnel)\"\n"
	"\n"
	"  -T text|json   json: an array of {name, category, expression, note}; with a NAME that object\n";

#define WRAP_COLUMNS 88u

/* Words of a text in rows of their own width, each row indented by @indent. */
static void put_wrapped(struct buf *b, const char *text, int indent)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > WRAP_COLUMNS) {
			buf_putc(b, '\n');
			column = 0;
		}
		if (column)
			buf_putc(b, ' ');
		else
			buf_printf(b, "%*s", indent, "");
		buf_put(b, text, n);
		column += n + (column > 0);
		text += n + (text[n] == ' ');
	}
	buf_putc(b, '\n');
}

static void put_text(struct buf *b, const struct preset *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(all[i].category, all[i - 1].category) != 0)
			buf_printf(b, "%s%s\n", i ? "\n" : "", all[i].category);
		/* The expression stays on one line, to be copied. */
		buf_printf(b, "  %s\n      %s\n", all[i].name, all[i].expression);
		put_wrapped(b, all[i].note, 6);
	}
}

static void put_member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json(b, value, strlen(value));
}

static void put_object(struct buf *b, const struct preset *p)
{
	buf_putc(b, '{');
	put_member(b, "name", p->name);
	buf_putc(b, ',');
	put_member(b, "category", p->category);
	buf_putc(b, ',');
	put_member(b, "expression", p->expression);
	buf_putc(b, ',');
	put_member(b, "note", p->note);
	buf_putc(b, '}');
}

static void put_array(struct buf *b, const struct preset *all, size_t count)
{
	buf_puts(b, "[\n");
	for (size_t i = 0; i < count; i++) {
		buf_puts(b, "  ");
		put_object(b, &all[i]);
		buf_puts(b, i + 1 < count ? ",\n" : "\n");
	}
	buf_puts(b, "]\n");
}

static bool print(const char *name, bool json, struct err *err)
{
	size_t count;
	const struct preset *all = presets(&count), *one = name ? preset_find(name) : NULL;
	struct buf b = {0};
	bool ok;

	if (name && !one) {
		err_set(err, EXIT_USAGE,
			"filter presets: there is no preset '%.60s'; 'secvf filter presets' lists "
			"them",
			name);
		return false;
	}
	if (one && json) {
		put_object(&b, one);
		buf_putc(&b, '\n');
	} else if (one) {
		buf_printf(&b, "%s\n", one->expression);
	} else if (json) {
		put_array(&b, all, count);
	} else {
		put_text(&b, all, count);
	}
	ok = !b.failed && fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0;
	buf_done(&b);
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "standard output cannot be written");
	return ok;
}

static bool parse(int argc, char **argv, const char **name, bool *json, struct err *err)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:", options, NULL)) != -1) {
		switch (word) {
		case 'T':
			*json = strcmp(optarg, "json") == 0;
			if (*json || strcmp(optarg, "text") == 0)
				break;
			err_set(err, EXIT_USAGE, "-T: '%.60s': text or json is wanted", optarg);
			return false;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default: cli_usage(word, argv, "filter presets", err); return false;
		}
	}
	if (argc - optind > 1) {
		err_set(err, EXIT_USAGE, "filter presets: one name at most");
		return false;
	}
	*name = optind < argc ? argv[optind] : NULL;
	return true;
}

int filter_presets(int argc, char **argv)
{
	const char *name = NULL;
	struct err err = {0};
	bool json = false;

	if (parse(argc, argv, &name, &json, &err) && print(name, json, &err))
		return EXIT_BALANCED;
	return err.exit == EXIT_BALANCED ? EXIT_BALANCED : cli_say(&err);
}
