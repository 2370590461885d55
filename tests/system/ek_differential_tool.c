/* ek_differential_tool.c - whether the scanner, the tree and the oracle agree on each line of EK
 *
 *	ek_differential_tool <STREAM          prints "LINES BYTES DOCUMENTS DIFFERENT", exits 1
 *where any is ek_differential_tool MODE CAPTURE     prints how tshark is to be called, an argument
 *a line
 *
 * Modes: the profiles as secvf calls tshark, "ek" (-T ek alone) and "hex" (-T ek -x).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "oracle/ek_agree.h"
#include "tshark/args.h"

/* Lines that differ which are printed, and how much of each. */
#define SHOWN_MAX  10
#define SHOWN_HEAD 300

static int print_arguments(const char *mode, const char *capture)
{
	struct args_config config = {.tshark = "tshark", .fifo = capture};
	bool hex = strcmp(mode, "hex") == 0;
	struct args args;

	config.verbatim = hex || strcmp(mode, "ek") == 0;
	if (!config.verbatim &&
	    (!profile_parse(&config.profile, mode) || config.profile == PROFILE_OFF)) {
		fprintf(stderr, "ek_differential_tool: there is no mode '%s'\n", mode);
		return 2;
	}
	check(args_make(&args, &config));
	for (int i = 0; args.argv[i]; i++)
		puts(args.argv[i]);
	if (hex)
		puts("-x");
	args_done(&args);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long long lines = 0, bytes = 0, documents = 0, different = 0;
	struct ek_agree agree;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (argc == 3)
		return print_arguments(argv[1], argv[2]);
	ek_agree_init(&agree);
	while ((n = getline(&line, &cap, stdin)) >= 0) {
		const char *why;
		size_t length = (size_t)n;

		if (length && line[length - 1] == '\n')
			length--;
		why = ek_agree(&agree, line, length);
		lines++;
		bytes += length;
		documents += agree.record.kind == EK_DOCUMENT;
		if (why && different++ < SHOWN_MAX)
			fprintf(stderr, "line %llu: %s: %.*s\n", lines, why,
				length < SHOWN_HEAD ? (int)length : SHOWN_HEAD, line);
	}
	printf("%llu %llu %llu %llu\n", lines, bytes, documents, different);
	free(line);
	ek_agree_done(&agree);
	return different != 0;
}
