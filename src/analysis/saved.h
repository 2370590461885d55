/* saved.h - display filters kept under names: found, added, renamed, removed, put in order, merged
 *
 * A name has 1 to 128 bytes, an expression 1 to 4,096, a note at most 1,024; all are UTF-8, and a
 * name has no control characters. Names are equal where their bytes are.
 */
#ifndef SECVF_ANALYSIS_SAVED_H
#define SECVF_ANALYSIS_SAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/settings.h"

#define SAVED_NAME_MAX	     128u
#define SAVED_EXPRESSION_MAX 4096u
#define SAVED_NOTE_MAX	     1024u

#define SAVED_NONE	     SIZE_MAX

/* Of a text in a message: SAVED_QUOTED_COLUMNS characters of four bytes, each with its marks,
 * quotes and dots. */
#define SAVED_QUOTED_COLUMNS 40u
#define SAVED_QUOTED_MAX     (SAVED_QUOTED_COLUMNS * 20u + 8u)

/** saved_name_wrong(), saved_expression_wrong(), saved_note_wrong() - What is wrong with such a
 * text of @n bytes, as words for a person; NULL: nothing */
const char *saved_name_wrong(const char *name, size_t n);
const char *saved_expression_wrong(const char *expression, size_t n);
const char *saved_note_wrong(const char *note, size_t n);

/** saved_quote() - A text for a message: in quotes, harmless, its end left out where it is long */
void saved_quote(const char *text, char quoted[SAVED_QUOTED_MAX]);

/** saved_find() - Return: its index, or SAVED_NONE */
size_t saved_find(const struct settings *s, const char *name);

/** saved_expect() - As saved_find(); where there is none, @err says so, and the name that is
 * closest by edit distance */
size_t saved_expect(const struct settings *s, const char *name, struct err *err);

/** saved_add() - Put a filter behind the others; texts are copied. Return: false with @err where a
 * text is wrong, the name is taken, there are SETTINGS_SAVED_MAX, or memory runs out */
bool saved_add(struct settings *s, const char *name, const char *expression, const char *note,
	       struct err *err);

/** saved_rename() - Return: false with @err */
bool saved_rename(struct settings *s, const char *name, const char *to, struct err *err);

/** saved_remove() - Return: false with @err */
bool saved_remove(struct settings *s, const char *name, struct err *err);

/** saved_move() - Put a filter at @position, from 1, before what is there. Return: false with @err
 */
bool saved_move(struct settings *s, const char *name, unsigned long long position, struct err *err);

/** enum saved_merged - What became of a filter that came from elsewhere */
enum saved_merged {
	SAVED_ADDED,
	SAVED_THERE,   /* the same expression is there by that name, or by "NAME (2)": kept once */
	SAVED_RENAMED, /* another expression has that name: added as "NAME (2)" */
	SAVED_REFUSED, /* @err says why */
};

/**
 * saved_merge() - Add a filter that came from elsewhere, losing neither it nor what is there
 * @index:  Set to where it is then
 */
enum saved_merged saved_merge(struct settings *s, const char *name, const char *expression,
			      const char *note, size_t *index, struct err *err);

#endif
