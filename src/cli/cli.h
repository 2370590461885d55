/* cli.h - the subcommands and what they share */
#ifndef SECVF_CLI_CLI_H
#define SECVF_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tshark/detect.h"

/** cli_*() - One subcommand each; argv[0] is its name. Return: EXIT_* */
int cli_replay(int argc, char **argv);
int cli_sim(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_recover(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_info(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_control(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_minimize(int argc, char **argv);
int cli_anonymize(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_follow(int argc, char **argv);
int cli_filter(int argc, char **argv);
int cli_doctor(int argc, char **argv);

/** cli_self() - The path of this very program. Return: false where it cannot be told */
bool cli_self(char path[4096]);

/** cli_say() - Print "secvf: " and the message on stderr. Return: its exit code */
int cli_say(const struct err *err);

/** cli_usage() - A word that getopt_long() refused, of @command. Fills @err */
void cli_usage(int word, char **argv, const char *command, struct err *err);

/** cli_find_sharkd() - Where one is, if it can be run: beside @tshark (may be NULL), then in $PATH
 */
bool cli_find_sharkd(char path[4096], const char *tshark);

/**
 * cli_detect() - Find tshark and read its version
 * @asked:  --tshark: a path, "none", or NULL for $PATH and the usual places
 * @err:    Filled where a path that the user gave can't be run
 *
 * Return: false only where the user named a tshark that is none; not finding one is no error
 */
bool cli_detect(struct detected *d, const char *asked, struct err *err);

/** cli_find_tshark() - Where one is, if it can be run; asks it nothing, so it does not block */
bool cli_find_tshark(char path[4096]);

/**
 * cli_u64() - A whole number from an option
 * @err:  EXIT_USAGE, naming the option, where it is none or not within [least, most]
 */
bool cli_u64(const char *option, const char *text, unsigned long long least,
	     unsigned long long most, unsigned long long *value, struct err *err);

/** cli_bytes() - A size: a number, or one with k, M or G (powers of 1000) behind it. Return: false
 * with @err filled */
bool cli_bytes(const char *option, const char *text, uint64_t *value, struct err *err);

#endif
