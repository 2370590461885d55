/* rules.h - what versions of tshark are known to say otherwise, and is no fault
 *
 * Theory of operation: a rule names a field, what older versions say of it, what newer ones say,
 * and which versions those are. A difference is tolerated where a golden file was made with the one
 * kind of version, the run has the other, and the rule turns the one text into the other exactly.
 * So a rule works in both directions, and never between two runs of one version.
 *
 * Texts are either whole, with '*' for any run of bytes, where the n-th '*' of one side stands for
 * the same bytes as the n-th of the other; or words: then each word of the text, as ':' '/' ' '
 * part them, that is the one becomes the other.
 */
#ifndef SECVF_CLI_RULES_H
#define SECVF_CLI_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/account.h"

struct json_object;

#define RULES_STARS_MAX 4u /* '*' in a text */
#define RULES_MAX	1024u

struct rule {
	const char *name;
	const char *old_versions, *new_versions; /* ranges, see rules_version_in() */
	bool is_error;				 /* it is about complaints, and not a field */
	enum account_field field;
	const char *protocol; /* of the frame, with '*'; NULL: any */
	const char *from, *to;
	bool words;
	const char *reason;
};

struct rules {
	struct rule *rule;
	size_t count;
	struct json_object *roots; /* a list of the files read, which own the texts */
};

/** struct rules_case - A difference that a rule may be about */
struct rules_case {
	const char *expected_version, *actual_version; /* of tshark */
	bool is_error;
	enum account_field field;
	const char *protocol; /* that is expected, or NULL */
	const char *expected; /* NULL: there is none, which no rule is about */
	const char *actual;   /* the same */
	size_t expected_n, actual_n;
};

/** rules_init() - The rules that are shipped; rules_done() ends. Return: false where memory ran out
 */
bool rules_init(struct rules *r);
void rules_done(struct rules *r);

/**
 * rules_read() - Add those of a file, as docs/verify.md has them
 * @err:  EXIT_USAGE, with file, place and remedy; EXIT_ENVIRONMENT where it can't be read
 */
bool rules_read(struct rules *r, const char *path, struct err *err);

/** rules_find() - Return: the first rule that tolerates it, or NULL */
const struct rule *rules_find(const struct rules *r, const struct rules_case *c);

/**
 * rules_version_in() - Whether a version is in a range
 * @version:  "4.0.17"; missing parts are 0
 * @range:    "", or comparisons with a space between them, which all must hold: ">=3.6 <4.2"
 *
 * Return: false, too, for a version that is none
 */
bool rules_version_in(const char *version, const char *range);

/** rules_range_ok() - Whether a range is written as it has to be */
bool rules_range_ok(const char *range);

#endif
