/* tally_private.h - what the files of the tally share */
#ifndef SECVF_ANALYSIS_TALLY_PRIVATE_H
#define SECVF_ANALYSIS_TALLY_PRIVATE_H

#include "analysis/tally.h"

/* What a key is made of. */
enum tally_key {
	TALLY_KEY_TEXT,	   /* as tshark prints the value */
	TALLY_KEY_ADDRESS, /* 4 or 16 bytes */
	TALLY_KEY_PAIR,	   /* two of them, the lesser first */
	TALLY_KEY_STREAM,  /* of no interest but that it is different */
};

/** struct tally_kind - A section: its table's bounds and its filters */
struct tally_kind {
	const char *name, *title;
	enum tally_key key;
	uint32_t entries_max, key_max;
	enum tally_count by;
	const char *within; /* protocol that the filter asks for, too; NULL: none */
	const char *field;  /* that the filter compares; NULL: none, or by its own rules */
	bool quoted;	    /* the field is a string */
	const char *values; /* what VALUES are called; NULL: they are not printed */
};

const struct tally_kind *tally_kind(enum tally_section section);

/** struct tally_delta - One frame on its way into the tables, or out of them again */
struct tally_delta {
	struct tally *t;
	uint64_t bytes;
	bool back; /* what was added is taken */
};

/** tally_put() - Add to a key, or take */
void tally_put(const struct tally_delta *d, enum tally_section section, const void *key, size_t n,
	       const struct tally_amount *amount);

/** tally_put_once() - One frame, its bytes, and @values of the key in it */
void tally_put_once(const struct tally_delta *d, enum tally_section section, const void *key,
		    size_t n, uint64_t values);

/** tally_sum() - Add the frame to a sum, or take it */
void tally_sum(const struct tally_delta *d, struct tally_amount *to);

/** tally_basic() - What the basic decode of a frame adds */
void tally_basic(const struct tally_delta *d, const struct basic *b);

/** tally_columns() - What tshark's columns of a frame add */
void tally_columns(const struct tally_delta *delta, const struct decoded *d);

/* IP headers of a frame: tshark's column has room for as many, and nests no deeper than 100 layers.
 */
#define TALLY_HEADERS_MAX 128u
/* Different sources, and destinations, of which each pair counts. */
#define TALLY_SIDE_MAX 32u
/* Messages of ICMP in a frame; one quotes at most another. */
#define TALLY_ICMP_MAX 16u

/** struct tally_address - 4 bytes or 16; n is 0 where there is none */
struct tally_address {
	unsigned char p[16];
	uint8_t n;
};

/** struct tally_header - Source and destination of an IP header */
struct tally_header {
	struct tally_address from, to;
	bool quoted; /* in an ICMP error */
};

/** tally_addresses() - What the IP headers of a frame add to endpoints and conversations */
void tally_addresses(const struct tally_delta *d, const struct tally_header *header, unsigned n);

/** tally_stream() - One of TALLY_TCP, TALLY_UDP; @number may be empty, ports 0. @h: NULL: not known
 */
void tally_stream(const struct tally_delta *d, enum tally_section section, const char *number,
		  size_t number_n, const struct tally_header *h, uint16_t sport, uint16_t dport);

/** struct tally_line - All that is printed of a row but its counts; zero it to start */
struct tally_line {
	struct buf key, filter, unlike;
	const char *name;
};

/** tally_line_make() - Of a row of a table */
void tally_line_make(struct tally_line *l, enum tally_section section, const struct tally_row *row);

/** tally_line_done() - Free; @out fails where it had no memory */
void tally_line_done(struct tally_line *l, struct buf *out);

/* Of the lines of what is no table: transport, lengths, rates. */
#define TALLY_PLAIN_LENGTHS 2u
#define TALLY_PLAIN_RATES   (TALLY_PLAIN_LENGTHS + TALLY_LENGTHS)

/**
 * tally_plain() - What is no table, as lines
 * @i:        From 0
 * @section:  Set to what it is a line of: "transport", "lengths", "rates"
 *
 * Return: false where there are no more
 */
bool tally_plain(const struct tally *t, unsigned i, const char **section, struct tally_line *l,
		 uint64_t *frames, uint64_t *bytes);

/** tally_has_directions() - Whether a section has counts of out and in */
bool tally_has_directions(enum tally_section section);

#endif
