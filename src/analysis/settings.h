/* settings.h - what is kept from one run to the next: a queue limit and display filters
 *
 * The text is JSON:
 *
 *   {
 *     "SecVFCaptureQueueLimit": 8192,
 *     "SavedDisplayFilters": [{"name": "...", "expression": "...", "note": "..."}, ...],
 *     "RecentDisplayFilters": ["newest", ...]
 *   }
 *
 * SavedDisplayFilters may be written as {"NAME": "EXPRESSION", ...} too. Whatever else is in the
 * file, in it or in one of its filters, is kept, in its order: it may be another program's. What
 * could not be kept as it is (a key twice in one object, NaN, bytes that are no UTF-8) is refused.
 */
#ifndef SECVF_ANALYSIS_SETTINGS_H
#define SECVF_ANALYSIS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SETTINGS_BYTES_MAX  (16u << 20) /* of the text */
#define SETTINGS_SAVED_MAX  1000u
#define SETTINGS_RECENT_MAX 50u

struct json_object;

/** struct saved_filter - A display filter that has a name; saved.h says what each text may be */
struct saved_filter {
	char *name, *expression;
	char *note;		  /* "" where there is none */
	struct json_object *rest; /* what else the file says of it; NULL: nothing */
};

/** struct settings - Zero it to start; settings_done() to end */
struct settings {
	uint32_t queue_limit; /* SecVFCaptureQueueLimit, frames; 0: not set */
	struct saved_filter
		*saved; /* in the order of the person who keeps them; names are unique */
	size_t saved_count, saved_cap;
	char *recent[SETTINGS_RECENT_MAX]; /* newest first, each once */
	size_t recent_count;
	struct json_object *whole; /* as it was read; NULL: nothing was */
};

/** settings_done() - Free all and zero the struct */
void settings_done(struct settings *s);

/**
 * settings_parse() - Read a settings file's text
 * @s:     Replaced on true, untouched on false
 * @name:  What errors call the text: the file
 * @text:  Any bytes, @n of them
 * @err:   NAME:LINE: KEY: what is wanted there; EXIT_USAGE, or EXIT_ENVIRONMENT where memory runs
 *         out
 *
 * Of recent filters the SETTINGS_RECENT_MAX newest are taken, each once.
 */
bool settings_parse(struct settings *s, const char *name, const char *text, size_t n,
		    struct err *err);

/** settings_print() - Add the text, pretty JSON that settings_parse() reads as @s. @out fails where
 * memory runs out */
void settings_print(const struct settings *s, struct buf *out);

/** settings_recent() - Note that a display filter was used: it is the newest now. Return: false
 * with @err where it can be none, or memory runs out */
bool settings_recent(struct settings *s, const char *expression, struct err *err);

#endif
