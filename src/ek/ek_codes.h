/* ek_codes.h - columns of codes, in whatever words a version of tshark has for them
 *
 * A column of a field that Wireshark has names for ("1", "22,22") is asked for as numbers, and
 * tshark 4.0 and 4.2 print them so. 4.4 prints "True" and "False" for the fields that are one bit;
 * 3.x prints the names ("A (Host Address)", "Message is a query"), which are text of the
 * dissectors, and change. The same record has the numbers in its layers, in each version known.
 */
#ifndef SECVF_EK_EK_CODES_H
#define SECVF_EK_EK_CODES_H

#include <stddef.h>

#include "base/buf.h"
#include "ek/ek_record.h"
#include "ek/ek_tree.h"

struct ek_codes {
	struct ek_tree tree; /* of the last record that needed one; its memory is kept */
	struct buf text;
};

/** ek_codes_done() - Free; a zeroed struct is one that was not used yet */
void ek_codes_done(struct ek_codes *c);

/**
 * ek_codes_settle() - Have every column of codes of a record be numbers joined by commas
 * @c:     Whose memory the spans that change borrow, until the next call
 * @r:     EK_DOCUMENT
 * @line:  That it was scanned from
 * @n:     Bytes of it
 *
 * A column for which the layers have nothing stays as it is, as do all for want of memory.
 */
void ek_codes_settle(struct ek_codes *c, struct ek_record *r, const char *line, size_t n);

#endif
