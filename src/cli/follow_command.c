/* follow_command.c - `secvf follow`: what a stream of a capture carried */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/examine.h"

static const char help[] =
	"usage: secvf follow [OPTION...] FILE tcp|udp|tls|http|http2|quic STREAM\n"
	"\n"
	"Shows what a stream carried, in both directions. STREAM is its number, as tcp.stream or\n"
	"udp.stream has it, or frame:N for the stream that this frame is part of.\n"
	"\n"
	"  -T text|hex|raw|json  text (default): what is printable; raw: the bytes as they are, both\n"
	"                        directions in order\n" EXAMINE_HELP;

struct request {
	struct examine examine;
	const char *file, *kind;
	enum follow_form form;
	char filter[256];
};

/* Protocols that are followed, and the field that numbers their streams. */
static const struct {
	const char *kind, *field;
} kinds[] = {
	{"tcp", "tcp.stream"},	{"udp", "udp.stream"},	 {"tls", "tcp.stream"},
	{"http", "tcp.stream"}, {"http2", "tcp.stream"}, {"quic", "quic.connection.number"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *field_of(const char *kind)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kind, kinds[i].kind) == 0)
			return kinds[i].field;
	}
	return NULL;
}

/* The stream that a frame is part of: its own field says. */
static bool stream_of_frame(struct request *r, unsigned long long frame, struct err *err)
{
	const char *field = field_of(r->kind);
	struct layers l = {0};
	uint32_t at;
	bool ok = inspector_frame(&r->examine.inspector, (uint32_t)frame, NULL, 0, &l, err);

	if (!ok)
		return false;
	at = layers_find(&l, field, 0);
	ok = at != LAYERS_NOWHERE;
	if (ok) {
		/* Of PDML there is only the label: "Stream index: 0". */
		const struct layer_node *node = &l.node[at];
		const struct layer_text *t =
			node->filter.n > node->field_n ? &node->filter : &node->label;
		uint32_t i = t->n;

		while (i && l.text.p[t->at + i - 1] >= '0' && l.text.p[t->at + i - 1] <= '9')
			i--;
		snprintf(r->filter, sizeof(r->filter), "%s eq %.*s", field, (int)(t->n - i),
			 l.text.p + t->at + i);
	} else {
		err_set(err, EXIT_USAGE, "frame %llu is part of no %s stream (it has no %s)", frame,
			r->kind, field);
	}
	layers_done(&l);
	return ok;
}

static bool parse(struct request *r, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"help", no_argument, NULL, 'h'},
		EXAMINE_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	static const char *const forms[] = {"text", "hex", "raw", "json"};
	int word, taken;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:" EXAMINE_LETTERS, words, NULL)) != -1) {
		taken = examine_option(&r->examine, word, optarg, err);
		if (taken < 0)
			return false;
		if (taken)
			continue;
		if (word == 'h') {
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		}
		if (word != 'T') {
			cli_usage(word, argv, "follow", err);
			return false;
		}
		for (r->form = FOLLOW_TEXT; r->form <= FOLLOW_JSON; r->form++) {
			if (strcmp(optarg, forms[r->form]) == 0)
				break;
		}
		if (r->form > FOLLOW_JSON) {
			err_set(err, EXIT_USAGE, "-T '%s': text, hex, raw or json is wanted",
				optarg);
			return false;
		}
	}
	if (argc - optind != 3) {
		err_set(err, EXIT_USAGE,
			"a capture, a protocol and a stream are wanted: secvf follow FILE tcp 0");
		return false;
	}
	r->file = argv[optind];
	r->kind = argv[optind + 1];
	if (field_of(r->kind))
		return true;
	err_set(err, EXIT_USAGE, "'%s': tcp, udp, tls, http, http2 or quic can be followed",
		r->kind);
	return false;
}

static bool run(struct request *r, const char *stream, struct follow *f, struct err *err)
{
	unsigned long long n;

	if (!examine_open(&r->examine, err))
		return false;
	inspector_load(&r->examine.inspector, r->file);
	if (strncmp(stream, "frame:", 6) == 0) {
		if (!cli_u64("frame", stream + 6, 1, UINT32_MAX, &n, err) ||
		    !stream_of_frame(r, n, err))
			return false;
	} else {
		if (!cli_u64("STREAM", stream, 0, UINT32_MAX, &n, err))
			return false;
		snprintf(r->filter, sizeof(r->filter), "%s eq %llu", field_of(r->kind), n);
	}
	if (!inspector_follow(&r->examine.inspector, r->kind, r->filter, f, err))
		return false;
	if (f->pieces)
		return true;
	err_set(err, EXIT_USAGE, "%s: no %s stream with '%s' carried anything", r->file, r->kind,
		r->filter);
	return false;
}

int cli_follow(int argc, char **argv)
{
	struct request *r = calloc(1, sizeof(*r));
	struct follow f = {0};
	struct buf out = {0};
	struct err err = {0};
	int exit;

	if (r && parse(r, argc, argv, &err) && run(r, argv[optind + 2], &f, &err)) {
		follow_put(&f, r->form, &out);
		exit = examine_print(&out);
	} else {
		exit = err.exit == EXIT_BALANCED ? EXIT_BALANCED : cli_say(&err);
	}
	follow_done(&f);
	if (r)
		examine_close(&r->examine);
	free(r);
	return exit;
}
