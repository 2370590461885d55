/* filter_check.c - `secvf filter check` and `complete`: what Wireshark says of an expression */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe.h"
#include "cli/cli.h"
#include "cli/examine.h"
#include "cli/filter.h"

static const char check_help[] =
	"usage: secvf filter check [OPTION...] EXPRESSION...\n"
	"\n"
	"Asks Wireshark whether display filters are right, and says where they are not. Exit code 2\n"
	"where one is not.\n"
	"\n"
	"  -T text|json        (default text)\n" EXAMINE_HELP;

static const char complete_help[] =
	"usage: secvf filter complete [OPTION...] PREFIX\n"
	"\n"
	"Lists the fields whose names begin with PREFIX, with their types.\n"
	"\n"
	"  --limit N           at most so many (default 50; 0: all)\n"
	"  -T text|json        (default text)\n" EXAMINE_HELP;

struct request {
	struct examine examine;
	bool json;
	unsigned long long limit;
};

static bool parse(struct request *r, int argc, char **argv, const char *help, struct err *err)
{
	static const struct option words[] = {
		{"help", no_argument, NULL, 'h'},
		{"limit", required_argument, NULL, 'l'},
		EXAMINE_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	int word, taken;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:" EXAMINE_LETTERS, words, NULL)) != -1) {
		taken = examine_option(&r->examine, word, optarg, err);
		if (taken < 0)
			return false;
		if (taken)
			continue;
		switch (word) {
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		case 'l':
			if (!cli_u64("--limit", optarg, 0, UINT32_MAX, &r->limit, err))
				return false;
			break;
		case 'T':
			r->json = strcmp(optarg, "json") == 0;
			if (r->json || strcmp(optarg, "text") == 0)
				break;
			err_set(err, EXIT_USAGE, "-T '%s': text or json is wanted", optarg);
			return false;
		default: cli_usage(word, argv, "filter", err); return false;
		}
	}
	if (argc == optind)
		err_set(err, EXIT_USAGE, "%s: an expression is wanted", argv[0]);
	return argc > optind && examine_open(&r->examine, err);
}

/* ---- check ---- */

static void put_json(const char *filter, const struct filter_verdict *v, struct buf *out)
{
	buf_puts(out, "{\"filter\":");
	buf_json(out, filter, strlen(filter));
	buf_printf(out, ",\"ok\":%s", v->ok ? "true" : "false");
	if (v->message[0]) {
		buf_printf(out, ",\"%s\":", v->ok ? "warning" : "message");
		buf_json(out, v->message, strlen(v->message));
	}
	if (v->n)
		buf_printf(out, ",\"at\":%zu,\"bytes\":%zu", v->at, v->n);
	if (v->hint) {
		buf_puts(out, ",\"hint\":");
		buf_json(out, v->hint, strlen(v->hint));
	}
	buf_puts(out, "}\n");
}

static void put_safe(struct buf *out, const char *text)
{
	unsigned columns;

	safe_put(out, text, strlen(text), 4096, &columns);
}

static void put_text(const char *filter, const struct filter_verdict *v, struct buf *out)
{
	unsigned before, columns;

	buf_puts(out, v->ok ? "\xe2\x9c\x93 " : "\xe2\x9c\x97 ");
	put_safe(out, filter);
	buf_putc(out, '\n');
	if (v->n) {
		struct buf scratch = {0};

		/* As wide as what is printed. */
		safe_put(&scratch, filter, v->at, 4096, &before);
		safe_put(&scratch, filter + v->at, v->n, 4096, &columns);
		buf_done(&scratch);
		buf_printf(out, "  %*s^", (int)before, "");
		for (unsigned i = 1; i < columns; i++)
			buf_putc(out, '~');
		buf_putc(out, '\n');
	}
	if (v->message[0]) {
		buf_puts(out, "  ");
		put_safe(out, v->message);
		buf_putc(out, '\n');
	}
	if (v->hint)
		buf_printf(out, "  hint: %s\n", v->hint);
}

int filter_check(int argc, char **argv)
{
	struct request *r = calloc(1, sizeof(*r));
	struct filter_verdict v;
	struct buf out = {0};
	struct err err = {0};
	bool ok = r && parse(r, argc, argv, check_help, &err), right = true;
	int exit = EXIT_BALANCED;

	for (int i = optind; ok && i < argc; i++) {
		ok = inspector_check(&r->examine.inspector, argv[i], &v, &err);
		right &= v.ok;
		if (ok && r->json)
			put_json(argv[i], &v, &out);
		else if (ok)
			put_text(argv[i], &v, &out);
	}
	if (out.n)
		exit = examine_print(&out);
	if (r)
		examine_close(&r->examine);
	free(r);
	if (!ok && err.exit != EXIT_BALANCED)
		return cli_say(&err);
	return exit ? exit : right ? EXIT_BALANCED : EXIT_USAGE;
}

/* ---- complete ---- */

static void put_field(const struct field *field, bool json, bool first, struct buf *out)
{
	if (!json) {
		buf_printf(out, "%-40s  %-20s  %s\n", field->name, field_type(field), field->what);
		return;
	}
	buf_puts(out, first ? "[{\"field\":" : ",\n {\"field\":");
	buf_json(out, field->name, strlen(field->name));
	buf_puts(out, ",\"type\":");
	buf_json(out, field_type(field), strlen(field_type(field)));
	buf_puts(out, ",\"what\":");
	buf_json(out, field->what, strlen(field->what));
	buf_putc(out, '}');
}

int filter_complete(int argc, char **argv)
{
	struct request *r = calloc(1, sizeof(*r));
	const struct fields *fields = NULL;
	const struct field *field;
	struct buf out = {0};
	struct err err = {0};
	uint32_t n, shown;
	int exit;

	if (r)
		r->limit = 50;
	if (r && parse(r, argc, argv, complete_help, &err))
		fields = inspector_fields(&r->examine.inspector, &err);
	if (fields) {
		field = fields_complete(fields, argv[optind], &n);
		shown = r->limit && r->limit < n ? (uint32_t)r->limit : n;
		for (uint32_t i = 0; i < shown; i++)
			put_field(&field[i], r->json, i == 0, &out);
		if (r->json)
			buf_puts(&out, shown ? "]\n" : "[]\n");
		else if (shown < n)
			buf_printf(&out, "... and %u more; --limit 0 lists all\n", n - shown);
		exit = examine_print(&out);
	} else {
		exit = err.exit == EXIT_BALANCED ? EXIT_BALANCED : cli_say(&err);
	}
	if (r)
		examine_close(&r->examine);
	free(r);
	return exit;
}
