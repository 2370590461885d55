/* emit.h - decoded frames as text: the table, and one JSON object a line
 *
 * Packet content is hostile. In the table, every control character (C0, DEL, C1), bidirectional
 * mark, line and paragraph separator and every byte that is not valid UTF-8 is shown as an escape
 * (\x1b, \u202e, \xff), so that nothing in a frame can drive the terminal or fake a row;
 * base/safe.h has the whole list. In JSON the same bytes arrive escaped as JSON has it, invalid
 * UTF-8 as U+FFFD.
 */
#ifndef SECVF_FANOUT_EMIT_H
#define SECVF_FANOUT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fanout/decoded.h"

/* Columns of the table, in their order. */
enum emit_column {
	EMIT_NUMBER,
	EMIT_TIME,
	EMIT_VM,
	EMIT_SOURCE,
	EMIT_DESTINATION,
	EMIT_PROTOCOL,
	EMIT_LENGTH,
	EMIT_INFO,
	EMIT_COLUMNS
};

/** struct emit_table - State of a table: column widths so far, time of the first frame */
struct emit_table {
	bool color;	  /* colour rows as Wireshark's default rules do */
	bool nanoseconds; /* nine digits of time: a frame had them, and points stay aligned */
	bool started;
	unsigned columns;	      /* of the terminal, rows are cut to; 0: rows are not cut */
	uint64_t first_ns;	      /* set by the first row */
	unsigned width[EMIT_COLUMNS]; /* grow up to a bound, never shrink: rows stay aligned */
};

/** emit_table_init() - @columns: width to cut rows to, 0 for none */
void emit_table_init(struct emit_table *t, bool color, unsigned columns);

/** emit_table_header() - The line of column names */
void emit_table_header(struct emit_table *t, struct buf *out);

/**
 * emit_table_row() - One row: number, relative time, VM, source, destination, protocol, length,
 * info
 * @t:    Table
 * @d:    Frame
 * @out:  Gets the row and its newline
 *
 * A '!' behind the number marks a frame that tshark skipped, a '~' one that was decoded here alone,
 * a '?' one that waits for tshark, and will come again;
 * in colour the one is dim, the other italic, and what tshark decoded has the colours of the first
 * of Wireshark's rules that fits. A text that does not fit its column ends in U+2026.
 */
void emit_table_row(struct emit_table *t, const struct decoded *d, struct buf *out);

/**
 * emit_json() - One object and a newline
 * @d:    Frame
 * @out:  Gets the line
 *
 * Keys, in this order: id ts vm len caplen eth_src eth_dst ethertype src dst sport dport protocol
 * info protocols status, then profile where profiles change, and update where the frame's row came
 * before. ts is a decimal string of seconds with nine digits, ethertype a string as
 * "0x0800"; what a frame has not is null. src, dst, protocol and info are tshark's where it decoded
 * the frame, protocols is tshark's always.
 */
void emit_json(const struct decoded *d, struct buf *out);

/**
 * emit_color() - Colours of a row
 * @d:  Frame; its fields are looked at, and what basic decode found
 *
 * Return: an SGR sequence, static, or "" where none of Wireshark's rules fits
 */
const char *emit_color(const struct decoded *d);

/**
 * emit_safe() - Add text made harmless for a terminal, see safe_put()
 * @columns_max:  UINT_MAX for no bound
 *
 * Return: columns that it takes (wcwidth), at most @columns_max
 */
unsigned emit_safe(struct buf *out, const char *s, size_t n, unsigned columns_max);

#endif
