/* hexdump.h - bytes as people read them: offset, 16 a row in hex, ASCII
 *
 * 0000  02 00 5e 10 00 01 02 00  5e 10 00 02 08 00 45 00   ..^.....^.....E.
 *
 * Bytes that are not printable ASCII are shown as '.', so a row is safe on any terminal.
 */
#ifndef SECVF_ANALYSIS_HEXDUMP_H
#define SECVF_ANALYSIS_HEXDUMP_H

#include <stddef.h>

#include "base/buf.h"

#define HEXDUMP_ROW_BYTES 16u

/**
 * hexdump() - Add rows, each with its newline
 * @p:         Bytes
 * @n:         How many; 0 adds nothing
 * @mark:      First byte that is marked, with a mark_n of 0: none
 * @mark_n:    Bytes that are marked: in brackets, "[45 00]"; what goes beyond @n is left out
 * @out:       Gets the rows
 *
 * Offsets have four hex digits, or as many as the last needs.
 */
void hexdump(const unsigned char *p, size_t n, size_t mark, size_t mark_n, struct buf *out);

#endif
