/* safe.h - hostile text made harmless for a terminal, and columns counted
 *
 * Theory of operation: a code point is shown as it is only where it is a character that one sees
 * and that stays in its place. Everything else becomes an escape of printable ASCII: controls (C0,
 * DEL, C1), formats (bidirectional marks, embeddings, overrides and isolates, zero-width joiners,
 * tags, the byte order mark), line and paragraph separators, variation selectors and the other
 * invisible ones, private use, non-characters, and each byte that is not valid UTF-8. So text
 * cannot drive the terminal, reorder or end a row, or look like other text by what cannot be seen.
 *
 * Code points that are not assigned yet are shown, with the width of their neighbours: new scripts
 * and emoji should not need a new release, and reserved ranges for what is invisible are escaped
 * already.
 *
 * Combining marks are shown over the character before them, SAFE_MARKS_MAX of them at most, so that
 * a stack of them cannot paint over the rows above; one with nothing before it is escaped, as it
 * would be drawn over what is not part of the text.
 *
 * Columns are those of wcwidth() in a UTF-8 locale, from a table of our own: they must not depend
 * on the process' locale, and must be equal on all systems.
 */
#ifndef SECVF_BASE_SAFE_H
#define SECVF_BASE_SAFE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Combining marks shown in a row. Vietnamese needs 2, pointed Hebrew and Thai 3. */
#define SAFE_MARKS_MAX 4u

/* The longest escape: "\U000e0001". */
#define SAFE_ESCAPE_MAX 10u

/**
 * safe_width() - Columns of one code point
 * @cp:  Any; what utf8_next() gives
 *
 * Return: 0 for a combining mark, 1, 2, or -1 where it must not be shown as it is
 */
int safe_width(uint32_t cp);

/**
 * safe_put() - Add text made harmless
 * @out:          Buffer; what is added is valid UTF-8 without controls
 * @s:            Any bytes
 * @n:            Bytes in @s
 * @columns_max:  Stop before the first character or escape that would pass this many columns
 * @columns:      Set to the columns that were added
 *
 * A byte that is not UTF-8 becomes \xff, a control below 0x80 \x1b, another code point \u202e or
 * \U000e0001. A backslash of the text is left alone: text may so look escaped that is not, which is
 * harmless, and Windows paths stay readable.
 *
 * Return: bytes of @s taken; less than @n where the columns ran out
 */
size_t safe_put(struct buf *out, const char *s, size_t n, unsigned columns_max, unsigned *columns);

#endif
