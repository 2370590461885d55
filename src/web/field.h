/* field.h - what may be asked: the kind and the bounds of each parameter and body member
 *
 * One table of these (route.c) is what requests are checked against, what the tests compare
 * docs/openapi.json with, and what the fuzzer draws from.
 */
#ifndef SECVF_WEB_FIELD_H
#define SECVF_WEB_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest whole number that every reader of JSON keeps (RFC 8259, section 6). */
#define FIELD_NUMBER_MAX UINT64_C(9007199254740991)

enum field_kind {
	FIELD_TEXT,    /* UTF-8 without NUL, @least to @most bytes */
	FIELD_NUMBER,  /* a whole number, @least to @most */
	FIELD_WORD,    /* one of @words */
	FIELD_RATE,    /* "recorded", "topspeed", or frames a second in digits, @least to @most */
	FIELD_BOOL,    /* body only, as are those below */
	FIELD_TRUE,    /* true, where it is there */
	FIELD_TEXTS,   /* an array of at most @items texts */
	FIELD_NUMBERS, /* an array of at most @items numbers */
};

/** struct field - A list of them ends with one without a name */
struct field {
	const char *name;
	enum field_kind kind;
	bool required;
	uint64_t least, most;
	uint64_t otherwise; /* a FIELD_NUMBER that is not given */
	size_t items;
	const char *const *words; /* NULL-terminated */
};

#endif
