/* export.c - `secvf export`: chosen frames of captures and sessions into one file */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capfile/export.h"
#include "capfile/when.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/outfile.h"
#include "cli/shown.h"
#include "os/port_posix.h"

static const char help[] =
	"usage: secvf export [OPTION...] [FILE|FOLDER...] -w OUT\n"
	"\n"
	"Writes frames of captures (pcap, pcapng, also .gz and .zst) into one file; all of them, or those that\n"
	"meet every condition given. OUT is there whole or not at all.\n"
	"\n"
	"  -w OUT               file to write; .gz and .zst are compressed; '-' is standard output\n"
	"  -F FORMAT            pcapng (default), pcap (microseconds), nsecpcap\n"
	"  --session NAME       the files NAME-rotN.pcapng of $AVF_HOME/Captures; may be given again\n"
	"\n"
	"  --ids LIST           frame numbers over all files, as in 5,10-20,100-; those of a session are its ids\n"
	"  --from T, --to T     at or after, before: 2026-11-22T22:28:48.978142710Z, or seconds since 1970\n"
	"  --vm NAME            frames that NAME sent, that were sent to an address of it, or to a group\n"
	"  -f FILTER            capture filter, pcap-filter(7)\n"
	"  -Y FILTER            display filter, by tshark\n"
	"  --conversation N     frames of the same two addresses, protocol and ports as frame N\n"
	"\n"
	"  --tolerant           a broken file is no error; frames before its broken place are exported always\n"
	"  --tshark PATH        tshark for -Y (default: $PATH, then the usual places)\n"
	"  -q, --quiet          no progress, no account\n";

#define PROGRESS_NS UINT64_C(100000000)
#define BAR_WIDTH   30u
#define READ_BYTES  (256u << 10) /* with what goes out it stays in the cache */

struct job {
	struct inputs inputs;
	struct selection_config wanted;
	struct selection *selection;
	enum export_format format;
	const char *out, *asked_tshark, *filter;
	struct detected tshark;
	struct shown shown;
	bool tolerant, quiet;
	struct {
		bool on;
		uint64_t done, all, drawn_ns; /* bytes */
	} progress;
	unsigned broken;
};

/* ---- options ---- */

static bool parse_format(struct job *j, const char *text, struct err *err)
{
	if (strcmp(text, "pcapng") == 0)
		j->format = EXPORT_PCAPNG;
	else if (strcmp(text, "pcap") == 0)
		j->format = EXPORT_PCAP;
	else if (strcmp(text, "nsecpcap") == 0)
		j->format = EXPORT_PCAP_NS;
	else {
		err_set(err, EXIT_USAGE, "-F '%s': pcapng, pcap or nsecpcap is wanted", text);
		return false;
	}
	return true;
}

static bool parse_when(const char *option, const char *text, bool *given, uint64_t *ns,
		       struct err *err)
{
	*given = when_parse(text, ns);
	if (!*given)
		err_set(err, EXIT_USAGE,
			"%s '%s': a time in UTC is wanted, as 2026-11-22T22:28:48.978142710Z, or "
			"seconds since 1970, as 1795383077.000299906",
			option, text);
	return *given;
}

static bool parse_word(struct job *j, int word, struct err *err)
{
	unsigned long long n;

	switch (word) {
	case 'w': j->out = optarg; return true;
	case 'F': return parse_format(j, optarg, err);
	case 'f': j->wanted.filter = optarg; return true;
	case 'Y': j->filter = optarg; return true;
	case 'q': j->quiet = true; return true;
	case 's': return inputs_session(&j->inputs, optarg, err);
	case 'i': j->wanted.ids = optarg; return true;
	case 'a': return parse_when("--from", optarg, &j->wanted.from, &j->wanted.from_ns, err);
	case 'b': return parse_when("--to", optarg, &j->wanted.to, &j->wanted.to_ns, err);
	case 'v': j->wanted.vm = optarg; return true;
	case 't': j->tolerant = true; return true;
	case 'T': j->asked_tshark = optarg; return true;
	case 'c':
		if (!cli_u64("--conversation", optarg, 1, UINT64_MAX, &n, err))
			return false;
		j->wanted.conversation = n;
		return true;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: return false;
	}
}

static bool parse_done(struct job *j, struct err *err)
{
	const char *twice = j->filter		     ? "-Y"
			    : j->wanted.vm	     ? "--vm"
			    : j->wanted.conversation ? "--conversation"
						     : NULL;

	if (!j->out)
		err_set(err, EXIT_USAGE,
			"where to? name a file: -w OUT, or -w - for standard output");
	else if (!j->inputs.count)
		err_set(err, EXIT_USAGE,
			"nothing to export: name captures, a folder of them, or --session NAME");
	else if (twice && inputs_stdin(&j->inputs))
		err_set(err, EXIT_USAGE,
			"%s has to read its input twice, which standard input cannot be; save it to a "
			"file",
			twice);
	else if (j->wanted.from && j->wanted.to && j->wanted.from_ns >= j->wanted.to_ns)
		err_set(err, EXIT_USAGE, "--from is not before --to: no frame can be both");
	else
		return true;
	return false;
}

static bool parse(struct job *j, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"session", required_argument, NULL, 's'},
		{"ids", required_argument, NULL, 'i'},
		{"from", required_argument, NULL, 'a'},
		{"to", required_argument, NULL, 'b'},
		{"vm", required_argument, NULL, 'v'},
		{"conversation", required_argument, NULL, 'c'},
		{"tolerant", no_argument, NULL, 't'},
		{"tshark", required_argument, NULL, 'T'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":w:F:f:Y:qh", words, NULL)) != -1) {
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "export", err);
			return false;
		}
		if (!parse_word(j, word, err))
			return false;
	}
	for (; optind < argc; optind++) {
		if (!inputs_add(&j->inputs, argv[optind], err))
			return false;
	}
	return parse_done(j, err);
}

/* ---- progress ---- */

static void draw(const struct job *j, uint64_t bytes)
{
	unsigned percent, filled;
	char bar[BAR_WIDTH + 1];

	if (bytes > j->progress.all)
		bytes = j->progress.all;
	percent = (unsigned)(bytes / (j->progress.all / 100 + 1));
	filled = percent * BAR_WIDTH / 100;
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3u%% of %" PRIu64 " MB ", bar, percent, j->progress.all / 1000000);
	fflush(stderr);
}

static void tick(void *ctx, const struct capfile *c)
{
	struct job *j = ctx;
	uint64_t now_ns;

	if (!j->progress.on)
		return;
	now_ns = clock_now_ns();
	if (now_ns - j->progress.drawn_ns < PROGRESS_NS)
		return;
	j->progress.drawn_ns = now_ns;
	draw(j, j->progress.done + capfile_taken(c));
}

static void progress_begin(struct job *j)
{
	j->progress.on = !j->quiet && isatty(STDERR_FILENO) && j->inputs.bytes;
	j->progress.all = j->inputs.bytes * (selection_scans(j->selection) ? 2 : 1);
	/* Short work shows none. */
	j->progress.drawn_ns = clock_now_ns() + 4 * PROGRESS_NS;
}

static void progress_end(struct job *j)
{
	if (j->progress.on)
		fprintf(stderr, "\r\033[K");
	j->progress.on = false;
}

/* ---- work ---- */

/* A file that breaks is said once, in the pass that exports. */
static bool scan_one(struct job *j, struct capfile *c, uint64_t *next_id, struct err *err)
{
	uint64_t first = selection_first_id(c), n = 0;
	struct capfile_frame f;
	struct err broken;

	if (first)
		*next_id = first;
	while (capfile_next(c, &f, &broken) == CAPFILE_FRAME) {
		if (!selection_scan(j->selection, c, &f, (*next_id)++, err))
			return false;
		if (++n % EXPORT_TICK_EVERY == 0)
			tick(j, c);
	}
	j->progress.done += capfile_taken(c);
	return true;
}

static bool scan(struct job *j, struct err *err)
{
	uint64_t next_id = 1;

	if (!selection_scans(j->selection))
		return true;
	for (size_t i = 0; i < j->inputs.count; i++) {
		struct capfile *c = capfile_open(j->inputs.paths[i], err);
		bool ok = !c || scan_one(j, c, &next_id, err);

		capfile_close(c);
		if (!ok)
			return false;
	}
	return selection_scanned(j->selection, err);
}

/* A broken input is said, and the next one follows. */
static void say_broken(struct job *j, const struct err *err)
{
	bool on = j->progress.on;

	progress_end(j);
	cli_say(err);
	j->progress.on = on;
	j->broken++;
}

static bool export_one(struct job *j, struct export *e, const char *path, struct err *err)
{
	struct capfile *c = capfile_open_buffered(path, READ_BYTES, err);
	enum export_result result;

	if (!c) {
		say_broken(j, err);
		return true;
	}
	if (j->filter && !shown_file(&j->shown, path, err)) {
		capfile_close(c);
		return false;
	}
	result = export_input(e, c, err);
	j->progress.done += capfile_taken(c);
	capfile_close(c);
	if (result == EXPORT_WHOLE && j->filter && j->shown.trouble[0]) {
		err_set(err, EXIT_ENVIRONMENT, "-Y: %s: tshark did not read all of it: %s", path,
			j->shown.trouble);
		return false;
	}
	if (result == EXPORT_BROKEN)
		say_broken(j, err);
	return result != EXPORT_FAILED;
}

static void account(const struct job *j, const struct export_stats *stats)
{
	if (j->quiet)
		return;
	fprintf(stderr, "exported %" PRIu64 " of %" PRIu64 " frames, %" PRIu64 " bytes, to %s\n",
		stats->written, stats->read, stats->bytes,
		strcmp(j->out, "-") == 0 ? "standard output" : j->out);
	if (stats->left_out)
		fprintf(stderr, "left out %" PRIu64 " blocks of types that are not copied\n",
			stats->left_out);
}

static bool export_all(struct job *j, struct err *err)
{
	const struct export_config config = {.format = j->format,
					     .compress = compress_kind_of(j->out),
					     .application = "secvf " SECVF_VERSION,
					     .selection = j->selection,
					     .write = outfile_write,
					     .tick = tick,
					     .ctx = j};
	struct export *e = export_open(&config, err);
	bool ok = e != NULL;

	for (size_t i = 0; ok && i < j->inputs.count; i++)
		ok = export_one(j, e, j->inputs.paths[i], err);
	ok = ok && export_end(e, err) && outfile_seal(err);
	progress_end(j);
	if (ok)
		account(j, export_stats(e));
	export_close(e);
	return ok;
}

/* Display filters are tshark's; whether this one is right is asked before anything is written. */
static bool prepare_filter(struct job *j, struct err *err)
{
	if (!j->filter)
		return true;
	if (!cli_detect(&j->tshark, j->asked_tshark, err))
		return false;
	if (!j->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT,
			"-Y needs tshark, and there is none; install it, name it by --tshark, or select "
			"by -f");
		return false;
	}
	j->shown = (struct shown){.tshark = j->tshark.path, .filter = j->filter};
	j->wanted.shown = shown_has;
	j->wanted.ctx = &j->shown;
	return shown_check(&j->shown, err);
}

static bool run(struct job *j, struct err *err)
{
	bool ok;

	if (!prepare_filter(j, err))
		return false;
	j->selection = selection_open(&j->wanted, err);
	if (!j->selection)
		return false;
	progress_begin(j);
	ok = scan(j, err) && outfile_open(j->out, err) && export_all(j, err);
	progress_end(j);
	outfile_drop();
	return ok;
}

int cli_export(int argc, char **argv)
{
	struct job j = {.format = EXPORT_PCAPNG};
	struct err err = {0};
	bool ok = parse(&j, argc, argv, &err) && run(&j, &err);
	int exit = ok ? EXIT_BALANCED : err.exit;

	selection_close(j.selection);
	shown_done(&j.shown);
	inputs_done(&j.inputs);
	if (!ok && exit != EXIT_BALANCED)
		return cli_say(&err);
	return ok && j.broken && !j.tolerant ? EXIT_ENVIRONMENT : exit;
}
