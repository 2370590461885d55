/* verify.h - one run of `secvf verify`: what was asked for, and the cases as they are worked on */
#ifndef SECVF_CLI_VERIFY_H
#define SECVF_CLI_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cases.h"
#include "cli/golden.h"
#include "cli/rules.h"
#include "cli/suite.h"
#include "cli/replaying.h"
#include "os/waker.h"
#include "tshark/detect.h"

#define VERIFY_JOBS_MAX	 64u
#define VERIFY_DIFFS_MAX 10u  /* told of a case, where --max-diffs does not say otherwise */
#define VERIFY_TIMEOUT_S 300u /* for a capture and profile */

/** struct verify_words - The command line */
struct verify_words {
	bool update, list, quiet, tap;
	const char *golden, *filter, *keep, *junit, *json;
	const char *program, *tshark, *wireshark_config;
	unsigned profiles; /* --decode: a bit each; 0: those that a golden file has */
	unsigned jobs, max_diffs;
	uint64_t timeout_ns;
	/* --update alone: */
	bool has_fields, has_options;
	struct account_fields fields;
	unsigned parts; /* 0: not given */
	struct golden_options options;
};

/** struct work - A case while it is worked on: trial after trial, then the verdict */
struct work {
	bool busy;
	size_t index;		/* of the case */
	bool had_golden;	/* expected was read */
	struct golden expected; /* as it was read */
	struct golden actual;	/* as it comes out */
	unsigned left;		/* profiles that are to be run yet, a bit each */
	unsigned ran;
	enum profile profile; /* that is running */
	struct replaying trial;
	uint64_t ns;	  /* that its trials took */
	char home[256];	  /* AVF_HOME of its trials */
	char folder[256]; /* of the trial that runs */
};

struct verify {
	struct verify_words words;
	struct suite suite;
	struct cases cases;
	struct rules rules;
	struct detected tshark;
	char program[4096]; /* path of secvf */
	char scratch[128];
	struct waker waker; /* a child ended, or a signal came */
	struct work work[VERIFY_JOBS_MAX];
	size_t begun; /* cases */
	size_t told;  /* cases whose row was printed */
	bool stopped; /* by a signal */
	FILE *rows;   /* where rows go */
	bool color;
};

/**
 * verify_words_parse() - Read the command line
 * @v:    words, rules and suite are filled
 * @err:  EXIT_USAGE, EXIT_ENVIRONMENT; EXIT_BALANCED with an empty text where --help was printed
 *
 * Return: false where there is nothing to run
 */
bool verify_words_parse(struct verify *v, int argc, char **argv, struct err *err);

/**
 * work_begin() - Begin with a case: read its golden file, start its first trial
 *
 * The case may be settled at once, and @w is not busy then.
 */
void work_begin(struct verify *v, struct work *w, size_t index);

/** work_goes_on() - A trial of it has ended: start the next one, or settle the case */
void work_goes_on(struct verify *v, struct work *w);

/** work_drop() - End it without a verdict */
void work_drop(struct work *w);

/** verify_remove() - Remove a folder and what is in it */
void verify_remove(const char *path);

#endif
