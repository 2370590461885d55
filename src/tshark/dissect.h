/* dissect.h - how frames are to be dissected: preferences that every tshark and sharkd is given
 *
 * Options are tshark's own (-o, -d, -N), so whoever knows it knows these; without any, names are
 * not resolved and everything is as the user's Wireshark profile has it.
 *
 * Source: tshark(1)
 */
#ifndef SECVF_TSHARK_DISSECT_H
#define SECVF_TSHARK_DISSECT_H

#include <stdbool.h>

#include "base/err.h"

#define DISSECT_WORDS_MAX 64 /* -o, -d, each */

/* Room for dissect_args(): each word takes two, and -N and the key log as many. */
#define DISSECT_ARGS_MAX (2 * (2 * DISSECT_WORDS_MAX + 2))

struct dissect {
	const char *preference[DISSECT_WORDS_MAX]; /* "tcp.desegment_tcp_streams:FALSE" */
	unsigned preferences;
	const char *decode_as[DISSECT_WORDS_MAX]; /* "tcp.port==8888,http" */
	unsigned decodes;
	const char *resolve; /* tshark -N: letters of what is resolved; NULL: nothing */
	char keylog[4200];   /* the preference that names the TLS key log, "" where there is none */
};

/* The long options that go with -o, -d and -N, for getopt_long(). */
enum {
	DISSECT_KEYLOG = 0x4b45,
};

/**
 * dissect_option() - Take one of 'o', 'd', 'N', DISSECT_KEYLOG
 * @text:  Its value; borrowed
 *
 * What only tshark can tell (whether a preference exists) is not looked at. @err: EXIT_USAGE.
 */
bool dissect_option(struct dissect *d, int word, const char *text, struct err *err);

/** dissect_is_plain() - Whether nothing was asked for */
bool dissect_is_plain(const struct dissect *d);

/**
 * dissect_args() - The words for tshark's command line
 * @d:     NULL: nothing was asked for
 * @argv:  Gets them, no NULL behind; strings are borrowed from @d and static
 *
 * Return: how many; at least one ("-n")
 */
int dissect_args(const struct dissect *d, char *argv[DISSECT_ARGS_MAX]);

#endif
