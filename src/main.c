/* main.c - the secvf command: one subcommand each in src/cli */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "stand_in.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"replay", cli_replay, "replay captures through the simulated switch into the pipeline"},
	{"serve", cli_serve, "open the Packet Analysis panel for a browser"},
	{"run", cli_run, "play scenarios: faults on the way, and what must come out"},
	{"verify", cli_verify, "compare what comes out of captures with golden files"},
	{"recover", cli_recover, "seal the captures that a kill or a crash left behind"},
	{"sim", cli_sim, "run the pipeline in the simulator: virtual clock, seeded faults"},
	{"export", cli_export, "write chosen frames of captures and sessions into one file"},
	{"info", cli_info, "tell what captures and sessions hold"},
	{"stats", cli_stats,
	 "count protocols, addresses, names and rates of captures, with filters"},
	{"minimize", cli_minimize, "shrink a capture while a command still reproduces"},
	{"anonymize", cli_anonymize,
	 "replace addresses, names and contents of a capture, under a key"},
	{"show", cli_show, "show layers and bytes of frames of a capture"},
	{"follow", cli_follow, "show what a stream of a capture carried"},
	{"filter", cli_filter, "check, complete and keep display filters"},
	{"control", cli_control, "speak to a replay that runs: filter, scope, cut, frame, stop"},
	{"doctor", cli_doctor, "check what a capture needs, and say what to do"},
	{"bench", cli_bench, "measure, beside tshark where that is installed"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
	fprintf(to, "usage: secvf COMMAND [OPTION...] [FILE...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "\n'secvf COMMAND --help' lists the options of one. Exit codes: 0 done and "
		    "balanced, 1 an expectation\nfailed or the ledger does not balance, 2 usage, 3 "
		    "the environment (no file, no permission, a broken file).\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_BALANCED;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("secvf %s\n", SECVF_VERSION);
		return EXIT_BALANCED;
	}
	/* Not for people: scenarios put it in tshark's place. */
	if (strcmp(argv[1], "stand-in") == 0)
		return stand_in(argc - 2, argv + 2);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "secvf: '%s' is no command; 'secvf --help' lists them\n", argv[1]);
	return EXIT_USAGE;
}
