/* cases.h - what came of a list of cases: for the terminal, as JUnit, as TAP, as JSON
 *
 * Theory of operation: a command adds its cases, in the order in which they are to be told, and
 * settles them in whatever order they end. Rows for the terminal and for TAP can be had one by one,
 * as soon as all cases before have been settled; reports are made of the whole list at the end.
 *
 * Names, messages and output may hold any bytes, as packets decide about them. In every format they
 * come out as valid UTF-8 that neither drives a terminal nor breaks the format: what one cannot see
 * and each byte that is no UTF-8 is shown as an escape (safe.h), which is also what XML needs, as
 * it has no way to write most controls. JSON alone keeps them, as \u escapes.
 */
#ifndef SECVF_CLI_CASES_H
#define SECVF_CLI_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Names from cases_outcome_name(). */
enum cases_outcome {
	CASES_PENDING, /* not settled yet */
	CASES_PASSED,
	CASES_FAILED, /* an expectation was not met */
	CASES_ERROR,  /* it could not be found out: what it needs is missing or broken */
	CASES_SKIPPED,
	CASES_OUTCOMES
};

/* Properties of a list: versions, options, whatever explains the results. */
#define CASES_PROPERTIES_MAX 16u

struct cases_one {
	char *name;
	enum cases_outcome outcome;
	uint64_t ns;   /* that it took */
	char *message; /* why, in one line; NULL: nothing to say */
	char *output;  /* lines, for a person who looks into it; NULL: none */
};

struct cases {
	const char *suite;     /* name of the list, as "verify"; static */
	uint64_t started_ns;   /* wall clock, ns since 1970 */
	uint64_t ns;	       /* that all took, set by the caller at the end */
	struct cases_one *one; /* in the order of cases_add() */
	size_t count, cap;
	size_t counts[CASES_OUTCOMES];
	struct {
		const char *name; /* static */
		char *value;
	} property[CASES_PROPERTIES_MAX];
	unsigned properties;
};

/** cases_init() - An empty list; cases_done() ends */
void cases_init(struct cases *c, const char *suite, uint64_t started_ns);
void cases_done(struct cases *c);

/** cases_add() - Add a case that is pending. Return: its index, or SIZE_MAX where memory ran out */
size_t cases_add(struct cases *c, const char *name);

/**
 * cases_settle() - Say what came of a case, once
 * @message:  Copied; NULL: nothing to say
 * @output:   Copied, with its NUL bytes as \x00; NULL: none
 */
void cases_settle(struct cases *c, size_t index, enum cases_outcome outcome, uint64_t ns,
		  const char *message, const struct buf *output);

/** cases_property() - Add one; those past CASES_PROPERTIES_MAX are left out */
void cases_property(struct cases *c, const char *name, const char *value);

/** cases_outcome_name() - "pending", "passed", "failed", "error", "skipped" */
const char *cases_outcome_name(enum cases_outcome outcome);

/** cases_ok() - None failed, none is in error, none is pending */
bool cases_ok(const struct cases *c);

/** cases_row() - For the terminal: outcome, time, name, message; then its output, indented */
void cases_row(const struct cases_one *one, bool color, struct buf *out);

/** cases_sum() - For the terminal: how many of each outcome, and the time, in a line */
void cases_sum(const struct cases *c, struct buf *out);

/** cases_tap_plan(), cases_tap_row() - TAP 14 piece by piece: plan first, then each case, @number
 * from 1 */
void cases_tap_plan(size_t count, struct buf *out);
void cases_tap_row(const struct cases_one *one, size_t number, struct buf *out);

/** cases_tap() - All of TAP 14 */
void cases_tap(const struct cases *c, struct buf *out);

/**
 * cases_junit() - JUnit XML, as Jenkins, GitLab and others read it
 *
 * One suite. An output is the text of <failure> or <error>, else <system-out>.
 */
void cases_junit(const struct cases *c, struct buf *out);

/** cases_json() - An object: suite, started, seconds, properties, counts, cases, one a line */
void cases_json(const struct cases *c, struct buf *out);

/**
 * cases_write() - Make a report and write it, whole or not at all
 * @make:    cases_junit(), cases_tap() or cases_json()
 * @option:  That asked for it, for the message
 * @path:    NULL: nothing is done; "-": standard output
 */
bool cases_write(const struct cases *c, void (*make)(const struct cases *c, struct buf *out),
		 const char *option, const char *path, struct err *err);

#endif
