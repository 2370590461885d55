/* suite.h - the captures of a regression suite, and where their golden files are
 *
 * Folders are walked with all that is below them, names in order, numbers in them by value; what
 * begins with a dot, and links to folders, are passed over. A golden file lies beside its capture,
 * or at the same place below a folder of golden files. One whose capture has gone is a case, too:
 * else a suite would shrink without a word.
 */
#ifndef SECVF_CLI_SUITE_H
#define SECVF_CLI_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SUITE_DEPTH_MAX 64 /* folders in folders */
#define SUITE_CASES_MAX 65536u

struct suite_case {
	char *name; /* what it is called in reports: where one folder was named, its place in it */
	char *capture; /* NULL: a golden file alone */
	char *golden;
};

struct suite {
	struct suite_case *one;
	size_t count, cap;
};

/**
 * suite_fill() - Find the cases
 * @s:       Zeroed; suite_done() ends, after a failure, too
 * @paths:   Files and folders, @count of them
 * @golden:  Folder of golden files, which need not be there yet; NULL: they lie beside the captures
 * @filter:  Names as fnmatch(3) has them, '*' for '/' too; NULL: all
 * @err:     EXIT_ENVIRONMENT: a folder can't be read, there is no capture; EXIT_USAGE: two captures
 *           would have the same golden file, no name fits the filter
 */
bool suite_fill(struct suite *s, char *const *paths, int count, const char *golden,
		const char *filter, struct err *err);

/** suite_done() - Free */
void suite_done(struct suite *s);

/** suite_make_folders() - Make the folders above a file. Return: false with @err */
bool suite_make_folders(const char *path, struct err *err);

#endif
