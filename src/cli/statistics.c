/* statistics.c - `secvf stats`: what captures hold, counted by tshark's decode of each frame */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/findmax.h"
#include "cli/session.h"
#include "cli/tallied.h"
#include "cli/wholefile.h"

static const char help[] =
	"usage: secvf stats [OPTION...] FILE...\n"
	"\n"
	"Statistics of captures (pcap, pcapng; - is standard input): protocols and their hierarchy, addresses and\n"
	"conversations, DNS, ARP, ICMP, HTTP, TLS, lengths, and rates over time. Each row has the display filter\n"
	"that selects its frames. Frames go through the pipeline as in 'secvf replay --topspeed'; without tshark\n"
	"headers alone are counted.\n"
	"\n"
	"  -T FORMAT             text (default), json, csv\n"
	"  --top N               rows of each table (default 10; 0: all)\n"
	"  -o FILE               write there, not to standard output\n"
	"  -f EXPRESSION         count what this capture filter accepts, as in pcap-filter(7)\n"
	"  -Y EXPRESSION         count what this display filter shows, as in wireshark-filter(4)\n"
	"  -i, --interface VM    count what this VM sends or receives; may be repeated\n"
	"  -c N, --limit N       stop after N frames\n"
	"  --merge               merge the files by time\n"
	"  --tolerant            a broken file is said, and is no error\n"
	"  --as-ethernet         wrap raw IP, Linux cooked, null and loopback frames as Ethernet\n"
	"  --vm NAME=MAC         name the VM with this source address\n"
	"  --tshark PATH|none    tshark to run (default: $PATH, then the usual places)\n"
	"  --shards N|auto       so many tsharks share the traffic; a conversation's numbers are of one\n"
	"  --hang SECONDS        end a tshark that gives no record for so long (default 60, 0: never)\n"
	"  --audit FILE          audit log (default $AVF_HOME/logs/error-audit.log)\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit codes are those of 'secvf replay'.\n";

/* Words of ours, and those of `secvf replay`, which are handed on as they are. */
enum {
	OPT_TOP = 256,
	OPT_HANDED_ON,
};

static const struct option long_options[] = {
	{"top", required_argument, NULL, OPT_TOP},
	{"limit", required_argument, NULL, OPT_HANDED_ON},
	{"interface", required_argument, NULL, OPT_HANDED_ON},
	{"merge", no_argument, NULL, OPT_HANDED_ON},
	{"tolerant", no_argument, NULL, OPT_HANDED_ON},
	{"as-ethernet", no_argument, NULL, OPT_HANDED_ON},
	{"vm", required_argument, NULL, OPT_HANDED_ON},
	{"tshark", required_argument, NULL, OPT_HANDED_ON},
	{"shards", required_argument, NULL, OPT_HANDED_ON},
	{"hang", required_argument, NULL, OPT_HANDED_ON},
	{"audit", required_argument, NULL, OPT_HANDED_ON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char *const formats[] = {"text", "json", "csv"};

struct statistics {
	unsigned format;
	unsigned long long top;
	const char *file;  /* -o, or NULL */
	const char **word; /* for options_parse() */
	int words;
	struct options options;
	struct tallied tallied;
};

static void hand_on(struct statistics *s, const char *word, const char *value)
{
	s->word[s->words++] = word;
	if (value)
		s->word[s->words++] = value;
}

static bool set_format(struct statistics *s, const char *text, struct err *err)
{
	for (s->format = 0; s->format < 3; s->format++) {
		if (strcmp(text, formats[s->format]) == 0)
			return true;
	}
	err_set(err, EXIT_USAGE, "-T: '%s': one of text, json, csv is wanted", text);
	return false;
}

static bool option(struct statistics *s, int word, int index, struct err *err)
{
	static char names[sizeof(long_options) / sizeof(long_options[0])][24];

	switch (word) {
	case 'T': return set_format(s, optarg, err);
	case 'o': s->file = optarg; return true;
	case OPT_TOP: return cli_u64("--top", optarg, 0, UINT32_MAX, &s->top, err);
	case 'c': hand_on(s, "-c", optarg); return true;
	case 'f': hand_on(s, "-f", optarg); return true;
	case 'Y': hand_on(s, "-Y", optarg); return true;
	case 'i': hand_on(s, "-i", optarg); return true;
	default:
		snprintf(names[index], sizeof(names[0]), "--%s", long_options[index].name);
		hand_on(s, names[index], optarg);
		return true;
	}
}

/* Return: false where there is nothing to run, with @err filled; EXIT_BALANCED after --help */
static bool parse(struct statistics *s, int argc, char **argv, struct err *err)
{
	int word, index = 0;

	s->top = 10;
	/* The whole capture, at the speed of tshark, with nothing printed and nothing written. */
	hand_on(s, "replay", NULL);
	hand_on(s, "--topspeed", NULL);
	hand_on(s, "--decode", "lean");
	hand_on(s, "-T", "none");
	hand_on(s, "-q", NULL);
	hand_on(s, "--no-spill", NULL);
	hand_on(s, "--max-frame", "262144");
	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:o:f:Y:c:i:", long_options, &index)) != -1) {
		if (word == 'h') {
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		}
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "stats", err);
			return false;
		}
		if (!option(s, word, index, err))
			return false;
	}
	if (optind == argc) {
		err_set(err, EXIT_USAGE,
			"no capture was named; 'secvf stats FILE...', and - is standard input");
		return false;
	}
	hand_on(s, "--", NULL);
	while (optind < argc)
		hand_on(s, argv[optind++], NULL);
	return options_parse(&s->options, s->words, (char **)s->word, err);
}

/* What the figures are not of. */
static void say_limits(const struct statistics *s, const struct trial *run)
{
	const struct tally *t = s->tallied.tally;
	const struct options *o = &s->options;

	if (t->decoded < t->frames)
		fprintf(stderr,
			"secvf: %" PRIu64 " of %" PRIu64
			" frames were counted by their headers alone: %s\n",
			t->frames - t->decoded, t->frames,
			t->decoded ? "tshark did not decode them, as the audit log says"
				   : "no tshark was found, or it was not wanted; install it, or "
				     "name it with --tshark");
	if (!o->filter && !o->display && !o->interfaces && run->sent > t->frames)
		fprintf(stderr,
			"secvf: %" PRIu64 " frames were not counted: the switch dropped them, as "
			"the audit log says (runts, frames that are too long)\n",
			run->sent - t->frames);
}

static bool print(const struct statistics *s, struct err *err)
{
	struct buf out = {0};
	bool ok;

	switch (s->format) {
	case 0: tally_print_text(s->tallied.tally, s->top, &out); break;
	case 1: tally_print_json(s->tallied.tally, s->top, &out); break;
	default: tally_print_csv(s->tallied.tally, s->top, &out); break;
	}
	if (out.failed) {
		err_set(err, EXIT_ENVIRONMENT, "stats: no memory for the output; use --top");
		buf_done(&out);
		return false;
	}
	ok = wholefile_write(s->file ? "-o" : "stats", s->file ? s->file : "-", out.p, out.n, err);
	buf_done(&out);
	return ok;
}

static int run(struct statistics *s)
{
	struct trial result = {0};
	uint64_t seed = 0;
	struct err err;
	int exit;

	/* Where it fails the seed is 0, and who sends may make hashes collide; no more. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = 0;
	s->tallied.tally = tally_new(seed);
	check(s->tallied.tally);
	/* What a display filter shows is known behind the output's gate alone. */
	if (s->options.display) {
		s->options.each = tallied_each;
		s->options.each_ctx = &s->tallied;
	} else {
		s->options.before = tallied_sink;
		s->options.before_ctx = &s->tallied;
	}
	exit = session_run(&s->options, &result);
	/* Nothing was begun where the words were wrong or a file is not there. */
	if (s->tallied.tally->frames || exit == EXIT_BALANCED) {
		say_limits(s, &result);
		if (!print(s, &err))
			exit = cli_say(&err);
	}
	tally_free(s->tallied.tally);
	return exit;
}

int cli_stats(int argc, char **argv)
{
	struct statistics *s = calloc(1, sizeof(*s));
	struct err err = {0};
	int exit;

	check(s);
	/* Each word once, those before them, and the end. */
	s->word = calloc((size_t)argc + 16, sizeof(*s->word));
	check(s->word);
	if (parse(s, argc, argv, &err))
		exit = run(s);
	else
		exit = err.text[0] ? cli_say(&err) : err.exit;
	free(s->word);
	free(s);
	return exit;
}
