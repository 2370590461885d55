/* verify_words.c - the command line of `secvf verify` */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/verify.h"

static const char help[] =
	"usage: secvf verify [OPTION...] FOLDER|FILE...\n"
	"\n"
	"Runs each capture (pcap, pcapng, also .gz and .zst; folders with all below them) through the whole\n"
	"pipeline and compares what comes out with its golden file, CAPTURE.golden.json.\n"
	"\n"
	"Suite\n"
	"  --golden FOLDER       golden files are there, at the same places (default: beside the captures)\n"
	"  --filter GLOB         only cases that are called so; '*' stands for '/' too\n"
	"  --list                list the cases and what their golden files hold; run nothing\n"
	"Running\n"
	"  --decode LIST         full, lean, summary, off (default: what each golden file has)\n"
	"  -j, --jobs N          captures at a time (default: one a processor)\n"
	"  --timeout SECONDS     for a capture and profile (default 300)\n"
	"  --tshark PATH|none    tshark to run (default: $PATH, then the usual places)\n"
	"  --wireshark-config FOLDER  preferences and plugins of Wireshark (default: none, whoever runs it)\n"
	"  --program PATH        the secvf to run (default: this one)\n"
	"  --rules FILE          more differences between versions of tshark that are no faults\n"
	"Updating\n"
	"  --update              write golden files that are missing or differ, and say how they do\n"
	"  --fields LIST         of each frame, such as id,src,dst,protocol (default: all but vm, ethertype, info)\n"
	"  --parts LIST          of ledger,switch,statistics,protocols,conversations,frames (default: all)\n"
	"  and the options of replay that belong to a capture, to be kept in its golden file: -f, -i,\n"
	"  --as-ethernet, --vm, --limit, --loop, --unique-ip, --max-frame, --spoof, --tolerant, --hang\n"
	"Reports\n"
	"  --junit FILE          JUnit XML\n"
	"  --json FILE           JSON\n"
	"  --tap                 TAP on standard output, instead of rows\n"
	"  --keep FOLDER         keep there what came out of cases that failed\n"
	"  --max-diffs N         differences told of a case (default 10)\n"
	"  -q, --quiet           only cases that did not pass\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit codes: 0 all passed, 1 one did not, 2 usage, 3 the environment (no capture, no tshark).\n";

enum {
	OPT_GOLDEN = 256,
	OPT_FILTER,
	OPT_LIST,
	OPT_DECODE,
	OPT_TIMEOUT,
	OPT_TSHARK,
	OPT_WIRESHARK,
	OPT_PROGRAM,
	OPT_RULES,
	OPT_UPDATE,
	OPT_FIELDS,
	OPT_PARTS,
	OPT_JUNIT,
	OPT_JSON,
	OPT_TAP,
	OPT_KEEP,
	OPT_MAX_DIFFS,
	OPT_OF_CAPTURE /* and those behind it, as enum golden_option */
};

static const struct option long_options[] = {
	{"golden", required_argument, NULL, OPT_GOLDEN},
	{"filter", required_argument, NULL, OPT_FILTER},
	{"list", no_argument, NULL, OPT_LIST},
	{"decode", required_argument, NULL, OPT_DECODE},
	{"jobs", required_argument, NULL, 'j'},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"tshark", required_argument, NULL, OPT_TSHARK},
	{"wireshark-config", required_argument, NULL, OPT_WIRESHARK},
	{"program", required_argument, NULL, OPT_PROGRAM},
	{"rules", required_argument, NULL, OPT_RULES},
	{"update", no_argument, NULL, OPT_UPDATE},
	{"fields", required_argument, NULL, OPT_FIELDS},
	{"parts", required_argument, NULL, OPT_PARTS},
	{"junit", required_argument, NULL, OPT_JUNIT},
	{"json", required_argument, NULL, OPT_JSON},
	{"tap", no_argument, NULL, OPT_TAP},
	{"keep", required_argument, NULL, OPT_KEEP},
	{"max-diffs", required_argument, NULL, OPT_MAX_DIFFS},
	{"as-ethernet", no_argument, NULL, OPT_OF_CAPTURE + GOLDEN_AS_ETHERNET},
	{"interface", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_INTERFACES},
	{"vm", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_VMS},
	{"limit", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_LIMIT},
	{"loop", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_LOOP},
	{"unique-ip", no_argument, NULL, OPT_OF_CAPTURE + GOLDEN_UNIQUE_IP},
	{"max-frame", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_MAX_FRAME},
	{"spoof", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_SPOOF},
	{"tolerant", no_argument, NULL, OPT_OF_CAPTURE + GOLDEN_TOLERANT},
	{"hang", required_argument, NULL, OPT_OF_CAPTURE + GOLDEN_HANG},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool take_profiles(unsigned *profiles, const char *text, struct err *err)
{
	for (;;) {
		size_t n = strcspn(text, ",");
		enum profile profile;
		char name[16];

		snprintf(name, sizeof(name), "%.*s", (int)(n < 15 ? n : 15), text);
		if (!profile_parse(&profile, name)) {
			err_set(err, EXIT_USAGE,
				"--decode: '%s': some of full,lean,summary,off are wanted", name);
			return false;
		}
		*profiles |= 1u << profile;
		text += n;
		if (!*text)
			return true;
		text++;
	}
}

static bool take_number(const char *option, const char *text, unsigned most, unsigned *number,
			struct err *err)
{
	unsigned long long n = 0;

	if (!cli_u64(option, text, 1, most, &n, err))
		return false;
	*number = (unsigned)n;
	return true;
}

/* Checked as far as that goes without a capture; the rest replay says. */
static bool take_of_capture(struct verify_words *w, enum golden_option option, const char *text,
			    struct err *err)
{
	const struct golden_word *word = golden_word(option);
	unsigned long long n;

	if (word->kind == GOLDEN_NUMBER && !cli_u64(word->option, text, 0, INT64_MAX, &n, err))
		return false;
	w->has_options = true;
	if (word->kind != GOLDEN_LIST && w->options.given[option].count) {
		err_set(err, EXIT_USAGE, "%s was given twice", word->option);
		return false;
	}
	if (golden_option_add(&w->options, option, text ? text : ""))
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: no memory", word->option);
	return false;
}

static bool take_update(struct verify_words *w, int word, const char *text, struct err *err)
{
	switch (word) {
	case 'f': return take_of_capture(w, GOLDEN_FILTER, text, err);
	case 'i': return take_of_capture(w, GOLDEN_INTERFACES, text, err);
	case 'c': return take_of_capture(w, GOLDEN_LIMIT, text, err);
	case OPT_FIELDS: w->has_fields = true; return golden_fields_parse(&w->fields, text, err);
	case OPT_PARTS: return golden_parts_parse(&w->parts, text, err);
	default: return take_of_capture(w, (enum golden_option)(word - OPT_OF_CAPTURE), text, err);
	}
}

static bool take(struct verify *v, int word, const char *text, struct err *err)
{
	struct verify_words *w = &v->words;
	unsigned seconds;

	switch (word) {
	case OPT_GOLDEN: w->golden = text; return true;
	case OPT_FILTER: w->filter = text; return true;
	case OPT_LIST: w->list = true; return true;
	case OPT_DECODE: return take_profiles(&w->profiles, text, err);
	case 'j': return take_number("--jobs", text, VERIFY_JOBS_MAX, &w->jobs, err);
	case OPT_TIMEOUT:
		if (!take_number("--timeout", text, 86400, &seconds, err))
			return false;
		w->timeout_ns = (uint64_t)seconds * 1000000000;
		return true;
	case OPT_TSHARK: w->tshark = text; return true;
	case OPT_WIRESHARK: w->wireshark_config = text; return true;
	case OPT_PROGRAM: w->program = text; return true;
	case OPT_RULES: return rules_read(&v->rules, text, err);
	case OPT_UPDATE: w->update = true; return true;
	case OPT_JUNIT: w->junit = text; return true;
	case OPT_JSON: w->json = text; return true;
	case OPT_TAP: w->tap = true; return true;
	case OPT_KEEP: w->keep = text; return true;
	case OPT_MAX_DIFFS: return take_number("--max-diffs", text, 1000000, &w->max_diffs, err);
	case 'q': w->quiet = true; return true;
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: return take_update(w, word, text, err);
	}
}

/* What no single option can tell. */
static bool settle(struct verify *v, int argc, char **argv, struct err *err)
{
	struct verify_words *w = &v->words;

	if (optind == argc) {
		err_set(err, EXIT_USAGE,
			"nothing to verify: name folders of captures, or captures: 'secvf verify "
			"FOLDER'");
		return false;
	}
	for (int i = optind; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0) {
			err_set(err, EXIT_USAGE,
				"-: standard input has no golden file; save it to a file");
			return false;
		}
	}
	if (!w->update && (w->has_fields || w->parts || w->has_options)) {
		err_set(err, EXIT_USAGE,
			"--fields, --parts and options of a capture are kept in its golden file: add "
			"--update, or leave them out");
		return false;
	}
	if (w->tshark && strcmp(w->tshark, "none") == 0 && !w->profiles)
		w->profiles = 1u << PROFILE_OFF;
	return suite_fill(&v->suite, argv + optind, argc - optind, w->golden, w->filter, err);
}

bool verify_words_parse(struct verify *v, int argc, char **argv, struct err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int word;

	v->words.jobs = processors < 1			     ? 1
			: processors > (long)VERIFY_JOBS_MAX ? VERIFY_JOBS_MAX
							     : (unsigned)processors;
	v->words.max_diffs = VERIFY_DIFFS_MAX;
	v->words.timeout_ns = VERIFY_TIMEOUT_S * UINT64_C(1000000000);
	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":j:f:i:c:qh", long_options, NULL)) != -1) {
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "verify", err);
			return false;
		}
		if (!take(v, word, optarg, err))
			return false;
	}
	return settle(v, argc, argv, err);
}
