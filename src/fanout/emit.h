/* emit.h - decoded frames as text: the table, and one JSON object a line
 *
 * Packet content is hostile. In the table, every control character (C0, DEL, C1), bidirectional
 * mark, line and paragraph separator and every byte that is not valid UTF-8 is shown as an escape
 * (\x1b, \u202e, \xff), so that nothing in a frame can drive the terminal or fake a row. In JSON the
 * same bytes arrive escaped as JSON has it, invalid UTF-8 as U+FFFD.
 */
#ifndef SECVF_FANOUT_EMIT_H
#define SECVF_FANOUT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fanout/decoded.h"

/** struct emit_table - State of a table: column widths so far, time of the first frame */
struct emit_table {
	bool color;         /* colour rows as Wireshark's default rules do */
	unsigned columns;   /* of the terminal, rows are cut to; 0: rows are not cut */
	uint64_t first_ns;  /* set by the first row */
	bool started;
	unsigned width[8];  /* per column; grow, never shrink, up to a bound, so that rows stay aligned */
};

/** emit_table_init() - @columns: width to cut rows to, 0 for none */
void emit_table_init(struct emit_table *t, bool color, unsigned columns);

/** emit_table_header() - The line of column names */
void emit_table_header(struct emit_table *t, struct buf *out);

/** emit_table_row() - One row: number, relative time, VM, source, destination, protocol, length, info */
void emit_table_row(struct emit_table *t, const struct decoded *d, struct buf *out);

/** emit_json() - One object and a newline: id ts vm len caplen eth_src eth_dst ethertype src dst sport
 * dport protocol info protocols status. ts is a decimal string of seconds with nine digits; what a frame
 * has not is null. */
void emit_json(const struct decoded *d, struct buf *out);

/** emit_safe() - Add text made harmless for a terminal. Return: columns that it takes (wcwidth) */
unsigned emit_safe(struct buf *out, const char *s, size_t n, unsigned columns_max);

#endif
