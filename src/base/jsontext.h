/* jsontext.h - a JSON file that a person wrote: read strictly, with errors that name file, line,
 * key
 *
 * Theory of operation: json-c parses; the text is kept. A value is named by its path, as in
 * "faults[2].at"; where one is refused, the text is walked along that path once more to tell its
 * line, so that no line numbers need to be kept for those that are right.
 *
 * The readers below take a member of an object. One that is not there leaves *value as it is, which
 * is then the default; one of the wrong kind fills @err and returns false.
 */
#ifndef SECVF_BASE_JSONTEXT_H
#define SECVF_BASE_JSONTEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define JSONTEXT_BYTES_MAX (16u << 20)
#define JSONTEXT_PATH_MAX  160

struct jsontext {
	char *file;	 /* own copy of its name */
	struct buf text; /* NUL-terminated */
	struct json_object *root;
};

/** struct jt_at - An object inside, and the way to it */
struct jt_at {
	const struct jsontext *text;
	struct json_object *object;
	char path[JSONTEXT_PATH_MAX];
};

/** jsontext_read() - @err: file, line, column, remedy; EXIT_ENVIRONMENT or EXIT_USAGE */
bool jsontext_read(struct jsontext *t, const char *file, struct err *err);

/**
 * jsontext_parse() - As jsontext_read(), of bytes in memory
 * @name:  What errors call it; copied
 * @p:     Bytes, @n of them; copied. A NUL among them ends the text
 * @err:   Line, column; EXIT_USAGE, or EXIT_ENVIRONMENT where memory runs out
 */
bool jsontext_parse(struct jsontext *t, const char *name, const char *p, size_t n, struct err *err);

/** jsontext_done() - Free */
void jsontext_done(struct jsontext *t);

/** jsontext_root() - The whole, which has to be an object. Return: false with @err filled */
bool jsontext_root(const struct jsontext *t, struct jt_at *at, struct err *err);

/** jsontext_line() - Line of what is at @path, from 1; of its nearest parent where it is not there
 */
unsigned jsontext_line(const struct jsontext *t, const char *path);

/** jt_refuse() - Fill @err with FILE:LINE: PATH.KEY: and the words; @key NULL: the object itself.
 * Return: false */
bool jt_refuse(const struct jt_at *at, const char *key, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** jt_known() - Refuse members that are not in @keys, NULL-terminated */
bool jt_known(const struct jt_at *at, const char *const keys[], struct err *err);

bool jt_bool(const struct jt_at *at, const char *key, bool *value, struct err *err);

/** jt_text() - *value: borrowed from the text; not empty */
bool jt_text(const struct jt_at *at, const char *key, const char **value, struct err *err);

/** jt_u64() - A whole number in [least, most] */
bool jt_u64(const struct jt_at *at, const char *key, uint64_t least, uint64_t most, uint64_t *value,
	    struct err *err);

/** jt_ns() - A time: "250ms", "1.5s", "10us", "2m", "1h"; at most 100 years */
bool jt_ns(const struct jt_at *at, const char *key, uint64_t *value, struct err *err);

/** jt_permille() - A share: "5%", "0.1%" */
bool jt_permille(const struct jt_at *at, const char *key, unsigned *value, struct err *err);

/** jt_word() - One of @words, NULL-terminated. *value: its index */
bool jt_word(const struct jt_at *at, const char *key, const char *const words[], unsigned *value,
	     struct err *err);

/** jt_member() - An object. Return: false where it is not there, or is none (err->text says
 * which) */
bool jt_member(const struct jt_at *at, const char *key, struct jt_at *member, struct err *err);

/** jt_count() - Items of an array; 0 where it is not there. Return: false where it is none */
bool jt_count(const struct jt_at *at, const char *key, size_t *count, struct err *err);

/** jt_item() - An object in an array that jt_count() has seen */
bool jt_item(const struct jt_at *at, const char *key, size_t i, struct jt_at *item,
	     struct err *err);

/** jt_item_text() - A string in an array that jt_count() has seen; NULL: @err is filled */
const char *jt_item_text(const struct jt_at *at, const char *key, size_t i, struct err *err);

/** jt_has() - Whether the member is there */
bool jt_has(const struct jt_at *at, const char *key);

#endif
