/* ek_record.h - one EK line scanned, without a tree, into the fields that we want
 *
 * Theory of operation: a line is walked once from left to right as JSON. Keys of the outer object
 * are looked up among the column titles that tshark was started with (ek_field_title()) and
 * tshark's default ones. Of "layers" just "frame" is entered, wherever it stands, for
 * frame_frame_number and frame_frame_protocols; under -e, frame_number and frame_protocols stand in
 * "layers" itself. Everything else is stepped over, with its grammar checked and its nesting
 * bounded by EK_DEPTH_MAX. Values are spans into the line, escapes and all, unescaped only when
 * read. Of several equal keys the first that has a text counts: a string, a number, or the first
 * element of an array if that is one of these. Keys are compared as they stand; tshark never
 * escapes those that we want. Nothing is allocated, time is linear, and no byte outside the line is
 * read, whatever the bytes.
 *
 * What is accepted is what tshark prints, which is JSON (RFC 8259) save that strings may hold
 * any byte from 0x20 on that is not a quote or a backslash, valid UTF-8 or not.
 */
#ifndef SECVF_EK_EK_RECORD_H
#define SECVF_EK_EK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ek/ek_skip.h" /* EK_DEPTH_MAX */
#include "ek/ek_text.h"

/* The columns and fields that the table and the statistics need; order of ek_field_title(). */
enum ek_field {
	EK_NUMBER,
	EK_SOURCE,
	EK_DESTINATION,
	EK_PROTOCOL,
	EK_LENGTH,
	EK_INFO,
	EK_PROTOCOLS,	  /* frame.protocols */
	EK_TCP_STREAM,	  /* tcp.stream */
	EK_DNS_NAME,	  /* dns.qry.name */
	EK_DNS_RESPONSE,  /* dns.flags.response */
	EK_HTTP_METHOD,	  /* http.request.method */
	EK_HTTP_CODE,	  /* http.response.code */
	EK_HTTP_HOST,	  /* http.host */
	EK_HTTP_AGENT,	  /* http.user_agent */
	EK_TLS_TYPE,	  /* tls.record.content_type */
	EK_TLS_SNI,	  /* tls.handshake.extensions_server_name */
	EK_ARP_OPCODE,	  /* arp.opcode */
	EK_ICMP_TYPE,	  /* icmp.type */
	EK_ICMP_CODE,	  /* icmp.code */
	EK_ICMPV6_TYPE,	  /* icmpv6.type */
	EK_ICMPV6_CODE,	  /* icmpv6.code */
	EK_UDP_STREAM,	  /* udp.stream */
	EK_DNS_TYPE,	  /* dns.qry.type: as many as there are names, which may have commas */
	EK_DNS_RCODE,	  /* dns.flags.rcode */
	EK_HTTP2,	  /* http2.headers.method, then http2.headers.status, which are digits */
	EK_ADDRESSES,	  /* ip.addr, then ipv6.addr: source and destination of each header */
	EK_ARP_ADDRESSES, /* arp.src.proto_ipv4, then arp.dst.proto_ipv4 */
	EK_FIELDS
};

/** ek_field_title() - The key of a column in EK output: "no", "src", ...; also its title for
 * tshark, which lower-cases titles and turns all but letters and digits into '_', so titles are
 * [a-z_0-9]. */
const char *ek_field_title(enum ek_field field);

/** ek_field_format() - The column's format for tshark's gui.column.format: "%m", "%s",
 * "%Cus:frame.protocols:0:U", ...: all occurrences in the packet, joined by commas, as numbers
 * where Wireshark also has names for them ("1", "22,22"; of all versions: ek_codes.h); a packet
 * without the field has "". A column of several fields ("ip.addr or ipv6.addr") has all occurrences
 * of the first, then those of the second: each column costs tshark time. */
const char *ek_field_format(enum ek_field field);

enum ek_kind {
	EK_DOCUMENT, /* a packet; number says which, if has_number */
	EK_INDEX,    /* {"index":{...}}: stands before each document */
	EK_NOISE,    /* no JSON object, or one with no key of tshark's: a Lua print, a -z table */
	EK_BROKEN,   /* begins as an object and is none: cut, garbled, too deep; no field is set */
};

struct ek_record {
	enum ek_kind kind;
	bool has_number;
	uint64_t number; /* frame number of tshark's, 1 on, below 2^53: column, else layers */
	struct ek_span field[EK_FIELDS]; /* EK_NUMBER, EK_PROTOCOLS: from layers if no column */
	size_t broken_at;		 /* EK_BROKEN: offset where it went wrong */
	const char *why;		 /* EK_BROKEN: static text for the audit log */
};

/**
 * ek_record_scan() - Scan one line
 * @r:     Filled whole; spans borrow from @line
 * @line:  Bytes without the newline
 * @n:     Bytes in @line
 *
 * Numbers come from tshark's default column titles too ("no_", "source", "destination",
 * "protocol", "length", "info"), so that `-T ek -P` without our column format is understood.
 */
void ek_record_scan(struct ek_record *r, const char *line, size_t n);

#endif
