/* inputs.h - the captures that a command reads: files, folders, sessions */
#ifndef SECVF_CLI_INPUTS_H
#define SECVF_CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INPUTS_MAX 65536u /* files of one command */

/** struct inputs - Paths in the order in which they are read. Zero it to start; inputs_done() ends
 */
struct inputs {
	char **paths;
	size_t count, cap;
	uint64_t bytes; /* of all regular files, packed ones as they are; for progress */
};

/**
 * inputs_add() - Add a file, "-", or the captures of a folder
 * @path:  Of a folder those files that are called .pcap, .pcapng or .cap, also with .gz or .zst
 *         behind it, in order of their names, numbers in them by value; neither those in folders
 *         below, nor what is called so and is no file
 * @err:   EXIT_ENVIRONMENT: there is no such file, or no capture in the folder
 */
bool inputs_add(struct inputs *in, const char *path, struct err *err);

/** inputs_is_capture() - Whether a file of a folder is called as a capture is, see inputs_add() */
bool inputs_is_capture(const char *name);

/** inputs_by_number() - Order of names, numbers in them by value; a qsort(3) comparison of char *
 */
int inputs_by_number(const void *first, const void *second);

/** inputs_session() - Add the files $AVF_HOME/Captures/NAME-rotN.pcapng in order of N. Return:
 * false with @err where there are none */
bool inputs_session(struct inputs *in, const char *name, struct err *err);

/** inputs_stdin() - Whether one of them is "-", which can be read only once */
bool inputs_stdin(const struct inputs *in);

/** inputs_done() - Free */
void inputs_done(struct inputs *in);

#endif
