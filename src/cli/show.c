/* show.c - `secvf show`: one frame of a capture, its layers and its bytes */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/hexdump.h"
#include "base/safe.h"
#include "capfile/capfile.h"
#include "cli/cli.h"
#include "cli/examine.h"

static const char help[] =
	"usage: secvf show [OPTION...] FILE FRAME...\n"
	"\n"
	"Shows frames of a capture, by their numbers: layers as a tree, and bytes. The frames before\n"
	"them are dissected, too, so that what is reassembled or decrypted is there.\n"
	"\n"
	"  --field NAME        point at this field in the tree, and at its bytes ('ip.src')\n"
	"  --byte OFFSET       point at the field that this byte belongs to (0x1a, 26)\n"
	"  --view N            bytes of another view: reassembled, decompressed, decrypted (default 0,\n"
	"                      the frame; those that there are, are listed)\n"
	"  --hidden            hidden items, too; by tshark alone, as sharkd tells none\n"
	"  --no-tree, --no-bytes  one part only\n"
	"  -T text|json        (default text)\n" EXAMINE_HELP;

enum {
	OPT_FIELD = 256,
	OPT_BYTE,
	OPT_VIEW,
	OPT_HIDDEN,
	OPT_NO_TREE,
	OPT_NO_BYTES
};

struct show {
	struct examine examine;
	const char *file;
	const char *field;
	unsigned long long byte, view;
	bool byte_given, hidden, no_tree, no_bytes, json;
	/* Where there is no sharkd: the frame's own bytes. */
	struct buf bytes;
};

/* ---- work ---- */

/* The frame's bytes, which PDML has not. One that is not there has none. */
static bool read_bytes(struct show *s, unsigned long long number, struct err *err)
{
	struct capfile *c = capfile_open(s->file, err);
	struct capfile_frame f;

	if (!c)
		return false;
	s->bytes.n = 0;
	while (capfile_next(c, &f, err) == CAPFILE_FRAME) {
		if (f.number == number) {
			buf_put(&s->bytes, f.data, f.caplen);
			break;
		}
	}
	capfile_close(c);
	return true;
}

static void put_views(const struct layers *l, const struct show *s, struct buf *out)
{
	for (unsigned i = 0; l->views > 1 && i < l->views; i++) {
		unsigned columns;

		buf_printf(out, "%s %u ", i == s->view ? ">" : " ", i);
		safe_put(out, l->text.p + l->view[i].name.at, l->view[i].name.n, 100, &columns);
		buf_putc(out, '\n');
	}
}

/* What --field or --byte points at. Return: false with @err where there is no such thing */
static bool point(const struct layers *l, const struct show *s, uint32_t *mark, struct err *err)
{
	*mark = LAYERS_NOWHERE;
	if (s->field)
		*mark = layers_find(l, s->field, 0);
	else if (s->byte_given)
		*mark = layers_at(l, (unsigned)s->view, (uint32_t)s->byte);
	else
		return true;
	if (*mark != LAYERS_NOWHERE)
		return true;
	if (s->field)
		err_set(err, EXIT_USAGE, "--field: the frame has no field '%s'", s->field);
	else
		err_set(err, EXIT_USAGE, "--byte: no field stands for byte %llu of view %llu",
			s->byte, s->view);
	return false;
}

static bool put_text(const struct layers *l, const struct show *s, struct buf *out, struct err *err)
{
	unsigned view = (unsigned)s->view;
	uint32_t mark, start = 0, bytes = 0;

	if (view >= l->views) {
		err_set(err, EXIT_USAGE, "--view %u: the frame has %u, from 0", view, l->views);
		return false;
	}
	if (!point(l, s, &mark, err))
		return false;
	if (mark != LAYERS_NOWHERE && l->node[mark].view != LAYERS_NO_VIEW) {
		view = s->field ? l->node[mark].view : view;
		start = l->node[mark].start;
		bytes = l->node[mark].bytes;
	}
	if (!s->no_tree)
		layers_put_tree(l, mark, s->hidden, out);
	if (!s->no_tree && !s->no_bytes)
		buf_putc(out, '\n');
	if (!s->no_bytes) {
		put_views(l, s, out);
		hexdump(layers_view(l, view), l->view[view].n, start, bytes, out);
	}
	return true;
}

static bool show_one(struct show *s, unsigned long long number, bool first, struct buf *out,
		     struct err *err)
{
	struct inspector *x = &s->examine.inspector;
	struct layers l = {0};
	bool ok;

	if (inspector_by_tshark(x) && !read_bytes(s, number, err))
		return false;
	ok = inspector_frame(x, (uint32_t)number, (const unsigned char *)s->bytes.p, s->bytes.n, &l,
			     err);
	if (ok && s->json) {
		layers_put_json(&l, out);
		buf_putc(out, '\n');
	} else if (ok) {
		if (!first)
			buf_putc(out, '\n');
		ok = put_text(&l, s, out, err);
	}
	layers_done(&l);
	return ok;
}

/* ---- options ---- */

static bool option(struct show *s, int word, char **argv, struct err *err)
{
	int taken = examine_option(&s->examine, word, optarg, err);
	char *end;

	if (taken)
		return taken > 0;
	switch (word) {
	case OPT_FIELD: s->field = optarg; return true;
	case OPT_BYTE:
		s->byte_given = true;
		s->byte = strtoull(optarg, &end, 0);
		if (end > optarg && !*end && s->byte <= UINT32_MAX)
			return true;
		err_set(err, EXIT_USAGE, "--byte '%s': an offset is wanted, 26 or 0x1a", optarg);
		return false;
	case OPT_VIEW: return cli_u64("--view", optarg, 0, LAYERS_VIEWS_MAX, &s->view, err);
	case OPT_HIDDEN:
		/* sharkd 4.0 keeps them to itself, whatever it is asked. */
		s->hidden = s->examine.no_sharkd = true;
		return true;
	case OPT_NO_TREE: s->no_tree = true; return true;
	case OPT_NO_BYTES: s->no_bytes = true; return true;
	case 'T':
		s->json = strcmp(optarg, "json") == 0;
		if (s->json || strcmp(optarg, "text") == 0)
			return true;
		err_set(err, EXIT_USAGE, "-T '%s': text or json is wanted", optarg);
		return false;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: cli_usage(word, argv, "show", err); return false;
	}
}

static bool parse(struct show *s, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"field", required_argument, NULL, OPT_FIELD},
		{"byte", required_argument, NULL, OPT_BYTE},
		{"view", required_argument, NULL, OPT_VIEW},
		{"hidden", no_argument, NULL, OPT_HIDDEN},
		{"no-tree", no_argument, NULL, OPT_NO_TREE},
		{"no-bytes", no_argument, NULL, OPT_NO_BYTES},
		{"help", no_argument, NULL, 'h'},
		EXAMINE_OPTIONS,
		{NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:" EXAMINE_LETTERS, words, NULL)) != -1) {
		if (!option(s, word, argv, err))
			return false;
	}
	if (argc - optind < 2) {
		err_set(err, EXIT_USAGE,
			"a capture and the number of a frame are wanted: secvf show "
			"FILE FRAME");
		return false;
	}
	s->file = argv[optind++];
	return true;
}

static bool run(struct show *s, int argc, char **argv, struct buf *out, struct err *err)
{
	if (!examine_open(&s->examine, err))
		return false;
	inspector_load(&s->examine.inspector, s->file);
	for (int i = optind; i < argc; i++) {
		unsigned long long number;

		if (!cli_u64("FRAME", argv[i], 1, UINT32_MAX, &number, err) ||
		    !show_one(s, number, i == optind, out, err))
			return false;
	}
	return true;
}

int cli_show(int argc, char **argv)
{
	struct show *s = calloc(1, sizeof(*s));
	struct buf out = {0};
	struct err err = {0};
	bool ok = s && parse(s, argc, argv, &err) && run(s, argc, argv, &out, &err);
	int exit = EXIT_BALANCED;

	/* Frames that were had before one that was not are shown. */
	if (out.n)
		exit = examine_print(&out);
	buf_done(&out);
	if (s) {
		buf_done(&s->bytes);
		examine_close(&s->examine);
	}
	free(s);
	return ok || err.exit == EXIT_BALANCED ? exit : cli_say(&err);
}
