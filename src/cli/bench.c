/* bench.c - `secvf bench`: what we do measured beside its peer, in turn, as medians and ratios */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/svg.h"
#include "cli/add.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/wholefile.h"
#include "store/store.h"
#include "web/embedded.h"

/* fixtures/captures/session.pcapng, for who names no file */
extern const struct embedded embedded_session[];

static const char help[] =
	"usage: secvf bench [BENCH] [OPTION...] [FILE...]\n"
	"\n"
	"  live      decode at top speed beside tshark alone on the same file, each profile\n"
	"  replay    frames a second through switch, tap and basic decode, start-up left out\n"
	"  capture   the whole command, from the file through switch, tap and queue into the store,\n"
	"            no tshark, beside tcpdump -r FILE -w /dev/null\n"
	"  write     frames a second into a file, without decode, beside tcpdump, dumpcap reading a\n"
	"            FIFO (those that are installed) and dd of the same bytes\n"
	"  latency   from the switch to tshark's decode, at a low rate\n"
	"  store     append, beside libpcap's writer; a frame by its id from memory, and from disk,\n"
	"            beside editcap\n"
	"  filter    capture filter beside libpcap; display filter by headers; display filter over\n"
	"            frames held, beside tshark -r FILE -Y\n"
	"  ek        decoder of EK lines beside json-c, and simdjson and yyjson where the build has\n"
	"            tests/bench_ek\n"
	"  all       all of these (default)\n"
	"  model     what each stage costs, what follows for 1 to 64 processors, and how far that is\n"
	"            off on those that are here\n"
	"  grow      how the cost of a frame grows with its size, frames, conversations, shards\n"
	"\n"
	"Rivals run in turn, A B A B ..., after a round that does not count; figures are medians, a\n"
	"ratio is the median of those of each round. A peer that is not installed is said. FILEs are\n"
	"repeated with fresh addresses until there are enough frames; without one it is a capture of\n"
	"92 frames that is part of the program.\n"
	"\n"
	"  --rounds N        measured rounds (default 5)\n"
	"  --seconds N       for each bench, about: rounds are fewer where they would take longer, but\n"
	"                    there is one; a command that takes longer alone is ended (default 20)\n"
	"  --frames N        frames for replay, capture, write, store (default 1000000)\n"
	"  --live-frames N   frames for live, filter, ek, model, grow; less in full (default 50000)\n"
	"  --dir DIR         where input and output of the runs lie, in a folder of our own\n"
	"                    (default: $TMPDIR, or /tmp)\n"
	"  --shards N|auto   live: with so many tsharks, too, beside the one\n"
	"  --pps N           rate of latency (default 100)\n"
	"  --tshark PATH     tshark to run (default: $PATH, then the usual places), or none\n"
	"  --json FILE       the results as JSON, too; - is standard output, without the table\n"
	"  --svg FILE        and drawn\n"
	"  -h, --help        this text\n";

static const struct {
	const char *name;
	bool (*run)(struct bench *b, struct err *err);
	bool in_all;
} benches[] = {
	{"live", bench_live, true},	  {"replay", bench_replay, true},
	{"capture", bench_capture, true}, {"write", bench_write, true},
	{"latency", bench_latency, true}, {"store", bench_store, true},
	{"filter", bench_filter, true},	  {"ek", bench_ek, true},
	{"model", bench_model, false},	  {"grow", bench_grow, false},
};
#define BENCHES (sizeof(benches) / sizeof(benches[0]))

/* ---- words ---- */

static bool known(const char *word)
{
	for (size_t i = 0; i < BENCHES; i++) {
		if (strcmp(word, benches[i].name) == 0)
			return true;
	}
	return strcmp(word, "all") == 0;
}

static bool shards_known(const char *text, struct err *err)
{
	unsigned long long n;

	return strcmp(text, "auto") == 0 || cli_u64("--shards", text, 1, SHARDS_MAX, &n, err);
}

static bool option(struct bench *b, int word, char **argv, struct err *err)
{
	switch (word) {
	case 'r': return cli_u64("--rounds", optarg, 1, CONTEST_ROUNDS_MAX, &b->rounds, err);
	case 'f': return cli_u64("--frames", optarg, 2, 100000000, &b->frames, err);
	case 'l': return cli_u64("--live-frames", optarg, 2, 10000000, &b->live_frames, err);
	case 'p': return cli_u64("--pps", optarg, 1, 1000000, &b->pps, err);
	case 's': return cli_u64("--seconds", optarg, 1, 3600, &b->seconds, err);
	case 't': b->asked_tshark = optarg; return true;
	case 'n': b->shards = optarg; return shards_known(optarg, err);
	case 'd': b->within = optarg; return true;
	case 'j': b->json = optarg; return true;
	case 'g': b->svg = optarg; return true;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: cli_usage(word, argv, "bench", err); return false;
	}
}

static bool parse(struct bench *b, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"frames", required_argument, NULL, 'f'},
		{"live-frames", required_argument, NULL, 'l'},
		{"pps", required_argument, NULL, 'p'},
		{"seconds", required_argument, NULL, 's'},
		{"tshark", required_argument, NULL, 't'},
		{"shards", required_argument, NULL, 'n'},
		{"dir", required_argument, NULL, 'd'},
		{"json", required_argument, NULL, 'j'},
		{"svg", required_argument, NULL, 'g'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct stat st;
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		if (!option(b, word, argv, err))
			return false;
	}
	b->what = optind < argc && known(argv[optind]) ? argv[optind++] : "all";
	b->files = (const char *const *)&argv[optind];
	b->file_count = (unsigned)(argc - optind);
	for (unsigned i = 0; i < b->file_count; i++) {
		if (stat(b->files[i], &st) == 0 && S_ISREG(st.st_mode))
			continue;
		err_set(err, EXIT_USAGE,
			"bench: '%s' is neither a bench nor a capture file; 'secvf bench --help' "
			"lists the benches",
			b->files[i]);
		return false;
	}
	if (b->json && b->svg && strcmp(b->json, "-") == 0 && strcmp(b->svg, "-") == 0) {
		err_set(err, EXIT_USAGE, "--json and --svg cannot both be -");
		return false;
	}
	return true;
}

/* ---- results ---- */

static void to_table(struct bench *b)
{
	struct buf text = {0};

	buf_printf(&text, "rounds: %llu at most; tshark %s\n\n", b->rounds,
		   b->tshark.found ? b->tshark.version : "is not there");
	for (unsigned i = 0; i < b->contests; i++)
		contest_table(b->contest[i], &text);
	buf_put(&text, b->table.p, b->table.n);
	fwrite(text.p, 1, text.n, stdout);
	buf_done(&text);
}

static int to_json(struct bench *b, struct err *err)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	add_str(root, "version", SECVF_VERSION);
	add_str(root, "tshark", b->tshark.found ? b->tshark.version : "");
	add_u64(root, "processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	json_object_object_add(root, "contests", list);
	for (unsigned i = 0; i < b->contests; i++)
		contest_json(b->contest[i], list);
	if (b->panels)
		json_object_object_add(root, b->what, json_object_get(b->root));
	return add_write(root, b->json, err);
}

/* A rival's figure, or what there is in its place. */
static void bar_of(const struct contest *c, unsigned i, struct chart_bar *bar)
{
	const struct contest_rival *r = &c->rival[i];
	char value[32];

	bar->name = r->name;
	bar->value = contest_value(c, i);
	svg_label(value, sizeof(value), bar->value < 100 ? bar->value : round(bar->value));
	if (r->missing[0])
		snprintf(bar->text, sizeof(bar->text), "%.60s", r->missing);
	else if (i)
		snprintf(bar->text, sizeof(bar->text), "%s %s (ours %.2f times as good)", value,
			 c->unit, contest_ratio(c, i));
	else
		snprintf(bar->text, sizeof(bar->text), "%s %s", value, c->unit);
}

static void draw_bars(const struct bench *b, struct buf *out)
{
	static struct chart_bar bars[BENCH_CONTESTS_MAX][CONTEST_RIVALS_MAX];
	static char titles[BENCH_CONTESTS_MAX][192];
	struct chart_group groups[BENCH_CONTESTS_MAX];

	for (unsigned i = 0; i < b->contests; i++) {
		const struct contest *c = b->contest[i];

		for (unsigned k = 0; k < c->rivals; k++)
			bar_of(c, k, &bars[i][k]);
		snprintf(titles[i], sizeof(titles[i]), "%s: %s%s", c->bench, c->what,
			 c->less ? " (less is better)" : "");
		groups[i] =
			(struct chart_group){.title = titles[i], .bar = bars[i], .bars = c->rivals};
	}
	chart_bars(out, "secvf bench", groups, b->contests);
}

static bool to_svg(const struct bench *b, struct err *err)
{
	struct buf text = {0};
	bool ok;

	if (b->panels)
		chart_lines(&text, b->drawn, b->panel, b->panels);
	else
		draw_bars(b, &text);
	ok = !text.failed && wholefile_write("--svg", b->svg, text.p, text.n, err);
	if (text.failed)
		err_set(err, EXIT_ENVIRONMENT, "--svg: there is no memory for it");
	buf_done(&text);
	return ok;
}

static bool save(struct bench *b, struct err *err)
{
	bool on_stdout =
		(b->json && strcmp(b->json, "-") == 0) || (b->svg && strcmp(b->svg, "-") == 0);

	if (!on_stdout)
		to_table(b);
	return (!b->json || to_json(b, err) == 0) && (!b->svg || to_svg(b, err));
}

/* ---- the command ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path);
	return 0;
}

/* The folder of the runs: input, output, and what a replay of ours may put into $AVF_HOME. */
static bool make_folder(struct bench *b, struct err *err)
{
	int n;

	if (!b->within)
		b->within = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	n = snprintf(b->dir, sizeof(b->dir), "%s/secvf-bench-XXXXXX", b->within);
	errno = ENAMETOOLONG;
	if (n < (int)sizeof(b->dir) && mkdtemp(b->dir))
		return setenv("AVF_HOME", b->dir, 1) == 0;
	err_set(err, EXIT_ENVIRONMENT, "bench: a folder in %.400s: %s; name another with --dir",
		b->within, strerror(errno));
	b->dir[0] = '\0';
	return false;
}

/* Who names no capture gets the one that the program brings along. */
static bool own_session(struct bench *b, struct err *err)
{
	static const char *path;

	if (b->file_count)
		return true;
	path = bench_path(b, b->session, "session.pcapng");
	b->files = &path;
	b->file_count = 1;
	return wholefile_write("bench", path, (const char *)embedded_session[0].bytes,
			       embedded_session[0].n, err);
}

static bool run_all(struct bench *b, struct err *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < BENCHES; i++) {
		if (strcmp(b->what, benches[i].name) == 0 ||
		    (benches[i].in_all && strcmp(b->what, "all") == 0))
			ok = benches[i].run(b, err);
	}
	return ok;
}

int cli_bench(int argc, char **argv)
{
	struct bench b = {
		.rounds = 5, .frames = 1000000, .live_frames = 50000, .pps = 100, .seconds = 20};
	struct err err = {0};
	bool ok = false;

	if (!parse(&b, argc, argv, &err))
		return err.text[0] ? cli_say(&err) : err.exit;
	if (!cli_detect(&b.tshark, b.asked_tshark, &err))
		return cli_say(&err);
	if (!cli_self(b.self)) {
		err_set(&err, EXIT_ENVIRONMENT, "bench: the path of this program cannot be told");
		return cli_say(&err);
	}
	if (!make_folder(&b, &err))
		return cli_say(&err);
	b.root = json_object_new_object();
	if (trials_init(&b.trials)) {
		err_set(&err, EXIT_ENVIRONMENT, "bench: signals cannot be waited for");
	} else {
		ok = own_session(&b, &err) && run_all(&b, &err) && save(&b, &err);
		trials_done(&b.trials);
	}
	json_object_put(b.root);
	buf_done(&b.table);
	for (unsigned i = 0; i < b.contests; i++)
		free(b.contest[i]);
	(void)nftw(b.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return ok ? EXIT_BALANCED : cli_say(&err);
}
