/* tally.h - statistics of decoded frames, kept while they come
 *
 * Theory of operation: a frame adds to tables of keys (analysis/tally_table.h), to a histogram of
 * lengths and to rates over time (analysis/tally_rate.h). Where tshark decoded it, keys are from
 * tshark's columns, else from the basic decode, which knows addresses, ports, ARP and ICMP, and no
 * layers above. What a frame added is a function of the frame alone, so it can be taken back: a
 * frame that comes again as an update first gives back what its basic decode had added.
 *
 * What is counted. FRAMES of a row are those that its filter selects, each once, however often it
 * has the value; BYTES are theirs on the wire. VALUES are how often it stands in them: messages of
 * DNS, requests of HTTP, records of TLS. Of an address, FRAMES are those in which it stands in any
 * header, those quoted by an ICMP error too, as `ip.addr ==` sees them; OUT and IN count headers,
 * and not those in ICMP errors, as `tshark -z endpoints,ip` and `-z conv,ip` do.
 *
 * Conversations of TCP and UDP are tshark's streams: a port pair that is used again by another
 * connection counts again, as in `tshark -z conv,tcp`. A stream is known by its number and the
 * addresses of the header that carries it, as each tshark begins its numbers at 0: a conversation
 * that goes on under another tshark counts again. Without tshark they are pairs of addresses and
 * ports, of the outer header.
 *
 * Where tshark's column of a frame is cut (2,047 bytes), its last value is left out, and the frame
 * is counted in `cut`: values in it may be short. A name of DNS that has commas is told from two
 * names by the number of query types.
 *
 * Bounds: TALLY_BYTES_MAX for all, whatever comes; tables take what they need up to theirs.
 */
#ifndef SECVF_ANALYSIS_TALLY_H
#define SECVF_ANALYSIS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/tally_rate.h"
#include "analysis/tally_table.h"
#include "base/buf.h"
#include "fanout/decoded.h"

/* All memory of a tally; the test of a scan of a million addresses asserts it, and tally.c that the
 * tables cannot take more. */
#define TALLY_BYTES_MAX (64u << 20)

/* The tables, in the order of the output. */
enum tally_section {
	TALLY_TCP, /* streams */
	TALLY_UDP,
	TALLY_PROTOCOL,	    /* tshark's protocol column */
	TALLY_LAYER,	    /* each layer of frame.protocols */
	TALLY_HIERARCHY,    /* each beginning of frame.protocols */
	TALLY_ENDPOINT,	    /* IPv4 and IPv6 addresses */
	TALLY_CONVERSATION, /* pairs of them */
	TALLY_DNS_MESSAGE,  /* dns.flags.response */
	TALLY_DNS_RCODE,
	TALLY_DNS_TYPE,
	TALLY_DNS_NAME,
	TALLY_MDNS_MESSAGE,
	TALLY_MDNS_RCODE,
	TALLY_MDNS_TYPE,
	TALLY_MDNS_NAME,
	TALLY_LLMNR_MESSAGE,
	TALLY_LLMNR_RCODE,
	TALLY_LLMNR_TYPE,
	TALLY_LLMNR_NAME,
	TALLY_ARP_OPCODE,
	TALLY_ARP_SENDER,
	TALLY_ARP_TARGET,
	TALLY_ICMP, /* TYPE/CODE */
	TALLY_ICMPV6,
	TALLY_HTTP_METHOD,
	TALLY_HTTP_CODE,
	TALLY_HTTP2_METHOD,
	TALLY_HTTP2_CODE,
	TALLY_TLS_TYPE, /* content type of records */
	TALLY_SECTIONS
};

/* The ranges of `tshark -z plen,tree`: 0-19, 20-39, doubling, 5120 and greater. */
#define TALLY_LENGTHS 10u

struct tally_length {
	uint64_t frames, bytes;
};

struct tally {
	uint64_t frames, bytes;
	uint64_t decoded; /* frames whose figures are tshark's; of the others they are basic */
	uint64_t columns; /* of those, frames with layers: of a profile that asks for them */
	uint64_t cut;	  /* frames with a column that tshark cut */
	uint64_t crowded; /* addresses of hostile frames that make no conversations: over 32 a side
			   */
	struct tally_amount tcp, udp; /* frames and bytes */
	struct tally_table table[TALLY_SECTIONS];
	struct tally_length length[TALLY_LENGTHS];
	struct tally_rate rate;
};

/**
 * tally_new() - An empty tally
 * @seed:  Of the hashes; any number that who makes the packets does not know
 *
 * Return: tally, or NULL where memory ran out
 */
struct tally *tally_new(uint64_t seed);

/** tally_free() - NULL is allowed */
void tally_free(struct tally *t);

/** tally_reset() - Empty again, its memory given back */
void tally_reset(struct tally *t);

/** tally_add() - Count a frame that was not counted before; nothing of @d is kept */
void tally_add(struct tally *t, const struct decoded *d);

/**
 * tally_update() - Count a frame that was counted without tshark's decode before
 *
 * For frames with d->update whose first coming was given to tally_add(). What its basic decode had
 * added is taken back, so that figures are as if it had come once, decoded; but an estimate of
 * different keys does not go down, and keys that were thinned out meanwhile stay so.
 */
void tally_update(struct tally *t, const struct decoded *d);

/** tally_bytes() - Memory that it takes now */
size_t tally_bytes(const struct tally *t);

/** tally_length_range() - Range @i of lengths: from *least to *most, UINT32_MAX for no end */
void tally_length_range(unsigned i, uint32_t *least, uint32_t *most);

/* What names a section: "dns.names" for programs, "DNS names" for people. */
const char *tally_section_name(enum tally_section section);
const char *tally_section_title(enum tally_section section);

/** tally_key_text() - A key as text: an address, a pair of them; else the key as it is, any bytes
 */
void tally_key_text(enum tally_section section, const struct tally_row *row, struct buf *out);

/** tally_key_name() - What a number stands for: "queries", "NXDomain"; static, "" for nothing */
const char *tally_key_name(enum tally_section section, const struct tally_row *row);

/**
 * tally_filter() - The display filter that selects the frames of a row
 * @out:  Gets printable ASCII that tshark's language accepts, whatever the key; nothing where there
 *        can be none: tshark 4.0 has no filters on the protocol column, and streams have numbers
 *        that begin again with each tshark
 */
void tally_filter(enum tally_section section, const struct tally_row *row, struct buf *out);

/** tally_filter_not() - The filter that selects all other frames; nothing where there is none */
void tally_filter_not(const struct buf *filter, struct buf *out);

/* How many rows of each table are printed: tally_print_*()'s @top, 0 for all. */

/** tally_print_text() - For people; harmless on a terminal */
void tally_print_text(const struct tally *t, size_t top, struct buf *out);

/** tally_print_json() - One object; docs/formats.md has its members */
void tally_print_json(const struct tally *t, size_t top, struct buf *out);

/** tally_print_csv() - RFC 4180, a line a row, with a header; rates and lengths are sections too */
void tally_print_csv(const struct tally *t, size_t top, struct buf *out);

#endif
