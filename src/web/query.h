/* query.h - request targets taken apart: percent-encoding, paths, query parameters (RFC 3986) */
#ifndef SECVF_WEB_QUERY_H
#define SECVF_WEB_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "web/field.h"

#define QUERY_PARAMS_MAX 4u

/** struct query - Values, in the order of the fields that they were checked against */
struct query {
	struct query_value {
		bool given;
		uint64_t number;  /* FIELD_NUMBER; its default where it is not given */
		const char *text; /* else; "" where it is not given; borrowed from the target */
	} value[QUERY_PARAMS_MAX];
};

/**
 * query_decode() - Undo percent-encoding in place
 * @s:     NUL-terminated; is then, too
 * @plus:  '+' stands for a space, as forms have it
 *
 * Return: false, with @s in pieces, where a '%' has no two digits behind it, or the text would
 * hold a NUL or what is no UTF-8
 */
bool query_decode(char *s, bool plus);

/** query_number() - Digits only, at most 20. Return: false where it is none, or not in [least,
 * most] */
bool query_number(const char *s, uint64_t least, uint64_t most, uint64_t *number);

/** query_rate_ok() - Whether @s is what FIELD_RATE may be */
bool query_rate_ok(const char *s, uint64_t least, uint64_t most);

/** query_quote() - What a client named, for a message: cut to 60 bytes, harmless */
void query_quote(const char *s, char quoted[64]);

/**
 * query_parse() - Check the parameters of a request
 * @q:       Filled
 * @fields:  What there may be, at most QUERY_PARAMS_MAX; NULL: nothing
 * @text:    What stands behind '?', or NULL; decoded in place, and kept while @q is used
 * @err:     Which parameter is wrong, and what is wanted
 *
 * Return: false where one is unknown, given twice, missing, or out of its bounds
 */
bool query_parse(struct query *q, const struct field *fields, char *text, struct err *err);

#endif
