/* filter.c - `secvf filter`: display filters that are kept; which subcommand it is, its words */
#include "cli/filter.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/safe.h"
#include "cli/cli.h"

static const char help[] =
	"usage: secvf filter COMMAND [OPTION...] [ARGUMENT...]\n"
	"\n"
	"Checks and completes display filters (wireshark-filter(4)), and keeps them under names, in a\n"
	"settings file. 'check' and 'complete' have more options: see their --help.\n"
	"\n"
	"  check EXPRESSION...     ask Wireshark whether they are right, and where not\n"
	"  complete PREFIX         fields whose names begin so, with their types\n"
	"  presets [NAME]          filters for what malware does, shipped with secvf; -T text|json\n"
	"  add NAME EXPRESSION     keep a filter; tshark is asked first whether it is one\n"
	"      --note TEXT         what it is for\n"
	"      --no-check          do not ask\n"
	"      --tshark PATH       tshark to ask (default: $PATH, then the usual places)\n"
	"  list                    all, in their order\n"
	"      -T text|json        as text (default), or as JSON\n"
	"  show NAME               the expression alone: secvf export -Y \"$(secvf filter show NAME)\" ...\n"
	"  rename OLD NEW\n"
	"  remove NAME\n"
	"  move NAME POSITION      to this place in the list, from 1\n"
	"  import FILE             add what a file holds: com.daxxsec.SecVF.plist (XML or binary), or JSON as of\n"
	"                          the settings. Of the same name and expression one is kept; another expression\n"
	"                          is added as \"NAME (2)\"\n"
	"  export FILE             write all to FILE.plist (XML) or FILE.json, and the queue limit\n"
	"      --binary            a binary property list\n"
	"      --force             replace a file that is there\n"
	"\n"
	"  --settings FILE         of any of them: the settings file (default:\n"
	"                          $XDG_CONFIG_HOME/secvf/settings.json, else ~/.config/secvf/settings.json)\n"
	"\n"
	"A settings file that is broken is not written over: it gets the name settings.json.broken-DATE-TIME.\n"
	"Exit codes: 0 done, 2 usage (no such name, a wrong filter), 3 the environment.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"add", filter_add},	       {"list", filter_list},	    {"show", filter_show},
	{"rename", filter_rename},     {"remove", filter_remove},   {"move", filter_move},
	{"import", filter_import},     {"export", filter_export},   {"check", filter_check},
	{"complete", filter_complete}, {"presets", filter_presets},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* ---- what is printed ---- */

static void say_safe(const char *text)
{
	struct buf b = {0};
	unsigned columns;

	(void)safe_put(&b, text, strlen(text), UINT_MAX, &columns);
	fprintf(stderr, "secvf: filter: %.*s\n", (int)b.n, b.n ? b.p : "");
	buf_done(&b);
}

int filter_say(const struct err *err)
{
	if (err->exit != EXIT_BALANCED)
		say_safe(err->text);
	return err->exit;
}

void filter_tell(const struct settings_file *f)
{
	if (f->said[0])
		say_safe(f->said);
}

bool filter_flush(struct err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	err_set(err, EXIT_ENVIRONMENT, "standard output cannot be written");
	return false;
}

/* ---- words ---- */

static bool parse_format(struct filter_words *w, const char *text, struct err *err)
{
	w->json = strcmp(text, "json") == 0;
	if (w->json || strcmp(text, "text") == 0)
		return true;
	err_set(err, EXIT_USAGE, "-T '%s': text or json is wanted", text);
	return false;
}

static bool take(struct filter_words *w, int word, struct err *err)
{
	switch (word) {
	case FILTER_NOTE: w->note = optarg; return true;
	case FILTER_NO_CHECK: w->no_check = true; return true;
	case FILTER_TSHARK: w->tshark = optarg; return true;
	case FILTER_FORMAT: return parse_format(w, optarg, err);
	case FILTER_BINARY: w->binary = true; return true;
	default: w->force = true; return true;
	}
}

static bool take_settings(struct filter_words *w, struct err *err)
{
	if (strlen(optarg) < sizeof(w->settings) && *optarg) {
		memcpy(w->settings, optarg, strlen(optarg) + 1);
		return true;
	}
	err_set(err, EXIT_USAGE, "--settings: the path of a file is wanted");
	return false;
}

static int words_in(const char *wants)
{
	int n = *wants != '\0';

	for (; *wants; wants++)
		n += *wants == ' ';
	return n;
}

bool filter_parse(struct filter_words *w, int argc, char **argv, unsigned takes, const char *wants,
		  struct err *err)
{
	enum {
		HELP = 'h',
		SETTINGS = 's'
	};
	static const struct option options[] = {
		{"note", required_argument, NULL, FILTER_NOTE},
		{"no-check", no_argument, NULL, FILTER_NO_CHECK},
		{"tshark", required_argument, NULL, FILTER_TSHARK},
		{"binary", no_argument, NULL, FILTER_BINARY},
		{"force", no_argument, NULL, FILTER_FORCE},
		{"settings", required_argument, NULL, SETTINGS},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	int word;

	*w = (struct filter_words){0};
	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hT:", options, NULL)) != -1) {
		if (word == HELP) {
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		}
		if (word == SETTINGS) {
			if (!take_settings(w, err))
				return false;
			continue;
		}
		word = word == 'T' ? FILTER_FORMAT : word;
		if (word == '?' || word == ':' || !((unsigned)word & takes)) {
			err_set(err, EXIT_USAGE,
				"%s: %s '%s'; 'secvf filter --help' lists the options", argv[0],
				word == ':' ? "a value is missing after" : "there is no option",
				argv[optind - 1]);
			return false;
		}
		if (!take(w, word, err))
			return false;
	}
	w->rest = argv + optind;
	if (argc - optind != words_in(wants)) {
		err_set(err, EXIT_USAGE, "%s: %s wanted; there are %d words", argv[0],
			*wants ? wants : "no word", argc - optind);
		return false;
	}
	if (w->settings[0] || settings_file_usual(w->settings))
		return true;
	err_set(err, EXIT_ENVIRONMENT,
		"neither $XDG_CONFIG_HOME nor $HOME says where settings are; use --settings FILE");
	return false;
}

int cli_filter(int argc, char **argv)
{
	struct err err = {0};

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return EXIT_BALANCED;
	}
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	err_set(&err, EXIT_USAGE, "%s%s; 'secvf filter --help' lists the commands",
		argc > 1 ? argv[1] : "a command is wanted", argc > 1 ? ": no such command" : "");
	return filter_say(&err);
}
