/* jury.h - a command of the user's that says whether a capture still reproduces something
 *
 * Theory of operation: each seat has a file of its own in a private folder; a candidate is put
 * there, and the command runs on it. Several seats run at once. What the command wrote to standard
 * error is kept for the first run of all, so that one that never works can be explained.
 */
#ifndef SECVF_CLI_JURY_H
#define SECVF_CLI_JURY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/scratch.h"
#include "os/trial.h"

#define JURY_SEATS_MAX 64u

enum jury_wants {
	JURY_EXIT,    /* that it exits with jury_config.code */
	JURY_NONZERO, /* that it exits with anything but 0, or a signal ends it */
	JURY_SIGNAL,  /* that a signal ends it, not ours */
};

struct jury_config {
	char *const *command; /* with {} for the candidate's path; borrowed */
	const char *suffix;   /* of the candidate's name, as ".pcapng"; borrowed */
	enum jury_wants wants;
	int code;
	uint64_t timeout_ns; /* of one run */
	unsigned seats;
};

enum jury_verdict {
	JURY_RUNS,
	JURY_YES,
	JURY_NO,
};

struct jury_seat {
	char *path;
	char **argv;
	struct trial trial;
	bool runs;
};

struct jury {
	struct jury_config config;
	struct scratch scratch;
	struct trials trials;
	struct jury_seat seats[JURY_SEATS_MAX];
	uint64_t runs;
	char log[PATH_MAX]; /* of the first run's standard error */
	char ended[160];    /* how the last run that was looked at ended, in words */
	bool hung;	    /* ... it ran out of time */
};

/** jury_open() - Make the folder, take over signals; jury_close() ends it, also after failure */
bool jury_open(struct jury *j, const struct jury_config *config, struct err *err);

/** jury_start() - Put a candidate into a free seat, and run. Return: false with @err */
bool jury_start(struct jury *j, unsigned seat, const struct buf *candidate, struct err *err);

/** jury_look() - How a seat that runs is; free again unless JURY_RUNS */
enum jury_verdict jury_look(struct jury *j, unsigned seat);

/** jury_dismiss() - End a seat's run, if one runs */
void jury_dismiss(struct jury *j, unsigned seat);

/** jury_wait() - Sleep until a run may have ended, a signal came, or @until_ns */
void jury_wait(struct jury *j, uint64_t until_ns);

/**
 * jury_ask() - Run on one candidate and wait; no other seat runs
 * @candidate:  NULL: @path is run on as it is
 * @path:       Of a file, where @candidate is NULL
 *
 * Return: JURY_RUNS where a signal asked to stop, or with @err set (err->exit is not 0)
 */
enum jury_verdict jury_ask(struct jury *j, const struct buf *candidate, const char *path,
			   struct err *err);

/** jury_complaint() - The first line of the first run's standard error, printable; "" for none */
void jury_complaint(const struct jury *j, char *text, size_t n);

/** jury_close() - End all runs, remove the folder */
void jury_close(struct jury *j);

#endif
