/* filter.h - `secvf filter`: its subcommands, and what they share */
#ifndef SECVF_CLI_FILTER_H
#define SECVF_CLI_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "os/settings_file.h"

/** filter_*() - One subcommand each; argv[0] is its name. Return: EXIT_* */
int filter_add(int argc, char **argv);
int filter_list(int argc, char **argv);
int filter_show(int argc, char **argv);
int filter_rename(int argc, char **argv);
int filter_remove(int argc, char **argv);
int filter_move(int argc, char **argv);
int filter_import(int argc, char **argv);
int filter_export(int argc, char **argv);
int filter_check(int argc, char **argv);
int filter_complete(int argc, char **argv);
int filter_presets(int argc, char **argv);

/** enum filter_option - Options; a subcommand takes some of them, beside --settings */
enum filter_option {
	FILTER_NOTE = 1,
	FILTER_NO_CHECK = 2,
	FILTER_TSHARK = 4,
	FILTER_FORMAT = 8, /* -T */
	FILTER_BINARY = 16,
	FILTER_FORCE = 32,
};

/** struct filter_words - The words of a subcommand; all borrowed from argv */
struct filter_words {
	char settings[SETTINGS_FILE_PATH_MAX];
	const char *note, *tshark; /* NULL: not given */
	bool no_check, json, binary, force;
	char **rest;
};

/**
 * filter_parse() - Read the words of a subcommand
 * @w:      Filled
 * @takes:  enum filter_option, or'ed
 * @wants:  The other words as the message has them, blanks between: "NAME EXPRESSION"; @w->rest has
 *          as many
 * @err:    EXIT_USAGE; EXIT_BALANCED where --help was asked for, which has been printed
 */
bool filter_parse(struct filter_words *w, int argc, char **argv, unsigned takes, const char *wants,
		  struct err *err);

/** filter_say() - As cli_say(), the text made harmless: it may have been read from a file. Nothing
 * is said of EXIT_BALANCED */
int filter_say(const struct err *err);

/** filter_tell() - Print what settings_file has to tell, on stderr */
void filter_tell(const struct settings_file *f);

/** filter_flush() - End standard output. Return: false with @err where not all could be written */
bool filter_flush(struct err *err);

#endif
