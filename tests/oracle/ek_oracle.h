/* ek_oracle.h - what a line of EK says, found out slowly and by other means than src/ek
 *
 * A second opinion for tests and fuzzing. It shares no code with what it judges: json-c reads each
 * string and each number. As json-c keeps just the last of equal keys, objects and arrays are cut
 * into their members here, by recursion. json-c is laxer than we are (comments, single quotes,
 * NaN, trailing commas, control characters in strings, "1."): none of that is ever put to it, or
 * it is looked for apart.
 */
#ifndef SECVF_TESTS_EK_ORACLE_H
#define SECVF_TESTS_EK_ORACLE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct json_tokener;

#define ORACLE_FIELDS 27u
#define ORACLE_NONE   SIZE_MAX

enum oracle_verdict {
	ORACLE_NO_OBJECT, /* does not begin as one */
	ORACLE_REFUSED,
	ORACLE_ACCEPTED
};

enum oracle_kind {
	ORACLE_PACKET,
	ORACLE_INDEX,
	ORACLE_OTHER
};

/** struct oracle_node - A value; nodes stand in the order in which they begin in the line */
struct oracle_node {
	char kind; /* its first character; '0' for a number */
	unsigned depth;
	size_t end; /* index of the first node after it that is not below it */
	/* Places in the line, between quotes; of what is no string, with all of it */
	size_t key_at, key_n, at, n;
	struct json_object *key;   /* NULL: the root, or an element of an array */
	struct json_object *value; /* of a string; else NULL */
};

struct oracle {
	const char *line;
	size_t line_n;
	enum oracle_verdict verdict;
	/* The rest is for ORACLE_ACCEPTED */
	struct oracle_node *node;
	size_t n, cap;
	enum oracle_kind kind;
	uint64_t number;	     /* of the frame; 0: there is none */
	size_t field[ORACLE_FIELDS]; /* node of each, in the order of enum ek_field; ORACLE_NONE */
	regex_t json_number, frame_number;
	struct json_tokener *tokener;
};

/** oracle_init() - Ready for lines; oracle_done() ends */
void oracle_init(struct oracle *o);
void oracle_done(struct oracle *o);

/** oracle_read() - Judge one line, in place of the last. @line: borrowed until the next */
void oracle_read(struct oracle *o, const char *line, size_t n);

#endif
