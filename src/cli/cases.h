/* cases.h - results of many tests: told as they come, and as JUnit XML, TAP, JSON
 *
 * Names and messages may hold any bytes; reports are valid in any case.
 */
#ifndef SECVF_CLI_CASES_H
#define SECVF_CLI_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum case_outcome {
	CASE_PASSED,
	CASE_FAILED,
	CASE_SKIPPED
};

struct case_result {
	char *name, *group; /* own copies; reports say group.name */
	enum case_outcome outcome;
	double seconds;
	char *message; /* why it failed or was skipped; own copy, or NULL */
	char *output;  /* what helps to find out, such as stderr; own copy, or NULL */
};

struct cases {
	const char *suite;
	bool quiet; /* tell only of those that did not pass */
	size_t count, room;
	struct case_result *result;
};

/** cases_init() - Room for @room of them. Return: false where memory ran out */
bool cases_init(struct cases *c, const char *suite, size_t room);

/** cases_add() - Another one, not run yet; both names are copied. It stays where it is */
struct case_result *cases_add(struct cases *c, const char *name, const char *group);

/** cases_say() - Message and output of one, copied; cut where a NUL is in them */
void cases_say(struct case_result *r, const char *message, size_t n, const char *output,
	       size_t output_n);

/** cases_tell() - Print the line of one on stdout */
void cases_tell(const struct cases *c, const struct case_result *r);

/** cases_summary() - Print "N passed, N failed, N skipped in N s" */
void cases_summary(const struct cases *c);

size_t cases_failed(const struct cases *c);

/** cases_junit(), cases_tap(), cases_json() - Write a report; "-" is stdout. Return: false with
 * @err filled. Sources: the JUnit XML that Jenkins and GitLab read; TAP 14, testanything.org */
bool cases_junit(const struct cases *c, const char *file, struct err *err);
bool cases_tap(const struct cases *c, const char *file, struct err *err);
bool cases_json(const struct cases *c, const char *file, struct err *err);

/** cases_done() - Free */
void cases_done(struct cases *c);

#endif
