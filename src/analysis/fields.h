/* fields.h - the fields that display filters know, for completion
 *
 * Source: `tshark -G fields` (tshark(1)): tab-separated lines, "F", name, abbreviation, type,
 * parent, base, mask, description; and "P", name, abbreviation.
 */
#ifndef SECVF_ANALYSIS_FIELDS_H
#define SECVF_ANALYSIS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct field {
	const char *name; /* "tcp.port" */
	const char *type; /* "FT_UINT16"; "protocol" of a protocol */
	const char *what; /* "Source or Destination Port" */
};

struct fields {
	struct buf text;     /* the lines, cut into strings */
	struct field *field; /* sorted by name, each name once */
	uint32_t count;
};

/** fields_parse() - @text: what tshark printed, taken; NUL-terminated. Return: false where memory
 * ran out, or it holds no field */
bool fields_parse(struct fields *f, struct buf *text);

/** fields_done() - Free, and zero */
void fields_done(struct fields *f);

/**
 * fields_complete() - Those whose name begins with @prefix
 * @n:  Set to how many
 *
 * Case matters not, as names are lower-case but for a few. Return: the first of them; the others
 * follow it
 */
const struct field *fields_complete(const struct fields *f, const char *prefix, uint32_t *n);

/** field_type() - A type for people: "unsigned 16 bits", "IPv4 address", "text" */
const char *field_type(const struct field *field);

#endif
