/* detect.h - which tshark to run, and what it is */
#ifndef SECVF_TSHARK_DETECT_H
#define SECVF_TSHARK_DETECT_H

#include <stdbool.h>
#include <stddef.h>

/** struct detected - A tshark, or none */
struct detected {
	bool found;
	char path[4096];
	char version[64]; /* "4.0.17"; "" until detect_version() */
};

/**
 * detect_next() - The places where tshark may be, one at a time
 * @asked:   --tshark PATH, or NULL: $PATH, then the usual places
 * @search:  $PATH, or NULL
 * @step:    0, 1, 2, ...
 * @path:    Set to the next candidate
 *
 * Return: false where there are no more. The caller looks whether it can be run.
 */
bool detect_next(const char *asked, const char *search, size_t step, char path[4096]);

/**
 * detect_version() - Read the version out of `tshark --version`
 * @output:   Its first line is "TShark (Wireshark) 4.0.17 (Git ...)."
 * @version:  Set
 *
 * Return: false, version "", where that is no tshark
 */
bool detect_version(const char *output, char version[64]);

#endif
