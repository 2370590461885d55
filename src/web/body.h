/* body.h - request bodies: JSON, parsed strictly and checked member by member (RFC 8259) */
#ifndef SECVF_WEB_BODY_H
#define SECVF_WEB_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "web/field.h"

#define BODY_BYTES_MAX (1u << 20)
/* An object, an array in it, and its items; more is nothing that we take. */
#define BODY_DEPTH_MAX 8

struct json_object;

/**
 * body_parse() - Read a body
 * @text:  Any bytes, @n of them, at most BODY_BYTES_MAX; none: an empty object
 * @err:   What is wrong, and at which byte
 *
 * Return: the object, which the caller puts; NULL where it is no JSON, or none of an object
 */
struct json_object *body_parse(const char *text, size_t n, struct err *err);

/**
 * body_check() - Check the members of a body
 * @fields:  What there may be; NULL: nothing
 * @err:     Which member is wrong, and what is wanted
 *
 * Return: false where one is unknown, missing, of another kind, or out of its bounds
 */
bool body_check(struct json_object *body, const struct field *fields, struct err *err);

#endif
