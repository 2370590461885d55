/* args.h - how tshark is called, by decode profile
 *
 * Source: tshark(1), wireshark-filter(4); what each costs is in docs/performance.md.
 */
#ifndef SECVF_TSHARK_ARGS_H
#define SECVF_TSHARK_ARGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "tshark/dissect.h"

enum profile {
	PROFILE_FULL,	 /* -T ek: every field */
	PROFILE_LEAN,	 /* all our columns: those of the table, and what statistics need */
	PROFILE_SUMMARY, /* those of the table */
	PROFILE_OFF,	 /* no tshark: basic decode */
};

#define ARGS_MAX (16 + DISSECT_ARGS_MAX)

/** struct args - An argument vector with its storage */
struct args {
	char *argv[ARGS_MAX + 1];
	struct buf columns; /* the gui.column.format preference */
	struct buf write;   /* the file of -w */
};

struct args_config {
	const char *tshark; /* path */
	const char *fifo;   /* path of the FIFO */
	enum profile profile;
	bool verbatim; /* -T ek: no columns of ours in full, so that the output is tshark's own */
	const char *write; /* -w: tshark writes what it is fed to a file, too; NULL: it does not */
	const struct dissect *dissect; /* NULL: as it is */
	/* -Y: print the numbers of those frames that it shows, one a line, and nothing else; a
	 * profile means nothing then. NULL: all are printed, as the profile has it */
	const char *display;
	unsigned generation; /* from the second on, it is part of the file's name */
	bool flush; /* -l: flush after each packet; costs throughput, gives latency and precision */
};

/** args_make() - Build the vector; strings of @config are borrowed. Return: false where memory ran
 * out */
bool args_make(struct args *a, const struct args_config *config);

/** args_done() - Free */
void args_done(struct args *a);

/** profile_name() - "full", "lean", "summary", "off" */
const char *profile_name(enum profile profile);

/** profile_parse() - Return: false where @name is none */
bool profile_parse(enum profile *profile, const char *name);

#endif
